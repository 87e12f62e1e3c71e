"""All runs of the data in a table; a click on a row chooses it."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from pages.kit.allowed import Options
from pages.kit.downloads import download
from pages.kit.parameters import Parameter
from pages.kit.text import field_words
from pages.views.runs.kept import RUNS_PAGE, Kept, label_of
from recemb_core.foreign_text import inert
from recemb_core.runs import RunRecord
from recemb_core.runs.record import asked_differently, differing

RUN = Parameter(RUNS_PAGE, "runs_run", "Run", Options(), help="Its note, tags, files, and the way back to its page.")
MOST_SETTINGS = 8  # columns; the file has all
FEW_SETTINGS = 2  # of these at first, so that the last column is seen on a narrow page too


def table_section(kept: Kept) -> RunRecord:
    """The table, and the run that is chosen."""
    settings, asked = settings_apart(kept), _asked(kept)
    shown = dict(list(settings.items())[:MOST_SETTINGS])
    every = rows(kept, shown | asked)
    few = [*_usual_heads(kept), *map(head_of, list(shown)[:FEW_SETTINGS]), "Learned from", *map(head_of, asked), "Note"]
    st.dataframe(
        [{head: line[head] for head in few} for line in every],
        hide_index=True,
        placeholder="–",
        column_config=_columns(kept) | {head: st.column_config.TextColumn(width=64) for head in map(head_of, shown)},
    )
    with st.expander("All columns"):
        st.dataframe(every, hide_index=True, placeholder="–", column_config=_columns(kept))
    more = len(settings) - len(shown)
    st.caption(
        "Scores are of one training each: mean and 95% interval over users; the noise of training is not in it, and "
        "comes in where two runs stand side by side. Settings that are the same in all runs have no column"
        + (f"; {more} more that differ are in the file." if more else ".")
        + _asked_apart(kept)
    )
    download("Table (CSV)", "runs.csv", pl.DataFrame, rows(kept, settings | asked))
    return kept.by_id[
        RUN.bind(kept.data, default=kept.runs[0].run_id, among=list(kept.by_id)).draw(
            format_func=lambda run_id: label_of(kept.by_id[run_id])
        )
    ]


def _usual_heads(kept: Kept) -> list[str]:
    """Which run, and its first score, or what its vectors look like."""
    scores, figures = list(_score_heads(kept).values()), list(_figure_heads(kept).values())
    return ["Run", "Model", "Seed", *(scores[:1] or figures)]


def _columns(kept: Kept) -> dict[str, Any]:
    """What the columns mean, as wide as their cells."""
    number, words = st.column_config.NumberColumn, st.column_config.TextColumn
    figure = number(
        format="%.3f",
        help="Of the vectors of this training: the share of an item's 5 nearest neighbors in its own group, less "
        "chance, averaged over groups. Seeds are its noise: compare sweeps, or seeds, not two cells.",
        width=90,
    )
    memory = (
        "The most memory of the process that trained it, meanwhile: its libraries and its data count; empty where it "
        "came ready, or was not measured."
    )
    return {
        "Run": words(width=66),
        "Model": words(width=80),
        "Seed": number(width=46),
        "Learned from": words(width=120),
        "Note": words(width=90),
        "Train s": number(format="%.2f", help="Wall clock; empty where nobody took it."),
        "Peak MB": number(format="%.0f", help=memory),
        "On disk MB": number(format="%.2f"),
        **{head: words(width=150) for head in _score_heads(kept).values()},
        **dict.fromkeys(_figure_heads(kept).values(), figure),
    }


def settings_apart(kept: Kept) -> dict[str, dict[str, Any]]:
    """Settings that have two values or more among the runs that have them; first those that a model has tried."""
    found = differing({one.run_id: one.spec for one in kept.runs}) if len(kept.runs) > 1 else {}
    apart = {name: values for name, values in found.items() if len(set(map(repr, values.values()))) > 1}
    return dict(sorted(apart.items(), key=lambda pair: -_models_that_vary(kept, pair[1])))


def _asked(kept: Kept) -> dict[str, dict[str, Any]]:
    """What measured runs were asked where it differs: split, targets …; part and length have columns already."""
    found = asked_differently({one.run_id: one.spec for one in kept.runs})
    return {f"question {name}": values for name, values in found.items() if name not in ("part", "ks")}


def _asked_apart(kept: Kept) -> str:
    """That measured runs were asked different questions, and by what these differ, in a sentence; "" where not."""
    names = [
        "length of the lists" if name == "ks" else field_words(name)
        for name in asked_differently({one.run_id: one.spec for one in kept.runs})
    ]
    return (
        f" Runs were asked different questions (by {', '.join(names)}): compare scores of one question."
        if names
        else ""
    )


def _models_that_vary(kept: Kept, values: dict[str, Any]) -> int:
    """How many models have two values or more of a setting: what differs between models alone says less."""
    by_model: dict[str, set[str]] = {}
    for run_id, value in values.items():
        by_model.setdefault(kept.by_id[run_id].spec.model, set()).add(repr(value))
    return sum(len(found) > 1 for found in by_model.values())


def rows(kept: Kept, settings: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """A row a run; cells are shown as they are, so foreign text is made inert."""
    found = []
    for one in kept.runs:
        line: dict[str, Any] = {"Run": one.run_id[:6], "Model": one.spec.model, "Seed": one.spec.seed}
        for (name, k), head in _score_heads(kept).items():
            score = one.scores.get(name)
            there = score is not None and score.k == k
            line[head] = f"{score.value:.3f} ({score.low:.3f} to {score.high:.3f})" if score and there else None
        line |= {head: one.figures.get(name) for name, head in _figure_heads(kept).items()}
        line |= {head_of(name): cell_of(values, one.run_id) for name, values in settings.items()}
        line["Learned from"] = "all data" if one.spec.protocol is None else f"before {one.spec.part}"
        line["Train s"] = one.seconds
        line["Peak MB"] = None if one.peak_bytes is None else one.peak_bytes / 1e6
        line["On disk MB"] = one.bytes / 1e6
        line["State"] = f"{one.state}, no vectors" if one.state == "finished" and not one.has_vectors else one.state
        line["Tags"] = ", ".join(map(inert, (*(["pinned"] if one.pinned else []), *one.tags)))
        line["Note"] = inert(one.note.partition("\n")[0])
        line["Kept"] = "" if one.begun is None else one.begun.strftime("%Y-%m-%d %H:%M")
        found.append(line)
    return found


def _score_heads(kept: Kept) -> dict[tuple[str, int], str]:
    """(metric, length of its lists) → head of its column: HR@5 and HR@10 are two; none where nothing was measured."""
    found = {(name, score.k): None for one in kept.runs for name, score in one.scores.items()}
    return {(name, k): f"{name.upper()}@{k}" if k else name.upper() for name, k in found}


def _figure_heads(kept: Kept) -> dict[str, str]:
    """The same of what was measured of the vectors themselves."""
    known = dict.fromkeys(name for one in kept.runs for name in one.figures)
    return {name: f"{name[:1].upper()}{name[1:]} score" for name in known}


def head_of(name: str) -> str:
    """p and q are written small, as in the papers."""
    words = field_words(name)
    return words if len(words) == 1 else words[:1].upper() + words[1:]


def cell_of(values: dict[str, Any], run_id: str) -> str | None:
    if run_id not in values:
        return None
    value = values[run_id]
    return inert(f"{value:g}" if isinstance(value, float) else str(value))
