"""``recemb train``: any registered model on any data, with any of its settings."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from recemb_core.bundles import Origin, save_with_origin
from recemb_core.command_line import on_spark
from recemb_core.command_line.arguments import data_arguments, open_data, session_of, settings_text, typed
from recemb_core.command_line.keeping import keep_arguments, kept_in
from recemb_core.command_line.prepare import written
from recemb_core.command_line.printing import Result, Table, bar
from recemb_core.config_fields import config_fields
from recemb_core.embeddings import MODELS, train_model
from recemb_core.embeddings.registry import NEEDS, ModelSpec
from recemb_core.item_graph.config import GraphConfig
from recemb_core.plans import model_config, model_named, told_settings, whole_session
from recemb_core.prepared import Prepared
from recemb_core.runs.doing import kept_vectors
from recemb_core.session_file import SessionFile
from recemb_core.timing import timed
from recemb_core.validation import UsageError

NAME = "train"
HELP = "train a model's item vectors"


def add(parser: argparse.ArgumentParser) -> None:
    data_arguments(parser)
    model_arguments(parser)
    parser.add_argument("--out", metavar="FILE", help="the vectors, as .npz with all that made them")
    parser.add_argument("--save-session", metavar="FILE", help="write a session.toml that trains the same again")
    keep_arguments(parser)
    parser.epilog = "\n\n".join(
        [
            "\n".join(["models:", *(f"  {spec.name:<10} learns from {spec.words}" for spec in MODELS.values())]),
            "'recemb models NAME' lists the settings of a model for --set. Its defaults go by the data.",
            settings_text("settings for --graph:", config_fields(GraphConfig)),
        ]
    )


def model_arguments(parser: argparse.ArgumentParser) -> None:
    """Which model, and its settings."""
    group = parser.add_argument_group("model")
    group.add_argument("--model", metavar="NAME", help=f"one of {', '.join(MODELS)} (default: that of the session)")
    group.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the model")
    group.add_argument(
        "--graph", action="append", default=[], metavar="NAME=VALUE", help="how the graph that is walked is made"
    )
    group.add_argument("--seed", type=int, metavar="N", help="of everything random (default: that of the session or 0)")


def plan(args: argparse.Namespace) -> tuple[SessionFile, ModelSpec]:
    """The session with model, settings and graph of the command line in it, and the model."""
    saved = session_of(args)
    if not args.model and not saved.model:
        args.parser.error("say which model: --model NAME, or --session FILE with one in it")
    spec = model_named(args.model or saved.model)
    own = dict(saved.config) if saved.model and model_named(saved.model) is spec else {}
    told = typed(spec.config, args.set, "--set")
    if "seed" in told and args.seed is not None and told["seed"] != args.seed:
        raise UsageError(f"--seed is {args.seed} and --set seed={told['seed']}; say it once")
    if args.seed is not None:
        own.pop("seed", None)
    graph = {**saved.graph, **typed(GraphConfig, args.graph, "--graph")}
    seed = told.pop("seed", saved.seed)
    return replace(saved, model=spec.name, config={**own, **told}, graph=graph, seed=seed), spec


def fitting(prepared: Prepared, saved: SessionFile, spec: ModelSpec) -> object:
    """The config of a model for this data.

    Raises:
        UsageError: the data lacks what the model needs.
    """
    lacking = spec.lacking(prepared.sequences, True, prepared.side_info)
    if lacking:
        raise UsageError(f"{spec.name} needs {NEEDS[lacking[0]]}, and {prepared.name} has none; choose another model")
    graph = prepared.graph if "graph" in spec.needs else None
    return model_config(saved, spec, sequences=prepared.sequences, graph=graph, side_info=prepared.side_info)


def run(args: argparse.Namespace) -> Result:
    if not args.out and not args.keep and not args.store:
        args.parser.error("say where to: --out FILE, --keep, or both")
    saved, spec = plan(args)
    if args.engine == "spark":
        return on_spark.train(args, saved, spec)
    prepared = open_data(args, saved)
    config = fitting(prepared, saved, spec)
    session = whole_session(prepared.session, config).to_toml()
    store, kept, notes = kept_in(args), None, [*prepared.notes]
    with bar(spec.name) as progress:
        if store is not None:
            vectors, kept, new = kept_vectors(store, config, prepared, progress=progress)
            seconds = kept.seconds or 0.0
            notes += [] if new else [f"Run {kept.run_id[:8]} was kept before: nothing was trained again."]
        else:
            graph = prepared.graph if "graph" in spec.needs else None
            given: dict[str, Any] = {"sequences": prepared.sequences, "graph": graph, "side_info": prepared.side_info}
            vectors, seconds = timed(lambda: train_model(config, **given, progress=progress))
    origin = Origin.of(config, prepared, session)
    files: dict[str, str] = {}
    if args.out:
        save_with_origin(args.out, vectors, origin)
        files["vectors"] = args.out
    if args.save_session:
        Path(args.save_session).write_text(session, "utf-8")
        files["session"] = args.save_session
    settings = asdict(config)  # type: ignore[call-overload]
    by_size = "epochs" in settings and "epochs" not in told_settings(saved, spec)
    facts = {
        "model": spec.name,
        "config": settings,
        "epochs_by_size": by_size,
        "data": prepared.name,
        "fingerprint": prepared.fingerprint,
        "trained_on": origin.trained_on,
        "counts": origin.counts,
        "dimensions": vectors.vectors.shape[1],
        "history": list(vectors.history),
        "seconds": seconds,
        "run": None if kept is None else kept.run_id,
        "files": files,
    }
    about = [
        *origin.counts.items(),
        ("dimensions", vectors.vectors.shape[1]),
        ("mean loss, first epoch (nats)", vectors.history[0] if vectors.history else None),
        ("mean loss, last epoch (nats)", vectors.history[-1] if vectors.history else None),
        ("seconds", seconds),
        *([] if kept is None else [("kept as run", kept.run_id)]),
    ]
    title = f"{spec.name} on {prepared.name}"
    return Result(
        facts,
        [
            Table(("trained", ""), about, title=title),
            Table(
                ("setting", "value"),
                [
                    (name, f"{value} (by size)" if name == "epochs" and by_size else str(value))
                    for name, value in settings.items()
                ],
            ),
            *written(files),
        ],
        notes,
    )
