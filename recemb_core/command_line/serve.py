"""``recemb serve``: vectors published to a store, and top-N answered from it by id."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from recemb_core.command_line.arguments import data_arguments, open_data, session_of
from recemb_core.command_line.printing import Result, Table
from recemb_core.command_line.vectors import OPENED, ids_argument, opened
from recemb_core.deep.average import history_average
from recemb_core.embeddings import ItemVectors
from recemb_core.sequences import Sequences
from recemb_core.serving import REDIS_URL, RecallServer, SQLiteStore, StoreError, VectorStore, Version, open_store
from recemb_core.splits import event_order, user_streams
from recemb_core.validation import UsageError

NAME = "serve"
HELP = "publish vectors to a store (SQLite, or Redis), and answer by id from it"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="FILE", help=f"a SQLite file; left out, the Redis of {REDIS_URL}")
    parser.add_argument(
        "--name", metavar="NAME", help="of the model in the store (default: that of the vectors, or the only one)"
    )
    group = parser.add_argument_group("publish")
    group.add_argument(
        "--vectors", metavar="VECTORS", help=f"{OPENED}; published as a new version, in one step for readers"
    )
    ids_argument(group)
    group.add_argument(
        "--score",
        choices=("cosine", "in_out"),
        default="cosine",
        help="of users and items: mean cosine with the history, or history times output vectors (default: cosine)",
    )
    data_arguments(parser)
    group = parser.add_argument_group("answer")
    group.add_argument(
        "--user", action="append", default=[], metavar="ID", help="the best items for a user; again and again"
    )
    group.add_argument("--item", action="append", default=[], metavar="ID", help="the items nearest to one")
    group.add_argument(
        "--stdin", action="store_true", help="user ids from the input, one a line, answered as they come"
    )
    group.add_argument("-n", type=int, default=10, metavar="N", help="how many (default: 10)")
    parser.epilog = (
        "With a log or a data set beside --vectors, every user of it is published too: the mean of the vectors of what "
        "they took. Without --vectors, --user, --item or --stdin it says what the store holds."
    )


def run(args: argparse.Namespace) -> Result:
    if args.n < 1:
        raise UsageError(f"-n must be 1 or more, not {args.n}")
    store: VectorStore = SQLiteStore(args.store) if args.store else open_store()
    try:
        return _served(args, store)
    finally:
        store.close()


def _served(args: argparse.Namespace, store: VectorStore) -> Result:
    notes: list[str] = []
    asks = bool(args.user or args.item or args.stdin)
    if args.vectors:
        name, notes = _publish(args, store)
    elif args.log or args.data or args.session:
        args.parser.error("a log or data set is for publishing: give --vectors too")
    elif asks:
        name = args.name or _only(store)
    else:
        return _listed(store)
    version = store.version(name)
    about = _about(version)
    answers = dict[str, Any]()
    if asks:
        server = RecallServer(store, name)
        answers = {f"user {user}": _timed(lambda user=user: server.top(user, args.n)) for user in args.user}
        for item in args.item:
            if version.facts.get("score") == "in_out":
                raise UsageError(
                    "--item needs vectors published with --score cosine; publish anew, or ask for a --user"
                )
            vector = store.get(name, "item", item)
            found, seconds = _timed(lambda vector=vector: server.top_for(vector, args.n + 1))
            answers[f"item {item}"] = [pair for pair in found if pair[0] != item][: args.n], seconds
        if args.stdin:
            for line in _stream(server, args.n, args.json):
                print(line, flush=True)
    facts = {
        "version": about,
        "answers": {
            asked: {"top": [{"id": i, "score": v} for i, v in found], "milliseconds": 1e3 * seconds}
            for asked, (found, seconds) in answers.items()
        },
    }
    tables = [
        Table(
            ("rank", "item", "score"),
            [(rank, item, value) for rank, (item, value) in enumerate(found, start=1)],
            title=f"For {asked}, in {1e3 * seconds:.1f} ms",
        )
        for asked, (found, seconds) in answers.items()
    ]
    if args.stdin:
        return Result({}, [], notes, silent=True)
    return Result(facts, [Table(("in the store", ""), list(about.items())), *tables], notes)


def _publish(args: argparse.Namespace, store: VectorStore) -> tuple[str, list[str]]:
    """Write a version; its name and what is to be said."""
    vectors, origin, told = opened(args.vectors, args.ids)
    name = args.name or origin.model or "vectors"
    model = history_average(vectors, score=args.score)
    users: list[str] = []
    encoded, notes = None, list(told)
    if args.log or args.data or args.session:
        prepared = open_data(args, session_of(args))
        if prepared.sequences is None:
            raise UsageError(f"{prepared.name} is a graph, which has no users; publish without it")
        users, histories, unknown = _histories(prepared.sequences, vectors)
        if not users:
            raise UsageError(f"nobody in {prepared.name} took an item of these vectors; give the log that they are of")
        encoded = model.encode(histories)
        if unknown:
            notes.append(f"{unknown:,} events are of items that have no vector; they count for no user.")
        if prepared.sequences.users is None:
            notes.append(f"{prepared.name} names no users: each sequence is one, by its number.")
    known = np.arange(len(vectors)) if model.known is None else np.flatnonzero(model.known)
    if len(known) < len(vectors):
        notes.append(f"{len(vectors) - len(known):,} items were never seen in training and are not published.")
    ids = [vectors.items[int(row)] for row in known]
    facts = {"score": args.score, "data": origin.data, "fingerprint": origin.fingerprint, "config": dict(origin.config)}
    store.publish(name, ids, model.item_vectors[known], users, encoded, facts)
    return name, notes


def _histories(sequences: Sequences, vectors: ItemVectors) -> tuple[list[str], list[np.ndarray], int]:
    """(users, the rows of what each took, oldest first, how many events are of items without a vector)."""
    row = np.array([vectors.items.row(item) if item in vectors.items else -1 for item in sequences.items], np.int64)
    names, offsets, order = user_streams(sequences)
    taken = row[sequences.tokens[event_order(sequences, order)]]
    users, histories = list[str](), list[np.ndarray]()
    for at, user in enumerate(names.tolist()):
        own = taken[offsets[at] : offsets[at + 1]]
        if len(own := own[own >= 0]):
            users.append(str(user))
            histories.append(own)
    return users, histories, int((taken < 0).sum())


def _stream(server: RecallServer, n: int, as_json: bool) -> Iterator[str]:
    """An answer for every line of the input; of an unknown user why there is none."""
    for line in sys.stdin:
        user = line.rstrip("\r\n")
        if not user:
            continue
        server.refresh()
        try:
            found = server.top(user, n)
        except StoreError as error:
            yield json.dumps({"user": user, "error": str(error)}) if as_json else f"{user}\t! {error}"
            continue
        top = [{"id": item, "score": value} for item, value in found]
        yield json.dumps({"user": user, "top": top}) if as_json else "\t".join([user, *(item for item, _ in found)])


def _timed(ask: Any) -> tuple[list[tuple[str, float]], float]:
    begun = time.perf_counter()
    return ask(), time.perf_counter() - begun


def _only(store: VectorStore) -> str:
    names = store.models()
    if len(names) != 1:
        there = f"there are {', '.join(names)}: give --name" if names else "it is empty: publish with --vectors"
        raise StoreError(f"{store.place} does not hold one model; {there}")
    return names[0]


def _listed(store: VectorStore) -> Result:
    found = [_about(store.version(name)) for name in store.models()]
    head = ("model", "items", "users", "dimensions", "version")
    rows = [tuple(one[name] for name in head) for one in found]
    return Result({"store": store.place, "models": found}, [Table(head, rows, title=store.place)])


def _about(version: Version) -> dict[str, Any]:
    return {
        "model": version.model,
        "items": version.items,
        "users": version.users,
        "dimensions": version.dimensions,
        "version": version.name,
        "score": version.facts.get("score", "inner product"),
    }
