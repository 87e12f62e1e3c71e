"""Words for what was measured: signs, more or less, inside or beyond the noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import AnyArray
from recemb_core.evaluation import compare_with_control
from recemb_core.evaluation.intervals import Estimate, mean_interval


def signed(value: float, form: str = ".2f") -> str:
    """A difference with its sign, a true minus, and no sign where the digits show 0: "+0.12", "−3", "0.00"."""
    text = f"{value:+{form}}"
    return (text if any(c in "123456789" for c in text) else text[1:]).replace("-", "−")


def number(value: float, form: str = ".2f") -> str:
    """A number with a true minus, and none before digits that show 0."""
    return signed(value, form).lstrip("+")


def with_noise(change: float, error: float, form: str = ".2f") -> str:
    """ "+0.12 ± 0.05", with a digit more where these would look alike, for which is larger is what counts."""
    if f"{abs(change):{form}}" == f"{error:{form}}" and change != 0:
        form = f".{int(form[1:-1]) + 1}{form[-1]}"
    return f"{signed(change, form)} ± {number(error, form)}"


def counted(number: float, one: str, many: str = "") -> str:
    """ "1 item", "1,234 items"."""
    return f"{number:,g} {one if number == 1 else many or one + 's'}"


def noise_words(name: str, now: Sequence[float], before: Sequence[float]) -> str:
    """A score's runs against another setting's runs: rises, falls, or within noise."""
    test, old, new = compare_with_control({name: now}, before), float(np.mean(before)), float(np.mean(now))
    digits = ".2f" if f"{old:.2f}" != f"{new:.2f}" else ".3f"
    change = f"{name} {number(old, digits)} → {number(new, digits)}"
    if not test.beyond(name):
        return f"{change}, **{test.verdict(name)}**"
    return f"{change}, **{'rises' if new > old else 'falls'}** beyond noise"


def gain_words(gain: Estimate, unit: str = "") -> str:
    """A paired difference with its 95% interval, and whether it may be chance."""
    if gain.n < 2:
        return f"{signed(gain.value, '.3f')}{unit} on one case alone, which says nothing about noise"
    said = f"{signed(gain.value, '.3f')}{unit} (95%: {signed(gain.low, '.3f')} to {signed(gain.high, '.3f')})"
    if gain.low == gain.high == 0:
        return f"{said}, no difference at all"
    if gain.low <= 0 <= gain.high:
        return f"{said}, **within its interval: it may be chance**"
    return f"{said}, **{'more' if gain.value > 0 else 'less'}, beyond its interval**"


def pairs_alike(labels: AnyArray, rows: npt.ArrayLike) -> float | None:
    """Share of the pairs of these rows that have the same label; None below two rows."""
    values = labels[np.asarray(rows, dtype=np.int64)]
    if len(values) < 2:
        return None
    _, counts = np.unique(values, return_counts=True)
    return float((counts * (counts - 1)).sum() / (len(values) * (len(values) - 1)))


def paired(now: npt.ArrayLike, before: npt.ArrayLike) -> Estimate:
    """Mean of now − before over the same cases, with its 95% interval."""
    return mean_interval(np.asarray(now, dtype=np.float64) - np.asarray(before, dtype=np.float64))
