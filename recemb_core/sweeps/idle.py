"""Parameters of a sweep that change nothing, because another setting puts them out of use."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from recemb_core.validation import UsageError

if TYPE_CHECKING:
    from recemb_core.sweeps.ground import Ground, Setting

MOST = 1_000  # combinations that are looked at
_BACKBONES = {"per_item": "noise_corrected", "alpha": "disparity", "top": "top_edges"}


def idle_parameters(ground: Ground) -> dict[str, str]:
    """Parameter that varies → why every setting of the sweep has the same result whatever it is; seeds aside.

    Settings that differ by such a parameter alone are one setting with other seeds. What is put out of use in a part of
    the sweep alone is not among them.

    >>> from recemb_core.datasets import load_dataset
    >>> from recemb_core.embeddings import Item2VecConfig
    >>> from recemb_core.sweeps import Choices, Ground, Space, SweepPlan
    >>> plan = SweepPlan(model="item2vec", space=Space((Choices("dimensions", (4, 8)), Choices("window", (2, 5)))))
    >>> idle_parameters(Ground.of(plan, load_dataset("planted_shop").sequences, config=Item2VecConfig()))
    {'window': 'mode set takes all pairs of a sequence'}
    """
    found: dict[str, str] | None = None
    for setting in _kinds_of(ground):
        idle = _idle_in(ground, setting)
        found = idle if found is None else {name: why for name, why in found.items() if name in idle}
    return found or {}


def idle_words(ground: Ground) -> list[str]:
    """The same as sentences."""
    return [
        f"{name} changes nothing in this sweep ({why}): settings that differ by it alone are one with other seeds."
        for name, why in idle_parameters(ground).items()
    ]


def _kinds_of(ground: Ground) -> list[Setting]:
    """Settings with every combination of the words and flags that vary, which are what puts others out of use."""
    switches = [one for one in ground.plan.space.dimensions if isinstance(one.ends[0], str | bool)]
    if math.prod(len(one.ends) for one in switches) > MOST:
        return []
    found = []
    for values in itertools.product(*(one.ends for one in switches)):
        try:
            found.append(ground.setting(dict(zip((one.name for one in switches), values, strict=True))))
        except UsageError:  # a combination that is not possible
            continue
    return found


def _idle_in(ground: Ground, setting: Setting) -> dict[str, str]:
    """Of one setting, among what varies."""
    idle = ground.plan.spec.idle
    found: dict[str, Any] = {} if idle is None else dict(idle(setting.entry.config))
    if setting.graph is not None:
        for name, backbone in _BACKBONES.items():
            if setting.graph.backbone != backbone:
                found[f"graph.{name}"] = f"it belongs to the backbone {backbone}"
    for name in ground.plan.space.names:
        scope = name.partition(".")[0]
        if setting.index is not None and scope in ("lsh", "hnsw") and setting.index.kind != scope:
            found[name] = f"it belongs to an index of the kind {scope}"
    return {name: found[name] for name in ground.plan.space.names if name in found}
