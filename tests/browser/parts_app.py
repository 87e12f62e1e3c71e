"""One chart of which a slider moves a point and a path, and the same figure in a chart that is built anew each time."""

import numpy as np
import streamlit as st

from pages.kit.live_chart import live_chart
from recemb_core.figures import theme

st.set_page_config(page_title="Parts of a chart", layout="wide")
at = st.slider("At", 0, 9, 0, key="at")
line = st.slider("Line", 0, 9, 5, key="line")

steps = np.linspace(0, 1, 40)
known = steps[: 20 + at]
traces = [
    theme.marks((steps, steps**2), theme.OTHER, 6, customdata=[[f"s{i}", f"step {i}"] for i in range(40)], uid="all")
    | {"name": "all"},
    theme.lines(
        (known, known ** (1 + at)),
        theme.CONTRAST,
        2,
        dots=6,
        name="path",
        uid="path",
        hover="%{customdata[1]}",
        customdata=[[f"p{i}", f"at {at}, step {i}"] for i in range(len(known))],
    ),
    theme.marks(
        ([steps[4 * at]], [steps[4 * at] ** 2]),
        theme.CHOSEN,
        14,
        name="in use",
        uid="current",
        hover="%{customdata[1]}",
        customdata=[["now", f"now {at}"]],
        error_y=theme.whiskers([0.5], [0.5 - 0.04 * at], [0.6 + 0.03 * at], thickness=2, width=4),
    ),
]
figure = theme.chart(
    traces,
    file_name="parts",
    description=f"The point is at {at}",
    x={"range": [-0.1, 1.1]},
    y={"range": [-0.1, 1.1]},
    shapes=[{"type": "line", "x0": 0, "x1": 1, "y0": line / 10, "y1": line / 10}],
)
with st.container(key="kept"):
    live_chart(figure, key="chart", height=400, glide=False)
with st.container(key="anew"):
    live_chart(figure, key=f"anew {at} {line}", height=400, glide=False)
