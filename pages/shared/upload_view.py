"""Uploading a log: files, the guessed mapping made editable, cleaning, and the report of what was left out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import streamlit as st

from pages.shared import cached, selection
from pages.shared.selection import ActiveData
from recemb_core.datasets import load_dataset
from recemb_core.edge_lists import read_edges
from recemb_core.readers import CleaningConfig, ColumnMapping, InputError, Table, guess_columns, load_table
from recemb_core.sequences import Sequences, read_events

LIMIT_MB = 200  # .streamlit/config.toml: server.maxUploadSize
SHAPES = {
    "events": "events: one row, one action",
    "baskets": "baskets: one row, one line of a basket",
    "sequences": "sequences: one row, one whole sequence",
    "edges": "edges: one row joins two items",
}
ROLES = {
    "events": ("user", "item", "timestamp", "session", "order", "rating", "event_type", "dwell", "title"),
    "baskets": ("basket", "item", "user", "timestamp", "weight", "title"),
    "sequences": (),
    "edges": ("source", "target", "weight"),
}


@dataclass(frozen=True, eq=False)
class Upload:
    """The files as they came; kept for the session, so that a page change loses nothing."""

    name: str
    data: bytes
    side_name: str | None = None
    side_data: bytes | None = None

    @property
    def key(self) -> str:
        """The data set's name in the address: the same file has the same one in every session."""
        return "upload-" + hashlib.blake2b(self.data, digest_size=6).hexdigest()


def upload_box() -> None:
    """The box, the mapping, the cleaning; a readable log becomes the data set in use."""
    left, right = st.columns(2)
    log = left.file_uploader(
        "Your log: events, baskets, sequences or edges",
        key="log_file",
        max_upload_size=LIMIT_MB,
        help="csv, tsv, jsonl, parquet or xlsx, also as .gz or .zip; MovieLens, UCI Online Retail, RetailRocket and "
        "RecBole files are recognised.",
    )
    side = right.file_uploader(
        "Item details, optional: titles, categories, …",
        key="side_file",
        max_upload_size=LIMIT_MB,
        help="One row an item, matched by its id.",
    )
    st.caption(
        f"Up to {LIMIT_MB} MB a file. The file goes to the memory of the computer that runs this app, never to its "
        "disk; this browser session alone sees it, and it is forgotten when the session ends."
    )
    st.download_button(
        "A sample file to try",
        sample_csv,
        "sample_log.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
    )
    if log is not None:
        st.session_state["upload"] = Upload(
            log.name, log.getvalue(), None if side is None else side.name, None if side is None else side.getvalue()
        )
    upload: Upload | None = st.session_state.get("upload")
    if upload is None:
        return
    try:
        _read(upload)
    except ValueError as error:  # InputError among them: one sentence with cause, place and cure
        text = str(error)
        named = upload.name in text or (upload.side_name or "\0") in text
        st.error(text if named else f"**{upload.name}** could not be used: {text}", icon=":material/error:")


def sample_csv() -> str:
    """The planted shop's first users as an uploadable log."""
    data = load_dataset("planted_shop").sequences
    assert data is not None
    assert data.users is not None
    assert data.timestamps is not None
    few = int(data.offsets[min(200, len(data))])
    user = [str(u) for u, n in zip(data.users, data.lengths, strict=True) for _ in range(int(n))][:few]
    item = [data.items[int(t)] for t in data.tokens[:few]]
    time = pl.from_epoch(pl.Series("timestamp", data.timestamps[:few].astype("int64")), time_unit="s")
    return pl.DataFrame({"user_id": user, "item_id": item, "timestamp": time}).write_csv()


def _table(name: str, data: bytes) -> Table:
    digest = hashlib.blake2b(data, digest_size=12).hexdigest()
    table = cached.session_results().get(("table", name, digest))
    if table is None:
        table = load_table(data, name)
        cached.session_results().put(("table", name, digest), table)
    return table


