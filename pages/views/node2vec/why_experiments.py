"""What to try on a pair of items; every answer is counted in the walks on the page."""

from __future__ import annotations

from collections.abc import Callable

from pages.kit.answer_words import counted
from pages.kit.stage import Experiment, Verdict
from pages.kit.text import plain
from pages.views.node2vec.one_setting import Shown
from pages.views.node2vec.why import NEAREST, SECOND, Pair, pair_of


def pair_experiments(result: Callable[[], Shown]) -> list[Experiment]:
    """A guess, then the pair; ``result`` is asked when the page has it."""

    def ask(question: str, choices: tuple[str, ...], q: float, answer: Callable[[Pair], Verdict]) -> Experiment:
        sets = {"p": 1.0, "q": q, SECOND.name: NEAREST}
        return Experiment(question, choices, lambda: _answer(result(), answer), sets)

    beyond = "No difference beyond noise"
    chance = ("More often than chance", "Less often", beyond)
    ways = ("By the edge between them", "Through other items", beyond)
    often = "An item and its nearest by cosine. **How often do walks pass both, one soon after the other?**"
    return [
        ask(often, chance, 1.0, _often),
        ask("The same two. **How do walks mostly get from one to the other?**", ways, 1.0, _ways),
        ask("q = 20: another item may be nearest now. **How do walks get from one to the other?**", ways, 20.0, _ways),
    ]


def _answer(shown: Shown, answer: Callable[[Pair], Verdict]) -> Verdict | str:
    if shown.preview or (shown.config.p, shown.config.q) != (shown.wanted.p, shown.wanted.q):
        return ""  # it is said of the exact result, which follows
    if len(shown.graph) < 2:
        return Verdict("There is one item only, so there is no pair.")
    return answer(pair_of(shown))


def _named(pair: Pair) -> str:
    one, other = (plain(pair.shown.data.title_of(item)) for item in (pair.first, pair.second))
    return f"{one} and {other}"


def _often(pair: Pair) -> Verdict:
    """Walks are drawn independently: their number varies by no more than the square root of m·r·(1 − r)."""
    found = pair.found
    share = min(found.expected_within / max(found.walks, 1), 1.0)
    noise = 2 * (found.walks * share * (1 - share)) ** 0.5
    change = found.walks_within - found.expected_within
    right = 2 if abs(change) <= noise else 0 if change > 0 else 1
    text = (
        f"{found.walks_within:,} of {found.walks:,} walks hold {_named(pair)} within the window of {found.window}; by "
        f"chance {found.expected_within:,.1f} ± {noise:,.1f} (two standard deviations)."
    )
    return Verdict(text, right)


def _ways(pair: Pair) -> Verdict:
    """One step apart against through others, with the noise of walks that are drawn independently."""
    paths = pair.paths
    if not paths.pairs:
        return Verdict(f"No walk has {_named(pair)} within the window, so there is no way to look at.")
    other, noise = paths.pairs - paths.direct, 2 * paths.deviation
    change = paths.direct - other
    right = 2 if abs(change) <= noise else 0 if change > 0 else 1
    first = ""
    if paths.through:
        row, times = paths.through[0]
        first = f", {plain(pair.shown.data.titles[row])} ({times:,}) first among them"
    text = (
        f"Walks have {_named(pair)} one step apart {counted(paths.direct, 'time')}, and {counted(other, 'time')} with "
        f"other items between{first}; the noise of the difference is ±{noise:,.0f} (two standard deviations)."
    )
    return Verdict(text, right)
