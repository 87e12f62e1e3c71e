"""What to try on the side-information page, what it means, and the page in a few lines of the library."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pages.kit import frame, model_results, session
from pages.kit.answer_words import counted, pairs_alike
from pages.kit.controls import NOT_KNOWN
from pages.kit.graph_controls import GraphSettings
from pages.kit.model_controls import in_python, model_config
from pages.kit.session import ActiveData
from pages.kit.stage import Old as Experiment
from pages.kit.text import plain_field, quoted
from pages.views.side_information import birth, forms, hidden_item
from pages.views.side_information.attention import trend_of, trend_words
from pages.views.side_information.shown import OWN, Shown, eges_config
from recemb_core.embeddings import EGESVectors
from recemb_core.embeddings.registry import python_call
from recemb_core.neighbors import ExactIndex

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


def experiments(data: ActiveData, shown: Shown) -> list[Experiment]:
    """Predictions first; each sets the controls that show the answer."""
    counts = shown.vectors.counts
    assert counts is not None
    rarest = int(min(range(len(counts)), key=lambda row: (counts[row], row)))
    fields = data.side_fields
    several = len(fields) > 1
    tries: list[Experiment] = []
    if len(counts) >= 4:
        tries.append(
            (
                "A popular item was trained by many pairs of its own. **Does the weight of the item itself rise with "
                "popularity?**",
                lambda: (
                    f"{trend_words(trend_of(data, shown, 0))} See the last chart. The rarest item is chosen: its own "
                    f"weight is {shown.vectors.attention[shown.row, 0]:.2f}, the catalogue's mean "
                    f"{shown.vectors.attention[:, 0].mean():.2f} (one seed)."
                ),
                {"side": "attention", "trend": OWN, "item": shown.graph.items[rarest]},
            )
        )
    tries += [
        (
            "An item is born with one field only. **Will its nearest items share the fields that it was not given?**",
            lambda: nearest_words(data, shown, _one_field(shown)),
            {"side": "birth", **birth.birth_parameters(shown, _one_field(shown))},
        ),
        (
            "Hide the chosen item and guess its neighbors from its fields. **Better than taking the most popular?**",
            lambda: guess_words(data, shown),
            {"side": "hide"},
        ),
    ]
    if several:
        tries.append(
            (
                f"Learn from {plain_field(fields[-1])} alone. **Who gets the weight of the other fields?**",
                lambda: weight_words(data, shown),
                {"side": "attention", "eges_fields": [fields[-1]]},
            )
        )
    return tries


def nearest_words(data: ActiveData, shown: Shown, given: dict[str, tuple[str, ...]]) -> str:
    """How alike the new item's nearest items are in the fields that it was not given."""
    vector = shown.vectors.cold_start(given)
    rows = ExactIndex("cosine").build(shown.vectors.vectors).query(vector[None], k=birth.LISTED)[0][0]
    rows = rows[rows >= 0]
    told = []
    for name in [name for name in shown.vectors.field_names if name not in given]:
        labels = data.fields[name]
        known = labels != NOT_KNOWN
        near, every = pairs_alike(labels, rows[known[rows]]), pairs_alike(labels, np.flatnonzero(known))
        if near is not None and every is not None:
            told.append(f"{plain_field(name)} **{near:.0%}** ({every:.0%})")
    if not told:
        return "There is no field that it was not given. The table counts what the nearest items share."
    return (
        f"Pairs of its {len(rows)} nearest items that have the same value, in brackets pairs of the whole catalogue: "
        f"{'; '.join(told)}. Now add a second field and watch the point move."
    )


def guess_words(data: ActiveData, shown: Shown) -> str:
    """The chosen item's guess against popularity and against its own vector, as far as it is scored."""
    scores = hidden_item.own_scores(data, shown)
    if hidden_item.HONEST not in scores:
        return (
            "Not scored yet for this item: press Run where it is asked for, or choose an item that has neighbors and "
            "fields. Then compare the lines of the table; chance is 50 %."
        )
    fields, popular, own = (scores[name].beaten for name in (hidden_item.HONEST, hidden_item.POPULAR, hidden_item.OWN))
    verdict = "the same as" if fields == popular else "**better** than" if fields > popular else "**worse** than"
    known = scores[hidden_item.HONEST].neighbors
    return (
        f"A true neighbor stands before {fields:.0%} of the others when its fields order them (chance 50 %): {verdict} "
        f"by popularity, {popular:.0%}; by its own vector, with its clicks seen, {own:.0%}. One item with "
        f"{counted(known, 'neighbor')}: the test on the other tenths says how sure that is."
    )


def weight_words(data: ActiveData, shown: Shown) -> str:
    """The weight of the items themselves, with one field and with all."""
    wanted = eges_config(data, shown.graph)
    if wanted != shown.config:
        return "Press Run: the bars are still those of the last settings."
    fields = data.side_fields
    mean = float(shown.vectors.attention[:, 0].mean())
    text = f"Learned from {plain_field(fields[-1])} alone, the items' own weight is **{mean:.2f}** on average"
    whole = replace(shown.config, fields=model_config(data, shown.graph, "EGES").fields)
    if not model_results.has_model(data, whole, graph=shown.graph):
        return f"{text}."
    before = model_results.model_vectors(data, whole, graph=shown.graph)
    assert isinstance(before, EGESVectors)
    start = float(before.attention[:, 0].mean())
    parts = 1 + len(fields)
    return (
        f"{text}, with all {len(fields)} fields {start:.2f}; a plain average would give {1 / 2:.2f} and "
        f"{1 / parts:.2f} where nothing is missing. One seed each: more seeds are a button below the bars."
    )


def _one_field(shown: Shown) -> dict[str, tuple[str, ...]]:
    start = birth.first_values(shown)
    return {name: start[name] for name in list(start)[-1:]}


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