def _read(upload: Upload) -> None:
    table = _table(upload.name, upload.data)
    side = None if upload.side_data is None else _table(upload.side_name or "details", upload.side_data)
    if side is None and table.companion is not None:
        side = load_table(table.companion, "details in the archive")
    guess = guess_columns(table.frame)
    with st.container(border=True):
        st.markdown(
            f"**{upload.name}**: {len(table.frame):,} rows, {len(table.frame.columns)} columns, {table.format}"
            + (f", {table.encoding}" if table.encoding else "")
            + (f", recognised as **{guess.preset}**" if guess.preset else "")
        )
        for note in table.notes:
            st.caption(note)
        mapping = _mapping(upload, table, guess)
        config = _cleaning(upload, table, mapping)
        with st.expander("First rows of the file"):
            st.dataframe(table.frame.head(8), hide_index=True)
    data = _assemble(upload, table, side, mapping, config)
    known = selection.uploads().get(upload.key)
    if known is not data:
        selection.add_upload(data)
        st.rerun()
    _report(data)


def _mapping(upload: Upload, table: Table, guess: ColumnMapping) -> ColumnMapping:
    """The guessed roles in boxes; what the person changes wins."""
    with st.expander("Which column is what", expanded=not guess.is_complete and guess.shape != "edges"):
        st.caption(" ".join(f"{why.rstrip('.')}." for why in guess.why) or "Nothing could be guessed: please choose.")
        shape = st.selectbox(
            "Shape",
            list(SHAPES),
            index=list(SHAPES).index(guess.shape),
            format_func=SHAPES.__getitem__,
            key=f"shape {upload.key}",
            persist_state="session",
        )
        if shape == guess.shape == "sequences":
            return guess
        roles: dict[str, Any] = {}
        boxes = st.columns(3)
        options = [None, *table.frame.columns]
        for place, role in enumerate(ROLES[shape]):
            guessed = getattr(guess, role)
            roles[role] = boxes[place % 3].selectbox(
                role.replace("_", " "),
                options,
                index=options.index(guessed) if guessed in options else 0,
                format_func=lambda name: "–" if name is None else name,
                key=f"role {role} {upload.key}",
                persist_state="session",
            )
    if shape == "sequences":
        return ColumnMapping(shape="sequences", sequence=tuple(table.frame.columns))
    if shape == guess.shape and all(getattr(guess, role) == name for role, name in roles.items()):
        return guess
    others = {role: None for role in {*ROLES["events"], *ROLES["baskets"], "source", "target"} if role not in roles}
    return guess.with_roles(**others, **roles, shape=shape)


def _cleaning(upload: Upload, table: Table, mapping: ColumnMapping) -> CleaningConfig:
    """The cleaning steps as controls, each off by default except those that only tidy."""
    if mapping.shape == "edges":
        return CleaningConfig()
    with st.expander("Cleaning"):
        one, two, three = st.columns(3)
        key = upload.key
        keep: Any = "session"
        values: dict[str, Any] = {
            "min_count": one.number_input(
                "Rare items: at least … events", 1, 1000, 1, key=f"min_count {key}", persist_state=keep
            ),
            "max_user_events": two.number_input(
                "Over-active users: at most … events", 1, None, None, key=f"max_user {key}", persist_state=keep
            ),
            "min_length": three.number_input(
                "Short sequences: at least … events", 1, 100, 2, key=f"min_length {key}", persist_state=keep
            ),
            "drop_repeats": one.checkbox("Drop direct repeats", True, key=f"repeats {key}", persist_state=keep),
        }
        if mapping.rating:
            values["min_rating"] = two.number_input(
                f"{mapping.rating}: at least …", value=None, key=f"rating {key}", persist_state=keep
            )
        if mapping.event_type:
            kinds = sorted(table.frame[mapping.event_type].drop_nulls().cast(pl.String).unique().to_list())[:50]
            chosen = two.multiselect(f"{mapping.event_type}: only", kinds, key=f"kinds {key}", persist_state=keep)
            values["event_types"] = tuple(chosen) or None
        if mapping.dwell:
            values["min_dwell_seconds"] = three.number_input(
                f"{mapping.dwell}: at least … seconds", value=None, key=f"dwell {key}", persist_state=keep
            )
    return CleaningConfig(**values)


