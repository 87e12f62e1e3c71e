"""The history that the Deep models page answers to: a user's newest events, or what a person made of them."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from pages.kit import parameters, recall_models, session
from pages.kit.allowed import Options, Text, whole
from pages.kit.parameters import Bound, Parameter
from pages.kit.recall_models import DEEP_PAGE
from pages.kit.session import ActiveData
from pages.kit.text import plain
from recemb_core.deep.recall import RecallModel

SHOWN = 12  # of a history at a time
IN_SIGHT, LINE = 8, 22.4  # lines, which roll, and pixels of one: none is cut
ROOM = math.ceil(IN_SIGHT * LINE)
LISTED = 5_000  # users, or items, in a box
TAKES = (5, 10, 15, 25, 50, 100, 200)
LONGEST_LINK = 200
TOP = 10  # items of a list
USER = Parameter(
    DEEP_PAGE,
    "history_user",
    "User",
    Options(),
    help="Whose newest events the history starts from; their held-out basket or click is not in it.",
)
TAKE = Parameter(
    DEEP_PAGE, "history_take", "Newest events", Options(TAKES), 15, help="How many of the user's events to start from."
)
ITEMS = Parameter(DEEP_PAGE, "history_items", "Edited history", Text(), "")  # rows, "3.14.15"; see parse


def _bound_user(data: ActiveData) -> Bound:
    users = recall_models.cases(data).users.tolist()
    return USER.bind(data, default=users[0], among=users)


def _items(data: ActiveData) -> str:
    """The edited history as the link writes it; "" where it is the user's own."""
    return str(ITEMS.bind(data, check=lambda text: parse(data, text) is not None).value)


def own_history(data: ActiveData) -> list[int]:
    """The newest events of the user, oldest first."""
    who = recall_models.cases(data)
    row = np.flatnonzero(who.users == _bound_user(data).value)[0]
    return who.histories[row][-TAKE.value(data) :].tolist()


def parse(data: ActiveData, text: str) -> list[int] | None:
    """Item rows of "3.14.15", oldest first; "-" is an empty history, "" the user's own (both give a list)."""
    if text in ("", "-"):
        return []
    parts = text.split(".")
    try:
        rows = [whole(part) for part in parts]
    except ValueError:
        return None
    return rows if len(rows) <= LONGEST_LINK and all(0 <= row < len(data.items) for row in rows) else None


def current_history(data: ActiveData) -> list[int]:
    """The history as it stands in this view, edited or not; for other views."""
    text = _items(data)
    return own_history(data) if text == "" else (parse(data, text) or [])


def current_user(data: ActiveData) -> str:
    """The user whose history this is, edited or not."""
    return str(_bound_user(data).value)


def edit(data: ActiveData, rows: list[int]) -> None:
    """Callback: this is the history from now on."""
    rows = rows[-LONGEST_LINK:]
    parameters.set_parameters(data, history_items=".".join(map(str, rows)) if rows else "-")


def user_controls(data: ActiveData) -> None:
    who = recall_models.cases(data)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    user = _bound_user(data)
    listed = who.users[:LISTED].tolist()
    user.draw(
        left,
        offered=listed if user.value in listed else [*listed, user.value],
        on_change=lambda: _set(data, ""),
        help=f"{USER.help}"
        + (f" The first {LISTED:,} of {len(who.users):,} are listed." if len(who.users) > LISTED else ""),
    )
    TAKE.draw(data, right, on_change=lambda: _set(data, ""))


def add_box(data: ActiveData, history: list[int]) -> None:
    """An item more, by its name."""
    order = session.items_by_popularity(data)[:LISTED]
    added = f"history_add@{data.key}"

    def add() -> None:
        item = st.session_state.get(added)
        if item is not None:
            edit(data, [*history, data.items.row(item)])
            st.session_state[added] = None

    st.selectbox(
        "Add an item",
        order,
        index=None,
        format_func=data.title_of,
        key=added,
        placeholder="Type to search",
        on_change=add,
        help="It becomes the newest event.",
    )


STYLE = """<style>
.st-key-history-list [data-testid=stColumn] { min-width: 0; }
.st-key-history-list [data-testid=stHorizontalBlock] { flex-wrap: nowrap; gap: 0.1rem; }
.st-key-history-list button { padding: 0 0.3rem; min-height: 1.375rem; border: none; }
.st-key-history-list p, .st-key-history-top li {
    font-size: 0.875rem; line-height: 1.375rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
}
.st-key-history-top :is(ol, p) { margin: 0; }
.st-key-history-top ol { padding: 0; }
.st-key-history-top li { padding: 0; margin: 0; line-height: 1.2rem; list-style-position: inside; }
</style>"""


def editor(data: ActiveData, history: list[int]) -> None:
    """The history, newest first, with buttons."""
    edited = _items(data) != ""
    st.html(STYLE)
    with st.container(key=ITEMS.key(data), gap="small"):  # framed where a question has set it
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            rolls = ", roll for older" if len(history) > IN_SIGHT else ""
            st.markdown(f"**History**: {len(history)} event{'s' * (len(history) != 1)}{', edited' * edited}{rolls}")
            if edited:
                about = "The user's own history again"
                st.button("Undo", key="history undo", type="tertiary", help=about, on_click=_set, args=(data, ""))
        if not history:
            st.caption("Empty: a newcomer. Add items beside, or click points of the map.")
        with st.container(key="history-list", gap=None, height=ROOM, border=False):
            for place in range(len(history) - 1, max(-1, len(history) - 1 - SHOWN), -1):
                _line(data, history, place)
            if len(history) > SHOWN:
                st.caption(f"The newest {SHOWN} are shown.")


def _set(data: ActiveData, text: str) -> None:
    parameters.set_parameters(data, history_items=text)


def _line(data: ActiveData, history: list[int], place: int) -> None:
    name, newer, older, gone = st.columns([10, 1, 1, 1], vertical_alignment="center", gap=None)
    name.markdown(plain(data.titles[history[place]]))
    for column, icon, label, key, result in (
        (newer, ":material/arrow_upward:", "newer", "up", swap(history, place, place + 1)),
        (older, ":material/arrow_downward:", "older", "down", swap(history, place, place - 1)),
        (gone, ":material/close:", "remove", "gone", [*history[:place], *history[place + 1 :]]),
    ):
        column.button(
            icon,
            key=f"history {key} {place}",
            help=f"Make it {label}" if label != "remove" else "Take it out of the history",
            on_click=edit,
            args=(data, result),
            type="tertiary",
            disabled=result == history and label != "remove",
        )


def swap(history: list[int], a: int, b: int) -> list[int]:
    changed = list(history)
    if 0 <= b < len(history):
        changed[a], changed[b] = changed[b], changed[a]
    return changed


def top_rows(model: RecallModel, history: list[int], with_seen: bool) -> list[tuple[int, float]]:
    """(item row, score) of the best items, best first."""
    found = model.recommend(np.array(history, dtype=np.int32), TOP, exclude_seen=not with_seen)
    return [(model.items.row(item), score) for item, score in found]
