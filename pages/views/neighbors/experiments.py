"""What to try on the Neighbors page, what it means, and the page in a few lines of the library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pages.kit import model_results, session
from pages.kit.answer_words import counted, gain_words, paired
from pages.kit.graph_controls import GraphSettings
from pages.kit.model_controls import able_models, in_python, second_like_first
from pages.kit.model_jobs import Entry
from pages.kit.session import ActiveData
from pages.kit.stage import Old as Experiment
from pages.kit.text import plain, quoted
from pages.views.neighbors.compared import Compared, Settings, filter_steps
from recemb_core.brought import BroughtConfig, BroughtVectors
from recemb_core.embeddings import MODELS
from recemb_core.embeddings.registry import NEEDS, python_call, spec_of
from recemb_core.evaluation import overlap_at_k

NOISE = "What two seeds of one model do not share is noise: only what goes beyond it is an effect of a setting."
PLAIN: dict[str, Any] = {"score": "cosine", "min_count": 0}
NO_LISTS = "Two models that are ready are needed: wait for the training, or press Run."


def experiments(found: Compared) -> list[Experiment]:
    """Of the view of all models: what this data can do."""
    data, counts = found.data, found.settings.counts
    tries: list[Experiment] = []
    values = 1 - found.dispute if len(found.lists) > 1 else np.empty(0)
    able = found.competing(values) if len(values) else values
    if len(able):
        at = able[0]
        row = int(found.rows[at])
        place = float((counts > counts[row]).mean())
        tries.append(
            (
                "One item divides the models most. **A best-seller, a rare item, or something in between?**",
                lambda: (
                    f"{plain(data.titles[row])}: agreement {values[at]:.2f}, the lowest of {len(able):,} items, where "
                    f"the mean is {values.mean():.2f}; **{place:.0%}** of the items are more popular."
                ),
                {"item": found.graph.items[row]},
            )
        )
    tries.append(
        (
            "in · out is what training makes large. **Will the named items be more popular, or rarer?**",
            lambda: in_out_words(found),
            {"score": "in_out", "min_count": 0},
        )
    )
    useful = [step for step in filter_steps(counts) if step > 0 and (counts < step).mean() >= 0.25]
    if useful:
        tries.append(
            (
                f"Name no item below {useful[0]:,} {'events' if data.sequences is not None else 'in strength'}. "
                "**Will the models come closer to each other?**",
                lambda: filter_words(found),
                {"score": "cosine", "min_count": useful[0]},
            )
        )
    first = able_models(data)[0]
    tries.append((*another_seed(first, NOISE), {"compare": "two", **_twice(found, first)}))
    return tries


def another_seed(model: str, answer: str | Callable[[], str]) -> tuple[str, str | Callable[[], str]]:
    """The experiment that leads from the view of all models to that of two, where its answer is."""
    return f"The same {model} with another seed. **How many of ten neighbors will stay?**", answer


def _twice(found: Compared, model: str) -> dict[str, Any]:
    second = second_like_first(found.data, found.graph, model)
    return {"first": model, "second": model, **second, "b_reseed": True, **PLAIN}


def in_out_words(found: Compared) -> str:
    """How popular the named items are by in · out, and by cosine."""
    by_cosine, counts = found.under(score="cosine"), found.settings.counts
    told, changes = [], []
    for label, lists in found.lists.items():
        now, before = (float(np.median(counts[named[named >= 0]])) if (named >= 0).any() else 0.0
                       for named in (lists, by_cosine.lists[label]))  # fmt: skip
        told.append(f"{label} {before:,.4g} → {now:,.4g}")
        changes.append(np.sign(now - before))
    if not told:
        return NO_LISTS
    return (
        f"Median {found.unit} of all named items, cosine → in · out: {', '.join(told)} (catalogue "
        f"{np.median(counts):,.4g}). **More popular in {changes.count(1)}, rarer in {changes.count(-1)} of "
        f"{counted(len(told), 'model')}**; one seed each."
    )


def filter_words(found: Compared) -> str:
    """Agreement under the filter against agreement without it, on the same items, and both chance levels."""
    if len(found.lists) < 2:
        return NO_LISTS
    before, settings = found.under(min_count=0), found.settings
    gain = paired(before.dispute, found.dispute)
    return (
        f"Agreement overall changes by {gain_words(gain)} over {gain.n:,} items. By chance alone it would go from "
        f"{before.matrix.overlap_chance:.3f} to {found.matrix.overlap_chance:.3f}: "
        f"{(settings.counts < settings.min_count).mean():.0%} of the items cannot be named any more."
    )


def pair_experiments(found: Compared) -> list[Experiment]:
    """Of the view of two."""
    able = able_models(found.data)[0]
    twice = _twice(found, able)
    against_seed = lambda: f"{overlap_words(found)} {seed_words(found)}"  # noqa: E731
    tries: list[Experiment] = [(*another_seed(able, lambda: f"{overlap_words(found)} {NOISE}"), twice)]
    if found.data.sequences is not None:
        tries += [
            (
                "Noise drawn evenly (exponent 0). **More change than another seed?**",
                against_seed,
                twice | {"b_word2vec_ns_exponent": 0.0, "b_reseed": False},
            ),
            (
                "Order against no order: word2vec's window and item2vec's whole set. **Same company?**",
                against_seed,
                {"first": "word2vec", "second": "item2vec", "b_reseed": False, **PLAIN},
            ),
        ]
    far = {"b_node2vec_p": 1.0, "b_node2vec_q": 20.0, "b_reseed": False}
    tries.append(
        (
            "DeepWalk against node2vec with q = 20. **Which items will have moved on the map?**",
            lambda: f"{overlap_words(found)} {moved_words(found)}",
            {"first": "DeepWalk", "second": "node2vec", **far, **PLAIN},
        )
    )
    return tries


def _both(found: Compared) -> bool:
    return len(found.lists) == 2 and all(one.config == one.wanted for one in found.entries)


def overlap_words(found: Compared) -> str:
    """How much of two lists is common."""
    if not _both(found):
        return NO_LISTS
    matrix = found.matrix
    return (
        f"**{matrix.overlap[0, 1]:.1%}** of two lists of {found.settings.k} is common (± "
        f"{matrix.overlap_error[0, 1]:.1%}, mean over {matrix.items:,} items with its standard error; random lists: "
        f"{matrix.overlap_chance:.1%})."
    )


def seed_words(found: Compared) -> str:
    """The same overlap against that of two seeds of the first model, where they are trained."""
    if not _both(found):
        return ""
    data, graph, settings, config = found.data, found.graph, found.settings, found.entries[0].config
    if not hasattr(config, "seed"):
        return "The first model draws nothing at random, so no other seed changes it."
    seeds = [replace(config, seed=(config.seed + step) % 2**32) for step in (0, 1)]
    if not all(model_results.has_model(data, one, graph=graph) for one in seeds):
        return "What another seed alone changes is not measured yet: the first experiment does it."
    how = settings.k, settings.score, settings.min_count
    noise = overlap_at_k(*(model_results.model_neighbors(data, one, *how, graph=graph)[0][found.rows] for one in seeds))
    gain = paired(overlap_at_k(*found.lists.values()), noise)
    return f"Two seeds of the first model share {noise.mean():.1%}; against that: {gain_words(gain)}."


def moved_words(found: Compared) -> str:
    """The items with least in common, the most popular of equals."""
    if not _both(found):
        return ""
    values = overlap_at_k(*found.lists.values())
    titles = found.data.titles
    least = found.competing(values)[:3]
    names = ", ".join(f"{plain(titles[int(found.rows[i])])} ({values[i]:.0%})" for i in least)
    return f"Least in common, by neighbors and not by pixels: {names}."


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def words() -> str:
    """What is shown and computed, of the models that there are."""
    reading: dict[str, list[str]] = {}
    for name, spec in MODELS.items():
        reading.setdefault(_listed([NEEDS[need] for need in spec.needs]), []).append(name)
    learned = "; ".join(f"{_listed(names)} from {what}" for what, names in reading.items())
    return (
        "A column lists the *k* best-scored items of one model: by the **cosine** of input vectors, "
        r"$v_i \cdot v_j\,/\,(|v_i|\,|v_j|)$, or by **in · out**, $v_i \cdot v'_j$, input vector times output vector. "
        f"Vectors are learned: {learned}. "
        r"**Overlap@k** of two lists is $|A \cap B|\,/\,k$; **rank-biased overlap** is "
        r"$(1 - p) \sum_d p^{d-1}\,|A_d \cap B_d|\,/\,d$ with p = 0.9, so that the top counts more; agreement is their "
        "mean over pairs of models or over items, and each stands beside what random lists give.\n\n"
        "**Larger k**: random lists agree more as well. **A higher filter**: rare items, whose vectors rest on few "
        "events, are not named any more. Agreement is no proof of being right, nor is disagreement of being wrong: two "
        "seeds of one model differ too (see the other view)."
    )


def as_python(
    data: ActiveData,
    graph_settings: GraphSettings,
    entries: Sequence[Entry],
    settings: Settings,
    arithmetic: list[str] | None = None,
) -> list[str]:
    """Train; then list and compare, or do the arithmetic of the view of sums."""
    item = session.chosen_item(data)
    ready = [one for one in entries if one.config is not None]
    own = [one for one in ready if isinstance(one.vectors, BroughtVectors) and one.vectors.known[data.items.row(item)]]
    models = [one for one in ready if not isinstance(one.config, BroughtConfig)]
    least = settings.min_count
    counts = "sequences.counts" if data.sequences is not None else "graph.strength"
    more = f", min_count={least}, counts={counts}" if least else ""
    configs = [one.config for one in models]
    walked = any("graph" in spec_of(config).needs for config in configs)
    told = (bool(least) or (bool(own) and not walked)) and data.sequences is not None
    imports, lines = in_python(data, graph_settings, configs, counts=told)
    known = " & ".join(f"models[{quoted(one.label)}].known" for one in own)
    where = "graph.items" if walked else "sequences.items"
    return [
        *(["import numpy as np", "from recemb_core.brought import read_vectors"] if own else []),
        *imports,
        "from recemb_core.evaluation import agreement_matrix"
        if arithmetic is None
        else "from recemb_core.evaluation.analogies import arithmetic",
        "",
        *lines,
        "models = {",
        *(f"    {quoted(one.label)}: {python_call(one.config)}," for one in models),
        *(f"    {quoted(one.label)}: {_read(one.config)}.aligned({where})[0]," for one in own),
        "}",
        *(_comparison(settings, item, known, more) if arithmetic is None else arithmetic),
    ]


def _comparison(settings: Settings, item: str, known: str, more: str) -> list[str]:
    """Lists of every model, and how far they agree; ``known``: which rows brought vectors have."""
    k = settings.k
    return [
        "for name, vectors in models.items():",
        f"    print(name, vectors.most_similar({quoted(item)}, k={k}, score={quoted(settings.score)}{more}))",
        *([f"rows = np.flatnonzero({known})  # items that all have a vector of"] if known else []),
        f"lists = {{name: vectors.nearest({k}, {quoted(settings.score)}{more}{', rows=rows' if known else ''})[0]",
        "         for name, vectors in models.items()}",
        f"agreement = agreement_matrix(lists, items={len(settings.counts)}"
        + (f", candidates={int(settings.allowed.sum()) - 1})" if settings.min_count else ")"),
        "print(agreement.names, agreement.overlap.round(3), agreement.overlap_chance)",
    ]


def _read(config: BroughtConfig) -> str:
    """The call that reads a file of vectors."""
    return f"read_vectors({', '.join(quoted(name) for name in (config.name, config.ids_name) if name)})"
