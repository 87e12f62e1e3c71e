"""``recemb sweep``: settings of a session's model tried one after the other, and a winner only beyond noise."""

from __future__ import annotations

import argparse
import math
from contextlib import closing, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from recemb_core.command_line.arguments import open_data, session_of
from recemb_core.command_line.prepare import written
from recemb_core.command_line.printing import Lines, Result, Table, bar
from recemb_core.config_fields import config_fields
from recemb_core.embeddings import MODELS
from recemb_core.job_pool import JobLimits, JobPool
from recemb_core.plans import model_named, whole_session
from recemb_core.prepared import Prepared
from recemb_core.session_file import SessionFile
from recemb_core.sweeps import (
    Control,
    Ground,
    InStore,
    Journal,
    Structure,
    Sweep,
    Verdict,
    dimension,
    head_of,
    importance,
    in_words,
    pareto_front,
    plan_of,
    rows,
    tpe_is_there,
)
from recemb_core.sweeps.idle import idle_words
from recemb_core.sweeps.plan import parameters
from recemb_core.validation import UsageError

NAME = "sweep"
HELP = "try many settings of a model, and name a winner only beyond noise"
_EXAMPLE = """a sweep of item2vec on bundled data, as FILE.toml:

  format = "recemb-session"
  version = 1
  data = "complete_journey"
  [model]
  name = "item2vec"
  [sweep]
  sampler = "random"      # or "grid", or "tpe" (needs Optuna: recemb-explorer[sweep])
  trials = 30
  aims = ["hr", "bytes"]  # the first decides: hr, ndcg, mrr, or recall of an index;
                          # further ones also seconds, milliseconds, bytes;
                          # of a graph, nothing held out: structural or homophily
  [sweep.space]
  mode = ["set", "shuffle"]
  dimensions = {low = 16, high = 128, log = true}
  "query.half_life" = [20.0, 60.0, 120.0]
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="FILE.toml", help="a session.toml, with a part [sweep] or without")
    parser.add_argument("--model", metavar="NAME", help=f"one of {', '.join(MODELS)} (default: that of the session)")
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="NAME=VALUES",
        help="a parameter and its values (dimensions=16,32) or its range (window=2..9, learning_rate=0.005..0.1 log), "
        "beside those of [sweep.space] or in place of them; again and again",
    )
    data = parser.add_argument_group("data, in place of the session's")
    data.add_argument("--log", metavar="LOG", help="a file of your own")
    data.add_argument("--data", metavar="NAME", help="a bundled data set")
    data.add_argument("--details", metavar="FILE", help="a table with a row an item")
    budget = parser.add_argument_group("budget, in place of the session's").add_mutually_exclusive_group()
    budget.add_argument("--trials", type=int, metavar="N", help="settings tried, the default among them")
    budget.add_argument("--minutes", type=float, metavar="M", help="of work, fresh seeds at the end included")
    parser.add_argument("--seed", type=int, metavar="N", help="of proposals, and the first of all trainings")
    keep = parser.add_argument_group("what is kept")
    keep.add_argument("--store", metavar="FOLDER", help="where runs are kept as they come (default: nowhere)")
    keep.add_argument("--name", metavar="NAME", help="of the sweep in the store (default: that of FILE.toml)")
    keep.add_argument(
        "--resume", action="store_true", help="go on with what the store has of this sweep, however it was ended"
    )
    keep.add_argument("--save-session", metavar="FILE", help="write a session.toml that trains the setting to take")
    parser.set_defaults(read=[], gap=None, make=[], graph_from=None)
    names = "\n".join(f"  {spec.name}: {', '.join(_own(spec))}" for spec in MODELS.values())
    shared = ", ".join(name for name in parameters(MODELS["node2vec"]) if "." in name)
    parser.epilog = (
        f"{_EXAMPLE}\nparameters of the models:\n{names}\n  beside these: {shared} (graph.… of models that walk)"
    )


def _own(spec: Any) -> list[str]:
    return [field.name for field in config_fields(spec.config) if field.name in parameters(spec)]


def run(args: argparse.Namespace) -> Result:
    saved = _with_options(session_of(args), args)
    plan = plan_of(saved)
    if args.trials is not None:
        plan = replace(plan, trials=args.trials, minutes=None)
    if args.minutes is not None:
        plan = replace(plan, minutes=args.minutes, trials=10_000)
    if args.resume and not args.store:
        args.parser.error("--resume needs --store, where the runs are kept")
    prepared = open_data(args, saved)
    structure = Structure.of_prepared(prepared) if plan.by_structure else None
    ground = Ground.of(plan, prepared.sequences, saved, structure=structure)
    notes = [*prepared.notes, *idle_words(ground)]
    place = _place(args)
    if args.resume and place is not None and not place.is_file():
        notes.append(f"{place} was not there: nothing is resumed, the sweep has begun anew.")
    with nullcontext() if place is None else Journal(place, head_of(ground)) as journal:
        if journal is None:
            notes.append("Nothing is kept: give --store FOLDER, and a sweep that is broken off can be resumed.")
        elif journal.runs and not args.resume:
            raise UsageError(
                f"{place} has {len(journal.runs)} runs of this sweep already; add --resume to go on with them, or give "
                "another --name"
            )
        kept = None if place is None else _store(args.store, place.stem, ground, prepared, notes)
        sweep = Sweep(ground, journal, kept)
        try:
            verdict = _done(sweep)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_stopped(sweep, place)) from None
    files = {} if place is None else {"runs": str(place)}
    if args.save_session and verdict is not None:
        setting = ground.setting(verdict.values[verdict.take])
        session = prepared.session
        if setting.graph is not None:
            session = replace(session, graph={k: v for k, v in asdict(setting.graph).items() if v is not None})
        whole = whole_session(replace(session, sweep={}), replace_seed(setting.entry.config, plan.seed))
        Path(args.save_session).write_text(whole.to_toml(), "utf-8")
        files["session"] = args.save_session
    return _result(prepared, sweep, verdict, files, notes)


def _with_options(saved: SessionFile, args: argparse.Namespace) -> SessionFile:
    """The session with model and parameters of the command line in it."""
    if args.model:
        spec = model_named(args.model)
        same = bool(saved.model) and model_named(saved.model) is spec
        saved = replace(saved, model=spec.name, config=saved.config if same else {})
    if not args.vary:
        return saved
    if not saved.model:
        args.parser.error("say which model: --model NAME, or a session with one in it")
    spec, space = model_named(saved.model), dict(saved.sweep.get("space", {}))
    for text in args.vary:
        name, equals, values = text.partition("=")
        if not equals:
            raise UsageError(f"--vary needs NAME=VALUES, not {text!r}")
        space[name.strip()] = dimension(spec, name.strip(), values).to_toml()
    return replace(saved, sweep={**saved.sweep, "space": space})


def replace_seed(config: Any, seed: int) -> Any:
    """The config with the sweep's own seed, where it has one."""
    return replace(config, seed=seed) if hasattr(config, "seed") else config


