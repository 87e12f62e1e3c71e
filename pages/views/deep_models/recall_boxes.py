"""YouTube DNN and two-tower as the papers draw them, with the sizes that they have on the data in use."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from pages.kit.text import field_words
from recemb_core.deep.anatomy import Sizes, input_width
from recemb_core.deep.registry import recall_spec
from recemb_core.deep.two_tower import TwoTowerConfig
from recemb_core.deep.youtube_dnn import YouTubeDNNConfig
from recemb_core.figures.network_diagram import Box

MOST_FIELDS = 3  # boxes of user fields side by side; more of them share one
ABSENT = "not in this data"
Input = tuple[str, str, tuple[str, str] | None]  # name, what is known, what it becomes: (name, size), or nothing


def youtube_boxes(config: YouTubeDNNConfig, sizes: Sizes) -> list[Box]:
    """Inputs, embeddings and their mean, three ReLU layers, and what is above them: softmax and serving."""
    d, n = config.dimensions, sizes.items
    fields = _fields(sizes, config.field_dimensions)
    inputs = [("Watched items", f"newest {config.history_length}", ("Mean of rows", f"{n:,} × {d}")), *fields]
    aged = ("share of the log", ("x, x², √x", "0 when served")) if sizes.example_age else ("not told", None)
    inputs.append(("Example's age", *aged))
    found = _inputs(inputs, 0.0, 1.0)
    level, below = 2, _tables(found)
    width = input_width(config, sizes)
    found.append(Box("Side by side", f"{width} numbers", "layer", level, after=below))
    for at, (a, b) in enumerate(pairwise([width, *config.hidden, d]), start=1):
        name = f"ReLU {at}: the user vector u" if at == 3 else f"ReLU {at}"
        found.append(Box(name, f"{a:,} → {b:,}", "layer", level + at, after=(len(found) - 1,)))
    top, last = level + 4, len(found) - 1
    words = f"over {n:,} items, by {config.negative} draws of them"
    return [
        *found,
        Box("Training: softmax", words, "answer", top, 0.0, 0.48, (last,)),
        Box("Serving: nearest neighbors", f"top N of {n:,} by u · v", "answer", top, 0.52, 1.0, (last,)),
    ]


def two_tower_boxes(config: TwoTowerConfig, sizes: Sizes) -> list[Box]:
    """The user tower on the left, the item tower on the right, their inner product on top."""
    d, n, h = config.dimensions, sizes.items, config.hidden
    sided = config.side_information and sizes.side_values
    users: list[Input] = [
        ("History", f"newest {config.history_length}", ("Mean", f"of items' inputs, {d}")),
        *_fields(sizes, config.field_dimensions, most=2),
    ]
    items: list[Input] = [
        ("Item", f"one of {n:,}", ("Row", f"{n:,} × {d}")),
        ("Its fields", f"{sizes.side_values:,} values", ("Rows", f"{sizes.side_values:,} × {d}"))
        if sided
        else ("Its fields", "not told", None),
    ]
    left, right = _inputs(users, 0.0, 0.6), _inputs(items, 0.64, 1.0)
    found = [*left, *(_moved(box, len(left)) for box in right)]
    width = input_width(config, sizes)
    found.append(Box("Side by side", f"{width} numbers", "layer", 2, 0.0, 0.6, _tables(left)))
    found.append(Box("Mean", f"{d} numbers", "layer", 2, 0.64, 1.0, _tables(found, len(left))))
    for at, (name, a, b) in enumerate((("ReLU", width, h), ("Dense + input, length 1", h, d)), start=3):
        found.append(Box(name, f"{a:,} → {b:,}", "layer", at, 0.0, 0.6, (len(found) - 2,)))
        own = d if at == 3 else h
        found.append(Box(name, f"{own:,} → {b:,}", "layer", at, 0.64, 1.0, (len(found) - 2,)))
    both = (len(found) - 2, len(found) - 1)
    score = f"cosine / {config.temperature:g}; trained against the batch, less log Q; served as it is"
    return [*found, Box("u · v", score, "answer", 5, 0.0, 1.0, both)]


def _fields(sizes: Sizes, width: int, most: int = MOST_FIELDS) -> list[Input]:
    """(name, what is known, what it becomes) of the user fields; ``most`` of them by name, the rest together."""
    named: list[Input] = [
        (field_words(name).capitalize(), _known(len(values), several), ("Row", f"{len(values):,} × {width}"))
        for name, values, several in zip(sizes.fields.names, sizes.fields.values, sizes.fields.widths, strict=True)
    ]
    if not named:
        return [("Search words, place, age", ABSENT, None)]
    if len(named) <= most:
        return named
    rest = sizes.fields.values[most - 1 :]
    values = sum(map(len, rest))
    return [*named[: most - 1], (f"{len(rest)} more", f"{values:,} values", ("Rows", f"{values:,} × {width}"))]


def _known(values: int, several: int) -> str:
    return f"{values:,} values" if several == 1 else f"{values:,}, up to {several} each"


def _inputs(parts: list[Input], left: float, right: float) -> list[Box]:
    """For each input a box and, above it, what it becomes."""
    found, step = [], (right - left) / len(parts)
    for at, (name, known, becomes) in enumerate(parts):
        ends = left + at * step + 0.004, left + (at + 1) * step - 0.004
        found.append(Box(name, known, "input", 0, *ends))
        if becomes is not None:
            found.append(Box(*becomes, "embedding", 1, *ends, (len(found) - 1,)))
    return found


def _tables(boxes: list[Box], start: int = 0) -> tuple[int, ...]:
    """The numbers of the boxes that are embeddings, from ``start``."""
    return tuple(at for at, box in enumerate(boxes) if at >= start and box.kind == "embedding")


def _moved(box: Box, by: int) -> Box:
    """The same box where the boxes it reads from stand further down the list."""
    return Box(box.label, box.detail, box.kind, box.level, box.left, box.right, tuple(one + by for one in box.after))


_BOXES: dict[str, Callable[..., list[Box]]] = {"youtube_dnn": youtube_boxes, "two_tower": two_tower_boxes}


def network_boxes(config: YouTubeDNNConfig | TwoTowerConfig, sizes: Sizes) -> list[Box]:
    """Either network."""
    return _BOXES[recall_spec(config).kind](config, sizes)
