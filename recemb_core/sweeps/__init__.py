"""Sweeps: settings of a model, its graph, its query or an index tried one after the other, and an honest winner.

They ask what people took next, or what vectors of a graph look like (:data:`STRUCTURE`: p and q of node2vec).

::

    plan = SweepPlan(model="item2vec", space=Space((Choices("dimensions", (16, 32, 64)),)), trials=10)
    sweep = Sweep(Ground.of(plan, sequences))
    print(sweep.go().words)
"""

from typing import Any

from recemb_core.moved import moved_name
from recemb_core.sweeps.grid import grid_ground, grid_plan, grid_scores, judge_grid
from recemb_core.sweeps.ground import Ground, Setting
from recemb_core.sweeps.importance import Importance, importance
from recemb_core.sweeps.indexes import IndexConfig, IndexMeasures, measure_index
from recemb_core.sweeps.keeping import InStore
from recemb_core.sweeps.measuring import Measured, measure_setting, measure_step
from recemb_core.sweeps.plan import COSTS, QUALITIES, SAMPLERS, STRUCTURE, SweepPlan, dimension, parameters, plan_of
from recemb_core.sweeps.proposing import propose, require_tpe, tpe_is_there
from recemb_core.sweeps.racing import finalists, next_step, runs_in_all, seed_of
from recemb_core.sweeps.records import STAGES, Journal, Run, Step
from recemb_core.sweeps.running import Control, Sweep, head_of, rows
from recemb_core.sweeps.space import Choices, Range, Space, in_words
from recemb_core.sweeps.structure import Structure
from recemb_core.sweeps.winner import Verdict, aim_means, judge, pareto_front

__all__ = [
    "COSTS",
    "QUALITIES",
    "SAMPLERS",
    "STAGES",
    "STRUCTURE",
    "Choices",
    "Control",
    "Ground",
    "Importance",
    "InStore",
    "IndexConfig",
    "IndexMeasures",
    "Journal",
    "Measured",
    "Range",
    "Run",
    "Setting",
    "Space",
    "Step",
    "Structure",
    "Sweep",
    "SweepPlan",
    "Verdict",
    "aim_means",
    "dimension",
    "finalists",
    "grid_ground",
    "grid_plan",
    "grid_scores",
    "head_of",
    "importance",
    "in_words",
    "judge",
    "judge_grid",
    "measure_index",
    "measure_setting",
    "measure_step",
    "next_step",
    "parameters",
    "pareto_front",
    "plan_of",
    "propose",
    "require_tpe",
    "rows",
    "runs_in_all",
    "seed_of",
    "tpe_is_there",
]


def __getattr__(name: str) -> Any:
    """Names of the sweep of p and q, which stood here before."""
    return moved_name(__name__, name)