def _place(args: argparse.Namespace) -> Path | None:
    if not args.store:
        return None
    name = args.name or Path(args.session).stem
    if not name or any(letter in name for letter in '/\\:*?"<>|') or name.startswith("."):
        raise UsageError(f"--name must be one that a file can have, not {name!r}")
    return Path(args.store).expanduser() / "sweeps" / f"{name}.jsonl"


def _store(folder: str, name: str, ground: Ground, prepared: Prepared, notes: list[str]) -> InStore | None:
    if not tpe_is_there():
        notes.append(
            "Figures of all runs are kept; vectors are not, for the store of runs needs Optuna: install "
            "recemb-explorer[sweep]."
        )
        return None
    from recemb_core.runs import RunStore

    about = (prepared.name, prepared.fingerprint, prepared.session.to_toml())
    return InStore(RunStore.open(folder), f"sweep {name}", ground, *about)


def _done(sweep: Sweep) -> Verdict | None:
    control = Control()
    with bar(sweep.plan.model) as progress, closing(JobPool(JobLimits.from_environment())) as pool:

        def work(function: Any, /, *given: Any, progress: Any, **named: Any) -> Any:
            return pool.run(function, *given, progress=progress, reports=True, seconds=60.0, **named)[0]

        return sweep.go(work=work, control=control, progress=progress)


