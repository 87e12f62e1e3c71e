"""What a sweep varies over until somebody says otherwise, and the sweep that the Sweeps view opens with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recemb_core.embeddings.registry import ModelSpec
from recemb_core.experiments.leaderboard import Query
from recemb_core.experiments.sweep import SweepConfig
from recemb_core.plans import model_named
from recemb_core.sweeps.plan import SweepPlan, config_of, dimension, parameters
from recemb_core.sweeps.space import Choices, Space

USUAL_MODEL, USUAL_OF_A_GRAPH = "item2vec", "node2vec"
TRIALS = 30
OF_AN_INDEX = ("index.", "lsh.", "hnsw.")
_OPENS_WITH = ("dimensions", "epochs", "query.half_life")
_OPENS_WITH_STRUCTURE = ("p", "q")
_USUAL: Mapping[str, str] = {
    "p": Choices("p", SweepConfig().ps).text,
    "q": Choices("q", SweepConfig().qs).text,
    "query.score": "cosine, in_out",
    "query.newest": "none, 1, 5, 20",
    "query.min_count": "0, 5, 20",
    "index.kind": "lsh, hnsw",
    "lsh.family": "euclidean, hyperplane",
    "lsh.tables": "2..64 log",
    "lsh.functions": "2..16",
    "lsh.mode": "and_or, or_and",
    "lsh.multi_probe": "0, 2, 8",
    "lsh.width": "none",
    "hnsw.links": "4, 8, 16, 32",
    "hnsw.ef_construction": "20, 80, 200",
    "hnsw.ef_search": "8..256 log",
    "graph.backbone": "noise_corrected, disparity, top_edges, none",
    "graph.per_item": "2..32 log",
    "graph.alpha": "0.001..0.3 log",
    "graph.top": "3..40 log",
    "graph.min_weight": "1, 2, 5",
}


def usual_names(spec: ModelSpec, known: Sequence[str], *, by_structure: bool = False) -> list[str]:
    """The parameters that vary first, of those that can.

    >>> spec = model_named("node2vec")
    >>> usual_names(spec, list(parameters(spec)), by_structure=True)
    ['p', 'q']
    """
    structure = [name for name in _OPENS_WITH_STRUCTURE if by_structure and name in known]
    return structure or [name for name in _OPENS_WITH if name in known] or list(known[:2])


def usual_text(spec: ModelSpec, name: str, config: Any, query: Query | None = None) -> str:
    """What a parameter varies over, as a person writes it: around the default.

    Args:
        spec: of the model.
        name: see :func:`~recemb_core.sweeps.parameters`.
        config: the model's default for the data.
        query: the default query, where ``query.half_life`` is asked for.

    >>> from recemb_core.embeddings import Item2VecConfig
    >>> usual_text(model_named("item2vec"), "dimensions", Item2VecConfig(dimensions=16))
    '8, 16, 32, 64'
    >>> usual_text(model_named("item2vec"), "epochs", Item2VecConfig(epochs=240))
    '120, 240, 480'
    """
    if name in _USUAL:
        return _USUAL[name]
    if parameters(spec)[name] is bool:
        return "true, false"
    if name == "query.half_life":
        half = (query.half_life if query is not None else None) or 20.0
        return ", ".join(f"{half * share:g}" for share in (0.25, 0.5, 1, 2))
    kind, inner = config_of(spec, name)
    own = getattr(kind(), inner) if "." in name else getattr(config, name)
    setting = next((one for one in spec.shown() if one.field == name), None)
    if setting is None or setting.values is None:
        return Choices(name, (tuple(own) if isinstance(own, list) else own,)).text
    if isinstance(setting.values, Mapping):
        return ", ".join(setting.values)
    most = 4 if name == "dimensions" else 2
    near = [v for v in setting.values if own / 2 <= v <= most * own] if own > 0 else []
    if len(near) < 2 and isinstance(own, int) and own > 1:  # beyond what the control offers: one value varies nothing
        near = [own // 2, own, 2 * own]
    return ", ".join(f"{value:g}" for value in near or setting.values)


def opening_plan(config: Any, query: Query) -> SweepPlan:
    """The sweep that the view opens with on a log: item2vec, thirty settings at random, HR@10 and bytes.

    Args:
        config: item2vec's default for the data.
        query: the default one of the training part.
    """
    spec = model_named(USUAL_MODEL)
    names = usual_names(spec, list(parameters(spec)))
    space = Space(tuple(dimension(spec, name, usual_text(spec, name, config, query)) for name in names))
    return SweepPlan(model=spec.name, space=space, trials=TRIALS, aims=("hr", "bytes"))
