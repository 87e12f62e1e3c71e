"""A map that a slider moves, with other items around the chosen one, and the same in a chart that is built anew."""

import numpy as np
import streamlit as st

from pages.kit.live_chart import live_chart
from recemb_core.figures.item_map import item_map_figure

st.set_page_config(page_title="A moved map", layout="wide")
turn = st.slider("Turn", 0, 9, 0, key="turn")
named = st.slider("Named", 0, 9, 2, key="named")
few = st.checkbox("Fewer items", key="few")
n = 80 if few else 120
rng = np.random.default_rng(0)
base = rng.normal(size=(120, 2))[:n] * [3, 1]
angle = turn / 4
positions = base @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * (1 + turn / 5)
ids = [f"i{i}" for i in range(n)]
figure = item_map_figure(
    positions,
    ids,
    ids,
    color_by=[f"group {i % 3}" for i in range(n)],
    size=np.arange(n) % 17,
    chosen="i7",
    highlighted=ids[turn : 2 * turn + 5],
    labels=ids[20 : 20 + named],
    title="A map",
)
for which, key in (("kept", "map"), ("anew", f"map {turn} {named} {few}")):
    with st.container(key=which):
        live_chart(figure, key=key, height=400)
