"""The lists and the vectors as files, and a bundle that serves them without this app."""

from __future__ import annotations

import polars as pl
import streamlit as st

from pages.kit import kept_runs, links, model_results, session
from pages.kit.downloads import download
from pages.kit.model_jobs import Entry
from pages.kit.text import sentence
from pages.views.neighbors.compared import Compared
from recemb_core.brought import BroughtVectors
from recemb_core.bundles import Origin, bundle_zip
from recemb_core.embeddings import MODELS, ItemVectors
from recemb_core.embeddings.exporting import FORMATS, neighbors_parquet, projector_zip, renamed
from recemb_core.plans import whole_session


def neighbors_table(found: Compared, item: str) -> pl.DataFrame:
    """All columns as one table; ``item`` is the chosen one."""
    data, settings = found.data, found.settings
    own = ("item", "model", "rank", "neighbor", "title", settings.score, "count")
    fields = {name: f"{name} (field)" if name in own else name for name in data.side_fields}
    rows = [
        {"item": item, "model": label, "rank": rank, "neighbor": found.graph.items[row], "title": data.names[row],
         settings.score: value, "count": float(settings.counts[row])}
        | {head: str(data.fields[name][row]) for name, head in fields.items()}
        for label, (ids, values) in found.own.items()
        for rank, (row, value) in enumerate(zip(ids.tolist(), values.tolist(), strict=True), start=1)
        if row >= 0
    ]  # fmt: skip
    return pl.DataFrame(rows)


def downloads(found: Compared) -> None:
    """The chosen item's lists, and of each model its vectors, all its lists, and its bundle."""
    data = found.data
    ready = {one.label: one for one in found.entries if one.vectors is not None}
    with st.container(horizontal=True):
        if found.own:
            download("Neighbors (CSV)", "neighbors.csv", neighbors_table, found, session.chosen_item(data))
        if not ready:
            return
        with st.popover("Take a model away", icon=":material/download:"):
            label = st.selectbox("Model", list(ready), key=f"files@{data.key}")
            _files(found, ready[label])
        own = [
            (one.config, one.vectors)
            for one in ready.values()
            if one.vectors is not None and not isinstance(one.vectors, BroughtVectors)
        ]
        if own:
            kept_runs.keep_button(
                data,
                "Keep this run" if len(own) == 1 else f"Keep these {len(own)} runs",
                lambda store: kept_runs.keep_vectors(store, data, own, found.graph),
                help="The vectors with data, settings and seed, to be opened and compared on the Runs page.",
            )


def _files(found: Compared, one: Entry) -> None:
    settings, vectors = found.settings, one.vectors
    assert vectors is not None  # it is among those that are ready
    counts = settings.counts
    side = found.data.side_info
    if isinstance(vectors, BroughtVectors):
        counts, side = counts[vectors.known], None if side is None else side.filter(vectors.known)
        vectors = vectors.own()
    name = "".join(c if c.isalnum() else "_" for c in one.label)
    has = settings.score == "cosine" or vectors.output_vectors is not None
    how = (settings.score if has else "cosine", settings.min_count, counts)
    st.markdown("**For production**")
    download("Bundle (zip)", f"{name}_bundle.zip", _bundle, vectors, _origin(found, one), how)
    st.caption(
        "Vectors, ids, faiss indexes (exact and HNSW), config, a card, and a load.py that needs numpy and faiss alone. "
        f"Score and filter are those of this page: {how[0].replace('_', '·')}"
        + (f", items from {settings.min_count:,} on." if settings.min_count else ", all items.")
    )
    st.markdown("**Vectors**")
    with st.container(horizontal=True):
        for form in FORMATS.values():
            if form.name == "projector":
                download(form.label, f"{name}_projector.zip", projector_zip, vectors, side, icon=None)
            else:
                download(form.label, f"{name}{form.ending}", form.make, vectors, icon=None)
    if said := renamed(vectors.items.ids):
        st.caption(sentence(said))
    st.markdown("**Lists of all items**")
    each, file = f"{settings.k} neighbors of each (parquet)", f"{name}_neighbors.parquet"
    download(each, file, _lists, vectors, settings.k, how, icon=None)


def _bundle(vectors: ItemVectors, origin: Origin, how: tuple) -> bytes:
    score, min_count, counts = how
    return bundle_zip(vectors, origin, score=score, min_count=min_count, counts=counts)


def _lists(vectors: ItemVectors, k: int, how: tuple) -> bytes:
    score, min_count, counts = how
    return neighbors_parquet(vectors, k, score, min_count=min_count, counts=counts)


def _origin(found: Compared, one: Entry) -> Origin:
    """Where a column's vectors come from, with the session that trains them again."""
    data, graph = found.data, found.graph
    name = data.title if data.upload is None else data.upload.name
    counts = {"items": len(data.items)}
    if data.sequences is not None:
        counts |= {"events": len(data.sequences.tokens), "sequences": len(data.sequences)}
    if one.model not in MODELS:
        vectors = one.vectors
        assert isinstance(vectors, BroughtVectors)
        known, all_items = int(vectors.known.sum()), len(data.items)
        note = (
            f"Vectors made elsewhere, read from {one.config.name} ({one.config.form}): "
            f"those of {known:,} of {all_items:,} items of {name}."
        )
        digest = one.config.digest
        return Origin(data=name, fingerprint=data.fingerprint, trained_on=digest, counts=counts, notes=(note,))
    spec = MODELS[one.model]
    if "graph" in spec.needs:
        counts["edges walked"] = graph.num_edges
    trained_on = model_results.source_of(data, one.config, graph)
    saved = whole_session(links.saved_session(data), one.config)
    return Origin.trained(one.config, name, data.fingerprint, trained_on, counts, saved.to_toml())
