"""One run: what was said of it, its files, the way back to its page, and out with it."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from pages.kit import kept_runs, navigation, parameters, results
from pages.kit.downloads import download
from pages.kit.graph_controls import graph_settings, walked_graph
from pages.kit.leaderboard import Question, put_run
from pages.kit.model_results import put_model
from pages.kit.session import SEED, ActiveData
from pages.kit.text import plain, sentence
from pages.views.runs.kept import Kept
from recemb_core.embeddings import MODELS, ItemVectors
from recemb_core.foreign_text import inert
from recemb_core.plans import page_settings
from recemb_core.runs import RunRecord, RunStore
from recemb_core.session_file import SessionFile

TAGS_HELP = "Parted by commas; up to 20."


def one_section(kept: Kept, run: RunRecord) -> None:
    """The chosen run."""
    if run.sentence:
        st.warning(sentence(f"This run failed: {run.sentence}."))
    with st.form(f"note {run.run_id}", border=False):
        left, right = st.columns([3, 2])
        note = left.text_area("Note", run.note, height=90, max_chars=20_000, key=f"note text {run.run_id}")
        tags = right.text_input("Tags", ", ".join(run.tags), help=TAGS_HELP, key=f"tags {run.run_id}")
        pinned = right.checkbox(
            "Pinned: its vectors never make room for later runs", run.pinned, key=f"pinned {run.run_id}"
        )
        if st.form_submit_button("Save", icon=":material/save:"):
            told = [tag for tag in (one.strip() for one in tags.split(",")) if tag]
            kept.store.annotate(run.run_id, note=note, tags=told, pinned=pinned)
            st.rerun()
    with st.container(horizontal=True):
        if _can_open(kept, run):
            page = "neighbors" if run.spec.protocol is None else "evaluation"
            words = "Neighbors" if page == "neighbors" else "Evaluation"
            opened = st.button(
                f"Open it on the {words} page",
                key=f"open {run.run_id}",
                icon=":material/open_in_new:",
                on_click=_open,
                args=(kept.data, kept.store, run),
            )
            if opened:
                navigation.go(page)
        if run.has_vectors:
            download("Vectors (npz)", f"{run.run_id}.npz", ItemVectors.to_bytes, _vectors(kept, run))
        if run.spec.session:
            download("session.toml", "session.toml", str, run.spec.session)
        if run.state != "running":
            with st.popover("Delete", icon=":material/delete:"):
                st.markdown(
                    f"Delete **{plain(run.name)}** with its vectors, scores and note? Nothing of it is left; its "
                    "settings can be trained again."
                )
                st.button(
                    "Delete it",
                    key=f"delete {run.run_id}",
                    type="primary",
                    on_click=kept.store.delete,
                    args=(run.run_id,),
                )
    with st.expander("All settings of this run"):
        every = {**run.spec.settings, "seed": run.spec.seed}
        st.dataframe([{"Setting": name, "Value": inert(value)} for name, value in every.items()], hide_index=True)


def _vectors(kept: Kept, run: RunRecord) -> ItemVectors:
    found: ItemVectors = results.remember(kept.data, ("kept run", run.run_id), lambda: kept.store.load(run.run_id))
    return found


def _can_open(kept: Kept, run: RunRecord) -> bool:
    """Whether a page shows this run: a model that this program knows, and of a log where it is measured."""
    known = dataclasses.is_dataclass(run.spec.config) and run.state == "finished"
    return known and (run.spec.protocol is not None or run.spec.model in MODELS)


def _open(data: ActiveData, store: RunStore, run: RunRecord) -> None:
    """Set the page's controls as the run has them, and hand it what is kept, so that nothing is trained again."""
    spec, told = run.spec, dict[str, Any]()
    if spec.model in MODELS:
        names = [f.name for f in dataclasses.fields(spec.config) if f.name not in ("seed", *MODELS[spec.model].fixed)]
        config = {name: getattr(spec.config, name) for name in names}
        told = page_settings(SessionFile(model=spec.model, config=config, graph=spec.graph))[0]
    seed = spec.seed or 0
    st.session_state[SEED.name] = seed
    if spec.protocol is not None:
        told |= {"evaluation_split": spec.protocol.split, "evaluation_part": spec.part}
        told["evaluation_rows"] = list(dict.fromkeys([spec.model.replace(",", ""), "Popularity"]))
    parameters.set_parameters(data, **{name: value for name, value in told.items() if name != "seed"})
    if spec.protocol is not None and run.has_users:
        question = Question(data, spec.protocol, spec.part)
        for one in store.runs(fingerprint=spec.fingerprint):
            if one.has_users and one.spec.setting_id == spec.setting_id:
                put_run(question, one.spec.entry, store.user_scores(one.run_id), one.spec.seed or 0)
    elif run.has_vectors:
        graph = walked_graph(data, graph_settings(data))[1] if "graph" in MODELS[spec.model].needs else None
        if kept_runs.vectors_spec(data, spec.config, graph).run_id == run.run_id:
            put_model(data, dataclasses.replace(store.load(run.run_id), config=spec.config), graph=graph)
