"""What the page says of itself."""

from __future__ import annotations

import streamlit as st

from pages.kit import kept_runs
from pages.kit.session import ActiveData
from pages.kit.text import plain, quoted
from pages.views.runs.kept import Kept

WHAT_YOU_SEE = (
    "A run is one training: this data as it is read, a model with its settings, one seed, and the versions of the "
    "algorithms that made it. The same run is never trained twice. Runs *before validation* learned from what is older "
    "than each user's target and have scores; runs of *all data* have vectors alone, since nothing was held out.\n\n"
    "Two settings are compared on the same users, over all of their kept seeds: with $d_u$ a user's mean figure under "
    "the first less that under the second, $D$ = mean of $d_u$, and its variance is that of users plus that of seeds; "
    "$D/\\sqrt{V}$ is judged by Student's t. From three kept seeds on the noise of training is known, and only then "
    "is anything called better.\n\n"
    "**overlap@10** of an item = neighbors that both runs have among its 10 nearest (cosine) / 10. The second map is "
    "started from the first, so that places can be compared.\n\n"
    "**More seeds**: narrower intervals of a difference. **More users**: the same. A single run's interval has the "
    "noise of users alone."
)


def empty(data: ActiveData) -> None:
    """Nothing yet: what to do."""
    st.info(
        f"No runs of **{plain(data.title)}** are kept yet. *Keep this run* on the node2vec page, *Keep these runs* on "
        "the Neighbors page and *Keep a row* on the Evaluation page put what you see there into this table; in a "
        "terminal `recemb evaluate --keep` and `recemb train --keep` do."
    )


def about(kept: Kept) -> None:
    """Where runs lie, how much of them, and what goes when it is too much."""
    store = kept.store
    st.caption(
        f"{len(kept.runs):,} runs of this data. The store, of all data, takes {store.bytes / 1e6:,.1f} MB in "
        f"{kept_runs.place()}. {store.limits.words} Optuna's programs read it too: its trials are in `optuna.db` there."
    )


def as_python(data: ActiveData) -> list[str]:
    """The lines that list the same."""
    return [
        "from recemb_core.runs import RunStore, default_folder",
        "",
        "store = RunStore.open(default_folder())",
        f"for run in store.runs(fingerprint={quoted(data.fingerprint)}):",
        "    print(run.name, run.state, {name: round(score.value, 3) for name, score in run.scores.items()})",
    ]
