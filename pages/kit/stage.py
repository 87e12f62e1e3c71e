"""The stage of a page: one question at a time beside its picture; guess, then change, then the measured answer.

An experiment sets its complete state: what it names, and every other control of the page at its default, so that its
answer is that of the setting on the screen whatever was tried before. What was set before comes back by one button.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from pages.kit import jobs, parameters
from pages.kit.session import ITEM, ActiveData


@dataclass(frozen=True)
class Verdict:
    """What was measured.

    Attributes:
        text: it in Markdown, in at most about 45 words: it stands beside the picture.
        right: index of the choice that it is, or several where more than one holds; None where nothing can be said.
        more: the further figures, folded away.
    """

    text: str
    right: int | tuple[int, ...] | None = None
    more: str = ""

    @property
    def holds(self) -> tuple[int, ...]:
        """Indices of the choices that hold."""
        return () if self.right is None else self.right if isinstance(self.right, tuple) else (self.right,)


Answer = str | Verdict


@dataclass(frozen=True, eq=False)
class Experiment:
    """One question.

    Attributes:
        question: in Markdown; it does not change with what the person sets.
        choices: two to four answers to guess from.
        answer: called when the page is drawn to its end, so that it speaks of what this very run shows; "" while that
            is not there yet.
        sets: name → value of the parameters that it changes; all others of the page go back to their defaults. What is
            worked out from the results (which item, say) is set anew once those of the defaults are there.
    """

    question: str
    choices: tuple[str, ...]
    answer: Callable[[], Answer]
    sets: dict[str, Any]


@dataclass(frozen=True, eq=False)
class _Pressed:
    page: str
    data: str
    question: str
    sets: dict[str, Any]  # by key in the session
    defaults: dict[str, Any]  # of all that it puts back, and of what the questions before it put back
    before: dict[str, Any]  # what the person had
    guess: int | None
    anew: int = 0  # how often it was set anew

    @property
    def state(self) -> dict[str, Any]:
        """All that was set."""
        return self.defaults | self.sets

    def in_force(self, data: ActiveData, *, wholly: bool = False) -> bool:
        """Whether no control was moved away from what the experiment has set, or, wholly, from the complete state."""
        held = self.state if wholly else self.sets
        return self.data == data.key and all(st.session_state.get(key) == value for key, value in held.items())


MOST_ANEW = 20  # models that come one after another may each change an item; two states that call for each other end
WAITS = "The answer comes with the picture."
STYLE = """<style>
.st-key-question { padding: 0.5rem 0.75rem 0.625rem; gap: 0.375rem; }
.st-key-question [data-testid=stVerticalBlock] { gap: 0.375rem; }
.st-key-question p, .st-key-question button p { font-size: 0.9375rem; line-height: 1.35; }
.st-key-question [data-testid=stAlertContainer] { padding: 0.5rem 0.625rem; }
.st-key-question [data-testid=stButton] button:not([kind=tertiary]) { min-height: 2rem; padding: 0.125rem 0.5rem; }
.st-key-question [data-testid=stButton] button[kind=tertiary] { min-height: 1.5rem; padding: 0; }
.st-key-question [data-testid=stHorizontalBlock] { gap: 0.5rem; align-items: center; }
</style>"""


@contextmanager
def picture() -> Iterator[None]:
    """What the page is about: the charts that an experiment changes, drawn inside."""
    with st.container(key="stage-picture"):
        yield


def scores(place: Any = st) -> Any:
    """The container of the numbers that an experiment changes."""
    return place.container(key="stage-scores")


def player(data: ActiveData, name: str) -> str:
    """Key of what a player holds, its place or whether it plays: no setting, so a question lets it start anew."""
    key = f"player {name}@{data.key}"  # no parameter's: there is one named "step"
    st.session_state.setdefault("_players", set()).add(key)
    return key


def begin(page: str, data: ActiveData) -> None:
    """At the start of a page's run, before any job asks whether it may run."""
    st.session_state["_page"] = page
    st.session_state.pop("_verdict", None)  # of a run that was broken off
    earlier, anew = st.session_state.pop("_anew", (None, None))
    if anew is not None and earlier is _pressed():  # and was not undone meanwhile
        st.session_state["_experiment"] = anew
        st.session_state.update(anew.sets)
    jobs.answer_waits(None)
    jobs.asked_by_experiment((pressed := _pressed()) is not None and pressed.in_force(data, wholly=True))


