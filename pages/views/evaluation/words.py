"""What stands below the page: what you see, the same in Python, the files."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import polars as pl
import streamlit as st

from pages.kit import frame
from pages.kit.downloads import download
from pages.kit.text import quoted
from pages.views.evaluation.board import Board
from pages.views.evaluation.keeping import keep_box
from pages.views.evaluation.overview import table
from pages.views.evaluation.settings import Settings
from recemb_core.experiments.leaderboard import METRICS, Entry, Protocol, Query
from recemb_core.result_files import plain

WHAT_YOU_SEE = (
    "Each row is trained on the same part of the log, ranks all items for the same users, and is judged by what they "
    "took next. A dot is the mean, the bar its 95% interval over users and training seeds, the small strokes the "
    "single seeds; the dotted line is popularity. Rows that share a letter are not told apart: their difference on the "
    "same users is no more than noise, all pairs judged together. Of such rows the cheapest is the one to take.\n\n"
    "**HR@K** = share of users with a target among the first K. **NDCG@K** = mean of Σ 1 / log₂(1 + place) over "
    "targets among the first K, by its best possible value. **MRR** = mean of 1 / place of the first target. Equal "
    "scores count by their mean over all orders. **Popularity bias** = share of the head in the lists less its share "
    "in the targets. A difference D of two rows has the variance V of users plus that of seeds, of no row less than "
    "all have on average; D / √V is judged by Student's t, Holm's correction over all pairs. *Not told apart* means "
    "smaller than what this log can show: the view *Pairs* says how much that is.\n\n"
    "**Larger K**: every row hits more, and rows come closer. **First-time targets**: what repeats no longer helps. "
    "**Global time**: nothing later than the cut is learned from, fewer users are asked. A model of item vectors is "
    "asked with a mean of the history's vectors: *last* follows the newest events, *in · out* knows what is popular. "
    "Models that walk do so on the graph that the training part makes, whatever the Item graph page shows."
)


def as_python(settings: Settings) -> list[str]:
    """The lines that measure the same."""
    one, data = settings, settings.data
    question = one.question
    protocol = _call(question.protocol, Protocol())
    own = {name: entry for name, entry in one.entries.items() if entry.brought}
    entries = [entry for entry in one.entries.values() if not entry.brought]
    configs = [type(entry.config) for entry in entries]
    imports = {f"from {found.__module__} import {found.__name__}" for found in configs}
    queried = any(entry.query is not None for entry in one.entries.values())
    names = ["Entry", "Leaderboard", "Protocol", *(["Query"] if queried else []), *(["brought_row"] if own else [])]
    names += ["measure_all", *(["measure_trained"] if own else []), "part_cases"]
    imports.add(f"from recemb_core.experiments.leaderboard import {', '.join(names)}")
    if own:
        imports.add("from recemb_core.brought import read_vectors")
    first = question.seeds(next(iter(one.entries.values())))[0]
    return [
        *frame.sorted_imports({*frame.import_lines(data, always=True), *imports}),
        "",
        *frame.load_lines(data, always=True),
        f"cases = part_cases(sequences, {protocol}, {question.part!r})",
        "print(cases.choice.words)",
        "rows = [",
        *(f"    {_entry(entry)}," for entry in entries),
        "]",
        f"board = Leaderboard.of(measure_all(cases, rows, seeds=({first}, {first + 1}, {first + 2})))",
        *(line for name, entry in own.items() for line in _brought(name, entry)),
        f"found = board.compare({one.metric!r}, {one.k}, {one.view!r})",
        "for name in found.order:",
        f"    figure = board.estimate(name, {one.metric!r}, {one.k}, {one.view!r})",
        '    print(f"{name}: {figure.value:.4f} ({figure.low:.4f} to {figure.high:.4f}) {found.letters[name]}")',
        "print(board.advice(found).words)",
    ]


def _brought(name: str, entry: Entry) -> list[str]:
    """The lines that add vectors made elsewhere."""
    files = ", ".join(quoted(file) for file in (entry.config.name, entry.config.ids_name) if file)
    return [
        f"row, vectors = brought_row(cases, read_vectors({files}), {quoted(name)}, {_call(entry.query, Query())})",
        "board = board.plus(row, measure_trained(cases, row, vectors))",
    ]


def _entry(entry: Entry) -> str:
    query = "" if entry.query is None else f", query={_call(entry.query, type(entry.query)())}"
    return f"Entry(name={entry.name!r}, config={_config(entry.config)}{query})"


def _config(config: Any) -> str:
    """A config as code, without what its class has by default."""
    fields = dataclasses.fields(config)
    own = {f.name: f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default for f in fields}
    given = ", ".join(f"{n}={getattr(config, n)!r}" for n, value in own.items() if getattr(config, n) != value)
    return f"{type(config).__name__}({given})"


def _call(value: Any, usual: Any) -> str:
    given = ", ".join(
        f"{f.name}={getattr(value, f.name)!r}"
        for f in dataclasses.fields(value)
        if getattr(value, f.name) != getattr(usual, f.name)
    )
    return f"{type(value).__name__}({given})"


def downloads(board: Board) -> None:
    """The table, and everything behind it."""
    if not board.names(board.settings.view):
        return
    one = board.settings
    with st.container(horizontal=True):
        name = f"evaluation-{one.question.part}"
        download("Table (CSV)", f"{name}.csv", pl.DataFrame, table(board))
        download("Everything (JSON)", f"{name}.json", as_json, everything(board))
        keep_box(board)


def as_json(found: dict[str, Any]) -> str:
    """Text of the file; what is not finite is null."""
    return json.dumps(_finite(found), ensure_ascii=False, indent=1, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value


def everything(board: Board) -> dict[str, Any]:
    """Protocol, rows with every run user by user, all pairs."""
    one, comparison = board.settings, board.comparison()
    cases = one.cases
    return {
        "data": one.data.title,
        "protocol": plain(one.question.protocol),
        "part": one.question.part,
        "targets": {"counted": one.targets, "share of repeats": cases.choice.repeats, "why": cases.choice.words},
        "measure": one.measure,
        "users": cases.users.tolist(),
        "rows": [_row(board, name) for name in comparison.order],
        "pairs": [
            {name: getattr(d, name) for name in ("first", "second", "value", "low", "high", "p", "adjusted", "verdict")}
            for d in comparison.differences.values()
        ],
        "advice": board.advice.words if len(comparison.order) > 1 else "",
    }


def _row(board: Board, name: str) -> dict[str, Any]:
    one, row = board.settings, board.table.rows[name]
    figures = {}
    for metric, title in METRICS.items():
        found = board.estimate(name, metric=metric)
        figures[title if metric == "mrr" else f"{title}@{one.k}"] = [found.value, found.low, found.high]
    values = row.users(one.metric, one.k, one.view)
    return {
        "name": name,
        "config": plain(row.entry.config),
        "query": plain(row.entry.query),
        "letters": board.comparison().letters[name],
        "figures": figures,
        "coverage": {str(k): board.table.coverage(name, k) for k in one.question.protocol.ks},
        "head share": board.table.head_share(name).value,
        "runs": [
            {
                "seed": run.seed,
                "train seconds": run.train_seconds,
                "score seconds": run.score_seconds,
                "bytes": run.bytes,
                "asked": run.views[one.view].kept.tolist(),
                one.measure: values[i].round(6).tolist(),
            }
            for i, run in enumerate(row.runs)
        ],
    }
