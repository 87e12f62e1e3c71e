"""The store of kept runs on the pages: whether this server keeps any, of which data, and the button that keeps one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.kit import links, model_results, navigation
from pages.kit.graph_controls import graph_settings
from pages.kit.session import ActiveData
from pages.kit.text import plain
from pages.kit.uploads import visitor
from recemb_core.brought import BroughtConfig
from recemb_core.embeddings import MODELS, ItemVectors
from recemb_core.item_graph import ItemGraph
from recemb_core.item_graph.config import GraphConfig
from recemb_core.readers import InputError

# What keeps and measures is imported when something is kept: the pages with the button are there without it.
if TYPE_CHECKING:
    from recemb_core.runs import RunRecord, RunSpec, RunStore

SETTING = "RECEMB_RUNS"
HERE = ("localhost", "127.0.0.1", "::1")
_ALLOWED = "_runs of uploads"  # keys of those whose owner lets their runs be kept


def switched_on(address: str | None, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this server keeps runs: as ``RECEMB_RUNS`` says, else where it serves this computer alone.

    Raises:
        InputError: another value than on or off.

    >>> switched_on("localhost", {}), switched_on("0.0.0.0", {}), switched_on("0.0.0.0", {"RECEMB_RUNS": "on"})
    (True, False, True)
    """
    told = environment.get(SETTING, "").strip().lower()
    if told not in ("", "on", "off"):
        raise InputError(f"{SETTING} must be on or off, not {told[:40]!r}")
    return told == "on" or (not told and address in HERE)


def closed() -> str:
    """Why this server keeps no runs, as a sentence for Markdown; "" where it does."""
    if not switched_on(st.get_option("server.address")):
        return (
            "This server keeps no runs: others may use it, and would see and could delete them. Whoever runs it can "
            f"switch them on (`{SETTING}=on`), or serve one computer alone (`--server.address localhost`)."
        )
    if find_spec("optuna") is None:
        return "Kept runs need Optuna, which is not installed here: install `recemb-explorer[sweep]`."
    return ""


def asks_for_leave(data: ActiveData) -> bool:
    """Whether this is somebody's own data, of which nothing is kept yet without their word."""
    return data.uploaded and data.key not in st.session_state.get(_ALLOWED, set())


def place() -> str:
    """Where the store lies, for Markdown; on a server for others its folders are nobody's business."""
    from recemb_core.runs import default_folder

    here = st.get_option("server.address") in HERE
    return f"`{plain(default_folder())}`" if here else "a folder of the computer that runs this app"


def leave_button(data: ActiveData) -> None:
    """What it means to keep runs of an upload, and the word for it."""
    st.info(
        f"**{plain(data.title)}** is your own data. A kept run holds its item ids, vectors, and how well each user "
        f"was served (users by number, not by name), and its reading. It lies in {place()} until it is deleted. "
        "Nothing is kept without your word."
    )
    st.button(
        "Let runs of this data be kept",
        key=f"leave {data.key}",
        icon=":material/lock_open:",
        on_click=lambda: st.session_state.setdefault(_ALLOWED, set()).add(data.key),
    )


def store() -> RunStore:
    """The store of this server; opened anew where its folder was moved or deleted meanwhile.

    Raises:
        UsageError: its folder cannot be used.
    """
    from recemb_core.runs import RunStore, default_folder

    folder = default_folder()
    opened: dict[Path, RunStore] = visitor.once_a_process("stores of kept runs", dict)
    found = opened.get(folder)
    if found is None or not found.there:
        found = opened[folder] = RunStore.open(folder)
    return found


def name_of(data: ActiveData) -> str:
    """The data as runs call it: as the command line does."""
    return data.key if data.upload is None else data.upload.name


