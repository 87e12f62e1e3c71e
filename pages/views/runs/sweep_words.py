"""What the Sweeps view says: explanation, downloads, the same as Python and as a file for the command line."""

from __future__ import annotations

import dataclasses
from typing import Any

import polars as pl
import streamlit as st

from pages.kit import frame
from pages.kit.answer_words import signed
from pages.kit.downloads import download
from pages.kit.graph_controls import graph_settings
from pages.kit.sweeps.live import Found
from pages.views.runs.sweep_charts import table
from pages.views.runs.sweep_settings import SweepSettings
from recemb_core.embeddings.registry import MODELS, python_imports, spec_of
from recemb_core.session_file import SessionFile
from recemb_core.sweeps import Choices, Ground, SweepPlan, rows

WHAT_YOU_SEE = r"""
A sweep tries settings of a model, and asks each about the same **validation users**; the test part stays untouched.
Each setting is trained once, or with the seeds of the first look that you ask for; the better third of them, and the
default, until they have three; the best three, and the default, five times with **seeds that had no part in the
choice**. The verdict goes by these alone: the difference from the
default over $U$ users ($d_u$: a user's mean less that under the default) and $S$ seeds ($s^2$: their variance),

$$D = \frac{1}{U} \sum_u d_u, \quad V = \frac{\sum_u (d_u - D)^2 + \max_u d_u^2}{U (U - 1)} + \frac{s^2 + s_0^2}{S},$$

judged by Student's $t$, with Holm's correction for **every setting that was tried**, since all were chosen on the same
users. So more settings find more, and have to be better to be believed: without that, the best of thirty equal settings
looks like a winner nearly every time. A **homophily or structural score** asks no users: it is one figure of a
training on the whole graph, so seeds are all that $V$ holds, and the finalists, which other seeds chose, all that the
correction counts. *Not told apart* means that the difference is smaller than what so many users and
seeds can show, not that there is none.
"""


def numbers(found: Found) -> None:
    """At most four figures: by fresh seeds where the sweep is over, by all trainings until then."""
    plan, verdict = found.sweep.plan, found.verdict
    first = plan.aim_words(plan.aims[0])
    done = [row for row in rows(plan, found.runs) if row[plan.aims[0]] is not None]
    tried = ("Settings tried", f"{len(done)}", f"Of at most {plan.trials}; {len(found.runs)} trainings so far.")
    if verdict is None or not verdict.against_default:
        means = [row[plan.aims[0]] for row in done]
        base = next((row[plan.aims[0]] for row in done if row["setting"] == 0), None)
        so_far = "Mean over its trainings so far; what was chosen for its mean is too high."
        figures = [(f"Best so far, {first}", f"{max(means):.4f}", so_far)] if means else []
        figures += [] if base is None else [("The default", f"{base:.4f}", "Mean over its trainings so far.")]
        frame.metrics([*figures, tried])
        return
    best = verdict.leads[0] if verdict.beats else next(n for n in verdict.finalists if n != 0)
    gap = verdict.against_default[best]
    of = f"{verdict.fresh} trainings with fresh seeds" if verdict.fresh > 1 else "one training"
    ends = [f"95%: {one.low:.4f} to {one.high:.4f}, {of}." for one in (verdict.estimates[n] for n in (best, 0))]
    frame.metrics(
        [
            (f"Best, {first}", f"{verdict.estimates[best].value:.4f}", f"{verdict.name(best)}. {ends[0]}"),
            ("The default", f"{verdict.estimates[0].value:.4f}", ends[1]),
            (
                "Difference",
                signed(gap.value, ".4f"),
                f"95%: {signed(gap.low, '.4f')} to {signed(gap.high, '.4f')}; {'' if gap.told_apart else 'not '}told "
                f"apart after Holm's correction for {verdict.counted} comparisons.",
            ),
            tried,
        ]
    )


