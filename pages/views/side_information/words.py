"""What the side-information page means, and the page in a few lines of the library."""

from __future__ import annotations

from typing import Any

from pages.kit import frame, session
from pages.kit.graph_controls import GraphSettings
from pages.kit.model_controls import in_python
from pages.kit.session import ActiveData
from pages.kit.text import quoted
from pages.views.side_information import forms
from pages.views.side_information.shown import OWN, Shown
from recemb_core.embeddings.registry import python_call

WORDS = (
    "Each item has an embedding of its own, W⁰, and one for every field, W¹ … Wⁿ, which it shares with all items of "
    "the same value: the brand's, the category's. Its vector is their weighted mean, **H = Σ eᵃʲ Wʲ / Σ eᵃʲ**, where "
    "*a* is learned for each item (EGES) or 0 (GES, the plain average). The model is trained so that H scores the "
    "items that walks meet nearby above random ones. A missing value has no embedding and no weight; a field with "
    "several values is the mean of theirs. An item that nobody has clicked yet is the plain mean of its fields' "
    "embeddings.\n\n"
    "**More weight on the item itself**: its vector follows its own clicks. **More weight on a field**: it follows "
    "what all items of the same value have taught. A weight is no proof that a field causes anything: fields that say "
    "the same (a type lies inside a category) share the weight as chance has it, so look at the seeds' whiskers (Wang "
    "et al. 2018, *Billion-scale Commodity Embedding for E-commerce Recommendation in Alibaba*)."
)


def as_python(data: ActiveData, settings: GraphSettings, shown: Shown, view: str, given: dict[str, Any]) -> list[str]:
    """Lines that run as they stand: load, build, train, and what the view shows."""
    imports, trained = in_python(data, settings, [shown.config])
    lines, more = forms.python_lines(data, shown) if view == "forms" else _VIEWS[view](shown, given)
    return [*frame.sorted_imports({*imports, *more}), "", *trained, f"vectors = {python_call(shown.config)}", *lines]


Lines = tuple[list[str], list[str]]


def _attention(shown: Shown, given: dict[str, Any]) -> Lines:
    return [
        f"row = graph.items.row({quoted(shown.graph.items[shown.row])})",
        f"print(dict(zip(({quoted(OWN)}, *vectors.field_names), vectors.attention[row].round(3).tolist())))",
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
        f"row = graph.items.row({quoted(item)})",
        "without = hide_items(graph, [row]).graph",
        "blind = train_eges(without, side_info, vectors.config)",
        "print(score_guesses(blind.from_side_alone()[[row]], blind.vectors, graph, [row]))",
    ], ["from recemb_core.evaluation.cold_items import hide_items, score_guesses"]


def _ges(shown: Shown, given: dict[str, Any]) -> Lines:
    return [
        "plain = train_eges(graph, side_info, replace(vectors.config, attention=False))",
        f"print(plain.most_similar({quoted(shown.graph.items[shown.row])}, k=10))",
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
        f"data = load_dataset({quoted(name)})  # {session.bundled_title(name)}; its side_info has a row an item",
        "graph = default_graph(data.sequences)",
        "vectors = train_eges(graph, data.side_info, eges_defaults(len(graph)))",
        "print(vectors.attention.mean(axis=0).round(3), vectors.field_names)",
    ]
