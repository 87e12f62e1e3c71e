"""What to try on the side-information page, what it means, and the page in a few lines of the library."""

from __future__ import annotations

from typing import Any

from pages.shared import birth_view, frame, selection
from pages.shared.graph_controls import GraphSettings
from pages.shared.model_choice import fields_of, python_call
from pages.shared.selection import ActiveData
from pages.shared.side_information_view import OWN, Shown, trend_of, trend_words

WORDS = (
    "Each item has an embedding of its own, W⁰, and one for every field, W¹ … Wⁿ, which it shares with all items of "
    "the same value: the brand's, the category's. Its vector is their weighted mean, "
    "**H = Σ eᵃʲ Wʲ / Σ eᵃʲ**, where *a* is learned for each item (EGES) or 0 (GES, the plain average). The model is "
    "trained so that H scores the items that walks meet nearby above random ones. A missing value has no embedding "
    "and no weight; a field with several values is the mean of theirs. An item that nobody has clicked yet is the "
    "plain mean of its fields' embeddings.\n\n"
    "**More weight on the item itself**: its own clicks say what the fields cannot. **More weight on a field**: "
    "knowing the field nearly tells the company that the item keeps. A weight is no proof that a field causes "
    "anything: fields that say the same (a type lies inside a category) share the weight as chance has it, so look at "
    "the seeds' whiskers (Wang et al. 2018, *Billion-scale Commodity Embedding for E-commerce Recommendation in "
    "Alibaba*)."
)

Experiments = list[tuple[str, str, dict[str, Any]]]


def experiments(data: ActiveData, shown: Shown) -> Experiments:
    """Predictions first; each sets the controls that show the answer."""
    counts = shown.vectors.counts
    assert counts is not None
    rarest = int(min(range(len(counts)), key=lambda row: (counts[row], row)))
    fields = fields_of(data)
    several = len(fields) > 1
    tries: Experiments = []
    if len(counts) >= 4:
        tries.append(
            (
                "A popular item has taught the model much by itself. **Does the weight of the item itself rise with "
                "popularity?**",
                f"{trend_words(trend_of(data, shown, 0))} See the last chart. The rarest item is chosen: compare its "
                "bars with the ticks of the catalogue.",
                {"side": "attention", "trend": OWN, "item": shown.graph.items[rarest]},
            )
        )
    tries += [
        (
            "An item is born with one field only. **Will its nearest items share the fields that it was not given?**",
            "The table lists what they share. Now add a second field and watch the point move.",
            {"side": "birth", **birth_view.parameters(shown, _one_field(shown))},
        ),
        (
            "Hide the chosen item and guess its neighbors from its fields. **Better than taking the most popular?**",
            "Compare the lines: chance is 50 %. What the item's own clicks add is the last step up.",
            {"side": "hide"},
        ),
    ]
    if several:
        tries.append(
            (
                f"Learn from {fields[-1]} alone. **Who gets the weight of the other fields?**",
                "Each item's own embedding has to learn again what the fields knew: compare the catalogue's means.",
                {"side": "attention", "eges_fields": [fields[-1]]},
            )
        )
    return tries


def _one_field(shown: Shown) -> dict[str, tuple[str, ...]]:
    start = birth_view.first_values(shown)
    return {name: start[name] for name in list(start)[-1:]}


def as_python(data: ActiveData, settings: GraphSettings, shown: Shown, view: str, given: dict[str, Any]) -> list[str]:
    """Lines that run as they stand: load, build, train, and what the view shows."""
    built = settings.as_python(data)
    imports = [*frame.import_lines(data), "from recemb_core.embeddings import EGESConfig, train_eges"]
    builders = sorted(n for n in ("build_item_graph", "backbone") if any(n in line for line in built))
    if builders:
        imports.append(f"from recemb_core.item_graph import {', '.join(builders)}")
    lines, more = _VIEWS[view](shown, given)
    imports = sorted({*imports, *more}, key=lambda line: line.split()[1])
    first = [line for line in imports if " recemb_core" not in line]
    return [
        *first,
        *([""] if first else []),
        *[line for line in imports if " recemb_core" in line],
        "",
        *frame.load_lines(data),
        *built,
        frame.side_info_line(data),
        f"vectors = {python_call('EGES', shown.config)}",
        *lines,
    ]


Lines = tuple[list[str], list[str]]


def _attention(shown: Shown, given: dict[str, Any]) -> Lines:
    return [
        f'row = graph.items.row("{shown.graph.items[shown.row]}")',
        f'print(dict(zip(("{OWN}", *vectors.field_names), vectors.attention[row].round(3).tolist())))',
        "print(vectors.attention.mean(axis=0).round(3))",
    ], []


def _birth(shown: Shown, given: dict[str, Any]) -> Lines:
    values = {name: found[0] if len(found) == 1 else list(found) for name, found in given.items()}
    if not values:
        return ["print(vectors.field_names)"], []
    return [
        f"new = vectors.cold_start({values!r})",
        "ids, distances = ExactIndex('cosine').build(vectors.vectors).query(new[None], k=10)",
        "print([graph.items[i] for i in ids[0]], 1 - distances[0])",
    ], ["from recemb_core.neighbors import ExactIndex"]


def _hide(shown: Shown, given: dict[str, Any]) -> Lines:
    item = shown.graph.items[shown.row]
    return [
        f'row = graph.items.row("{item}")',
        "without = hide_items(graph, [row]).graph",
        "blind = train_eges(without, side_info, vectors.config)",
        "print(score_guesses(blind.from_side_alone()[[row]], blind.vectors, graph, [row]))",
    ], ["from recemb_core.evaluation.cold_items import hide_items, score_guesses"]


def _ges(shown: Shown, given: dict[str, Any]) -> Lines:
    return [
        "plain = train_eges(graph, side_info, replace(vectors.config, attention=False))",
        f'print(plain.most_similar("{shown.graph.items[shown.row]}", k=10))',
        "print(neighbor_agreement(vectors, plain, k=10).overlap)",
    ], ["from dataclasses import replace", "from recemb_core.evaluation.agreement import neighbor_agreement"]


_VIEWS = {"attention": _attention, "birth": _birth, "hide": _hide, "ges": _ges}


def python_without_fields() -> list[str]:
    """How it is done where there are fields, for a data set that has none."""
    name = "complete_journey"
    return [
        "from recemb_core.datasets import load_dataset",
        "from recemb_core.embeddings import default_graph, eges_defaults, train_eges",
        "",
        f'data = load_dataset("{name}")  # {selection.bundled_title(name)}; its side_info has a row an item',
        "graph = default_graph(data.sequences)",
        "vectors = train_eges(graph, data.side_info, eges_defaults(len(graph)))",
        "print(vectors.attention.mean(axis=0).round(3), vectors.field_names)",
    ]
