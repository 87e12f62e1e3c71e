"""Vectors written to a store and served by id: publish, get, put, top-N; SQLite here, Redis where one is named."""

from __future__ import annotations

import datetime
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import controls, frame, recall_models, results, stage
from pages.kit.allowed import Options
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.recall_models import DEEP_PAGE
from pages.kit.session import ActiveData
from pages.kit.tables import fitted
from pages.kit.text import plain, sentence
from pages.views.deep_models import edited_history, serving_experiments
from pages.views.deep_models import history as history_view
from pages.views.deep_models.table import ABOVE, HIGH, staged
from recemb_core.deep.recall import RecallModel
from recemb_core.experiments.recall_models import ModelConfig
from recemb_core.figures.network_diagram import Box, network_diagram_figure
from recemb_core.serving import REDIS_URL, RecallServer, SQLiteStore, StoreError, VectorStore, Version, open_store

MOST_USERS = 50_000  # written at a time; more would make a page wait
TOP = 10
BESIDE = 372  # pixels that the table has beside the diagram
LISTED = 5_000  # users in the box

MODEL = Parameter(DEEP_PAGE, "serving_model", "Model", Options(), help="Whose vectors are published and served.")
USER = Parameter(
    DEEP_PAGE, "serving_user", "User id", Options(), help="Fetched from the store by this id, as a server would."
)


def serving_section(data: ActiveData) -> None:
    """The whole view."""
    recall_models.check_askable(data)
    main, side, numbers = staged("serving")
    with main:
        configs = recall_models.ready_or_run(
            data, recall_models.model_configs(data), "Press Train to have vectors that can be served."
        )
    models = recall_models.all_models(data, configs)
    if not models:
        return
    name = MODEL.draw(data, side, default=recall_models.usual_model(models), among=models)
    model = models[name]
    # What tells one model's version from another's.
    facts = {"title": name, "source": recall_models.source(data), "config": repr(configs[name])}
    try:
        store = open_shared(data)
        key = data.key
        if key not in store.models():
            publish(data, store, facts, model)
        version = store.version(key)
        with side:
            _publish_box(data, store, facts, model, version)
            stage.try_this(data, serving_experiments.serving(data, models, edited_history.current_history(data)))
            _put(data, store, facts, model, version)
            controls.reset_button(data)
        with numbers:
            _facts(store, version)
        with main:
            _lookup(data, store, key, version)
    except StoreError as error:
        with main:
            st.error(sentence(f"{str(error)[:1].upper()}{str(error)[1:]}."))
            st.button(
                "Make the store anew",
                icon=":material/restart_alt:",
                key="serving anew",
                on_click=_forget_store,
                args=(data,),
                help="Opens the store again; a file of this session is left behind and another one made.",
            )
    what = (
        "Your upload's store is a SQLite database in this server's memory, for an upload never goes onto its disk; the "
        "times shown are therefore without a disk."
        if data.uploaded
        else "The store is a SQLite file that the app made for this session, or a Redis server when the environment "
        "names one in `RECEMB_REDIS_URL`."
    )
    when = (
        "in the memory of this session, and gone with it"
        if data.uploaded
        else "on the disk when the call returns (Redis: where the server keeps its append-only log)"
    )
    frame.what_you_see(
        "Offline, a model turns every user and every item into a vector; online, nothing is trained any more: the "
        "user's vector is fetched by id, and an index that was loaded from the store finds the items with the largest "
        f"**u·v**. {what}\n\n"
        "**Publish** writes a whole version and switches to it in one "
        "step: a reader sees the old one or the new one, never a mixture, because a user vector of one model means "
        f"nothing to the items of another. **Put** writes a single vector into the version in use. What is published "
        f"is {when}."
    )
    frame.as_python(_python(data, configs[name]))


def open_shared(data: ActiveData) -> VectorStore:
    """One store a session: a Redis server's, or a file in a temporary folder that goes with the session.

    That of an upload is in memory: an upload stays in the session that made it, and off every disk.
    """
    key = ("vector store", data.uploaded)
    store = results.session_results().get(key)
    if store is None:
        store = SQLiteStore(None) if data.uploaded else _outside()
        results.session_results().put(key, store)
    return store


