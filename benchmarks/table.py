"""One table of what the benchmarks find: each row one of ours beside a peer, or beside a goal, as a ratio."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

HEADS = ("what", "size", "ours", "peer", "its", "unit", "ratio", "lowest to highest", "of")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One of ours beside a peer. Without a ratio ``why`` says what stood in the way.

    >>> found = Row.of_turns("walks", "77 nodes", "M steps/s", "GRAPE", [58.0, 60.0, 50.0], [6.0, 5.0, 5.0])
    >>> found.ratio, found.lowest, found.turns
    (10.0, 9.666666666666666, 3)
    """

    what: str
    size: str
    unit: str
    peer: str
    ours: float | None = None
    theirs: float | None = None
    ratio: float | None = None
    """How many times as good ours is: more is better, whatever the unit."""
    lowest: float | None = None
    highest: float | None = None
    """Of the ratio, over its turns."""
    turns: int = 0
    over: str = "turns"
    """What there were so many of: turns, seeds …"""
    why: str = ""

    @classmethod
    def of_turns(
        cls,
        what: str,
        size: str,
        unit: str,
        peer: str,
        ours: Sequence[float],
        theirs: Sequence[float],
        *,
        less_is_better: bool = False,
        over: str = "turns",
    ) -> Row:
        """Medians of both, and of the ratios within each turn, so that what else the machine does meets both alike.

        Args:
            ours, theirs: by turn, equally many.
            less_is_better: seconds, errors.

        Raises:
            ValueError: not equally many, or none.
        """
        if len(ours) != len(theirs) or not ours:
            raise ValueError(f"{what}: {len(ours)} turns of ours and {len(theirs)} of {peer}; a ratio needs pairs")
        ratios = [b / a if less_is_better else a / b for a, b in zip(ours, theirs, strict=True)]
        return cls(
            what=what,
            size=size,
            unit=unit,
            peer=peer,
            ours=statistics.median(ours),
            theirs=statistics.median(theirs),
            ratio=statistics.median(ratios),
            lowest=min(ratios),
            highest=max(ratios),
            turns=len(ratios),
            over=over,
        )

    @classmethod
    def of_share(
        cls, what: str, size: str, hits: int, number: int, goal: float, *, over: str, less_is_better: bool = False
    ) -> Row:
        """A share beside its goal, with its 95% interval (Clopper and Pearson).

        A share of nothing that had better be small is given as its interval's upper end, and says so.

        >>> Row.of_share("covered", "", 57, 60, 0.9, over="settings").ratio
        1.0555555555555556
        """
        from scipy.stats import binomtest

        ends = binomtest(hits, number).proportion_ci(0.95)
        share = hits / number
        if less_is_better:
            ratio, lowest = goal / (share or ends.high), goal / ends.high
            highest = goal / ends.low if ends.low else None
        else:
            ratio, lowest, highest = share / goal, ends.low / goal, ends.high / goal
        counted = f"{over}, none of them: the ratio is at least this" if less_is_better and not hits else over
        return cls(
            what=what, size=size, unit="share", peer="goal", ours=share, theirs=goal, ratio=ratio,
            lowest=lowest, highest=highest, turns=number, over=counted,
        )  # fmt: skip

    @classmethod
    def missing(cls, what: str, size: str, peer: str, why: str) -> Row:
        """A comparison that could not be made."""
        return cls(what=what, size=size, unit="", peer=peer, why=why)

    def cells(self) -> tuple[str, ...]:
        """In the order of :data:`HEADS`."""
        if self.ratio is None:
            return (self.what, self.size, "", self.peer, "", "", f"– ({self.why})", "", "")
        ends = ("" if one is None else f"{one:.2f}" for one in (self.lowest, self.highest))
        spread = " to ".join(ends).strip()
        counted = f"{self.turns} {self.over}" if self.turns else ""
        numbers = ("" if one is None else number(one) for one in (self.ours, self.theirs))
        ours, theirs = numbers
        return (self.what, self.size, ours, self.peer, theirs, self.unit, f"{self.ratio:.2f}", spread, counted)


def number(value: float) -> str:
    """Three meaningful digits.

    >>> number(1234.5), number(0.01234), number(0.0)
    ('1,234', '0.0123', '0')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def markdown(rows: Iterable[Row]) -> str:
    """The table; a bar in a cell's own text does not part it."""
    lines = [HEADS, ("---",) * len(HEADS), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def write(path: Path, rows: Iterable[Row], **facts: object) -> None:
    """Rows with what is known of their machine: as JSON, or as Markdown where the name ends so.

    Raises:
        ValueError: another ending.
    """
    found = list(rows)
    if path.suffix == ".json":
        text = json.dumps({**facts, "rows": [asdict(row) for row in found]}, indent=1, ensure_ascii=False)
    elif path.suffix == ".md":
        text = "\n".join([*(f"{name}: {value}  " for name, value in facts.items()), "", markdown(found)])
    else:
        raise ValueError(f"{path} must end with .json or .md")
    draft = path.with_name(f"{path.name}.part")  # whoever is ended while it writes leaves the file before
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)


def read(path: Path) -> list[Row]:
    """The rows of a JSON file that :func:`write` has written."""
    return [Row(**one) for one in json.loads(path.read_text(encoding="utf-8"))["rows"]]