# --- what is said ---


def _stopped(sweep: Sweep, place: Path | None) -> str:
    """What is left of a sweep that was broken off."""
    if place is None:
        return f"stopped after {len(sweep.runs)} trainings; nothing is kept, for no --store was given"
    return f"stopped; {len(sweep.runs)} trainings are kept in {place}: give --resume to go on with them"


def _result(
    prepared: Prepared, sweep: Sweep, verdict: Verdict | None, files: dict[str, str], notes: list[str]
) -> Result:
    plan, ground = sweep.plan, sweep.ground
    board, front = rows(plan, sweep.runs), set(pareto_front(plan, sweep.runs))
    decides = importance(plan, sweep.runs)
    for one in board:
        one["front"] = one["setting"] in front
    several = len(plan.aims) > 1
    table = Table(
        ("setting", "differs by", *map(plan.aim_words, plan.aims), "runs", *(("Pareto front",) if several else ())),
        [
            (
                one["setting"],
                one["failed"] or in_words(one["values"], ground.defaults),
                *(one[aim] for aim in plan.aims),
                one["runs"],
                *((one["front"],) if several else ()),
            )
            for one in board
        ],
        title="Settings, by the mean over their runs; a mean that chose is too high by the choice",
    )
    how = "" if plan.by_structure else f" {ground.cases.choice.words}"
    said = [
        f"{plan.model} on {prepared.name}: {ground.whom}.{how}",
        f"{len(board)} settings, {len(sweep.runs)} trainings, {sum(run.seconds for run in sweep.runs):,.0f} s of work.",
    ]
    parts: list[Table | Lines] = [Lines("Swept", said), table]
    if decides is not None:
        noise = "" if math.isnan(decides.noise) else f"; seeds alone make {decides.noise:.0%} of it"
        parts.append(
            Table(
                ("parameter", "share"),
                list(decides.shares.items()),
                title=f"What decides: share of the variance between {decides.settings} settings ({decides.how}){noise}",
            )
        )
    words = "The sweep is not over." if verdict is None else verdict.words
    parts += [Lines("Verdict", [words]), *(written(files) if files else ())]
    facts = {
        "data": prepared.name,
        "fingerprint": prepared.fingerprint,
        "model": plan.model,
        "sampler": plan.sampler,
        "aims": list(plan.aims),
        "k": plan.protocol.k,
        "settings": board,
        "trainings": len(sweep.runs),
        "seconds": sum(run.seconds for run in sweep.runs),
        "importance": None if decides is None else asdict(decides),
        "verdict": None if verdict is None else _facts(verdict),
        "files": files,
    }
    return Result(facts, parts, notes)


def _facts(verdict: Verdict) -> dict[str, Any]:
    gaps = verdict.against_default
    return {
        "winner": verdict.winner,
        "take": verdict.take,
        "values": verdict.values[verdict.take],
        "words": verdict.words,
        "finalists": [
            {
                "setting": n,
                "value": verdict.estimates[n].value,
                "low": verdict.estimates[n].low,
                "high": verdict.estimates[n].high,
                "difference": gaps[n].value if n in gaps else None,
                "difference_low": gaps[n].low if n in gaps else None,
                "difference_high": gaps[n].high if n in gaps else None,
                "p_holm": gaps[n].adjusted if n in gaps else None,
                verdict.cost: verdict.costs[n],
            }
            for n in verdict.finalists
        ],
    }
