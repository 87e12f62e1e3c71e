"""What belongs to the whole visit: data set, chosen item, seed, parameters. The only session state and URL."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import parameters
from pages.kit.allowed import Number, Options, Steps, number
from pages.kit.made_to_order import made_to_order
from pages.kit.parameters import VISIT, Parameter
from pages.kit.text import plain, sentence
from pages.kit.uploads import held, uploads
from pages.kit.uploads.uploads import Outcome, Upload
from recemb_core.arrays import AnyArray
from recemb_core.datasets import DatasetInfo, list_datasets, load_dataset
from recemb_core.figures.session_gaps import duration
from recemb_core.foreign_text import inert
from recemb_core.item_graph import ItemGraph
from recemb_core.readers import InputError, Reading
from recemb_core.sequences import Sequences, split_sessions
from recemb_core.side_information import data_fingerprint, item_fields
from recemb_core.validation import UsageError
from recemb_core.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class ActiveData:
    """The data set in use, bundled or uploaded.

    ``key`` names it in the URL; ``sequences`` is what the chosen gap makes of the log, ``log`` a bundled time-stamped
    log before it is cut, ``made`` the config of a data set made to order, ``user_details`` what a bundled set says of
    its users. ``given`` is the graph that a bundled set comes with; ``graph`` is None where one is to be counted from
    the log instead. Of an upload, ``upload`` has the files, ``found`` what reading them gave, and ``problem`` why the
    last change of the reading could not be followed (what is shown is then the reading before it).
    """

    key: str
    title: str
    description: str
    sequences: Sequences | None
    graph: ItemGraph | None
    labels: dict[str, AnyArray] = field(default_factory=dict)
    side_info: pl.DataFrame | None = None
    user_details: pl.DataFrame | None = None
    info: DatasetInfo | None = None
    log: Sequences | None = None
    made: Any = None
    given: ItemGraph | None = None
    problem: str = ""
    upload: Upload | None = None
    found: Outcome | None = None

    @property
    def uploaded(self) -> bool:
        return self.upload is not None

    @property
    def has_two_graphs(self) -> bool:
        """Whether it comes with a graph and with a log to count another one from."""
        return self.given is not None and self.sequences is not None

    @property
    def cut_by_time(self) -> bool:
        """Whether the gap decides where a sequence ends."""
        return self.log is not None or (self.found is not None and self.found.cut_by_time)

    def uncut(self) -> Sequences:
        """The log before it is cut into sessions."""
        if self.upload is not None and self.found is not None:
            log = uploads.uncut(self.upload, self.found)
            # A log that names nobody is one person's.
            return log if log.users is not None else replace(log, users=np.zeros(len(log)).astype(np.str_))
        assert self.log is not None
        return self.log

    @property
    def items(self) -> Vocabulary:
        return self._source.items

    @property
    def _source(self) -> Sequences | ItemGraph:
        source = self.sequences if self.sequences is not None else self.graph
        assert source is not None
        return source

    @cached_property
    def fingerprint(self) -> str:
        """A hash of behavior (of the graph, where there is none) and item details: the data's part of cache keys."""
        return data_fingerprint(self._source, self.side_info)

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """Display name of every item, safe to show (:func:`~recemb_core.foreign_text.inert`)."""
        return tuple(map(inert, self.names))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name of every item as the data has it, for files: its title where there is one, its id otherwise."""
        side = self.side_info
        if side is None or "title" not in side.columns:
            return self.items.ids
        return tuple(t or i for t, i in zip(side["title"].to_list(), self.items.ids, strict=True))

    def title_of(self, item: str) -> str:
        return self.titles[self.items.row(item)]

    @cached_property
    def by_popularity(self) -> tuple[str, ...]:
        """Item ids, most popular first: by events where there are sequences, by strength in a graph alone."""
        weight = self.sequences.counts if self.sequences is not None else self.graph.strength  # type: ignore[union-attr]
        ids = self.items.ids
        return tuple(ids[row] for row in np.argsort(-weight, kind="stable").tolist())

    @cached_property
    def side_fields(self) -> tuple[str, ...]:
        """Columns of side information that a model can learn from."""
        return tuple(c for c in (self.side_info.columns if self.side_info is not None else ()) if c != "title")

    @cached_property
    def fields(self) -> dict[str, AnyArray]:
        """Label columns to color by: the data's own labels, then side information (a list shows its first value)."""
        return item_fields(self.labels, self.side_info)


