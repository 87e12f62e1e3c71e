"""What the Evaluation page asks its rows: split, part, and how a history becomes a query; also of a kept run."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.kit.allowed import Options, Steps
from pages.kit.leaderboard import Question
from pages.kit.parameters import Parameter, Scope
from pages.kit.session import ActiveData
from recemb_core.experiments.leaderboard import Part, Protocol, Query, default_query, query_kinds

EVALUATION_PAGE = Scope("evaluation")
SHARES = (0.05, 0.1, 0.15, 0.2, 0.3)

PART = Parameter(
    EVALUATION_PAGE,
    "evaluation_part",
    "Part",
    Options({"validation": "Validation", "test": "Test"}, row=True),
    "validation",
    help="Compare and choose on the validation part. The test part is for one last look at what was chosen; it is "
    "measured on request only.",
)
SPLIT = Parameter(
    EVALUATION_PAGE,
    "evaluation_split",
    "Split",
    Options({"leave_last_out": "Leave last out", "global_time": "Global time"}),
    "leave_last_out",
    help="Leave last out: of each user the last event (basket) is the test part, the one before it the validation. "
    "Global time: one moment cuts the log for everybody, so nothing later than it is learned from.",
)
VALIDATION_SHARE = Parameter(
    EVALUATION_PAGE,
    "evaluation_validation_share",
    "Validation share",
    Steps(SHARES, "{:.0%}".format),
    0.1,
    help="Share of all events between the two cuts.",
)
TEST_SHARE = Parameter(
    EVALUATION_PAGE,
    "evaluation_test_share",
    "Test share",
    Steps(SHARES, "{:.0%}".format),
    0.1,
    help="Share of all events after the second cut.",
)
QUERY = Parameter(
    EVALUATION_PAGE,
    "evaluation_query",
    "History as a query",
    Options({"last": "Last", "last five": "Last five", "mean": "Mean of all", "decayed": "Decayed mean"}),
    "decayed",
    help="Which events of a history make the vector that item vectors are asked with; of baskets, the last is as many "
    "events as a basket holds. Scorers and networks have their own way.",
)
SCORE = Parameter(
    EVALUATION_PAGE,
    "evaluation_score",
    "Score of item vectors",
    Options({"usual": "each model's usual", "cosine": "cosine", "in_out": "in · out"}),
    "usual",
    help="cosine: items used like the history. in · out: items that come beside it, which is what skip-gram trains; it "
    "knows popularity. A model without output vectors is asked by cosine.",
)


def question_of(data: ActiveData, part: Part | None = None) -> Question:
    """What is asked, by the controls."""
    split = SPLIT.value(data, among=splits_of(data))
    shares: dict[str, Any] = {}
    if split == "global_time":
        shares = {"validation_share": VALIDATION_SHARE.value(data), "test_share": TEST_SHARE.value(data)}
    protocol = Protocol(split=split, **shares)
    return Question(data, protocol, PART.value(data) if part is None else part)


def splits_of(data: ActiveData) -> tuple[str, ...]:
    """The ways in which this log can be cut."""
    assert data.sequences is not None
    return ("leave_last_out", "global_time") if data.sequences.timestamps is not None else ("leave_last_out",)


def query_of(question: Question, config: Any) -> Query:
    """How item vectors are asked, by the controls."""
    train, score = question.cases.train, SCORE.value(question.data)
    if score == "usual" or getattr(config, "hierarchical_softmax", False):
        score = default_query(config, train).score
    return query_kinds(train, score)[QUERY.value(question.data)]


def split_controls(data: ActiveData) -> None:
    """How the log is cut; also where a cut has left nothing to ask."""
    if SPLIT.draw(data, among=splits_of(data)) == "global_time":
        VALIDATION_SHARE.draw(data)
        TEST_SHARE.draw(data)
    elif len(splits_of(data)) == 1:
        st.caption("This data has no times, so it cannot be cut at one moment.")
