"""What a person says of a run: a note where optuna-dashboard shows and changes it, tags and a pin beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recemb_core.validation import UsageError

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

PART = 2_045  # characters of one attribute, as the dashboard cuts them
LONGEST = 20_000
MOST_TAGS = 20
LONGEST_TAG = 60


@dataclass(frozen=True, kw_only=True)
class Said:
    """Note, tags and pin of a run."""

    note: str = ""
    tags: tuple[str, ...] = ()
    pinned: bool = False


def checked(note: str | None, tags: tuple[str, ...] | None) -> None:
    """Refuse what would fill the store.

    Raises:
        UsageError: too long, or too many.
    """
    if note is not None and len(note) > LONGEST:
        raise UsageError(f"a note may have {LONGEST:,} characters, and this one has {len(note):,}; shorten it")
    if tags is not None and (len(tags) > MOST_TAGS or any(not tag.strip() or len(tag) > LONGEST_TAG for tag in tags)):
        raise UsageError(f"give up to {MOST_TAGS} tags of 1 to {LONGEST_TAG} characters")


def read(system: Mapping[str, Any], user: Mapping[str, Any], trial: int) -> Said:
    """What a study's attributes say of a trial."""
    prefix = f"dashboard:{trial}:note_str:"
    parts = [(int(key.removeprefix(prefix)), str(text)) for key, text in system.items() if key.startswith(prefix)]
    own = user.get(_key(trial), {})
    return Said(
        note="".join(text for _, text in sorted(parts)),
        tags=tuple(own.get("tags", ())),
        pinned=bool(own.get("pinned", False)),
    )


def write(storage: BaseStorage, study: int, trial: int, said: Said) -> None:
    """Say it of a trial."""
    system = storage.get_study_system_attrs(study)
    before, version = read(system, storage.get_study_user_attrs(study), trial), f"dashboard:{trial}:note_ver"
    if said.note != before.note:
        parts = [said.note[at : at + PART] for at in range(0, len(said.note), PART)]
        prefix = f"dashboard:{trial}:note_str:"
        there = sum(key.startswith(prefix) for key in system)
        for at in range(max(len(parts), there)):
            storage.set_study_system_attr(study, f"{prefix}{at}", parts[at] if at < len(parts) else "")
        storage.set_study_system_attr(study, version, int(system.get(version, 0)) + 1)
    if (said.tags, said.pinned) != (before.tags, before.pinned):
        storage.set_study_user_attr(study, _key(trial), {"tags": list(said.tags), "pinned": said.pinned})


def _key(trial: int) -> str:
    return f"recemb:{trial}:said"
