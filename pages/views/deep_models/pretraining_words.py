"""What is said of the starts beside their curves: figures, a verdict with its noise, the table, and their Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import frame
from pages.kit.brought import Fitted
from pages.kit.session import ActiveData
from pages.kit.text import plain, quoted
from pages.views.deep_models.table import numbers_row
from recemb_core.evaluation import compare_with_control, seed_band
from recemb_core.evaluation.noise import LEVEL
from recemb_core.experiments.pretraining import PretrainingConfig, PretrainingReport, reach
from recemb_core.experiments.starts import START_NAMES, Start, narrowed


def _lowest(report: PretrainingReport, start: Start) -> list[float]:
    """Lowest validation loss of each run of a start."""
    return [float(curve.loss.min()) for curve in report.of(start)]


def numbers(report: PretrainingReport) -> None:
    starts = report.config.starts
    figures = []
    short = {"random": "random", "fm": "FM", "graph": "DeepWalk"}
    for start in [s for s in START_NAMES if s in starts and s in short]:
        band = seed_band(_lowest(report, start))
        spread = f"mean of {band.seeds} seeds ({band.low:.4f} to {band.high:.4f}). Smaller is better."
        about = f"{START_NAMES[start]}: lowest validation log loss, {spread}"
        figures.append((f"Validation, {short[start]}", f"{band.mean:.4f}", about))
    target, found = reach(report)
    if "random" in starts and "fm" in starts:
        epochs = {r.start: r.epochs for r in found}
        value = " / ".join(f"{np.mean(epochs[s]):.1f}" if epochs[s] else "never" for s in ("fm", "random"))
        until = f"Until the validation loss is {target:.4f}, the lowest that every run of the random start reaches; "
        figures.append(("Epochs, FM / random", value, f"{until}mean of the runs that got there."))
    numbers_row(figures)


def verdict(report: PretrainingReport) -> str:
    """What may be said of each start against the random one, and what not."""
    starts = report.config.starts
    if "random" not in starts or len(starts) < 2:
        return ""
    others = [start for start in starts if start != "random"]
    test = compare_with_control({start: _lowest(report, start) for start in others}, _lowest(report, "random"))
    _, found = reach(report)
    epochs = {r.start: r.epochs for r in found}
    told = []
    for start in others:
        words = (
            f"**{START_NAMES[start]}**: lowest loss {test.change[start]:+.4f} against the random start, "
            f"{test.verdict(start)}"
        )
        if epochs[start] and epochs["random"]:
            share = np.mean(epochs[start]) / np.mean(epochs["random"])
            words += f"; the same loss in {share:.0%} of the epochs"
            missing = report.config.seeds - len(epochs[start])
            words += f" ({missing} of {report.config.seeds} runs never get there)" if missing else ""
        else:
            words += "; its runs never get to the random start's loss"
        told.append(words + ".")
    if test.measured:
        told.append(
            f"Noise of the lowest loss: Dunnett's test against the random start, {LEVEL * 100:g}% for all starts "
            f"together, {test.seeds} seeds a start; a difference under about {test.detectable():.4f} would mostly not "
            "be seen. Shares of epochs are not tested."
        )
    return "  \n".join(told)


def starts_table(report: PretrainingReport) -> None:
    target, found = reach(report)
    rows: list[dict[str, Any]] = []
    for line in found:
        curves = report.of(line.start)
        loss, auc = seed_band(_lowest(report, line.start)), seed_band([curve.test_auc for curve in curves])
        rows.append(
            {
                "Start": START_NAMES[line.start],
                "Lowest loss": f"{loss.mean:.4f} ({loss.low:.4f} to {loss.high:.4f})",
                "Test AUC": f"{auc.mean:.3f} ({auc.low:.3f} to {auc.high:.3f})",
                "Epochs": _span(line.epochs, line.runs, "{:.1f}"),
                "Seconds": _span(line.seconds, line.runs, "{:.1f}"),
                "Before": float(np.mean([curve.seconds_before for curve in curves])),
            }
        )
    st.subheader("What each start took, and what it came to", anchor=False)
    st.dataframe(
        pl.DataFrame(rows),
        hide_index=True,
        column_config={
            "Lowest loss": st.column_config.TextColumn(help="Validation log loss: mean, smallest, largest over seeds."),
            "Test AUC": st.column_config.TextColumn(help="Of the parameters with the lowest validation loss."),
            "Epochs": st.column_config.TextColumn(help=f"Until the validation loss is {target:.4f}."),
            "Seconds": st.column_config.TextColumn(help="The same in seconds of training the network."),
            "Before": st.column_config.NumberColumn(
                format="%.1f s", help="To train what is copied: the FM, or item graph, walks and skip-gram."
            ),
        },
    )
    speed = np.mean([curve.steps_per_second for curve in report.curves])
    st.caption(
        f"Epochs and seconds: until the validation loss is {target:.4f}, the lowest that every run of the random start "
        "reaches, between validations by a straight line; mean, smallest and largest over seeds. Seconds are those of "
        "the machine that trained; *before* is what the start itself took. "
        f"{len(report.curves)} runs took {report.seconds:.0f} s, starts included, at {speed:,.0f} steps a second."
    )


def _span(values: Sequence[float], runs: int, form: str) -> str:
    if not values:
        return "never"
    text = form.format(np.mean(values))
    if len(values) > 1:
        text += f" ({form.format(min(values))} to {form.format(max(values))})"
    return text + (f", {len(values)} of {runs} runs" if len(values) < runs else "")


def words(config: PretrainingConfig) -> str:
    k = config.network.dimensions
    hidden = " and ".join(map(str, config.network.hidden))
    return (
        "An **FNN** (Zhang, Du, Wang 2016) looks up k + 1 numbers for each field and sends them through dense layers "
        f"(here k = {k}, layers of {hidden}). Its embedding can start from a **factorization machine** trained on the "
        "same rows, ŷ = σ(w₀ + Σ wᵢxᵢ + Σ ⟨vᵢ, vⱼ⟩xᵢxⱼ): row i becomes (wᵢ, vᵢ), copied to the last bit, w₀ goes to "
        "the bias, and the dense layers start at random. *Fine-tuned*: everything is trained on; *frozen*: only the "
        "dense layers are. The graph starts copy **item vectors from walks** on the item graph of the training part "
        "(DeepWalk; or node2vec with q = 0.05, by its paper for communities, and q = 20, for roles, half the "
        "dimensions each) into the item fields; nothing after the cut is seen.\n\n"
        "Whether a start saves epochs, and "
        "whether it ends lower, the lines under the curves say, with the noise of the seeds. Where a validation loss "
        "turns up again the network overfits; early stopping would keep the lowest point. **More events**, or "
        "**fewer**: do the starts come closer together, or part?"
    )


def of_brought(own: Fitted, dimensions: int) -> str:
    """How vectors made elsewhere became a start, for Markdown."""
    assert own.vectors is not None
    _, kept = narrowed(own.vectors, dimensions)
    known, there, wide = int(own.vectors.known.sum()), len(own.vectors), own.config.dimensions
    how = f"their {wide} numbers as they are"
    if wide > dimensions:
        how = f"of their {wide} numbers the {dimensions} principal directions, with {kept:.0%} of their squared length"
    elif wide < dimensions:
        how = f"their {wide} numbers, and zeros up to {dimensions}"
    rest = "" if known == there else f"; the other {there - known:,} items start at random"
    return (
        f"From {plain(own.label)}: {known:,} of {there:,} items, each vector scaled to length 1, {how}{rest}. Whether "
        "these vectors were made with events after the cut, only who made them knows; if so, this start has seen what "
        "the others are asked."
    )


def python_lines(data: ActiveData, config: PretrainingConfig, own: Fitted | None = None) -> list[str]:
    files = "" if own is None else ", ".join(quoted(f) for f in (own.config.name, own.config.ids_name) if f)
    read = [] if own is None else [f"brought, _ = read_vectors({files}).aligned(sequences.items)"]
    seed = f", seed={config.seed}" if config.seed else ""
    judged = "random" in config.starts and len(config.starts) > 1
    verdicts = [
        "lowest = {start: [curve.loss.min() for curve in report.of(start)] for start in config.starts}",
        'base = lowest.pop("random")',
        "noise = compare_with_control(lowest, base)",
        "print({start: noise.verdict(start) for start in lowest})",
    ]
    return [
        *frame.import_lines(data, always=True),
        "from recemb_core.experiments.pretraining import compare_starts, pretraining_defaults, reach",
        *(["from recemb_core.evaluation import compare_with_control"] if judged else []),
        *(["from recemb_core.brought import read_vectors"] if own is not None else []),
        "",
        *frame.load_lines(data, always=True),
        f"config = pretraining_defaults(events={config.features.max_positives}, seeds={config.seeds}, "
        f"starts={config.starts!r}{seed})",
        *read,
        f"report = compare_starts(sequences, config{', brought=brought' if read else ''})",
        "for curve in report.curves:",
        "    print(curve.start, curve.seed, curve.loss.min(), curve.test_auc)",
        "print(reach(report))",
        *(verdicts if judged else []),
    ]