def _outside() -> VectorStore:
    if os.environ.get(REDIS_URL):
        return open_store()
    try:
        folder = tempfile.TemporaryDirectory(prefix="recemb-store-", ignore_cleanup_errors=True)
        store = open_store(Path(folder.name) / "vectors.db")
    except (OSError, StoreError) as error:
        st.session_state["serving_memory"] = (
            f"No file for the store can be made ({error}), so it is kept in memory. Free some room in the temporary "
            "folder, or name another one in TMPDIR and start the app anew."
        )
        return SQLiteStore(None)
    st.session_state.pop("serving_memory", None)
    results.session_results().put("vector store folder", folder)
    return store


def _forget_store(data: ActiveData) -> None:
    results.session_results().drop(("vector store", data.uploaded))
    results.session_results().drop(("vector server", data.key))
    if not data.uploaded:
        results.session_results().drop("vector store folder")


def publish(data: ActiveData, store: VectorStore, facts: dict[str, str], model: RecallModel) -> float:
    """Write all item vectors and all users' vectors; returns the seconds."""
    who = recall_models.cases(data)
    users = who.users[:MOST_USERS].tolist()
    known = np.arange(len(model)) if model.known is None else np.flatnonzero(model.known)
    start = time.perf_counter()
    store.publish(
        data.key,
        [model.items[int(row)] for row in known],
        model.item_vectors[known],
        users,
        model.encode(who.histories[:MOST_USERS]),
        facts,
    )
    seconds = time.perf_counter() - start
    results.session_results().put(("vector store", data.uploaded), store, again=True)  # it has grown
    return seconds


def server(store: VectorStore, key: str) -> RecallServer:
    """The index loaded from the store; reloaded when another version is in use."""
    found = results.session_results().get(("vector server", key))
    if found is None:
        found = RecallServer(store, key)
        results.session_results().put(("vector server", key), found)
    found.refresh()
    return found


def _facts(store: VectorStore, version: Version) -> None:
    written = datetime.datetime.fromtimestamp(version.written).strftime("%H:%M:%S")
    megabytes = (version.items + version.users) * version.dimensions * 4 / 1e6
    durable = getattr(store, "durable", None)
    keeps = {True: "every write is logged to disk", False: "this server does not log writes", None: "not told"}[durable]
    name, what = store.backend, ""
    if isinstance(store, SQLiteStore) and not store.durable:
        name, what = "Memory", "SQLite without a file. "
        keeps = "none, it is in this server's memory and ends with the session"
    frame.metrics(
        [
            ("Store", name, f"{what}Durability: {keeps}."),
            ("Version", version.name[:6], f"{version.facts.get('title', version.model)}, written at {written}."),
            ("Items", f"{version.items:,}", f"Vectors of {version.dimensions} numbers; {megabytes:.1f} MB with users."),
            ("Users", f"{version.users:,}", "Vectors, one for each user with a held-out basket or click."),
        ]
    )


def _publish_box(
    data: ActiveData, store: VectorStore, facts: dict[str, str], model: RecallModel, version: Version
) -> None:
    name = facts["title"]
    if version.facts != facts:
        in_use = version.facts.get("title", version.model)
        other = " with other settings or data" if in_use == name else ""
        st.warning(f"In use: **{in_use}**{other}. Publish to serve **{name}** in its place.")
    if st.button("Publish a new version", type="primary", icon=":material/publish:", key="serving publish"):
        seconds = publish(data, store, facts, model)
        st.session_state["serving_said"] = (
            f"{name} published in {seconds * 1e3:.0f} ms ({store.backend}), in one step for every reader."
        )
        st.rerun()
    if not data.uploaded and "serving_memory" in st.session_state:
        st.warning(sentence(st.session_state["serving_memory"]))
    if "serving_said" in st.session_state:
        st.success(st.session_state.pop("serving_said"), icon=":material/check:")


