"""What to try on the Neighbors page, what it means, and the page in a few lines of the library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pages.shared import frame, selection
from pages.shared.compared import Compared, Settings, dispute_of, filter_steps, rare_limit
from pages.shared.graph_controls import GraphSettings
from pages.shared.model_choice import MODELS, missing, python_call, python_imports, second_like_first
from pages.shared.model_training import Entry
from pages.shared.selection import ActiveData
from recemb_core.item_graph import ItemGraph

NOISE = (
    "What two seeds of one model do not share is noise: no change of a setting can be called an effect below it, and "
    "two models cannot be asked to agree more than one does with itself."
)
Experiments = list[tuple[str, str, dict[str, Any]]]


def experiments(data: ActiveData, graph: ItemGraph, found: Compared, settings: Settings) -> Experiments:
    """Of the view of all models: what this data can do, with the answers that were measured on it."""
    tries: Experiments = []
    if len(found.lists) > 1:
        values = 1 - dispute_of(data, graph, found, settings)
        counts = settings.counts[found.rows]
        able = np.flatnonzero(counts >= rare_limit(data, settings))
        if len(able):
            at = able[np.lexsort((-counts[able], np.round(values[able], 9)))[0]]
            row = int(found.rows[at])
            place = float((settings.counts > settings.counts[row]).mean())
            tries.append(
                (
                    "One item divides the models most. **A best-seller, a rare item, or something in between?**",
                    f"{data.titles[row]}: agreement {values[at]:.2f} where the mean is {values.mean():.2f}; "
                    f"{place:.0%} of the items are more popular. Read its columns: each model sees other company.",
                    {"item": graph.items[row]},
                )
            )
    tries.append(
        (
            "in · out is what training makes large. **Will the named items be more popular, or rarer?**",
            "Look at 'Who is named most' below: where a model's median rises, the length of output vectors speaks, and "
            "popular items have long ones; one item may then stand in most lists. Cosine leaves length out, and lets "
            "rare, hardly trained items in.",
            {"score": "in_out"},
        )
    )
    steps = [step for step in filter_steps(settings.counts) if step > 0]
    useful = [step for step in steps if (settings.counts < step).mean() >= 0.25]
    if useful:
        tries.append(
            (
                f"Name no item below {useful[0]:,} {'events' if data.sequences is not None else 'in strength'}. "
                "**Will the models come closer to each other?**",
                f"Compare 'Agreement overall' with its chance level (in its help), which rises as well: "
                f"{(settings.counts < useful[0]).mean():.0%} of the items cannot be named any more. The rarest item "
                f"here has {settings.counts.min():,.0f}: the rarer, the more a filter changes.",
                {"score": "cosine", "min_count": useful[0]},
            )
        )
    able_models = [name for name in MODELS if not missing(data, name)]
    tries.append(
        (
            f"The same {able_models[0]} twice, with another seed. **How many of ten neighbors will stay?**",
            NOISE,
            {
                "compare": "two",
                "first": able_models[0],
                "second": able_models[0],
                **second_like_first(data, graph, able_models[0]),
                "b_reseed": True,
            },
        )
    )
    return tries


def pair_experiments(data: ActiveData, graph: ItemGraph) -> Experiments:
    """Of the view of two."""
    able = next(name for name in MODELS if not missing(data, name))
    twice = {"first": able, "second": able, **second_like_first(data, graph, able)}
    tries: Experiments = [
        (
            f"The same {able} with another seed. **How many of ten neighbors will stay?**",
            NOISE,
            twice | {"b_reseed": True},
        )
    ]
    if data.sequences is not None:
        tries += [
            (
                "Noise drawn evenly (exponent 0) instead of by popularity (0.75). **More change than another seed?**",
                "Compare the overlap with that of two seeds (first experiment): only what goes beyond is an effect.",
                twice | {"b_word2vec_ns_exponent": 0.0, "b_reseed": False},
            ),
            (
                "Order against no order: word2vec's window and item2vec's whole set. **Same company?**",
                "Where sequences are short, nearly the same pairs are trained; in baskets order means nothing anyway.",
                {"first": "word2vec", "second": "item2vec", "b_reseed": False},
            ),
        ]
    tries.append(
        (
            "DeepWalk against node2vec with q = 20. **Which items will have moved on the map?**",
            "Point at an item that moved: its neighbors in the second map are those that walks near their start meet.",
            {"first": "DeepWalk", "second": "node2vec", "b_node2vec_p": 1.0, "b_node2vec_q": 20.0, "b_reseed": False},
        )
    )
    return tries


WORDS = (
    "A column lists the *k* best-scored items of one model: by the **cosine** of input vectors, "
    r"$v_i \cdot v_j\,/\,(|v_i|\,|v_j|)$, or by **in · out**, $v_i \cdot v'_j$, input vector times output vector. "
    "word2vec and item2vec read the sequences, DeepWalk and node2vec walk the item graph, GES and EGES walk it too and "
    r"mix in side information. **Overlap@k** of two lists is $|A \cap B|\,/\,k$; **rank-biased overlap** is "
    r"$(1 - p) \sum_d p^{d-1}\,|A_d \cap B_d|\,/\,d$ with p = 0.9, so that the top counts more; agreement is their "
    "mean over pairs of models or over items, and each stands beside what random lists give.\n\n"
    "**Larger k**: lists agree more, by chance as well. **A higher filter**: rare items, whose vectors are hardly "
    "trained, are not named any more. Agreement is no proof of being right, nor is disagreement of being wrong: two "
    "seeds of one model differ too (see the other view)."
)


def as_python(
    data: ActiveData, graph_settings: GraphSettings, entries: Sequence[Entry], settings: Settings
) -> list[str]:
    """Train, list, compare."""
    ready = [one for one in entries if one.config is not None]
    walked = any(one.model not in ("word2vec", "item2vec") for one in ready)
    sequenced = any(one.model in ("word2vec", "item2vec") for one in ready)
    sided = any(one.model in ("GES", "EGES") for one in ready)
    graph_lines = graph_settings.as_python(data) if walked else []
    builders = [name for name in ("build_item_graph", "backbone") if any(name in line for line in graph_lines)]
    k, least = settings.k, settings.min_count
    counts = "sequences.counts" if data.sequences is not None else "graph.strength"
    more = f", min_count={least}, counts={counts}" if least else ""
    needs_counts = bool(least) and not sequenced and data.sequences is not None
    item = selection.chosen_item(data)
    always = sequenced or needs_counts
    return [
        *frame.import_lines(data, always=always),
        python_imports([one.model for one in ready]),
        "from recemb_core.evaluation import agreement_matrix",
        *([f"from recemb_core.item_graph import {', '.join(builders)}"] if builders else []),
        "",
        *frame.load_lines(data, always=always),
        *graph_lines,
        *([frame.side_info_line(data)] if sided else []),
        "models = {",
        *(f'    "{one.label}": {python_call(one.model, one.config)},' for one in ready),
        "}",
        "for name, vectors in models.items():",
        f'    print(name, vectors.most_similar("{item}", k={k}, score="{settings.score}"{more}))',
        f'lists = {{name: vectors.nearest({k}, "{settings.score}"{more})[0] for name, vectors in models.items()}}',
        f"agreement = agreement_matrix(lists, items={len(settings.counts)}"
        + (f", candidates={int(settings.allowed.sum()) - 1})" if least else ")"),
        "print(agreement.names, agreement.overlap.round(3), agreement.overlap_chance)",
    ]