def try_this(data: ActiveData, experiments: Sequence[Experiment], *, of: str = "") -> None:
    """One question at a time: a guess, or *Show me*, sets the experiment's state; then its verdict stands here.

    Args:
        data: the data set in use.
        experiments: what to ask, in order.
        of: tells the lists of a page apart where it has several.
    """
    if not experiments:
        return
    page = st.session_state.get("_page", "")
    place = st.session_state["_place"] = f"question {of or page}@{data.key}"
    st.session_state.setdefault("_places", {}).setdefault(page, set()).add(place)
    at, pressed = _at(place, experiments), _pressed()
    one = experiments[at]
    on = pressed is not None and pressed.question == one.question and pressed.in_force(data)
    if on and pressed is not None and (sets := _keyed(data, one)) != pressed.sets and pressed.anew < MOST_ANEW:
        before = {key: st.session_state[key] for key in sets if key in st.session_state} | pressed.before
        st.session_state["_anew"] = pressed, replace(pressed, sets=sets, before=before, anew=pressed.anew + 1)
        st.rerun()  # a control cannot be moved once it is drawn
    st.html(STYLE)
    with st.container(border=True, key="question"):
        _steps(place, at, len(experiments))
        st.markdown(f"**{one.question}**" if "**" not in one.question else one.question)
        if not on:
            _choices(data, at, one)
            return
        assert pressed is not None
        with st.container(key="verdict"):
            verdict = st.empty()
        st.session_state["_verdict"] = (verdict, one, pressed.guess)
        jobs.answer_waits(lambda: verdict.caption(WAITS))
        # Without help of its own: it comes up under the mouse that pressed, and its help would cover the answer.
        st.button("Back to my settings", key="question undo", type="tertiary", on_click=_undo)
    _mark(pressed)


SETS_ALL = (
    "A question sets all controls of the page: those it is about, which are framed, and the others to where they "
    "started. *Back to my settings* brings back what you had."
)


def _steps(place: str, at: int, number: int) -> None:
    if number == 1:
        st.caption("Predict first", help=SETS_ALL)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Question {at + 1} of {number}", width="stretch", help=SETS_ALL)
        for words, to in (("Back", at - 1), ("Next", at + 1)):
            st.button(
                words, key=f"question {words.lower()}", type="tertiary", disabled=not 0 <= to < number,
                on_click=_go, args=(place, to),
            )  # fmt: skip


def _choices(data: ActiveData, at: int, one: Experiment) -> None:
    """The answers to choose from; where *Show me* was pressed before, that alone, and the way back to guessing."""
    guesses = not st.session_state.get("_show_me", False)
    for number, choice in enumerate(one.choices if guesses else ()):
        key = f"guess{at}-{number}"
        st.button(choice, key=key, width="stretch", on_click=_press, args=(data, one, number))
    st.button(
        "Show me",
        key=f"try{at}",
        type="tertiary" if guesses else "secondary",
        on_click=_press,
        args=(data, one, None),
        help="Skips the guess, here and at the questions to come." if guesses else None,
    )
    if not guesses:
        st.button("Guess first", key="guess again", type="tertiary", on_click=_guess_again)


# ---- what the buttons do ----


def _keyed(data: ActiveData, one: Experiment) -> dict[str, Any]:
    return {f"{name}@{data.key}": value for name, value in one.sets.items()}