def _assemble(
    upload: Upload, table: Table, side: Table | None, mapping: ColumnMapping, config: CleaningConfig
) -> ActiveData:
    """Read with these settings; kept, so that a rerun of the page reads nothing."""
    details = upload.side_data and hashlib.blake2b(upload.side_data).hexdigest()
    key = ("read", upload.key, upload.name, details, mapping, config)
    found = cached.session_results().get(key)
    if found is not None:
        return found
    if mapping.shape == "edges":
        assert mapping.source is not None
        assert mapping.target is not None
        graph = read_edges(table, source_column=mapping.source, target_column=mapping.target, weight=mapping.weight)
        data = _active(upload, graph=graph, mapping=mapping, config=config)
    else:
        # Sessions are cut by the page's own slider, from the log as it was before any cut.
        cut_here = mapping.shape == "events" and mapping.session is None and mapping.timestamp is not None
        whole = replace(config, gap_minutes=float("inf"), min_length=1) if cut_here else config
        sequences = read_events(table, mapping=mapping, config=whole, side_info=side)
        if cut_here and sequences.ordered:
            selection.cut_sessions(sequences, 60)  # a log that no session survives is said to be so here
        data = _active(upload, sequences=sequences, cut=cut_here and sequences.ordered, mapping=mapping, config=config)
    cached.session_results().put(key, data)
    return data


def _active(
    upload: Upload,
    *,
    sequences: Sequences | None = None,
    graph: Any = None,
    cut: bool = False,
    mapping: ColumnMapping,
    config: CleaningConfig,
) -> ActiveData:
    usable = sequences is not None and cut and sequences.timestamps is not None and sequences.users is not None
    options = [f"{role}={name!r}" for role, name in mapping.columns.items()]
    options += [f"{k}={getattr(config, k)!r}" for k, v in vars(CleaningConfig()).items() if getattr(config, k) != v]
    if upload.side_name:
        options.append(f"side_info={upload.side_name!r}")
    if graph is not None:
        named = [f"source_column={mapping.source!r}", f"target_column={mapping.target!r}", f"weight={mapping.weight!r}"]
        imports, lines = (
            ("from recemb_core.edge_lists import read_edges",),
            (f"graph = read_edges({', '.join([repr(upload.name), *named])})",),
        )
    else:
        imports = ("from recemb_core.sequences import read_events",)
        lines = (f"sequences = read_events({', '.join([repr(upload.name), *options])})",)
    return ActiveData(
        key=upload.key,
        title=f"{upload.name} (yours)",
        description=f"Your upload {upload.name}.",
        sequences=sequences,
        graph=graph,
        side_info=None if sequences is None else sequences.side_info,
        log=sequences if usable else None,
        file_name=upload.name,
        imports=imports,
        how_to_read=lines,
    )


def _report(data: ActiveData) -> None:
    """What each cleaning step did; nothing is dropped without a line here."""
    current = selection.active_data(data.key)
    if current.sequences is None or current.key != data.key:
        return
    steps = current.sequences.report
    rows = pl.DataFrame(
        {
            "Step": [s.name for s in steps],
            "What happened": [s.text for s in steps],
            "Rows dropped": [s.dropped_rows for s in steps],
            "Items dropped": [s.dropped_items for s in steps],
            "Rows left": [s.rows[1] for s in steps],
        }
    )
    st.markdown("**Cleaning report**")
    st.dataframe(rows, hide_index=True, column_config={"What happened": st.column_config.TextColumn(width="large")})
    for step in steps:
        if step.examples:
            st.caption(f"{step.name}, for example: {' · '.join(step.examples[:3])}")


__all__ = ["InputError", "upload_box"]
