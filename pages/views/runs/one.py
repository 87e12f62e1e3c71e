"""One run: what was said of it, its files, the way back to its page, and out with it."""

from __future__ import annotations

import dataclasses

import streamlit as st

from pages.kit import navigation
from pages.kit.callbacks import told
from pages.kit.downloads import download
from pages.kit.text import plain, sentence
from pages.views.runs.kept import Kept, vectors_of
from pages.views.runs.opening import open_run
from recemb_core.brought import BroughtConfig
from recemb_core.embeddings import MODELS, ItemVectors
from recemb_core.foreign_text import inert
from recemb_core.runs import RunRecord
from recemb_core.sweeps.records import journal_of

TAGS_HELP = "Parted by commas; up to 20."


def one_section(kept: Kept, run: RunRecord) -> None:
    """The chosen run."""
    if run.sentence:
        st.warning(sentence(f"This run failed: {run.sentence}."))
    _said(kept, run)
    with st.container(horizontal=True):
        if _can_open(kept, run):
            page = "neighbors" if run.spec.protocol is None else "evaluation"
            words = "Neighbors" if page == "neighbors" else "Evaluation"
            opened = st.button(
                f"Open it on the {words} page",
                key=f"open {run.run_id}",
                icon=":material/open_in_new:",
                on_click=told(open_run),
                args=(kept.data, kept.store, run),
            )
            if opened:
                navigation.go(page)
        if run.has_vectors:
            download("Vectors (npz)", f"{run.run_id}.npz", ItemVectors.to_bytes, vectors_of(kept, run))
        if run.spec.session:
            download("session.toml", "session.toml", str, run.spec.session)
        if run.state != "running":
            with st.popover("Delete", icon=":material/delete:"):
                _delete(kept, run)
    with st.expander("All settings of this run"):
        every = {**run.spec.settings, "seed": run.spec.seed}
        st.dataframe([{"Setting": name, "Value": inert(value)} for name, value in every.items()], hide_index=True)


def _delete(kept: Kept, run: RunRecord) -> None:
    """The button, not where the last press of it has just put the next run: the box stays open after a press."""
    gone = st.session_state.pop("deleted run", None)
    if gone is not None:
        st.markdown(f"**{plain(gone)}** is deleted.")
        st.button("Delete another run", key=f"another {run.run_id}")
        return

    def delete() -> None:
        kept.store.delete(run.run_id)
        st.session_state["deleted run"] = run.name

    st.markdown(
        f"Delete **{plain(run.name)}** with its vectors, scores and note? {_what_is_left(kept, run)}; its settings can "
        "be trained again."
    )
    st.button("Delete it", key=f"delete {run.run_id}", type="primary", on_click=told(delete))


def _what_is_left(kept: Kept, run: RunRecord) -> str:
    """Of a run that is deleted."""
    if journal_of(kept.store.folder, run.study) is None:
        return "Nothing of it is left"
    return "The file of its sweep keeps what each user got, until *Forget these runs* there; nothing else is left"


def _said(kept: Kept, run: RunRecord) -> None:
    """Note, tags and pin. What is saved is what was changed here: others may have changed the rest meanwhile."""
    saved = f"times saved {run.run_id}"
    key = f"{run.run_id} {st.session_state.get(saved, 0)}"  # after each saving the boxes are drawn as the store has it
    there = {"note": run.note, "tags": list(run.tags), "pinned": run.pinned}
    before = st.session_state.setdefault(f"said {key}", there)
    with st.form(f"note {run.run_id}", border=False):
        left, right = st.columns([3, 2])
        note = left.text_area("Note", before["note"], height=90, max_chars=20_000, key=f"note text {key}")
        tags = right.text_input("Tags", ", ".join(before["tags"]), help=TAGS_HELP, key=f"tags {key}")
        pinned = right.checkbox(
            "Pinned: its vectors never make room for later runs", before["pinned"], key=f"pinned {key}"
        )
        if st.form_submit_button("Save", icon=":material/save:"):
            few = [tag for tag in (one.strip() for one in tags.split(",")) if tag]
            now = {"note": note, "tags": few, "pinned": pinned}
            kept.store.annotate(run.run_id, **{name: value for name, value in now.items() if value != before[name]})
            del st.session_state[f"said {key}"]
            st.session_state[saved] = st.session_state.get(saved, 0) + 1
            st.rerun()


def _can_open(kept: Kept, run: RunRecord) -> bool:
    """Whether a page shows this run: a model that this program knows, and of a log where it is measured."""
    known = dataclasses.is_dataclass(run.spec.config) and run.state == "finished"
    if isinstance(run.spec.config, BroughtConfig):
        return known and run.has_vectors
    return known and (run.spec.protocol is not None or run.spec.model in MODELS)