def downloads(found: Found, session: SessionFile) -> None:
    """The table and the sweep for ``recemb sweep``."""
    plan = found.sweep.plan
    with st.container(horizontal=True):
        if found.runs:
            download("Table (CSV)", "sweep.csv", pl.DataFrame, table(found))
        verdict = found.verdict
        if verdict is not None:
            facts = {"words": verdict.words, "take": str(verdict.values[verdict.take])}
            download("Verdict (CSV)", "verdict.csv", pl.DataFrame, pl.DataFrame([facts]))
        download("For recemb sweep (TOML)", f"sweep-{plan.model}.toml", str, as_toml(found.sweep.ground, session))


def as_toml(ground: Ground, session: SessionFile) -> str:
    """The same sweep as a file that ``recemb sweep`` reads, on the session's data; an uploaded log lies beside it."""
    plan = ground.plan
    own = dataclasses.asdict(ground.base.entry.config)
    config = {k: v for k, v in own.items() if k != "seed" and k not in spec_of(ground.base.entry.config).fixed}
    sweep: dict[str, Any] = {"model": plan.model, "config": config, "seed": plan.seed, "sweep": plan.to_toml()}
    return dataclasses.replace(session, settings={}, **sweep).to_toml()


def as_python(settings: SweepSettings) -> list[str]:
    """The lines that do the same sweep."""
    ground, data = settings.ground, settings.data
    assert ground is not None
    plan, config = ground.plan, ground.base.entry.config
    names = sorted({type(one).__name__ for one in plan.space.dimensions} | {"Ground", "Space", "Sweep", "SweepPlan"})
    call = f"{type(config).__name__}({_given(config)})"
    kind = next(line for line in python_imports([config]) if "import" in line)
    module = kind.split()[1]
    given, built = "sequences", list[str]()
    if plan.by_structure:
        given, built = _structure(settings)
        names = sorted({*names, "Structure"})
    walked = [name for name in ("backbone", "build_item_graph") if f"{name}(" in "\n".join(built)]
    imports = [
        *frame.import_lines(data, always=given == "sequences"),
        f"from {module} import {type(config).__name__}",
        f"from recemb_core.sweeps import {', '.join(names)}",
        *([f"from recemb_core.item_graph import {', '.join(walked)}"] if walked else []),
    ]
    return [
        *frame.sorted_imports(imports),
        "",
        *frame.load_lines(data, always=given == "sequences"),
        *built,
        "space = Space(",
        "    (",
        *(f"        {_dimension(one)}," for one in plan.space.dimensions),
        "    )",
        ")",
        f"plan = SweepPlan(model={plan.model!r}, space=space{_more(plan)})",
        f"sweep = Sweep(Ground.of(plan, {given}, config={call}))",
        "print(sweep.go().words)",
    ]


def _structure(settings: SweepSettings) -> tuple[str, list[str]]:
    """(arguments of the ground, the lines that make its graph)."""
    data, needs = settings.data, MODELS[settings.model].needs
    labels = "" if data.uploaded else ", data.labels"
    more = ", sequences=sequences" if "sequences" in needs else ""
    if "side_info" in needs:
        more += f", {frame.side_info_line(data).replace(' = ', '=')}"
    of_log = "sequences" if "sequences" in needs else "None"
    return f"{of_log}, structure=structure", [
        *graph_settings(data).as_python(data),
        f"structure = Structure.of(graph{labels}{more})",
    ]


def _dimension(one: Any) -> str:
    if isinstance(one, Choices):
        return f"Choices({one.name!r}, {one.values!r})"
    more = ", log=True" * one.log + ", whole=True" * one.whole
    return f"Range({one.name!r}, {one.low!r}, {one.high!r}{more})"


def _more(plan: SweepPlan) -> str:
    kept = ("sampler", "trials", "minutes", "aims", "seed", "seeds_each")
    own = {field.name: field.default for field in dataclasses.fields(plan)}
    return "".join(f", {n}={getattr(plan, n)!r}" for n in kept if getattr(plan, n) != own[n] or n == "trials")


def _given(config: Any) -> str:
    own = {
        f.name: f.default_factory() if callable(f.default_factory) else f.default for f in dataclasses.fields(config)
    }
    return ", ".join(f"{k}={getattr(config, k)!r}" for k, v in own.items() if getattr(config, k) != v)