OPENS_ON = "complete_journey"  # the data set that Home shows until a person chooses another


def _bundled(name: str) -> ActiveData:
    info = next(info for info in list_datasets() if info.name == name)
    made = made_to_order(info)
    return _loaded(info) if made is None else _made(info, made)


@st.cache_resource(max_entries=16, show_spinner=False)
def _loaded(info: DatasetInfo) -> ActiveData:
    return _opened(info, None)


@st.cache_resource(max_entries=8, show_spinner=False)
def _made(info: DatasetInfo, made: Any) -> ActiveData:
    """Kept apart: whoever moves sliders drives no other data set out."""
    return _opened(info, made)


def _opened(info: DatasetInfo, made: Any) -> ActiveData:
    data = load_dataset(info.name, **({} if made is None else vars(made)))
    return ActiveData(
        key=info.name,
        title=data.info.title,
        description=data.info.description,
        sequences=data.sequences,
        log=data.sequences if data.sequences is not None and data.sequences.ordered else None,
        graph=data.graph,
        given=data.graph,
        made=made,
        labels=data.labels,
        side_info=data.side_info,
        user_details=data.user_details,
        info=data.info,
    )


def opening_data() -> ActiveData:
    """What Home opens on, with what every page reads of it worked out."""
    data = _bundled(OPENS_ON)
    _ = data.titles, data.by_popularity, data.fingerprint
    return data


def bundled_names() -> list[str]:
    """Names of the data sets that come with the library or are registered beside it."""
    return [info.name for info in list_datasets()]


def bundled(name: str) -> ActiveData:
    """Such a data set as it comes, whichever is in use."""
    return _bundled(name)


def bundled_title(name: str) -> str:
    """Title of such a data set."""
    return next(info.title for info in list_datasets() if info.name == name)


def missing_data() -> str | None:
    """The key that the opened link, or the visit so far, speaks of and that is not there."""
    key = st.session_state.get("data", parameters.link().get("data"))
    return None if not key or key in bundled_names() or key in uploads.every() else key


def missing_upload() -> str | None:
    """File name of the upload that the opened link speaks of, while this session does not have it."""
    key = missing_data()
    return parameters.link().get("file", "a file") if key is not None and uploads.is_upload(key) else None


def active_data(page_default: str) -> ActiveData:
    """The data set in use: what the person chose, what the link names, or the page's own default."""
    if "pending_data" in st.session_state:
        st.session_state["data"] = st.session_state.pop("pending_data")
    key = st.session_state.get("data")
    if key is None:
        linked = parameters.link().get("data", "")
        uploads.from_link(linked, parameters.link().get("file", ""), parameters.link().get("details"))
        if linked in bundled_names() or linked in uploads.every():
            key = st.session_state["data"] = linked
    if (upload := uploads.every().get(key or "")) is not None:
        held.in_use(upload.key)
        return _uploaded(upload, page_default)
    st.session_state["_last_good"] = key
    return _cut(_bundled(key if key in bundled_names() else page_default))


def linked_reading(key: str) -> Reading | None:
    """How the opened link says that an upload is to be read; said once, later changes count more."""
    if "reading" not in parameters.link() or parameters.link().get("data") != key:
        return None
    try:
        return Reading.from_link(parameters.link().pop("reading"))
    except InputError as error:
        st.toast(f"{sentence(error)}; the columns are guessed instead.")
        return None


def linked_details(key: str) -> str | None:
    """The item details that the opened link was made with."""
    return parameters.link().get("details") if parameters.link().get("data") == key else None


