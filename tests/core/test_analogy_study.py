"""Questions and reports as arrays, what they are found by, and the bundled ones against the library."""

from __future__ import annotations

from dataclasses import asdict, fields

import numpy as np
import pytest

from recemb_core import precomputed
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import comparison_defaults, default_graph, training_fingerprint
from recemb_core.evaluation.analogies import Analogies, analogies, every_analogy, measure_analogies
from recemb_core.evaluation.analogy_study import (
    fields_fingerprint,
    joint_level,
    questions_from_arrays,
    questions_to_arrays,
    report_both,
    reports_from_arrays,
    reports_to_arrays,
)
from recemb_core.sequences import split_sessions
from recemb_core.side_information import MISSING, item_fields
from recemb_core.validation import UsageError
from tests.core.test_analogies import grid


def same(one: Analogies, other: Analogies) -> bool:
    return all(np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(Analogies))


@pytest.mark.parametrize("steps", [[], ["size"], ["kind", "size"]])
def test_questions_and_reports_come_back_as_they_were(steps: list[str]) -> None:
    of, vectors = grid(noise=0.4)
    asked = {step: analogies(of, step, most=50 + 7 * at) for at, step in enumerate(steps)}
    again = questions_from_arrays(questions_to_arrays(asked))
    assert list(again) == steps
    assert all(same(asked[step], again[step]) for step in steps)
    reports = {step: report_both(vectors, one, how="mul", level=0.9) for step, one in asked.items()}
    back = reports_from_arrays(reports_to_arrays(reports))
    assert list(back) == steps
    for step in steps:
        assert [asdict(one) for one in back[step]] == [asdict(one) for one in reports[step]]
        assert [type(one.k) for one in back[step]] == [int, int]


def test_both_reports_are_those_of_one_list_each() -> None:
    of, vectors = grid(noise=0.8)
    asked = analogies(of, "size")
    first, five = report_both(vectors, asked, level=0.99)
    for found, k in ((first, 1), (five, 5)):
        assert asdict(found) == asdict(measure_analogies(vectors, asked, k=k, level=0.99))
    with pytest.raises(UsageError, match="there are 3 items"):
        report_both(vectors[:3], asked)


def test_nan_survives_the_arrays() -> None:
    """One target: no interval is known."""
    kind, size = np.array(["tea", "tea", "nail", "nail"]), np.array(["s", "l", "s", "l"])
    vectors = np.array([[2, 0, 1], [2, 0, -1], [0, 2, 1], [0, 2, -1]], np.float32)
    asked = analogies({"kind": kind, "size": size}, "size", most=1)
    (report, _) = reports_from_arrays(reports_to_arrays({"size": report_both(vectors, asked)}))["size"]
    assert np.isnan([report.gain.low, report.gain.high]).all()


def test_the_fingerprint_tells_names_values_places_and_what_is_missing_apart() -> None:
    base = {"kind": np.array(["a", "b"], dtype=object)}
    others = [
        {"sort": base["kind"]},
        {"kind": base["kind"][::-1]},
        {"kind": np.array(["a", None], dtype=object)},
        {"kind": np.array(["a", "None"], dtype=object)},
        {"kind": base["kind"], "size": base["kind"]},
    ]
    marks = [fields_fingerprint(one) for one in (base, *others)]
    assert len(set(marks)) == len(marks)
    assert fields_fingerprint({"kind": np.array([1.0, np.nan])}) == fields_fingerprint(
        {"kind": np.array([1.0, np.nan])}
    )


@pytest.mark.parametrize("name", ["planted_shop", "complete_journey", "designed_shop"])
@pytest.mark.slow
def test_bundled_answers_are_those_of_the_bundled_vectors(name: str) -> None:
    data = load_dataset(name)
    assert data.sequences is not None
    log = split_sessions(data.sequences, gap_minutes=60) if data.sequences.ordered else data.sequences
    graph = data.graph if data.graph is not None else default_graph(log)
    of = {
        field: np.array([None if value == MISSING else value for value in values.tolist()], dtype=object)
        for field, values in item_fields(data.labels, data.side_info).items()
    }
    asked, said = every_analogy(of), fields_fingerprint(of)
    kept = precomputed.load_questions(said)
    assert kept is not None
    assert list(kept) == list(asked)
    assert all(same(asked[step], kept[step]) for step in asked)
    configs = comparison_defaults(log, graph, data.side_info)
    level = joint_level(len(configs))
    for model in ("item2vec", "EGES"):
        config = configs[model]
        source = training_fingerprint(config, sequences=log, graph=graph, side_info=data.side_info)
        vectors, found = (
            precomputed.load_vectors(source, config),
            precomputed.load_analogies(source, config, said, level),
        )
        assert vectors is not None
        assert found is not None
        assert list(found) == list(asked)
        step = min(asked, key=lambda step: len(asked[step]))
        again = report_both(vectors.vectors, asked[step], level=level)
        assert [one.accuracy.value for one in again] == pytest.approx([one.accuracy.value for one in found[step]])
        assert again[0].gain.low == pytest.approx(found[step][0].gain.low, abs=1e-6)