def edges_of(data: ActiveData) -> dict[str, Any]:
    """How the graph that is walked is made of the log, in clear; empty where the data is a graph itself."""
    if data.graph is not None or data.sequences is None:
        return {}
    settings = graph_settings(data)
    fields = GraphConfig.__dataclass_fields__
    return asdict(GraphConfig(**{name: getattr(settings, name) for name in fields}).resolved(data.sequences.ordered))


def vectors_spec(data: ActiveData, config: Any, graph: ItemGraph | None) -> RunSpec:
    """The run of a model that is trained on all of the data, the same as the command line's."""
    from recemb_core.plans import whole_session
    from recemb_core.runs import RunSpec
    from recemb_core.runs.spec import BROUGHT

    if isinstance(config, BroughtConfig):
        source, session = model_results.source_of(data, config, None), links.saved_session(data).to_toml()
        about: dict[str, Any] = {
            "data": name_of(data),
            "fingerprint": data.fingerprint,
            "trained_on": source,
            "session": session,
        }
        return RunSpec(**about, model=BROUGHT, config=config)
    spec = next(spec for spec in MODELS.values() if spec.owns(config))
    walks = "graph" in spec.needs
    return RunSpec(
        data=name_of(data),
        fingerprint=data.fingerprint,
        trained_on=model_results.source_of(data, config, graph if walks else None),
        model=spec.name,
        config=config,
        graph=edges_of(data) if walks else {},
        session=whole_session(links.saved_session(data), config).to_toml(),
    )


def keep_vectors(
    kept: RunStore, data: ActiveData, found: Iterable[tuple[Any, ItemVectors]], graph: ItemGraph | None
) -> list[RunRecord]:
    """Keep models that a page shows; those that are there already stay as they are."""
    records = []
    for config, vectors in found:
        spec = vectors_spec(data, config, graph)
        record = kept.find(spec)
        if record is None or not record.has_vectors:
            with kept.begin(spec.study, spec) as handle:
                spent = model_results.spent_on(data, config, graph)
                record = handle.finish(vectors=vectors, seconds=spent.seconds, peak_bytes=spent.peak_bytes)
        records.append(record)
    return records


def keep_brought_button(data: ActiveData, config: BroughtConfig, vectors: ItemVectors) -> None:
    """What it means to keep vectors that a person brought, and the word for it; nothing where no runs are kept."""
    if closed():
        return
    with st.popover("Keep", icon=":material/bookmark_add:"):
        st.info(
            f"A kept run holds these ids and vectors, and where they were read from. It lies in {place()} until it is "
            "deleted. Nothing is kept without your word."
        )
        if st.button("Keep it as a run", key=f"keep vectors {config.digest}@{data.key}", type="primary"):
            (record,) = keep_vectors(store(), data, [(config, vectors)], None)
            st.session_state.setdefault(_ALLOWED, set()).add(config.digest)
            st.toast(f"Kept: {plain(record.name)}.", icon=":material/bookmark_added:")
            to_the_page()


def brought_is_kept(config: Any) -> bool:
    """Whether this is no file of vectors, or one whose owner has it kept."""
    return not isinstance(config, BroughtConfig) or config.digest in st.session_state.get(_ALLOWED, set())


def keep_button(data: ActiveData, label: str, keep: Callable[[RunStore], list[RunRecord]], *, help: str = "") -> None:
    """The button that keeps what a page shows, and what came of it; nothing where this server keeps no runs."""
    if closed():
        return
    if asks_for_leave(data):
        with st.popover(label, icon=":material/bookmark_add:"):
            leave_button(data)
        return
    if st.button(label, key=f"keep {label}@{data.key}", icon=":material/bookmark_add:", help=help or None):
        records = keep(store())
        names = ", ".join(plain(one.name) for one in records[:4])
        more = f" and {len(records) - 4} more" if len(records) > 4 else ""
        st.toast(f"Kept: {names}{more}.", icon=":material/bookmark_added:")  # outlives a page that draws itself anew
        to_the_page()


def to_the_page() -> None:
    """The link to where they are."""
    navigation.link("runs", "To the kept runs")