def _uploaded(upload: Upload, page_default: str) -> ActiveData:
    """An upload as the data set in use; where it cannot be read, what was in use before it, and why."""
    if (linked := linked_reading(upload.key)) is not None:
        upload = replace(upload, reading=linked)
        uploads.put(upload)
    own = (upload.reading or Reading()).cleaning.gap_minutes
    minutes = GAP.value(upload, default=own)
    found = uploads.outcome(upload, gap_minutes=minutes)
    source = found.graph if found.graph is not None else found.sequences
    if source is None:
        return _before(upload, found.problem, page_default)
    ready, title = _ready(), uploads.title(upload)
    last = ready.get(upload.key)
    if last is None or (last.upload, last.title) != (upload, title) or source not in (last.graph, last.sequences):
        last = ready[upload.key] = ActiveData(
            upload.key,
            title,
            f"Your upload {inert(upload.name)}.",
            found.sequences,
            found.graph,
            side_info=source.side_info,
            upload=upload,
            found=found,
        )
    st.session_state["_last_good"] = upload.key
    return last


def _ready() -> dict[str, ActiveData]:
    """The last reading of each upload that worked."""
    found = held.holding().ready = st.session_state.setdefault("_ready", {})
    return found


def _before(upload: Upload, problem: str, page_default: str) -> ActiveData:
    """What is shown while an upload cannot be read: its reading before the change, or the data set before it."""
    named = any(file is not None and file.name in problem for file in (upload.log, upload.side))
    text = sentence(problem) if named else f"**{plain(upload.name)}** could not be used: {sentence(problem)}"
    before = _ready().get(upload.key)
    if before is None:
        last = st.session_state.get("_last_good")
        before = _ready().get(last or "") or _cut(_bundled(last if last in bundled_names() else page_default))
    return replace(before, problem=f"{text}  \nUntil then you see {plain(before.title)} as it was before.")


GAPS = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 2880, 10080, 43200)  # minutes
LONGEST_GAP = 60 * 24 * 365 * 100  # a century


@dataclass(frozen=True)
class Minutes(Steps[float]):
    """A gap: one of the usual ones, or any that a link or a reading says."""

    def holds(self, value: float) -> bool:
        return isinstance(value, int | float) and 0 < value <= LONGEST_GAP

    def parse(self, text: str) -> float:
        value = number(text)
        return int(value) if value.is_integer() else value


GAP: Parameter[float] = Parameter(
    VISIT,
    "gap",
    "A longer pause ends the session",
    Minutes(GAPS, duration),
    help="EGES and most click logs use one hour; a small catalogue may need longer.",
    stays=True,
)
GRAPH_FROM: Parameter[str] = Parameter(
    VISIT,
    "graph_from",
    "The graph is",
    Options({"given": "the given one", "log": "counted from the log"}),
    "given",
    help="The one that the data set comes with, or M(i, j): how often j directly follows i in the sessions of its log.",
    stays=True,
)
DATA_WIDGET = "data_widget"
"""Key of the box that chooses the data set."""
ITEM: Parameter[str] = Parameter(
    VISIT,
    "item",
    "Chosen item",
    Options(),
    help="Type to search. The chosen item follows through all pages and wears one color everywhere.",
    stays=True,
)

SEED: Parameter[int] = Parameter(
    VISIT,
    "seed",
    "Seed",
    Number(0, 2**31 - 1),
    0,
    help="Everything random starts from it: same data, settings and seed give the same result.",
    of_visit=True,
)


def _cut(data: ActiveData) -> ActiveData:
    """Cut the log into sessions at the chosen gap, and leave out a given graph where one is to be counted instead."""
    counted = data.has_two_graphs and GRAPH_FROM.value(data) == "log"
    minutes = None if data.log is None else GAP.value(data, default=60)
    if minutes is None and not counted:
        return data
    try:
        return _cut_at(data.info, data.made, minutes, counted, data)
    except UsageError as error:  # the log stays usable, uncut, until another gap is chosen
        return replace(data, problem=sentence(error))


@st.cache_resource(max_entries=32, show_spinner=False)
def _cut_at(info: DatasetInfo | None, made: Any, minutes: float | None, counted: bool, _data: ActiveData) -> ActiveData:
    """Bundled data as it is chosen: one object for every session and run, so that what it works out is kept with it."""
    log, cut = _data.log, _data.sequences
    if log is not None and minutes is not None:
        cut = split_sessions(log, gap_minutes=minutes)
    return replace(_data, sequences=cut, graph=None if counted else _data.graph)


