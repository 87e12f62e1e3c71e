"""Every model and the baselines that it must beat, measured on one split, user by user.

::

    cases = part_cases(sequences, Protocol())                     # validation; the test part only when asked for
    entries = entry_defaults(cases.train, graph=cases.timed_graph[0])
    board = Leaderboard.of(measure_all(cases, entries.values()))  # rows as they come, three seeds each
    board.estimate("word2vec", "hr", 10), board.compare("hr", 10)
    entry, vectors = brought_row(cases, read_vectors("mine.npz"))  # vectors made elsewhere
    board = board.plus(entry, measure_trained(cases, entry, vectors))
"""

from recemb_core.experiments.leaderboard.board import METRICS, Advice, Leaderboard, Metric, Row
from recemb_core.experiments.leaderboard.cases import VIEWS, PartCases, TargetChoice, part_cases
from recemb_core.experiments.leaderboard.entries import (
    OPENING_SEEDS,
    Entry,
    Query,
    default_query,
    entry_defaults,
    query_kinds,
)
from recemb_core.experiments.leaderboard.made_elsewhere import brought_query, brought_row
from recemb_core.experiments.leaderboard.measuring import (
    EntryRun,
    Trained,
    history_scorer,
    measure,
    measure_all,
    measure_trained,
    train_entry,
)
from recemb_core.experiments.leaderboard.metric_honesty import (
    Chosen,
    ChosenOnTest,
    OtherWay,
    chosen_on_test,
    chosen_on_the_same_users,
    other_ways,
)
from recemb_core.experiments.leaderboard.protocol import PARTS, Part, Protocol, Split, Targets
from recemb_core.experiments.leaderboard.vector_measures import (
    VectorMeasures,
    link_auc_of,
    measure_vectors,
    popularity_link_auc,
)

__all__ = [
    "METRICS",
    "OPENING_SEEDS",
    "PARTS",
    "VIEWS",
    "Advice",
    "Chosen",
    "ChosenOnTest",
    "Entry",
    "EntryRun",
    "Leaderboard",
    "Metric",
    "OtherWay",
    "Part",
    "PartCases",
    "Protocol",
    "Query",
    "Row",
    "Split",
    "TargetChoice",
    "Targets",
    "Trained",
    "VectorMeasures",
    "brought_query",
    "brought_row",
    "chosen_on_test",
    "chosen_on_the_same_users",
    "default_query",
    "entry_defaults",
    "history_scorer",
    "link_auc_of",
    "measure",
    "measure_all",
    "measure_trained",
    "measure_vectors",
    "other_ways",
    "part_cases",
    "popularity_link_auc",
    "query_kinds",
    "train_entry",
]
