"""A network as boxes from input to answer, with the embedding layer in color."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import plotly.graph_objects as go

from recemb_core.figures import theme

WIDTH = 44  # characters a box of full width holds
FILLS = {"input": theme.OTHER, "embedding": theme.PLAIN, "layer": theme.OTHER, "answer": theme.FOUND}


@dataclass(frozen=True)
class Box:
    """One layer.

    Attributes:
        label: its name.
        detail: sizes and parameters, in words.
        kind: what it is; the embedding layer and the answer have a color of their own.
        level: height, 0 at the bottom.
        left, right: from 0 to 1.
        after: numbers of the boxes that it reads from.
    """

    label: str
    detail: str
    kind: Literal["input", "embedding", "layer", "answer"]
    level: int
    left: float = 0.0
    right: float = 1.0
    after: tuple[int, ...] = ()


def network_diagram_figure(boxes: Sequence[Box], *, title: str) -> go.Figure:
    """Draw a network.

    Args:
        boxes: its layers; ``after`` counts in this list.
        title: for the saved file and screen readers.
    """
    figure = go.Figure()
    for box in boxes:
        for other in (boxes[i] for i in box.after):
            # The arrow stands where both boxes are, so that it is upright where it can be.
            x = (max(box.left, other.left) + min(box.right, other.right)) / 2
            figure.add_annotation(
                x=x, y=box.level - 0.3, ax=x, ay=other.level + 0.3, xref="x", yref="y", axref="x", ayref="y",
                text="", showarrow=True, arrowhead=2, arrowsize=1, arrowwidth=1.5, arrowcolor=theme.OTHER,
            )  # fmt: skip
        figure.add_shape(
            type="rect", x0=box.left, x1=box.right, y0=box.level - 0.3, y1=box.level + 0.3,
            line={"width": 2 if box.kind == "embedding" else 1, "color": FILLS[box.kind]},
            fillcolor=FILLS[box.kind], opacity=0.35 if box.kind in ("embedding", "answer") else 0.18,
        )  # fmt: skip
        width = max(12, int(WIDTH * (box.right - box.left)))
        detail = f"<br><span style='font-size:11px'>{theme.plain(box.detail, width)}</span>" if box.detail else ""
        figure.add_annotation(
            x=(box.left + box.right) / 2,
            y=box.level,
            text=f"<b>{theme.plain(box.label, width)}</b>{detail}",
            showarrow=False,
            font={"size": 12},
        )
    top = max(box.level for box in boxes)
    still = {"visible": False, "fixedrange": True}
    figure.update_layout(
        template=theme.template(),
        xaxis={**still, "range": [-0.01, 1.01]},
        yaxis={**still, "range": [-0.4, top + 0.4]},
        margin={"l": 2, "r": 2, "t": 2, "b": 2},
    )
    order = "; ".join(f"{box.label} ({box.detail})" if box.detail else box.label for box in boxes)
    figure = theme.describe(figure, file_name=title, description=f"{title}, from input to answer: {order}")
    figure.layout.meta = {**figure.layout.meta, "mode_bar": False}
    return figure
