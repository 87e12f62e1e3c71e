"""A page with one live chart that holds frames: recolored, chosen from, given other frames by controls."""

import os

import numpy as np
import streamlit as st

from pages.kit.live_chart import Frames, live_chart
from recemb_core.figures.item_map import item_map_figure

st.set_page_config(page_title="Frames", layout="wide")
n = int(os.environ.get("CHART_ITEMS", "2000"))
st.session_state["runs"] = st.session_state.get("runs", 0) + 1


def choose(item: str) -> None:
    st.session_state["chosen"] = item


grouping = st.radio("Color", ["department", "halves"], horizontal=True, key="grouping")
count = st.number_input("Frames", 1, 25, 5, key="count")
earlier = st.checkbox("Two earlier frames", key="earlier")
start = st.number_input("Start", 0, 24, 0, key="start")
loop = st.checkbox("Loop", key="loop")

rng = np.random.default_rng(0)
group = np.arange(n) % 12
center = np.stack([np.cos(group * np.pi / 6), np.sin(group * np.pi / 6)], axis=1) * 6
base = center + rng.normal(size=(n, 2)) * 0.8
steps = [*([-2, -1] if earlier else []), *range(count)]
turned = []
for step in steps:
    turn = np.deg2rad(18 * step)
    turned.append(base @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * (1 + step / 5))
ids = tuple(f"i{i}" for i in range(n))
frames = Frames(
    ids=ids,
    positions=np.array(turned, dtype=np.float32),
    labels=tuple(f"p = 1, q = {step}" for step in steps),
    captions=tuple(
        f"homophily {0.6 - 0.05 * step:.2f} ± 0.02 · structure {0.1 + 0.05 * step:.2f} ± 0.01" for step in steps
    ),
    start=min(start, len(steps) - 1),
    loop=loop,
)
chosen = st.session_state.get("chosen")
labels = (
    [f"department {g}" for g in group]
    if grouping == "department"
    else ["left" if x < 0 else "right" for x in base[:, 0]]
)
figure = item_map_figure(
    frames.positions[frames.start],
    ids,
    [f"Item no. {i}" for i in range(n)],
    color_by=labels,
    color_title=grouping.capitalize(),
    chosen=chosen,
    highlighted=[] if chosen is None else [item for item in ids if item[-2:] == chosen[-2:]][:9],
    labels=ids[:8],
    title="A map with frames",
)


def stopped(frame: int) -> None:
    st.session_state["told"] = st.session_state.get("told", 0) + 1
    st.session_state["last"] = frame


events = live_chart(figure, key="map", height=480, on_click=choose, frames=frames, on_frame=stopped)
st.html(
    f"<span data-testid='facts' data-runs='{st.session_state['runs']}' data-frame='{events.frame}'"
    f" data-told='{st.session_state.get('told', 0)}' data-last='{st.session_state.get('last', '')}'"
    f" data-chosen='{chosen or ''}' data-selected='{len(events.selected)}'"
    f" data-first='{events.selected[0] if events.selected else ''}'></span>"
)
st.write(f"Python knows of frame {events.frame}.")
