"""What a fast index loses of a recall model's lists: measured on this machine, drawn against time."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.kit import frame, jobs, recall_models, results, stage
from pages.kit.allowed import Options
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Bound, Parameter
from pages.kit.recall_models import DEEP_PAGE
from pages.kit.session import ActiveData
from pages.views.deep_models.table import ABOVE, HIGH
from recemb_core.experiments.recall_indexes import IndexPoint, compare_recall_indexes
from recemb_core.experiments.recall_models import KS, ModelConfig
from recemb_core.figures.index_cost import index_cost_figure

INDEX_MODEL = Parameter(
    DEEP_PAGE, "recall_index_model", "Model", Options(), help="Whose user and item vectors are searched."
)
INDEX_N = Parameter(DEEP_PAGE, "recall_index_n", "List length N", Options(KS, row=True), 50, help="Items returned.")


def index_controls(data: ActiveData, configs: dict[str, ModelConfig]) -> None:
    """Whose vectors, and how long the lists are."""
    model = _index_model(data, configs)
    if model is not None:
        model.draw()
    INDEX_N.draw(data)


def index_section(data: ActiveData, configs: dict[str, ModelConfig], numbers: Any) -> None:
    """HR@N through exact search, LSH and HNSW, against time."""
    model = _index_model(data, configs)
    if model is None:
        st.info("No model is trained yet, so there are no vectors to search.")
        return
    name, n = model.value, INDEX_N.value(data)
    points = index_points(data, configs[name], n)
    if points is None:
        return
    with numbers:
        _metrics(points, n)
    figure = index_cost_figure(points, n=n, model=name)
    with stage.picture():
        live_chart(figure, key=f"index cost@{data.key}", height=HIGH, above=ABOVE, glide=False)
    st.markdown(index_words(points, n))
    st.caption(
        f"All targets, nothing masked; {points[0].hit_rate.n:,} users. Times are of this machine, medians of 5 batches "
        "of 400 queries on one thread; grey: the interval of exact search. LSH: random hyperplanes over the vectors "
        "with one added coordinate, which turns the largest inner product into the smallest angle; more tables find "
        "and scan more. HNSW: a graph on the inner product itself; a larger ef looks further."
    )


def _metrics(points: list[IndexPoint], n: int) -> None:
    exact = next(point for point in points if point.index == "Exact")
    about = f"95%: {exact.hit_rate.low:.3f} to {exact.hit_rate.high:.3f}, {exact.hit_rate.n:,} users."
    figures = [(f"Exact search, HR@{n}", f"{exact.hit_rate.value:.3f}", about)]
    for name in ("LSH", "HNSW"):
        quick = min((point for point in points if point.index == name), key=lambda point: point.microseconds)
        about = f"Of the exact list of {n}, at its quickest ({quick.setting}): HR@{n} {quick.hit_rate.value:.3f}."
        figures.append((f"{name} keeps at its quickest", f"{quick.found.value:.0%}", about))
    frame.metrics(figures)


def _index_model(data: ActiveData, configs: dict[str, ModelConfig]) -> Bound | None:
    """Which of the models that are there is searched; None where none is."""
    models = recall_models.all_models(data, configs)
    return INDEX_MODEL.bind(data, default=recall_models.usual_model(models), among=models) if models else None


def _points_key(data: ActiveData, config: ModelConfig, n: int) -> tuple[Any, ...]:
    return ("recall indexes", recall_models.source(data), config, n)


def ready_points(data: ActiveData, configs: dict[str, ModelConfig]) -> list[IndexPoint] | None:
    """The measurement that is shown, if it was made."""
    model = _index_model(data, configs)
    if model is None:
        return None
    key = _points_key(data, configs[model.value], INDEX_N.value(data))
    found: list[IndexPoint] | None = results.results(data).get(key)
    return found


def index_points(data: ActiveData, config: ModelConfig, n: int) -> list[IndexPoint] | None:
    """Measured once a model and length; alone on the machine's cores, so that times mean something."""
    key = _points_key(data, config, n)
    found: list[IndexPoint] | None = results.results(data).get(key)
    if found is not None:
        return found
    model = recall_models.model_of(data, config)
    assert model is not None
    who = recall_models.asked(data)
    job = jobs.heavy_job(
        data,
        key,
        "the indexes",
        5.0,
        compare_recall_indexes,
        model.encode(who.histories),
        model.item_vectors,
        who.targets,
        n=n,
        asks=False,
    )
    return jobs.result(data, "recall indexes", job, verb="Measure", stale=None)[0]


def index_words(points: list[IndexPoint], n: int) -> str:
    """What the chart says, in numbers."""
    exact = next(p for p in points if p.index == "Exact")
    parts = [f"Exact search hits {exact.hit_rate.value:.3f} in {exact.microseconds:,.0f} µs a query."]
    for index in ("LSH", "HNSW"):
        own = [p for p in points if p.index == index]
        enough = [p for p in own if p.found.value >= 0.95]
        best = min(enough, key=lambda p: p.microseconds) if enough else max(own, key=lambda p: p.found.value)
        saved = exact.microseconds / best.microseconds
        time = f"{saved:.1f} times as fast" if saved >= 1 else f"{1 / saved:.1f} times as slow"
        most = "" if enough else " at most"
        parts.append(f"**{index}** ({best.setting}) keeps {best.found.value:.0%} of the list{most} and is {time}.")
    quick = min((p for p in points if p.index == "LSH"), key=lambda p: p.microseconds)
    parts.append(
        f"At its quickest ({quick.setting}) LSH keeps {quick.found.value:.0%} of the list and its HR@{n} is "
        f"{quick.hit_rate.value:.3f}. The cost of a full scan grows in proportion to the catalogue."
    )
    return " ".join(parts)