def _press(data: ActiveData, one: Experiment, guess: int | None) -> None:
    if guess is None:
        st.session_state["_show_me"] = True
    sets = _keyed(data, one)
    defaults = parameters.defaults_of_page(data)
    earlier = _pressed()
    page = str(st.session_state.get("_page", ""))
    if earlier is not None and earlier.data == data.key:  # its item, say, is no part of this one
        here = earlier.page == page  # what another page alone has is left as it is
        held = earlier.state if earlier.in_force(data, wholly=True) else earlier.sets
        left = [key for key, value in held.items() if st.session_state.get(key) == value]
        ours = defaults | sets
        _put_back(earlier, [key for key in left if here or key in ours or key not in earlier.defaults])
        defaults = (earlier.defaults if here else {}) | defaults
    before = {key: st.session_state[key] for key in defaults | sets if key in st.session_state}
    st.session_state["_experiment"] = pressed = _Pressed(page, data.key, one.question, sets, defaults, before, guess)
    st.session_state.update(pressed.state)
    places = st.session_state.get("_places", {}).get(page, ())  # of all views: it may lead to one that asks it as well
    for key in (*places, *st.session_state.get("_players", ())):
        st.session_state.pop(key, None)


def _undo() -> None:
    if (pressed := _pressed()) is not None:
        _put_back(pressed, pressed.state)
        del st.session_state["_experiment"]


def _put_back(pressed: _Pressed, keys: Iterable[str]) -> None:
    """These as they were before the question."""
    for key in keys:
        if key in pressed.before:
            st.session_state[key] = pressed.before[key]
        else:
            st.session_state.pop(key, None)


def _go(place: str, to: int) -> None:
    st.session_state[place] = to


def _guess_again() -> None:
    st.session_state["_show_me"] = False


def _pressed() -> _Pressed | None:
    return st.session_state.get("_experiment")


def _at(place: str, experiments: Sequence[Experiment]) -> int:
    """Where the person has gone, or else the question that was answered last."""
    pressed = _pressed()
    answered = [n for n, one in enumerate(experiments) if pressed is not None and one.question == pressed.question]
    at: int = st.session_state.get(place, answered[0] if answered else 0)
    return min(at, len(experiments) - 1)


# ---- the verdict ----


def answer() -> None:
    """Say what came of the question that was pressed, now that the page is drawn."""
    jobs.answer_waits(None)
    place, one, guess = st.session_state.pop("_verdict", (None, None, None))
    if place is None:
        return
    found = one.answer()
    verdict = found if isinstance(found, Verdict) else Verdict(found)
    if not verdict.text:
        place.caption(WAITS)
        return
    with place.container():
        words = _against(one, guess, verdict)
        right = guess is None or guess in verdict.holds or not verdict.holds
        (st.success if right else st.info)(f"{words}{verdict.text}")
        if verdict.more:
            with st.expander("The figures"):
                st.markdown(verdict.more)


def _against(one: Experiment, guess: int | None, verdict: Verdict) -> str:
    """The guess against what was measured."""
    measured = either([one.choices[n] for n in verdict.holds])
    if guess is None:
        return f"**{measured}.** " if measured else ""
    said = one.choices[guess]
    if not measured:
        return f"You said: {said}. "
    if guess in verdict.holds:
        return f"**Right: {said}.** "
    return f"You said: {said}. **Measured: {measured}.** "


def either(choices: Sequence[str]) -> str:
    """The choices that hold, as one sentence: only its first word begins with a capital, names like LSH aside."""
    rest = [f"{one[0].lower()}{one[1:]}" if one[1:2].islower() or one.startswith("A ") else one for one in choices[1:]]
    return " or ".join([*choices[:1], *rest])


def _mark(pressed: _Pressed | None) -> None:
    """The controls of the page that the experiment has moved, framed; the chosen item is named in the picture."""
    if pressed is None:
        return
    # Streamlit makes a class of a key by putting "-" for what a class cannot hold.
    sets = [key for key in pressed.sets if not key.startswith(f"{ITEM.name}@")]  # it is named on the page itself
    moved = [key for key in sets if pressed.defaults.get(key) != pressed.sets[key]] or sets
    rows = ", ".join(f".st-key-{re.sub(r'[^a-zA-Z0-9_-]', '-', key)}" for key in moved)
    if rows:
        ring = "outline: 2px solid var(--moved); outline-offset: 4px; border-radius: 4px;"
        st.html(f"<style>[data-testid=stMain] :is({rows}) {{ {ring} }}</style>")
