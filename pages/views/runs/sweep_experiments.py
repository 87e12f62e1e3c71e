"""What a sweep can be asked; the answers are read off its runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from pages.kit.answer_words import signed
from pages.kit.stage import Answer, Experiment, Verdict
from pages.kit.sweeps.live import Found
from pages.kit.text import plain
from recemb_core.evaluation import compare_with_control
from recemb_core.sweeps import importance
from recemb_core.sweeps.records import by_setting
from recemb_core.sweeps.winner import cost_words

NOTHING = "Nothing is tried here yet: press Start, which goes on behind the pages."
UNDER_WAY = "The sweep is not over yet: the answer needs its fresh seeds."
MOST_CHOICES = 4


def experiments(names: Mapping[str, str], found: Callable[[], Found]) -> list[Experiment]:
    """Of the sweep that the view opens with.

    Args:
        names: what varies in it, parameter → words.
        found: the sweep on the screen.
    """
    tries = [
        Experiment(
            "Thirty settings are tried around the default. **Does the best of them beat it beyond noise?**",
            ("Yes", "No, it may be chance"),
            lambda: beats(found()),
            {"sweep_look": "board"},
        ),
        Experiment(
            "The best mean of the first looks is trained again with fresh seeds. **Does its mean hold?**",
            ("It falls, beyond noise", "It rises, beyond noise", "It holds, as far as noise lets see"),
            lambda: holds(found()),
            {"sweep_look": "board"},
        ),
    ]
    if 2 <= len(names) <= MOST_CHOICES:
        tries.append(
            Experiment(
                f"{_listed([*names.values()])} vary together. **Which decides most?**",
                tuple(words[:1].upper() + words[1:] for words in names.values()),
                lambda: decides(found(), names),
                {"sweep_look": "decides"},
            )
        )
    tries.append(
        Experiment(
            "What a model holds in memory is measured beside it. **Does the setting to take hold more than the "
            "default?**",
            ("It holds more", "It holds as much", "It holds less"),
            lambda: costs(found()),
            {"sweep_look": "front"},
        )
    )
    return tries


def _missing(found: Found) -> str:
    return NOTHING if not found.runs else UNDER_WAY if found.verdict is None else ""


def beats(found: Found) -> Answer:
    """Whether a setting is better than the default, after the correction for all that were tried."""
    verdict = found.verdict
    if verdict is None or not verdict.against_default:
        return _missing(found) or "Nothing but the default came to a result."
    best = verdict.leads[0] if verdict.beats else next(n for n in verdict.finalists if n != 0)
    gap = verdict.against_default[best]
    said = "beyond noise" if verdict.beats else "**not told apart**"
    return Verdict(
        f"{plain(verdict.name(best))}: **{signed(gap.value, '.4f')}** {verdict.metric} against the default (95%: "
        f"{signed(gap.low, '.4f')} to {signed(gap.high, '.4f')}), {said} after Holm's correction for "
        f"{verdict.counted} comparisons.",
        0 if verdict.beats else 1,
        plain(verdict.grounds),
    )


def holds(found: Found) -> Answer:
    """The setting with the best mean before the last stage: that mean against its fresh one."""
    if missing := _missing(found):
        return missing
    runs = {n: [run for run in alike if not run.failed] for n, alike in by_setting(found.runs).items()}
    looks = {n: [run.mean for run in alike if run.stage != "final"] for n, alike in runs.items()}
    fresh = {n: [run.mean for run in alike if run.stage == "final"] for n, alike in runs.items()}
    judged = {n: sum(looks[n]) / len(looks[n]) for n in runs if fresh[n] and len(looks[n])}
    others = {n: mean for n, mean in judged.items() if n != 0}
    if not others:
        return "No setting but the default was trained again."
    best = max(others, key=lambda n: others[n])
    test = compare_with_control({"now": fresh[best]}, looks[best])
    change = test.change["now"]
    assert found.verdict is not None
    text = (
        f"{plain(found.verdict.name(best))}: {judged[best]:.4f} in the {len(looks[best])} trainings that chose it, "
        f"{judged[best] + change:.4f} in {len(fresh[best])} with fresh seeds ({signed(change, '.4f')}), "
        f"**{test.verdict('now')}**."
    )
    right = None if not test.measured else 2 if not test.beyond("now") else 0 if change < 0 else 1
    return Verdict(text, right, "By the means of the trainings, with a t test of the two groups.")


def decides(found: Found, names: Mapping[str, str]) -> Answer:
    """The parameter with the largest share of the variance between settings."""
    if not found.runs:
        return NOTHING
    shares = importance(found.sweep.plan, found.runs)
    if shares is None:
        return "Too few settings are tried yet to say what decides."
    told = "; ".join(f"{names.get(name, name)} **{share:.0%}**" for name, share in shares.shares.items())
    noise = "" if math.isnan(shares.noise) else f" Seeds alone make {shares.noise:.0%} of it."
    first = next(iter(shares.shares))
    return Verdict(
        f"Of the variance between {shares.settings} settings: {told}.{noise}",
        list(names).index(first) if first in names else None,
        f"By {shares.how}, from the first training of each setting: a hint, and no test.",
    )


def costs(found: Found) -> Answer:
    """What the setting to take costs against the default."""
    verdict = found.verdict
    if verdict is None:
        return _missing(found)
    taken, base = verdict.costs[verdict.take], verdict.costs[0]
    said = f"{cost_words(verdict.cost, taken)} against {cost_words(verdict.cost, base)}"
    return Verdict(
        f"To take is {plain(verdict.name(verdict.take))}: {said} of the default.",
        1 if taken == base else 0 if taken > base else 2,
        "A much cheaper setting is taken where it is not told apart from the best.",
    )


def _listed(words: list[str]) -> str:
    text = f"{', '.join(words[:-1])} and {words[-1]}"
    return text[:1].upper() + text[1:]
