"""FNN, Wide & Deep and Deep Crossing as boxes, with the sizes they have on the data in use."""

from __future__ import annotations

from itertools import pairwise

from recemb_core.deep.features import FeatureTable
from recemb_core.deep.fitting import Network
from recemb_core.deep.networks import FNN, DeepCrossing, WideAndDeep
from recemb_core.experiments.networks import count_parameters
from recemb_core.figures.network_diagram import Box


def boxes(network: Network, table: FeatureTable) -> list[Box]:
    """The layers of one of the three networks, input first."""
    m, n_fields = table.n_features, len(table.fields)
    count = count_parameters(network.init(table))
    one_hots = Box("One-hots", f"{n_fields} fields, {m:,} places, {n_fields} of them 1", "input", 0)
    if isinstance(network, FNN):
        d = network.dimensions + 1
        layer = Box("Embedding layer", f"{m:,} × {d}: an FM's w and v", "embedding", 1, after=(0,))
        found = [one_hots, layer]
        return [*found, *_dense(network.hidden, n_fields * d + 1, 2)]
    if isinstance(network, WideAndDeep):
        d, right = network.dimensions, 0.58
        layer = Box("Embedding layer", f"{m:,} × {d}", "embedding", 1, 0.0, right, (0,))
        deep = _dense(network.hidden, n_fields * d, 2, right)[:-1]
        top = deep[-1].level + 1
        wide = Box("Wide", f"{len(network.crosses)} crosses", "layer", 2, right + 0.04, 1.0, (0,))
        found = [one_hots, layer, *deep, wide]
        return [*found, Box("P(taken)", "σ(deep + wide)", "answer", top, after=(len(deep) + 1, len(deep) + 2))]
    assert isinstance(network, DeepCrossing)
    d, inner = network.dimensions, network.inner
    found = [one_hots, Box("Embedding layer", f"{m:,} × {d}", "embedding", 1, after=(0,))]
    width = n_fields * d
    for unit in range(network.units):
        detail = f"{width} → {inner} → {width}, and what came in is added"
        found.append(Box(f"Residual unit {unit + 1}", detail, "layer", 2 + unit, after=(1 + unit,)))
    answer = f"{count['score']:,} weights, σ"
    return [*found, Box("P(taken)", answer, "answer", 2 + network.units, after=(1 + network.units,))]


def _dense(hidden: tuple[int, ...], width: int, level: int, right: float = 1.0) -> list[Box]:
    """Dense layers on top of box 1, and the answer."""
    sizes = [width, *hidden]
    found = [
        Box(f"Dense {b}", f"{a:,} → {b}, relu", "layer", level + i, 0.0, right, (1 + i,))
        for i, (a, b) in enumerate(pairwise(sizes))
    ]
    return [*found, Box("P(taken)", "σ", "answer", level + len(hidden), after=(1 + len(hidden),))]