def _lookup(data: ActiveData, store: VectorStore, key: str, version: Version) -> None:
    """Get a user by id, and their top N through the loaded index."""
    _, users, _ = store.load(key, "user")
    chosen = USER.bind(data, default=users[0], among=users)
    listed = users[:LISTED]
    loaded = server(store, key)
    with stage.picture():
        # The room that a table keeps for its bar reaches out of it.
        st.html("<style>.st-key-serving-picture [data-testid=stDataFrame] { overflow: hidden; }</style>")
        left, right = frame.side_by_side("serving-picture", (3, 4), "16rem")
        user = chosen.draw(right, offered=listed if chosen.value in listed else [*listed, chosen.value])
        start = time.perf_counter()
        vector = store.get(key, "user", user)
        got = time.perf_counter()
        best = loaded.top_for(vector, TOP)
        done = time.perf_counter()
        with right:
            st.markdown(f"**Top {TOP} for user {plain(user)}**")
            table: dict[str, list[Any]] = {
                "Item": [data.title_of(item) if item in data.items else item for item, _ in best],
                "u·v": [value for _, value in best],
                "Id": [item for item, _ in best],
            }
            number = {"u·v": st.column_config.NumberColumn(format="%.2f")}
            st.dataframe(table, hide_index=True, column_config=fitted(table, BESIDE, number))
        with left:
            live_chart(
                network_diagram_figure(
                    _path(user, version, (got - start) * 1e3, (done - got) * 1e3), title="From an id to a list"
                ),
                key=f"serving path@{data.key}",
                height=HIGH,
                above=ABOVE,
                glide=False,
            )
    st.caption(
        f"Times are of this request: the vector by its id ({store.backend}), the list by exact search for one query, "
        f"on this machine. Nothing is masked. Vector: {' '.join(f'{x:.2f}' for x in vector[:6])} …"
    )


def _path(user: str, version: Version, fetched: float, found: float) -> list[Box]:
    """What a request passes, from the id below to the list on top."""
    return [
        Box("A request", f"user {user}", "input", 0),
        Box("Store", f"version {version.name[:6]}: {version.users:,} users", "layer", 1, after=(0,)),
        Box("User vector u", f"{version.dimensions} numbers, in {fetched:.2f} ms", "embedding", 2, after=(1,)),
        Box("Index in memory", f"largest u·v of {version.items:,} items", "layer", 3, after=(2,)),
        Box(f"Top {TOP}", f"in {found:.2f} ms; nothing is trained", "answer", 4, after=(3,)),
    ]


def _put(data: ActiveData, store: VectorStore, facts: dict[str, str], model: RecallModel, version: Version) -> None:
    """Write the edited history's vector under a new id."""
    title = "Put one vector"
    # With a state of its own it stays open when what is in it has been used.
    with st.expander(title, key="serving put open", on_change="rerun"):
        if version.facts != facts:
            st.caption(f"The version in use is of another model; publish {facts['title']} first.")
            return
        history = edited_history.current_history(data)
        st.caption("The vector of the history of the History view goes in, under an id of your own.")
        new = st.text_input("Id", "me", key="serving_id", max_chars=60, help="A new id, or one in place of an old one.")
        st.caption(f"{len(history)} events in the history.")
        if st.button("Put", icon=":material/save:", key="serving put", disabled=not new.strip()):
            store.put(data.key, "user", new.strip(), model.encode([np.array(history, dtype=np.int32)])[0])
            st.session_state["serving_said"] = f"User {plain(new.strip())} is in the store; choose the id above."
            st.rerun()


def _python(data: ActiveData, config: ModelConfig) -> list[str]:
    train, options, extra = history_view.model_lines(config)
    return [
        "import tempfile",
        "",
        *frame.import_lines(data, always=True),
        *extra,
        "from recemb_core.evaluation.ranking import next_item_cases",
        "from recemb_core.serving import RecallServer, open_store",
        "from recemb_core.splits import leave_last_out",
        "",
        *frame.load_lines(data, always=True),
        "known, _ = leave_last_out(sequences)  # the last of each user is kept for a test",
        "cases = next_item_cases(known)",
        f"model = {train}(cases.train, {options})",
        'store = open_store(tempfile.mkdtemp() + "/vectors.db")  # or Redis, where RECEMB_REDIS_URL names one',
        "users = model.encode(cases.histories)",
        'store.publish("recall", model.items.ids, model.item_vectors, cases.users.tolist(), users)',
        'server = RecallServer(store, "recall")',
        "print(server.top(cases.users[0], 10))",
    ]
