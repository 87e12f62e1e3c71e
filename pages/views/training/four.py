"""The four models of the last view: how long they are trained, the trained ones, and what they say of a pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pages.kit import jobs, results, session
from pages.kit.allowed import Steps
from pages.kit.jobs import Job, part
from pages.kit.parameters import Bound, Parameter
from pages.views.training.lesson import TRAINING_PAGE, Lesson
from recemb_core.arrays import AnyArray
from recemb_core.embeddings.huffman import HuffmanTree
from recemb_core.embeddings.pair_sources import CenterPairs
from recemb_core.embeddings.training_steps import (
    OBJECTIVES,
    Objective,
    StepConfig,
    StepTrainer,
    sigmoid,
    trained_to_rest,
)
from recemb_core.progress import Progress

NAMES: dict[Objective, str] = {
    "softmax": "Full softmax",
    "hierarchical_softmax": "Hierarchical softmax",
    "nce": "NCE",
    "negative_sampling": "Negative sampling",
}
LEARNED = (0, 300, 1_000, 3_000, 10_000)
RATE = 0.1
BUDGET = 60_000_000  # rows that the full softmax may score in all: some ten seconds
TRAINED_FOR = Parameter(
    TRAINING_PAGE,
    "learned",
    "Trained for (updates)",
    Steps(LEARNED),
    help="Each of the four starts from the same vectors and sees the same pairs: the chosen item as center, "
    "its contexts drawn as often as the log has them. The learning rate falls from 0.1 to 0.",
)


def updates_options(lesson: Lesson) -> tuple[int, ...]:
    """How long the four can be trained on this catalogue."""
    most = BUDGET / max(len(lesson.data.items), 1)
    return tuple(u for u in LEARNED if u <= most)


def trained_for(lesson: Lesson) -> Bound:
    """At first enough for the estimates to come near what the log has; a larger catalogue needs more."""
    options = updates_options(lesson)
    start = min(3_000 if len(lesson.data.items) <= 500 else 10_000, options[-1])
    return TRAINED_FOR.bind(lesson.data, default=start, among=options)


@dataclass(frozen=True, eq=False)
class Four:
    """The four models, each trained on the same pairs of the chosen item as center, and one pair's other row."""

    lesson: Lesson
    trainers: dict[Objective, StepTrainer]
    partner: int

    @property
    def tree(self) -> HuffmanTree:
        tree = self.trainers["hierarchical_softmax"].tree
        assert tree is not None
        return tree

    @property
    def size(self) -> dict[str, Any]:
        """Of a forward pass, as :func:`multiplications` asks for it."""
        return {
            "items": len(self.lesson.data.items),
            "dimensions": self.trainers["softmax"].config.dimensions,
            "negative": self.lesson.negative,
            "code_length": int(self.tree.lengths[self.partner]),
        }

    def losses(self) -> dict[Objective, float]:
        """Of the pair, with each model."""
        return {name: one.gradients(self.lesson.row, self.partner).loss for name, one in self.trainers.items()}

    def decisions(self) -> AnyArray:
        """Probability of each decision on the context's path."""
        trainer, (nodes, bits) = self.trainers["hierarchical_softmax"], self.tree.path(self.partner)
        return sigmoid(np.where(bits == 0, 1.0, -1.0) * (trainer.outputs[nodes] @ trainer.vectors[self.lesson.row]))

    def estimates(self) -> dict[Objective, AnyArray]:
        """p(w | c) for every item as each model has it; only the first two are sure to sum to 1."""
        scores = {name: trainer.scores(self.lesson.row) for name, trainer in self.trainers.items()}
        negative, softmax = self.trainers["negative_sampling"], np.exp(scores["softmax"] - scores["softmax"].max())
        return {
            "softmax": softmax / softmax.sum(),
            "hierarchical_softmax": np.exp(scores["hierarchical_softmax"]),
            "nce": np.exp(scores["nce"]),
            "negative_sampling": np.exp(scores["negative_sampling"] + negative.log_k_noise) * (negative.noise > 0),
        }


def four_trainers(lesson: Lesson, updates: int) -> dict[Objective, StepTrainer] | None:
    """The four models, trained where they are not there; None after Stop."""
    keys = _keys(lesson, updates)

    def run(report: Progress) -> dict[Objective, StepTrainer] | None:
        source = CenterPairs(lesson.row, lesson.contexts(), seed=session.seed())
        for number, (objective, key) in enumerate(keys.items()):
            results.compute(
                lesson.data,
                key,
                trained_to_rest,
                StepTrainer(lesson.sequences.counts, key[-1]),
                source,
                updates,
                progress=part(report, number, len(keys), NAMES[objective].lower()),
                reports=True,
            )
        return ready_trainers(lesson, updates)

    job = Job(tuple(keys.values()), "four objectives", 5.0, run, asks=False)
    return jobs.result(
        lesson.data,
        "four objectives",
        job,
        ready=lambda identity: ready_trainers(lesson, updates) if identity == job.identity else None,
        verb="Train",
        stale=None,
    )[0]


def ready_trainers(lesson: Lesson, updates: int) -> dict[Objective, StepTrainer] | None:
    """The four models, if they are trained."""
    found = {objective: results.results(lesson.data).get(key) for objective, key in _keys(lesson, updates).items()}
    return None if any(trainer is None for trainer in found.values()) else found


def _keys(lesson: Lesson, updates: int) -> dict[Objective, tuple[Any, ...]]:
    """Of the four models in the store; a key ends with the model's config."""
    learned_from = (lesson.sequences.fingerprint, lesson.row, lesson.window, updates)
    common: dict[str, Any] = {
        "negative": lesson.negative,
        "ns_exponent": lesson.exponent,
        "learning_rate": RATE,
        "seed": session.seed(),
    }
    return {name: ("four", *learned_from, StepConfig(objective=name, **common)) for name in OBJECTIVES}
