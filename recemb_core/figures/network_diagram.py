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


def network_diagram_figure(boxes: Sequence[Box], *, title: str, width: int = WIDTH) -> go.Figure:
    """Draw a network.

    Args:
        boxes: its layers; ``after`` counts in this list.
        title: for the saved file and screen readers.
        width: characters that a box of full width holds.
    """
    shapes, notes = [], []
    for box in boxes:
        for other in (boxes[i] for i in box.after):
            # The arrow stands where both boxes are, so that it is upright where it can be.
            x = (max(box.left, other.left) + min(box.right, other.right)) / 2
            notes.append(theme.arrow((x, other.level + 0.3), (x, box.level - 0.3), arrowsize=1, showarrow=True))
        color = FILLS[box.kind]
        shapes.append(
            theme.rectangle(
                (box.left, box.right),
                (box.level - 0.3, box.level + 0.3),
                color,
                0.35 if box.kind in ("embedding", "answer") else 0.18,
                line={"width": 2 if box.kind == "embedding" else 1, "color": color},
            )
        )
        room = max(12, int(width * (box.right - box.left)))
        detail = f"<br><span style='font-size:11px'>{theme.plain(box.detail, room)}</span>" if box.detail else ""
        words = f"<b>{theme.plain(box.label, room)}</b>{detail}"
        notes.append(theme.note(words, (box.left + box.right) / 2, box.level, font_size=12))
    order = "; ".join(f"{box.label} ({box.detail})" if box.detail else box.label for box in boxes)
    return theme.chart(
        [],
        file_name=title,
        description=f"{title}, from input to answer: {order}",
        mode_bar=False,
        x={**theme.UNSEEN, "range": [-0.01, 1.01]},
        y={**theme.UNSEEN, "range": [-0.4, max(box.level for box in boxes) + 0.4]},
        margin=theme.TIGHT,
        shapes=shapes,
        annotations=notes,
    )
