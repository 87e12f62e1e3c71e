"""What to try in the recall, history and serving views; the answers are read off the models that are there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pages.kit import recall_models, session
from pages.kit.answer_words import counted, gain_words
from pages.kit.controls import NOT_KNOWN, default_attribute
from pages.kit.recall_models import Reports
from pages.kit.session import ActiveData
from pages.kit.stage import Answer, Experiment, Verdict
from pages.kit.text import plain, plain_field
from pages.views.deep_models.edited_history import TOP, top_rows
from recemb_core.deep.recall import RecallModel
from recemb_core.evaluation.intervals import Estimate
from recemb_core.evaluation.ranking import paired_gain
from recemb_core.experiments.recall_indexes import IndexPoint
from recemb_core.experiments.recall_models import FLOOR

TWO_TOWER, AVERAGE, FIRST_TIME = "Two-tower", "Item average, cosine", "Two-tower, first-time targets"
NO_MODEL = "No model is trained yet: press Train, then compare the intervals with popularity's."
EDIT = "Take a real user and change what they took. **Will one item turn the list around?**"
TURNS = ("Yes, most of the list changes", "A part of it", "Hardly")
AGAINST = ("Above it", "Below it", "Not told apart")
NEWEST = 12


# --- recall ---


def recall(
    data: ActiveData,
    reports: Callable[[], Reports],
    verdict: Callable[[Reports, int], str],
    better: Callable[[Reports, int], list[str]],
    points: Callable[[], list[IndexPoint] | None],
) -> list[Experiment]:
    """Of the recall table; reports and points are asked for when the page has them.

    ``verdict`` says who beats popularity, and ``better`` names them.
    """

    def still() -> Answer:
        found = reports()
        said, others = verdict(found, 0), len(found) - 1
        many = len(better(found, 0))
        right = None if not said else 0 if many == others else 1 if many else 2
        return Verdict(f"{repeats(data, found)} {said or NO_MODEL}", right)

    return [
        Experiment(
            "Mask what people had before, and count first-time targets only. **Who still beats popularity?**",
            ("All of the table", "Some of it", "Nobody, beyond the intervals"),
            still,
            {"recall_figure": "novel"},
        ),
        Experiment(
            "Back to all targets. **How far above popularity is the two-tower network?**",
            AGAINST,
            lambda: above_popularity(data, reports()),
            {"recall_figure": "all"},
        ),
        Experiment(
            "The list may be found by a fast index in place of a full scan. **Which loses hits first, LSH or HNSW?**",
            ("LSH", "HNSW", "Neither more than the other"),
            lambda: lost_hits(points()),
            {"recall_index_n": 10},
        ),
        # Answered in the view that it leads to.
        Experiment(EDIT, TURNS, lambda: "", {"section": "history", "history_items": ""}),
    ]


def repeats(data: ActiveData, reports: Reports) -> str:
    """How many of the targets people had before."""
    novel, every = reports[FLOOR]
    again = every.targets - novel.targets
    return (
        f"Of the {counted(every.targets, 'held-out target')} **{again / max(every.targets, 1):.0%}** were in the "
        "history already and are left out here."
    )


def _figure(value: Estimate) -> str:
    return f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"


def above_popularity(data: ActiveData, reports: Reports) -> Answer:
    """HR@10 of the two-tower network against popularity on all targets, and against a random list."""
    if TWO_TOWER not in reports:
        return NO_MODEL
    model, floor = reports[TWO_TOWER][1], reports[FLOOR][1]
    gain = paired_gain(model, floor, 10)
    text = (
        f"HR@10 on all targets: two-tower **{_figure(model.hit_rate[10])}**, popularity {_figure(floor.hit_rate[10])}, "
        f"{model.users:,} users; on the same users {gain_words(gain)}."
    )
    if FIRST_TIME in reports:
        text += f" Trained on first-time targets alone it has {_figure(reports[FIRST_TIME][1].hit_rate[10])}."
    right = 0 if gain.low > 0 else 1 if gain.high < 0 else 2
    return Verdict(f"{text} {recall_models.chance_words(data, 1)}".rstrip(), right)


def lost_hits(points: list[IndexPoint] | None) -> Answer:
    """What each index loses of the exact list at the setting that scans or looks least."""
    if points is None:
        return "The indexes are not measured yet: train the models, then look at the chart below."
    exact = next(point for point in points if point.index == "Exact")
    told, lost = [], {}
    for name in ("LSH", "HNSW"):
        least = min((point for point in points if point.index == name), key=lambda point: point.found.value)
        lost[name] = exact.hit_rate.value - least.hit_rate.value
        told.append(
            f"{name} at its loosest ({least.setting}) returns {least.found.value:.0%} of the exact list, HR@10 "
            f"{least.hit_rate.value:.3f}"
        )
    first = "neither more than the other" if lost["LSH"] == lost["HNSW"] else f"**{max(lost, key=lambda n: lost[n])}**"
    return Verdict(
        f"Exact search: HR@10 {_figure(exact.hit_rate)}, {exact.hit_rate.n:,} users. {'; '.join(told)}. Most hits "
        f"loses: {first}.",
        2 if lost["LSH"] == lost["HNSW"] else 0 if lost["LSH"] > lost["HNSW"] else 1,
    )


# --- one history ---


def history(
    data: ActiveData, models: dict[str, RecallModel], shown: tuple[str, bool], now: list[int]
) -> list[Experiment]:
    """Of the history view.

    ``shown`` are the name of the model on the screen, and whether its list may offer what is in the history.
    """
    row = data.items.row(session.chosen_item(data))
    return [
        Experiment(
            "Start from the chosen item alone. **Do all models agree on what comes next?**",
            ("On most of the list", "On some of it", "On hardly any item"),
            lambda: agreement(data, models, row),
            {"history_items": str(row), "history_seen": False},
        ),
        Experiment(
            "The same user under plain averaging. **Will the list be nearer to the history, or further away?**",
            ("Nearer", "Further away", "Equally near"),
            lambda: nearer(data, models, now),
            {"history_model": AVERAGE, "history_items": "", "history_seen": False},
        ),
        Experiment(
            "Back to the two-tower network, with what they had allowed. **How much of the list is old friends?**",
            ("More than half", "Up to half", "Nothing"),
            lambda: old_friends(data, models, now),
            {"history_model": TWO_TOWER, "history_items": "", "history_seen": True},
        ),
        Experiment(EDIT, TURNS, lambda: turned(data, models, shown, now), {"section": "history", "history_items": ""}),
    ]


def _rows(model: RecallModel, past: list[int], seen: bool = False) -> list[int]:
    return [row for row, _ in top_rows(model, past, seen)]


def agreement(data: ActiveData, models: dict[str, RecallModel], row: int) -> Answer:
    """How many items the models' lists share, and how many are of the item's own category."""
    lists = {name: _rows(model, [row]) for name, model in models.items()}
    pairs = [len(set(a) & set(b)) for i, a in enumerate(lists.values()) for b in list(lists.values())[i + 1 :]]
    if not pairs:
        return NO_MODEL
    text = (
        f"Two of the {len(lists)} models share **{np.mean(pairs):.1f} of {TOP}** items on average ({min(pairs)} to "
        f"{max(pairs)})."
    )
    right = 0 if np.mean(pairs) > TOP / 2 else 1 if np.mean(pairs) >= 1 else 2
    field = default_attribute(data)
    if not field or data.fields[field][row] == NOT_KNOWN:
        return Verdict(text, right)
    same = data.fields[field] == data.fields[field][row]
    if same.sum() < 2:
        return Verdict(f"{text} No other item is of the same {plain_field(field)}.", right)
    chance = (same.sum() - 1) / max(len(same) - 1, 1)
    told = ", ".join(f"{name} {int(same[rows].sum())} of {len(rows)}" for name, rows in lists.items())
    return Verdict(
        f"{text} Of the same {plain_field(field)} as {plain(data.titles[row])} are: {told} (by chance "
        f"{chance * TOP:.2f}).",
        right,
    )


def _alike(data: ActiveData, field: str, a: list[int], b: list[int]) -> float:
    labels = data.fields[field]
    return float((labels[a][:, None] == labels[b][None, :]).mean())


def nearer(data: ActiveData, models: dict[str, RecallModel], now: list[int]) -> Answer:
    """How alike to the history the lists of the average and of the two-tower network are."""
    if not {AVERAGE, TWO_TOWER} <= set(models):
        return NO_MODEL
    if not now:
        return "The history is empty, so there is nothing to be near to. Add items."
    average, tower = (_rows(models[name], now) for name in (AVERAGE, TWO_TOWER))
    text = f"The two lists share {len(set(average) & set(tower))} of {TOP} items."
    field = default_attribute(data)
    if not field:
        return f"{text} This data has no category by which nearness could be measured."
    a, b = (_alike(data, field, rows, now) for rows in (average, tower))
    every = _alike(data, field, list(range(len(data.items))), now)
    verdict = "equally near" if a == b else "**nearer**" if a > b else "**further away**"
    return Verdict(
        f"By {plain_field(field)} the average's list is {verdict}: of all pairs of an offered item and one of the "
        f"history {a:.1%} have the same, two-tower {b:.1%}, the whole catalogue {every:.1%}. {text} One history: try "
        f"others.",
        2 if a == b else 0 if a > b else 1,
    )


def old_friends(data: ActiveData, models: dict[str, RecallModel], now: list[int]) -> Answer:
    """How much of the list stands in the history, and how much of what people took next did."""
    if TWO_TOWER not in models:
        return NO_MODEL
    rows = _rows(models[TWO_TOWER], now, seen=True)
    who = recall_models.asked(data)
    had = [np.isin(np.unique(target), past).mean() for past, target in zip(who.histories, who.targets, strict=True)]
    known = len(set(rows) & set(now))
    return Verdict(
        f"**{known} of {len(rows)}** stand in the history shown. Of what {len(had):,} people took "
        f"next, {np.mean(had):.0%} was in their whole history (mean over people).",
        0 if 2 * known > len(rows) else 1 if known else 2,
    )


def turned(data: ActiveData, models: dict[str, RecallModel], shown: tuple[str, bool], now: list[int]) -> Answer:
    """How many of the list stay when one event is left out."""
    name, seen = shown
    if name not in models:
        return NO_MODEL
    if len(now) < 2:
        return "The history is too short to leave an event out. Choose another user."
    whole = set(_rows(models[name], now, seen))
    places = range(len(now) - 1, max(-1, len(now) - 1 - NEWEST), -1)
    kept = [len(whole & set(_rows(models[name], [*now[:at], *now[at + 1 :]], seen))) for at in places]
    worst = int(np.argmin(kept))
    stay = kept[worst] / max(len(whole), 1)
    return Verdict(
        f"{name}: without one of the newest {len(kept)} events {np.mean(kept):.1f} of {len(whole)} offered items stay "
        f"on average. Most turns without {plain(data.titles[now[places[worst]]])}: **{kept[worst]} stay**. Remove it "
        "above and watch the diamond; every line says what pulled it.",
        0 if stay < 0.5 else 1 if stay <= 0.8 else 2,
    )


# --- serving ---

PUBLISHED = (
    "No: press Publish and look at the version. The new vectors are written beside the old ones and switched in one "
    "step."
)


def serving(models: dict[str, RecallModel], past: list[int]) -> list[Experiment]:
    """Of the store of vectors."""
    return [
        Experiment(
            "Another model takes the place of this one. **Is there a moment in which half of each is served?**",
            ("Yes, for a moment", "No, never"),
            lambda: Verdict(PUBLISHED, 1),
            {"serving_model": "YouTube DNN"},
        ),
        Experiment(
            "Back to the two-tower network. **Do the vectors of the same user agree between models?**",
            ("Yes: their cosine is above 0.9", "No"),
            lambda: same_user(models, past),
            {"serving_model": TWO_TOWER},
        ),
    ]


def same_user(models: dict[str, RecallModel], past: list[int]) -> Answer:
    """Cosine of one history's vectors in two models."""
    reason = "Each model has a space of its own, so user and item vectors are always replaced together."
    if not {TWO_TOWER, "YouTube DNN"} <= set(models):
        return reason
    a, b = (models[name].encode([np.array(past, dtype=np.int32)])[0] for name in (TWO_TOWER, "YouTube DNN"))
    if len(a) != len(b):
        return Verdict(f"They have {len(a)} and {len(b)} numbers. {reason}", 1)
    cosine = float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))
    said = f"The cosine of one history's vector here and in YouTube DNN is **{cosine:.2f}**. {reason}"
    return Verdict(said.replace("-", "−"), 0 if cosine > 0.9 else 1)
