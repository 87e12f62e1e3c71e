"""What to try in the recall, history and serving views; the answers are read off the models that are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pages.kit import recall_models, session
from pages.kit.answer_words import counted, gain_words
from pages.kit.controls import NOT_KNOWN, default_attribute
from pages.kit.recall_models import Reports
from pages.kit.session import ActiveData
from pages.kit.stage import Answer, Experiment, Verdict
from pages.kit.text import plain, plain_field
from pages.views.deep_models import cold_items, recall_board
from pages.views.deep_models.edited_history import TOP, top_rows
from recemb_core.deep.recall import RecallModel
from recemb_core.evaluation.intervals import Estimate
from recemb_core.evaluation.ranking import paired_gain
from recemb_core.experiments.recall_indexes import IndexPoint
from recemb_core.experiments.recall_models import FLOOR, ColdItemReport

TWO_TOWER, AVERAGE, FIRST_TIME = "Two-tower", "Item average, cosine", "Two-tower, first-time targets"
NO_MODEL = "No model is trained yet: press Train, then compare the intervals with popularity's."
EDIT = "Take a real user and change what they took. **Will one item turn the list around?**"
TURNS = ("Yes, most of the list changes", "A part of it", "Hardly")
AGAINST = ("Above it", "Below it", "Not told apart")
NEWEST = 12


# --- recall ---


def recall(
    data: ActiveData,
    reports: Callable[[], Reports | None],
    points: Callable[[], list[IndexPoint] | None],
    cold: Callable[[], ColdItemReport | None],
) -> list[Experiment]:
    """Of the recall view; each is asked for when the page has it, and is None until then."""
    models = {"recall_look": "models"}
    tries = [
        Experiment(
            "Mask what people had before, and count first-time targets only. **Who still beats popularity?**",
            ("All of the table", "Some of the table", "Nobody, beyond noise"),
            lambda: first_time(reports()),
            {"recall_figure": "novel", **models},
        ),
        Experiment(
            "Back to all targets. **How far above popularity is the two-tower network?**",
            AGAINST,
            lambda: above_popularity(data, reports()),
            {"recall_figure": "all", **models},
        ),
        Experiment(
            "The list may be found by a fast index in place of a full scan. **Which loses hits first, LSH or HNSW?**",
            ("LSH", "HNSW", "Neither more than the other"),
            lambda: lost_hits(points()),
            {"recall_index_n": 10, "recall_look": "index"},
        ),
    ]
    if cold_items.can_be(data, recall_models.model_configs(data)):
        tries.append(
            Experiment(
                "A tenth of the items is taken out of the log altogether. **Where does their side information alone "
                "place those that people took next?**",
                ("Above chance", "Below chance", "Not told from chance"),
                lambda: cold_words(cold()),
                {"recall_look": "cold"},
            )
        )
    return tries


def first_time(reports: Reports | None) -> Answer:
    """Who beats popularity where only what is new to people counts."""
    if reports is None:
        return NO_MODEL
    said, many = recall_board.verdict(reports, 0), len(recall_board.clearly_better(reports, 0))
    right = None if not said else 0 if many == len(reports) - 1 else 1 if many else 2
    return Verdict(f"{repeats(reports)} {said or NO_MODEL}", right, recall_board.rule(reports) if said else "")


def cold_words(report: ColdItemReport | None) -> Answer:
    """How high items that nobody has taken yet stand by their fields alone."""
    if report is None:
        return "Press Measure: cold items are not measured on this data yet."
    whole, among = report.ranked_below, report.below_among_cold
    return Verdict(
        f"**{whole.value:.0%}** of the catalogue stand below such an item on average (95%: {whole.low:.0%} to "
        f"{whole.high:.0%}; chance 50%), and {among.value:.0%} of the other cold items; {report.users:,} users.",
        0 if whole.low > 0.5 else 1 if whole.high < 0.5 else 2,
    )


def repeats(reports: Reports) -> str:
    """How many of the targets people had before."""
    novel, every = reports[FLOOR]
    again = every.targets - novel.targets
    return (
        f"Of the {counted(every.targets, 'held-out target')} **{again / max(every.targets, 1):.0%}** were in the "
        "history already and are left out here."
    )


def _figure(value: Estimate) -> str:
    return f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"


def above_popularity(data: ActiveData, reports: Reports | None) -> Answer:
    """HR@10 of the two-tower network against popularity on all targets, and against a random list."""
    if reports is None or TWO_TOWER not in reports:
        return NO_MODEL
    model, floor = reports[TWO_TOWER][1], reports[FLOOR][1]
    gain = paired_gain(model, floor, 10)
    text = (
        f"HR@10 on all targets: two-tower **{_figure(model.hit_rate[10])}**, popularity {_figure(floor.hit_rate[10])}, "
        f"{model.users:,} users; on the same users {gain_words(gain)}."
    )
    more = recall_models.chance_words(data, 1)
    if FIRST_TIME in reports:
        more += f" Trained on first-time targets alone it has {_figure(reports[FIRST_TIME][1].hit_rate[10])}."
    right = 0 if gain.low > 0 else 1 if gain.high < 0 else 2
    return Verdict(text, right, more)


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
        Experiment(EDIT, TURNS, lambda: turned(data, models, shown, now), {"history_items": ""}),
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


def alike(data: ActiveData, field: str, a: Sequence[int], b: Sequence[int]) -> float:
    """Share of the pairs of an item of each list that have the same value of a field."""
    labels = data.fields[field]
    return float((labels[list(a)][:, None] == labels[list(b)][None, :]).mean())


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
    a, b = (alike(data, field, rows, now) for rows in (average, tower))
    every = alike(data, field, range(len(data.items)), now)
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
        "beside the map and watch the diamond.",
        0 if stay < 0.5 else 1 if stay <= 0.8 else 2,
    )
