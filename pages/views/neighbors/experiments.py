"""What to try on the Neighbors page, what it means, and the page in a few lines of the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pages.kit import model_results, session
from pages.kit.answer_words import counted, gain_words, paired
from pages.kit.graph_controls import GraphSettings
from pages.kit.model_controls import able_models, in_python, twice_the_default
from pages.kit.model_jobs import Entry
from pages.kit.session import ActiveData
from pages.kit.stage import Experiment, Verdict
from pages.kit.text import plain, quoted
from pages.views.neighbors.compared import LENGTH_ASKED, Compared, Settings, filter_steps
from recemb_core.brought import BroughtConfig, BroughtVectors
from recemb_core.embeddings import MODELS
from recemb_core.embeddings.registry import NEEDS, python_call, spec_of
from recemb_core.evaluation import overlap_at_k

HOW_POPULAR = ("Among the most popular tenth", "In the middle", "Among the rarest tenth")
IN_OUT = ("More popular, in every model", "Rarer, in every model", "It depends on the model")
CLOSER = ("They agree more", "They agree less", "No difference beyond noise")
HOW_MANY = ("Nine or ten", "Six to eight", "Five or fewer")
MORE_CHANGE = ("More change", "Less change", "No difference beyond noise")


def experiments(found: Compared) -> list[Experiment]:
    """Of the view of all models: what this data can do."""
    data, counts = found.data, found.settings.counts
    tries: list[Experiment] = []
    if _lists_are_whole(len(found.graph)):
        return tries
    values = 1 - found.dispute if len(found.lists) > 1 else np.empty(0)
    able = found.competing(values) if len(values) else values
    if len(able) and values[able[0]] < 1:
        item = found.graph.items[int(found.rows[able[0]])]
        question = "One item divides these models most. **How popular is it?**"
        tries.append(Experiment(question, HOW_POPULAR, lambda: divided(found, item), {"item": item}))
    tries.append(
        Experiment(
            "*in · out*, which training makes large, in place of the cosine. **Are the named items more popular?**",
            IN_OUT,
            lambda: in_out_words(found),
            {"score": "in_out"},
        )
    )
    useful = [step for step in filter_steps(counts) if step > 0 and (counts < step).mean() >= 0.25]
    useful = [step for step in useful if not _lists_are_whole(int((counts >= step).sum()))]
    if useful:
        unit = "events" if data.sequences is not None else "in strength"
        question = f"Name no item below {useful[0]:,} {unit}. **Do the models come closer to each other?**"
        tries.append(Experiment(question, CLOSER, lambda: filter_words(found), {"min_count": useful[0]}))
    return tries


def _lists_are_whole(items: int) -> bool:
    """Whether a list of the length that questions go back to names all other items, so that all lists are alike."""
    return items - 1 <= LENGTH_ASKED


def divided(found: Compared, item: str) -> Verdict | str:
    """How popular the item is on which the models agree least."""
    if len(found.lists) < 2:
        return ""
    counts, row, values = found.settings.counts, found.graph.items.row(item), 1 - found.dispute
    place = float((counts > counts[row]).mean())
    here = float(values[np.flatnonzero(found.rows == row)[0]])
    return Verdict(
        f"{plain(found.data.titles[row])}: agreement {here:.2f}, the lowest of "
        f"{len(found.competing(values)):,} items that are not too rare; the mean is {values.mean():.2f}. "
        f"**{place:.0%}** of the items are more popular.",
        0 if place < 0.1 else 2 if place >= 0.9 else 1,
    )


def in_out_words(found: Compared) -> Verdict | str:
    """How popular the named items are by in · out, and by cosine."""
    by_cosine, counts = found.under(score="cosine"), found.settings.counts
    told, changes = [], []
    for label, lists in found.lists.items():
        now, before = (float(np.median(counts[named[named >= 0]])) if (named >= 0).any() else 0.0
                       for named in (lists, by_cosine.lists[label]))  # fmt: skip
        told.append(f"{label} {before:,.4g} → {now:,.4g}")
        changes.append(int(np.sign(now - before)))
    if not told:
        return ""
    up, down = changes.count(1), changes.count(-1)
    more = f"Cosine → in · out: {', '.join(told)}."
    if not up and not down:
        said = f"In none of {counted(len(told), 'model')} does the median {found.unit} of all named items change"
        return Verdict(f"{said}; one seed each.", more=more)
    return Verdict(
        f"More popular in **{up}**, rarer in **{down}** of {counted(len(told), 'model')}, by the median {found.unit} "
        f"of all named items (catalogue {np.median(counts):,.4g}); one seed each.",
        0 if up == len(told) else 1 if down == len(told) else 2,
        more=more,
    )


def filter_words(found: Compared) -> Verdict | str:
    """Agreement under the filter against agreement without it, on the same items, and both chance levels."""
    if len(found.lists) < 2:
        return ""
    before, settings = found.under(min_count=0), found.settings
    gain = paired(before.dispute, found.dispute)
    return Verdict(
        f"Agreement overall changes by {gain_words(gain)} over {gain.n:,} items. "
        f"{(settings.counts < settings.min_count).mean():.0%} of the items cannot be named any more.",
        2 if gain.low <= 0 <= gain.high else 0 if gain.value > 0 else 1,
        more=f"By chance alone it would go from {before.matrix.overlap_chance:.3f} to "
        f"{found.matrix.overlap_chance:.3f}.",
    )


def _twice(found: Compared, model: str) -> dict[str, Any]:
    both = twice_the_default(found.data, found.graph, model)
    return {"first": model, "second": model, **both, "b_reseed": True}


def pair_experiments(found: Compared) -> list[Experiment]:
    """Of the view of two."""
    if _lists_are_whole(len(found.graph)):
        return []
    able = able_models(found.data)[0]
    twice = _twice(found, able)
    tries = [
        Experiment(
            f"The same {able} with another seed. **How many of ten neighbors stay?**",
            HOW_MANY,
            lambda: common(found, "What two seeds do not share is noise."),
            twice,
        )
    ]
    if found.data.sequences is not None:
        even = twice | {"b_word2vec_ns_exponent": 0.0, "b_reseed": False}
        sets = {"first": "word2vec", "second": "item2vec", "b_reseed": False}
        tries += [
            Experiment(
                "Noise drawn evenly (exponent 0 for 0.75). **More change than another seed makes?**",
                MORE_CHANGE,
                lambda: beyond_seed(found),
                even,
            ),
            Experiment(
                "A window over the order (word2vec) against whole sets (item2vec). **How many of ten are the same?**",
                HOW_MANY,
                lambda: common(found),
                sets,
            ),
        ]
    far = {"first": "DeepWalk", "second": "node2vec", "b_node2vec_p": 1.0, "b_node2vec_q": 20.0, "b_reseed": False}
    question = "DeepWalk against node2vec with q = 20. **How many of ten neighbors are the same?**"
    tries.append(Experiment(question, HOW_MANY, lambda: common(found, moved_words(found)), far))
    return tries


def _both(found: Compared) -> bool:
    return len(found.lists) == 2 and all(one.config == one.wanted for one in found.entries)


def common(found: Compared, more: str = "") -> Verdict | str:
    """How much of two lists is common."""
    if not _both(found):
        return ""
    share = found.matrix.overlap[0, 1]
    at = 0 if share >= 0.85 else 1 if share >= 0.55 else 2
    return Verdict(f"{overlap_words(found)} {more}".strip(), at)


def overlap_words(found: Compared) -> str:
    """The same in words."""
    matrix = found.matrix
    return (
        f"**{matrix.overlap[0, 1]:.1%}** of two lists of {found.settings.k} is common (± "
        f"{matrix.overlap_error[0, 1]:.1%}, mean over {matrix.items:,} items with its standard error; random lists: "
        f"{matrix.overlap_chance:.1%})."
    )


def beyond_seed(found: Compared) -> Verdict | str:
    """The same overlap against that of two seeds of the first model, where they are trained."""
    if not _both(found):
        return ""
    data, graph, settings, config = found.data, found.graph, found.settings, found.entries[0].config
    seeds = [replace(config, seed=(config.seed + step) % 2**32) for step in (0, 1)]
    if not all(model_results.has_model(data, one, graph=graph) for one in seeds):
        unknown = "What another seed alone changes is not measured yet: the first question does it."
        return Verdict(f"{overlap_words(found)} {unknown}")
    how = settings.k, settings.score, settings.min_count
    noise = overlap_at_k(
        *(model_results.model_neighbors(data, one, *how, graph=graph, rows=found.rows)[0] for one in seeds)
    )
    gain = paired(overlap_at_k(*found.lists.values()), noise)
    return Verdict(
        f"**{found.matrix.overlap[0, 1]:.1%}** of two lists is common; of two seeds {noise.mean():.1%}. Against that: "
        f"{gain_words(gain)}.",
        2 if gain.low <= 0 <= gain.high else 0 if gain.value < 0 else 1,
        more=overlap_words(found),
    )


def moved_words(found: Compared) -> str:
    """The items with least in common, the most popular of equals."""
    if not _both(found):
        return ""
    values = overlap_at_k(*found.lists.values())
    titles = found.data.titles
    least = found.competing(values)[:3]
    names = ", ".join(f"{plain(titles[int(found.rows[i])])} ({values[i]:.0%})" for i in least)
    return f"Least in common: {names}."


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
        r"$(1 - p) \sum_d p^{d-1}\,|A_d \cap B_d|\,/\,d$ with p = 0.9, so that the top counts more, and below the end "
        "of the lists what is shared there; agreement is their mean over pairs of models or over items, and each "
        "stands beside what random lists give.\n\n"
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
        *(_comparison(settings, item, known, counts, more) if arithmetic is None else arithmetic),
    ]


def _comparison(settings: Settings, item: str, known: str, counts: str, more: str) -> list[str]:
    """Lists of every model, and how far they agree; ``known``: which rows brought vectors have."""
    k = settings.k
    return [
        "for name, vectors in models.items():",
        f"    print(name, vectors.most_similar({quoted(item)}, k={k}, score={quoted(settings.score)}{more}))",
        *([f"rows = np.flatnonzero({known})  # items that all have a vector of"] if known else []),
        f"lists = {{name: vectors.nearest({k}, {quoted(settings.score)}{more}{', rows=rows' if known else ''})[0]",
        "         for name, vectors in models.items()}",
        *([f"allowed = {counts} >= {settings.min_count}"] if settings.min_count else []),
        f"agreement = agreement_matrix(lists, items={len(settings.counts)}"
        + (f", candidates=allowed.sum() - allowed{'[rows]' if known else ''})" if settings.min_count else ")"),
        "print(agreement.names, agreement.overlap.round(3), agreement.overlap_chance)",
    ]


def _read(config: BroughtConfig) -> str:
    """The call that reads a file of vectors."""
    return f"read_vectors({', '.join(quoted(name) for name in (config.name, config.ids_name) if name)})"
