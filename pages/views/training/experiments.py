"""What to try on the Training page, view by view; the answers are read off the model, run or sequence that is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pages.kit import model_results, results, session
from pages.kit.answer_words import counted, number
from pages.kit.stage import Experiment, Verdict
from pages.kit.text import plain
from pages.views.training import vectors as vectors_view
from pages.views.training.lesson import SET, WINDOW, Lesson, shown_sequence, trained_config
from pages.views.training.window import pairs_of
from recemb_core.arrays import Int64Array
from recemb_core.embeddings import ItemVectors
from recemb_core.embeddings.noise import noise_distribution, popular_rows

NO_MODEL = "No model is trained yet: press Train."
NO_PAIR = "The chosen item has no pair to look at. Choose another item in the sidebar."


# --- 1 · pairs ---


def window(lesson: Lesson) -> list[Experiment]:
    """Of the view of windows and pairs."""
    some = {"pairs": WINDOW, "shrink": False}
    every, part = "All pairs of it", "Not all"
    ten = ("The same pairs", "Fewer pairs than the set", "Not the same: an item comes twice")
    if not lesson.sequences.ordered:
        return [
            Experiment(
                "A basket of n items, all paired with all. **How many pairs has a basket twice as large?**",
                ("Twice as many", "About four times", "The square of them"), lambda: _twice(lesson), {"pairs": SET},
            ),
            Experiment(
                "Read the basket as a sequence, window 1. **How many of its pairs are left?**",
                ("More than half", "Not more than half"), lambda: _left(lesson), {**some, "width": 1},
            ),
            Experiment(
                "A window of 10 to each side in place of the set. **Is that item2vec, in this basket?**",
                ten, lambda: _as_set(lesson), {**some, "width": 10},
            ),
        ]  # fmt: skip
    return [
        Experiment(
            "Window 1: only direct neighbors. **How many pairs has a session of n clicks?**",
            ("n", "2·(n − 1)", "n·(n − 1)"), lambda: _neighbors(lesson), {**some, "width": 1},
        ),
        Experiment(
            "A window of 10 to each side. **Is that the same as item2vec's set, in this session?**",
            ten, lambda: _as_set(lesson), {**some, "width": 10},
        ),
        Experiment(
            "The same window 10, but shrinking at random. **Are all pairs still there?**",
            (every, part), lambda: _shrunk(lesson), {**some, "width": 10, "shrink": True},
        ),
        Experiment(
            "item2vec: a set, no window. **What is lost of the session?**",
            ("Its order and its distances", "Pairs far apart", "Nothing"), lambda: _set(lesson), {"pairs": SET},
        ),
    ]  # fmt: skip


def _shown_pairs(lesson: Lesson) -> tuple[int, int] | None:
    index = shown_sequence(lesson)
    return None if index is None else pairs_of(lesson, index)


def _left(lesson: Lesson) -> Verdict:
    shown = _shown_pairs(lesson)
    if shown is None:
        return Verdict(NO_PAIR)
    length, pairs = shown
    right = 0 if 2 * pairs > length * (length - 1) else 1
    more = (
        "The order of a basket's lines does not say what was taken after what, so which pairs are left means nothing."
    )
    return Verdict(_part(lesson), right, more)


def _as_set(lesson: Lesson) -> Verdict:
    shown = _shown_pairs(lesson)
    if shown is None:
        return Verdict(NO_PAIR)
    length, pairs = shown
    index = shown_sequence(lesson)
    different = len(np.unique(lesson.sequences[index])) if index is not None else length
    of_set = different * (different - 1)
    if different == length:
        return Verdict(_part(lesson), 0 if pairs == of_set else 1, _short_enough(lesson, 11))
    return Verdict(
        f"{_part(lesson)} {different:,} of these items {'is' if different == 1 else 'are'} different: the set has "
        f"{counted(of_set, 'pair')}, none of them twice or of an item with itself.",
        (1, 2) if pairs < of_set else 2,
        _short_enough(lesson, 11),
    )


def _neighbors(lesson: Lesson) -> Verdict:
    if _shown_pairs(lesson) is None:
        return Verdict(NO_PAIR)
    return Verdict(f"Each step from one click to the next counts once in each direction. {_part(lesson)}", 1)


def _set(lesson: Lesson) -> Verdict:
    if _shown_pairs(lesson) is None:
        return Verdict(NO_PAIR)
    return Verdict(f"The first and the last item are as good a pair as two in a row. {_part(lesson)}", 0)


def _twice(lesson: Lesson) -> Verdict:
    def made() -> Int64Array:
        owner = np.repeat(np.arange(len(lesson.sequences)), lesson.sequences.lengths)
        return np.bincount(np.unique(np.column_stack([owner, lesson.sequences.tokens]), axis=0)[:, 0])

    sizes = results.remember(lesson.data, ("set sizes", lesson.sequences.fingerprint), made)
    pairs = np.sort(sizes * (sizes - 1))[::-1]
    tenth = -(-len(pairs) // 10)
    n = int(np.median(sizes))
    double = 2 * n * (2 * n - 1)
    times = f"{double / (n * (n - 1)):.1f} times as many" if n > 1 else "where one alone has none"
    tenth_has = pairs[:tenth].sum() / max(pairs.sum(), 1)
    return Verdict(
        f"n·(n − 1) ordered pairs: a {lesson.unit} of {n} (the median) has {n * (n - 1):,}, one of {2 * n} has "
        f"{double:,}, {times}.",
        1 if n > 1 else None,
        f"The tenth of the {lesson.unit}s with most items holds **{tenth_has:.0%}** of all pairs.",
    )


def _part(lesson: Lesson) -> str:
    index = shown_sequence(lesson)
    if index is None:
        return NO_PAIR
    length, pairs = pairs_of(lesson, index)
    return (
        f"The {lesson.unit} shown has {counted(length, 'item')} and yields **{pairs:,} of the "
        f"{length * (length - 1):,}** pairs of all with all."
    )


def _short_enough(lesson: Lesson, most: int) -> str:
    lengths = lesson.sequences.lengths
    share = float((lengths <= most).mean())
    return (
        f"{share:.0%} of the {len(lengths):,} {lesson.unit}s have at most {most} events: in them every position sees "
        "every other one, and the pairs are the set's where no item comes twice."
    )


def _shrunk(lesson: Lesson) -> Verdict:
    index = shown_sequence(lesson)
    if index is None:
        return Verdict(NO_PAIR)
    full = replace(lesson, shrink=False)
    pairs, whole = pairs_of(lesson, index)[1], pairs_of(full, index)[1]
    return Verdict(
        f"Each center draws its own reach: **{pairs:,} of {whole:,}** pairs are left in this {lesson.unit} (another "
        f"seed draws others); {lesson.pairs / max(full.pairs, 1):.0%} are expected over the log.",
        0 if pairs == whole else 1,
        "'Window = longest set' is item2vec only with shrinking off.",
    )


# --- 2 · noise ---


def noise(lesson: Lesson) -> list[Experiment]:
    """Of the view of the noise."""
    counts = lesson.sequences.counts
    popular, seen = popular_rows(counts), counts > 0

    def share(exponent: float) -> float:
        return float(noise_distribution(counts, exponent)[popular].sum())

    def own() -> Verdict:
        return Verdict(
            f"**{share(1):.0%}**: the share of all events that the most popular tenth ({len(popular):,} of "
            f"{int(seen.sum()):,} items) has. Bars and ticks meet.",
            part_of(share(1)),
        )

    def even() -> Verdict:
        said = f"**{share(0):.0%}**: they are {len(popular):,} of {int(seen.sum()):,} items, each drawn alike."
        return Verdict(said, 0 if share(0) < share(1) else 1 if share(0) > share(1) else 2)

    def rare() -> Verdict:
        times = counts.max() / counts[seen].min()
        often = f"{times:,.4g} times as often" if times > 1 else "as often"
        return Verdict(
            f"**{share(-1):.1%}**. The rarest item ({counted(int(counts[seen].min()), 'event')}) is drawn {often} as "
            f"the most popular one ({counted(int(counts.max()), 'event')}).",
            0 if share(-1) < share(0) else 1 if share(-1) > share(0) else 2,
        )

    def middle() -> Verdict:
        now, alike, as_seen = share(0.75), share(0), share(1)
        near = 2 if alike == as_seen else 1 if abs(now - alike) < abs(now - as_seen) else 0
        return Verdict(
            f"{now:.0%} of negatives are among the most popular tenth, {alike:.0%} when all are drawn alike, "
            f"{as_seen:.0%} when drawn as they occur.",
            near,
        )

    fewer = ("Fewer of them", "More of them", "As many")
    return [
        Experiment(
            "Exponent 1: items are drawn as often as they occur. **How many negatives are of the most popular tenth?**",
            TENTHS, own, {"exponent": 1.0},
        ),
        Experiment(
            "Exponent 0: every item alike. **Against exponent 1, how many negatives are popular items?**",
            fewer, even, {"exponent": 0.0},
        ),
        Experiment(
            "Exponent −1: the rarer an item, the more often it is drawn. **Against exponent 0, how many are popular?**",
            fewer, rare, {"exponent": -1.0},
        ),
        Experiment(
            "Back to word2vec's 0.75. **What is it nearer to?**",
            ("Drawn as they occur", "Drawn all alike", "Both are the same here"), middle, {"exponent": 0.75},
        ),
    ]  # fmt: skip


TENTHS = ("Up to a quarter", "A quarter to three quarters", "More than three quarters")


def part_of(share: float) -> int:
    """Which of :data:`TENTHS` a share is."""
    return 0 if share <= 0.25 else 1 if share <= 0.75 else 2


# --- 3 · lookup, 6 · two vectors ---


def _model(lesson: Lesson) -> ItemVectors | None:
    """The model on these pairs, if it is trained."""
    config = trained_config(lesson)
    return model_results.model_vectors(lesson.data, config) if model_results.has_model(lesson.data, config) else None


def lookup(lesson: Lesson) -> list[Experiment]:
    """Of the view of the lookup."""
    order = session.items_by_popularity(lesson.data)
    sets = lesson.sequences.ordered  # the other way than the default
    mode = (SET, "sets instead of windows") if sets else (WINDOW, "windows instead of sets")
    return [
        Experiment(
            "Choose the rarest item. **Against the most popular one's, what does its lookup cost?**",
            ("Less", "As much", "More"), lambda: _of_model(lesson, _lengths, order[-1], order[0]), {"item": order[-1]},
        ),
        Experiment(
            "Choose the most popular item. **Which rows of W change when a pair with it as the center is trained?**",
            ("All rows", "Its own and its context's", "Its own row alone"),
            lambda: Verdict("The gradient of a lookup is zero for every row that was not looked up.", 2),
            {"item": order[0]},
        ),
        Experiment(
            f"Train on {mode[1]}. **Do the numbers of the row stay?**",
            ("Yes, at least half of them", "No, most become others"), lambda: _kept_numbers(lesson), {"pairs": mode[0]},
        ),
    ]  # fmt: skip


def _of_model(lesson: Lesson, say: Callable[..., Verdict], *more: str) -> Verdict:
    """What is said of the model that is shown."""
    model = _model(lesson)
    return Verdict(NO_MODEL) if model is None else say(lesson, model, *more)


def _lengths(lesson: Lesson, model: ItemVectors, rare: str, popular: str) -> Verdict:
    counts, items = lesson.sequences.counts, lesson.data.items
    rows = items.rows([rare, popular])
    length = np.linalg.norm(model.vectors[rows], axis=1)
    names = [plain(lesson.data.title_of(item)) for item in (rare, popular)]
    return Verdict(
        f"Both rows are {model.vectors.shape[1]} numbers, read and not computed. What differs is how much they were "
        "trained.",
        1,
        f"{names[0]} has {counted(int(counts[rows[0]]), 'event')} and a vector of length {length[0]:.2f}, {names[1]} "
        f"{counted(int(counts[rows[1]]), 'event')} and length {length[1]:.2f}.",
    )


def _kept_numbers(lesson: Lesson) -> Verdict:
    now = _model(lesson)
    before = _model(replace(lesson, mode=WINDOW if lesson.mode == SET else SET))
    if now is None or before is None:
        return Verdict("Press Train where it is asked for, here and for the other kind of pairs, and ask again.")
    a, b = now.vectors[lesson.row], before.vectors[lesson.row]
    cosine = float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))
    same = int((np.abs(a - b) < 0.005).sum())
    return Verdict(
        f"{same} of its {len(a)} numbers {'is' if same == 1 else 'are'} the same to two decimals; the cosine of the "
        f"row with its former self is {number(cosine)}. Each training has axes of its own; the lookup works alike.",
        0 if 2 * same >= len(a) else 1,
    )


def two(lesson: Lesson) -> list[Experiment]:
    """Of the view of input and output vectors."""
    order = session.items_by_popularity(lesson.data)
    kinds = ("More popular items", "Rarer items", "As popular ones")
    return [
        Experiment(
            "A middling item instead of a popular one. **Against cosine, which items does v · v bring up?**",
            kinds, lambda: _of_model(lesson, _popularity), {"exponent": 0.75, "item": order[len(order) // 2]},
        ),
        Experiment(
            "The most popular item. **Is it its own likely context: how many score higher by v′ · v?**",
            ("None: it comes first", "Up to half of the items", "More than half"),
            lambda: _of_model(lesson, _own_context), {"exponent": 0.75, "item": order[0]},
        ),
        Experiment(
            "Exponent −1: popular items are seldom negatives. **Which items have the largest v′ · v now?**",
            kinds, lambda: _of_model(lesson, _exponent), {"exponent": -1.0},
        ),
    ]  # fmt: skip


def _medians(lesson: Lesson, model: ItemVectors) -> dict[str, float]:
    """Median number of events of the items in each of the three lists."""
    lists = vectors_view.three_lists(model, lesson.row)
    counts = lesson.sequences.counts
    return {name: float(np.median(counts[best])) if best else 0.0 for name, (best, _) in lists.items()}


def _compared(now: float, before: float) -> int:
    return 0 if now > before else 1 if now < before else 2


def _popularity(lesson: Lesson, model: ItemVectors) -> Verdict:
    found = _medians(lesson, model)
    cosine, product = (found[name] for name in (vectors_view.COSINE, vectors_view.PRODUCT))
    listed = ", ".join(f"{name}: {value:,g}" for name, value in found.items())
    return Verdict(
        f"Median events of the ten named: {listed}. One item, one seed: try others.",
        _compared(product, cosine),
        f"The chosen item has {lesson.sequences.counts[lesson.row]:,} events, the median of the catalogue is "
        f"{np.median(lesson.sequences.counts):,g}.",
    )


def _own_context(lesson: Lesson, model: ItemVectors) -> Verdict:
    assert model.output_vectors is not None
    scores = model.output_vectors @ model.vectors[lesson.row]
    above = int((scores > scores[lesson.row]).sum())
    met = int(lesson.contexts()[lesson.row])
    return Verdict(
        f"v′ · v of {plain(lesson.name)} with itself is {number(float(scores[lesson.row]))}; {above:,} of the other "
        f"{counted(len(scores) - 1, 'item')} score{'s' if above == 1 else ''} higher. In the log it is its "
        f"own context {counted(met, 'time')}.",
        0 if above == 0 else 1 if 2 * above <= len(scores) - 1 else 2,
    )


def _exponent(lesson: Lesson, now: ItemVectors) -> Verdict:
    before = _model(replace(lesson, exponent=0.75))
    after = _medians(lesson, now)[vectors_view.TRAINED]
    text = f"Median events of the ten items with the largest v′ · v: **{after:,g}**"
    if before is None:
        return Verdict(f"{text}. To compare, set the exponent back to 0.75 first.")
    start = _medians(lesson, before)[vectors_view.TRAINED]
    said = f"{text}, at exponent 0.75 {start:,g}. One item, one seed: try others."
    return Verdict(said, _compared(after, start))
