"""``recemb models``: which models there are, and what each can be told."""

from __future__ import annotations

import argparse
from typing import Any

from recemb_core.command_line.arguments import settings_text
from recemb_core.command_line.printing import Lines, Result, Table
from recemb_core.config_fields import config_fields
from recemb_core.embeddings import MODELS
from recemb_core.embeddings.registry import NEEDS
from recemb_core.plans import model_named

NAME = "models"
HELP = "list the models, or the settings of one"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", nargs="?", metavar="NAME", help="list this model's settings")


def run(args: argparse.Namespace) -> Result:
    if args.model is None:
        rows = [(s.name, " and ".join(NEEDS[n] for n in s.needs), s.words) for s in MODELS.values()]
        facts: dict[str, Any] = {
            "models": [{"name": name, "needs": needs, "learns_from": words} for name, needs, words in rows]
        }
        return Result(facts, [Table(("model", "needs", "learns from"), rows, widest=100)])
    spec = model_named(args.model)
    fields = [field for field in config_fields(spec.config) if field.name not in spec.fixed]
    offered = {s.field: list(s.values) for s in spec.shown() if s.values is not None}
    facts = {
        "model": spec.name,
        "learns_from": spec.words,
        "settings": [
            {
                "name": f.name,
                "allowed": f.allowed,
                "default": f.default,
                "words": f.words,
                "on_the_page": offered.get(f.name),
            }
            for f in fields
        ],
    }
    head, *lines = settings_text(f"settings of {spec.name} for --set:", fields).splitlines()
    said = [f"learns from {spec.words}", "the defaults here are the class's; training starts from those of the data"]
    return Result(facts, [Lines(spec.name, said), Lines(head, lines, laid_out=True)])