def gap(data: ActiveData) -> float:
    """Minutes of pause after which a session ends."""
    return st.session_state[f"gap@{data.key}"]


def gap_of(key: str) -> float | None:
    """The gap chosen for an upload; None for the one that its reading says."""
    return st.session_state.get(f"gap@{key}")


def set_gap(key: str, minutes: float) -> None:
    """Choose the gap of an upload, from a callback."""
    st.session_state[f"gap@{key}"] = int(minutes) if float(minutes).is_integer() else minutes


def gap_control(data: ActiveData) -> None:
    """The gap's slider: the usual ones, and the one in use among them."""
    GAP.draw(data, default=parameters.met()[GAP.key(data)], among=sorted({*GAPS, gap(data)}))


@st.cache_resource(max_entries=8, show_spinner=False, scope="session")
def _sessions(fingerprint: str, gap: float, _log: Sequences) -> Sequences:
    return split_sessions(_log, gap_minutes=gap)


def cut_sessions(log: Sequences, minutes: float) -> Sequences:
    """The log cut where a pause is longer than that; computed once a session and gap."""
    return _sessions(log.fingerprint, minutes, log)


def forget_data(key: str) -> None:
    """An upload is no more: nothing of it is in use, or remembered for it."""
    _ready().pop(key, None)
    if st.session_state.get("data") == key:
        del st.session_state["data"]
        last = st.session_state.get("_last_good")
        if last != key and (last in uploads.every() or last in bundled_names()):
            st.session_state["data"] = last  # what was in use before a file that could not be read
    if parameters.link().get("data") == key:
        parameters.set_link({})


def said_to_be_gone() -> list[str]:
    """What became of uploads that had to give way; nothing of them is in use any more."""
    found = uploads.let_go()
    for key, _ in found:
        forget_data(key)
    return [sentence for _, sentence in found]


def choose_data(key: str) -> None:
    """Make a data set the one in use, from the next run on."""
    st.session_state["pending_data"] = key


def pick(data: ActiveData, item: str) -> None:
    """Make an item the chosen one, from a callback (before the sidebar of the next run is drawn)."""
    if item in data.items:
        st.session_state[f"item@{data.key}"] = item


def chosen_item(data: ActiveData) -> str:
    """The item that the visit is about."""
    return st.session_state[f"item@{data.key}"]


LISTED = 5_000
"""Items that a box lists: of more, it is slow to open, and a burden for the browser."""


def listed_items(data: ActiveData, *always: str) -> list[str]:
    """The most popular items as far as a box lists them, and some in any case."""
    order = items_by_popularity(data)
    if len(order) <= LISTED:
        return list(order)
    most = list(order[:LISTED])
    return most + [item for item in dict.fromkeys(always) if item not in set(most)]


def listed_words(data: ActiveData) -> str:
    """Which items a box lists, as a sentence; "" where it lists all."""
    n = len(data.items)
    return f" The {LISTED:,} most popular of {n:,} are listed." if n > LISTED else ""


def find_item(data: ActiveData, typed: str) -> str | None:
    """The item that a person means by what they typed: by its id, its title, or the most popular whose title has it."""
    words = typed.strip()
    if words in data.items:
        return words
    low = inert(words).casefold()
    if not low:
        return None
    titles = [title.casefold() for title in data.titles]
    same = [row for row, title in enumerate(titles) if title == low]
    having = same or [row for row, title in enumerate(titles) if low in title]
    weight = data.sequences.counts if data.sequences is not None else data.graph.strength  # type: ignore[union-attr]
    return data.items[max(having, key=lambda row: weight[row])] if having else None


def items_by_popularity(data: ActiveData) -> tuple[str, ...]:
    """Item ids, most popular first; see :attr:`ActiveData.by_popularity`."""
    return data.by_popularity


def seed() -> int:
    """The seed of everything random in this visit."""
    return int(st.session_state.get(SEED.name, 0))
