"""The box for vectors made elsewhere, what there is to know of those that are here, and a way to be rid of each."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from pages.kit import brought, kept_runs
from pages.kit.brought import MOST, File
from pages.kit.session import ActiveData
from pages.kit.text import plain, sentence
from recemb_core.readers.limits import FileLimits

LIMIT_MB = 200  # .streamlit/config.toml: server.maxUploadSize


def bring_box(data: ActiveData, *, width: Literal["content", "stretch"] = "content") -> None:
    """Behind a button; what changes in the box is read before what is drawn of it."""
    here = brought.every(data)
    with st.popover("Your vectors" + (f" ({len(here)})" if here else ""), icon=":material/upload_file:", width=width):
        received = st.file_uploader(
            "Vectors made elsewhere, beside the models",
            accept_multiple_files=True,
            key="brought_files",
            on_change=_changed,
            max_upload_size=LIMIT_MB,
            help="word2vec text or binary (gensim: save_word2vec_format), npz, parquet, a bundle of this page; an .npy "
            "with a file of its ids, or the Embedding Projector's vectors.tsv with metadata.tsv: both files at once. "
            "Ids must be those of this data. Pickles (.kv, .model, .pkl) can run programs and are never opened.",
        )
        if st.session_state.pop("_brought_changed", False):
            files = [File(one.name, one.getvalue()) for one in received]
            st.session_state["_brought_said"] = brought.bring(files)
            st.rerun()
        for said in st.session_state.get("_brought_said", []):
            st.warning(sentence(said), icon=":material/info:")
        for one in here:
            row = st.container(horizontal=True, vertical_alignment="center")
            size = f"{one.config.rows:,} × {one.config.dimensions:,}"
            row.markdown(f"**{plain(one.config.name)}** · {one.config.form}, {size}")
            row.button(
                "Remove",
                key=f"remove vectors {one.config.digest}",
                icon=":material/delete:",
                on_click=_remove,
                args=(one.config.digest,),
                help="Forget these vectors, here and on the server; a run that was kept stays.",
            )
            if one.vectors is not None:
                with row:
                    kept_runs.keep_brought_button(data, one.config, one.vectors)
            st.caption(sentence(" ".join(one.said)))
        limits = FileLimits.from_environment()
        st.caption(
            f"Up to {MOST} files of {LIMIT_MB} MB, {limits.megabytes:,} MB unpacked, {limits.dimensions:,} numbers a "
            "vector. They become columns and a choice of the map on the Neighbors page, rows of the Evaluation page, "
            "a choice under Points on the LSH page and in Training's views of vectors, and a start of the Deep models "
            "page's Pre-training, for this session alone, until the page is reloaded. No file is in a link or a saved "
            "session, and none is among *Two settings, or two models*, or where a page trains vectors to show how. "
            "One that you keep as a run is on the Runs page tomorrow."
        )


def not_here(data: ActiveData, why: str) -> None:
    """Why a view has none of the session's files, in a line; nothing where there are none."""
    if brought.every(data):
        st.caption(f"Your vectors are not in this view: {why}")


def _changed() -> None:
    st.session_state["_brought_changed"] = True


def _remove(digest: str) -> None:
    st.session_state["_brought_said"] = []
    brought.remove(digest)
