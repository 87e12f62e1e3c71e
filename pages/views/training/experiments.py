"""What to try on the Training page, view by view; the answers are read off the model, run or sequence that is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pages.kit import model_results, results, session
from pages.kit.answer_words import counted, number
from pages.kit.stage import Old as Experiment
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
    if not lesson.sequences.ordered:
        return [
            (
                "A basket of n items, all paired with all. **How many pairs has a basket twice as large?**",
                lambda: _twice(lesson),
                {"pairs": SET},
            ),
            (
                "Read the basket as a sequence, window 1. **Does the order of the lines mean anything?**",
                lambda: f"{_part(lesson)} The order of a basket's lines does not say what was taken after what.",
                {"pairs": WINDOW, "width": 1, "shrink": False},
            ),
            (
                "A window of 10 to each side in place of the set. **Is that item2vec?**",
                lambda: f"{_part(lesson)} {_short_enough(lesson, 11)}",
                {"pairs": WINDOW, "width": 10, "shrink": False},
            ),
        ]
    return [
        (
            "Window 1: only direct neighbors. **How many pairs has a session of n clicks?**",
            lambda: f"2·(n − 1): each step from one click to the next counts once in each direction. {_part(lesson)}",
            {"pairs": WINDOW, "width": 1, "shrink": False},
        ),
        (
            "A window of 10 to each side. **Is that the same as item2vec's set?**",
            lambda: f"{_part(lesson)} {_short_enough(lesson, 11)}",
            {"pairs": WINDOW, "width": 10, "shrink": False},
        ),
        (
            "The same window 10, but shrinking at random. **Are all pairs still there?**",
            lambda: _shrunk(lesson),
            {"pairs": WINDOW, "width": 10, "shrink": True},
        ),
        (
            "item2vec: a set, no window. **What is lost?**",
            lambda: (
                f"Order and distance: the first and the last item are as good a pair as two in a row. {_part(lesson)}"
            ),
            {"pairs": SET},
        ),
    ]


def _twice(lesson: Lesson) -> str:
    def made() -> Int64Array:
        owner = np.repeat(np.arange(len(lesson.sequences)), lesson.sequences.lengths)
        return np.bincount(np.unique(np.column_stack([owner, lesson.sequences.tokens]), axis=0)[:, 0])

    sizes = results.remember(lesson.data, ("set sizes", lesson.sequences.fingerprint), made)
    pairs = np.sort(sizes * (sizes - 1))[::-1]
    tenth = -(-len(pairs) // 10)
    n = int(np.median(sizes))
    double = 2 * n * (2 * n - 1)
    times = f"{double / (n * (n - 1)):.1f} times as many" if n > 1 else "where one alone has none"
    return (
        f"n·(n − 1) ordered pairs: a {lesson.unit} of {n} (the median) has {n * (n - 1):,}, one of {2 * n} has "
        f"{double:,}, {times}. The tenth of the {lesson.unit}s with most items holds "
        f"**{pairs[:tenth].sum() / max(pairs.sum(), 1):.0%}** of all pairs."
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


def _shrunk(lesson: Lesson) -> str:
    index = shown_sequence(lesson)
    if index is None:
        return NO_PAIR
    full = replace(lesson, shrink=False)
    pairs, whole = pairs_of(lesson, index)[1], pairs_of(full, index)[1]
    return (
        f"Each center draws its own reach: **{pairs:,} of {whole:,}** pairs are left in this {lesson.unit} (another "
        f"seed draws others), and {lesson.pairs / max(full.pairs, 1):.0%} are expected over the whole log. 'Window = "
        "longest set' is item2vec only with shrinking off."
    )


# --- 2 · noise ---


def noise(lesson: Lesson) -> list[Experiment]:
    """Of the view of the noise."""
    counts = lesson.sequences.counts
    popular, seen = popular_rows(counts), counts > 0

    def share(exponent: float) -> float:
        return float(noise_distribution(counts, exponent)[popular].sum())

    def middle() -> str:
        now, even, own = share(0.75), share(0), share(1)
        near = "all alike" if abs(now - even) < abs(now - own) else "as they occur"
        near = "neither: the two are the same here" if even == own else f"**{near}**"
        return (
            f"{now:.0%} of negatives are among the most popular tenth, {even:.0%} when all are drawn alike, {own:.0%} "
            f"when drawn as they occur. Nearer to: {near}."
        )

    return [
        (
            "Exponent 1: draw items as often as they occur. **Which share of negatives is popular?**",
            lambda: (
                f"**{share(1):.0%}**: the share of all events that the most popular tenth ({len(popular):,} of "
                f"{int(seen.sum()):,} items) has. Bars and ticks meet."
            ),
            {"exponent": 1.0},
        ),
        (
            "Exponent 0: every item alike. **Do the popular ones still come up?**",
            lambda: f"**{share(0):.0%}** of the time: they are {len(popular):,} of {int(seen.sum()):,} items.",
            {"exponent": 0.0},
        ),
        (
            "Exponent −1: the rarer an item, the more often it is drawn. **How often is a negative a popular item "
            "now?**",
            lambda: (
                f"**{share(-1):.1%}** of the time. The rarest item ({counted(int(counts[seen].min()), 'event')}) is "
                f"drawn {counts.max() / counts[seen].min():,.4g} times as often as the most popular one "
                f"({counted(int(counts.max()), 'event')})."
            ),
            {"exponent": -1.0},
        ),
        ("Back to word2vec's 0.75. **Is it nearer to 'as they occur' or to 'all alike'?**", middle, {"exponent": 0.75}),
    ]


# --- 3 · lookup, 5 · two vectors ---


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
        (
            "Choose the rarest item. **Does its lookup cost less than the most popular one's?**",
            lambda: _of_model(lesson, _lengths, order[-1], order[0]),
            {"item": order[-1]},
        ),
        (
            "Choose the most popular item. **Which rows of W change when a pair with it is trained?**",
            "Its own row only, where it is the center. The gradient of a lookup is zero for every row that was not "
            "looked up.",
            {"item": order[0]},
        ),
        (f"Train on {mode[1]}. **Do the numbers stay?**", lambda: _kept_numbers(lesson), {"pairs": mode[0]}),
    ]


def _of_model(lesson: Lesson, say: Callable[..., str], *more: str) -> str:
    """What is said of the model that is shown."""
    model = _model(lesson)
    return NO_MODEL if model is None else say(lesson, model, *more)


def _lengths(lesson: Lesson, model: ItemVectors, rare: str, popular: str) -> str:
    counts, items = lesson.sequences.counts, lesson.data.items
    rows = items.rows([rare, popular])
    length = np.linalg.norm(model.vectors[rows], axis=1)
    names = [plain(lesson.data.title_of(item)) for item in (rare, popular)]
    return (
        f"No: both rows are {model.vectors.shape[1]} numbers. What differs is how much they were trained: {names[0]} "
        f"has {counted(int(counts[rows[0]]), 'event')} and a vector of length {length[0]:.2f}, {names[1]} "
        f"{counted(int(counts[rows[1]]), 'event')} and length {length[1]:.2f}."
    )


def _kept_numbers(lesson: Lesson) -> str:
    now = _model(lesson)
    before = _model(replace(lesson, mode=WINDOW if lesson.mode == SET else SET))
    if now is None or before is None:
        return "Press Train where it is asked for, here and for the other kind of pairs, and compare the numbers."
    a, b = now.vectors[lesson.row], before.vectors[lesson.row]
    cosine = float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))
    return (
        f"{int((np.abs(a - b) < 0.005).sum())} of its {len(a)} numbers are the same to two decimals; the cosine of the "
        f"row with its former self is {number(cosine)}. Each training has axes of its own. The lookup works alike."
    )


def two(lesson: Lesson) -> list[Experiment]:
    """Of the view of input and output vectors."""
    order = session.items_by_popularity(lesson.data)
    return [
        (
            "A middling item instead of a popular one. **Will v · v bring up popular items?**",
            lambda: _of_model(lesson, _popularity),
            {"item": order[len(order) // 2]},
        ),
        (
            "The most popular item. **Is it its own likely context, v · v′ large?**",
            lambda: _of_model(lesson, _own_context),
            {"item": order[0]},
        ),
        (
            "Exponent −1: popular items are seldom negatives. **What happens to v′ · v of popular items?**",
            lambda: _of_model(lesson, _exponent),
            {"exponent": -1.0},
        ),
        ("Back to the start.", "Exponent 0.75 and the most popular item.", {"exponent": 0.75, "item": order[0]}),
    ]


def _medians(lesson: Lesson, model: ItemVectors) -> dict[str, float]:
    """Median number of events of the items in each of the three lists."""
    lists = vectors_view.three_lists(model, lesson.row)
    counts = lesson.sequences.counts
    return {name: float(np.median(counts[best])) if best else 0.0 for name, (best, _) in lists.items()}


def _popularity(lesson: Lesson, model: ItemVectors) -> str:
    found = _medians(lesson, model)
    cosine, product = (found[name] for name in (vectors_view.COSINE, vectors_view.PRODUCT))
    verdict = "the same" if cosine == product else "**more popular** ones" if product > cosine else "**rarer** ones"
    listed = ", ".join(f"{name}: {value:,g}" for name, value in found.items())
    return (
        f"Median events of the items named: {listed} (chosen item {lesson.sequences.counts[lesson.row]:,}, catalogue "
        f"{np.median(lesson.sequences.counts):,g}). Here v · v names {verdict} as against cosine. One item, one seed: "
        "try others."
    )


def _own_context(lesson: Lesson, model: ItemVectors) -> str:
    assert model.output_vectors is not None
    scores = model.output_vectors @ model.vectors[lesson.row]
    above = int((scores > scores[lesson.row]).sum())
    met = int(lesson.contexts()[lesson.row])
    return (
        f"v′ · v of {plain(lesson.name)} with itself is {number(float(scores[lesson.row]))}; {above:,} of the other "
        f"{len(scores) - 1:,} items score higher. In the log it is its own context {counted(met, 'time')}."
    )


def _exponent(lesson: Lesson, now: ItemVectors) -> str:
    before = _model(replace(lesson, exponent=0.75))
    after = _medians(lesson, now)[vectors_view.TRAINED]
    text = f"Median events of the ten items with the largest v′ · v: **{after:,g}**"
    if before is None:
        return f"{text}. To compare, set the exponent back to 0.75."
    start = _medians(lesson, before)[vectors_view.TRAINED]
    verdict = "as popular as" if after == start else "more popular than" if after > start else "rarer than"
    return f"{text}, at exponent 0.75 {start:,g}: they are {verdict} before. One item, one seed: try others."
