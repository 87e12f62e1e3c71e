"""Controls that are declared once: names, defaults, links of today and of before, Reset, what gives way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from pages.kit import controls, jobs, parameters
from pages.kit.allowed import Flag, Options, Several, Span, Steps, Text, as_offered
from pages.kit.navigation import SECTIONS
from pages.kit.parameters import Parameter, Scope, as_text
from tests.pages.conftest import ROOT, healthy

Open = Callable[..., AppTest]
Fill = tuple[str, Any, Callable[[str], Any], Callable[[Any], bool]]
PAGES = [name for names in SECTIONS.values() for name in names]
LOOKS: dict[str, list[dict[str, str]]] = {
    "walks": [{}, {"data": "les_miserables"}],
    "training": [
        {"look": look} for look in ("window", "noise", "lookup", "steps", "cbow", "two", "costs", "learned", "set")
    ],
    "deep_models": [{"section": section} for section in ("recall", "history", "serving", "staleness")],
    "neighbors": [{}, {"compare": "two"}, {"compare": "sum"}, {"data": "les_miserables"}],
    "side_information": [{"side": side} for side in ("attention", "forms", "birth", "hide", "ges")],
}
HERE = Scope("here")


@pytest.fixture
def declarations(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a test declares, it declares for itself."""
    found = dict(parameters._DECLARED)
    monkeypatch.setattr(parameters, "_DECLARED", found)
    return found


@pytest.fixture(scope="module")
def filled() -> Iterator[dict[str, list[Fill]]]:
    """Page → (name, default, how a link is read, what is allowed) of all that it binds; nothing is trained for it."""
    found: dict[str, list[Fill]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECEMB_NO_WARM_UP", "1")
        patch.setattr(jobs, "may_run", lambda *args, **more: False)
        real = parameters.fill
        for name in PAGES:

            def note(
                parameter: str, key: str, default: Any, parse: Any, allowed: Any, *, page: str = name, **more: Any
            ) -> str:
                found.setdefault(page, []).append((parameter, default, parse, allowed))
                return real(parameter, key, default, parse, allowed, **more)

            patch.setattr(parameters, "fill", note)
            for link in LOOKS.get(name, [{"data": "planted_shop"}]):
                page = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=180)
                for parameter, value in ({"data": "planted_shop"} | link).items():
                    page.query_params[parameter] = value
                healthy(page.run())
        yield found


def known() -> list[Parameter[Any]]:
    """The declared parameters that say themselves where they start and what they can be."""
    return [
        one
        for one in parameters.declared()
        if one.default is not None and one.holds_any() and not one.parts and not isinstance(one.allowed, Text)
    ]


def another(one: Parameter[Any]) -> Any:
    """A value that its control offers, other than the default."""
    allowed = one.allowed
    if isinstance(allowed, Span):
        return allowed.high if one.default != allowed.high else allowed.low
    if isinstance(allowed, Several):
        return [next(name for name in allowed.names if [name] != one.default)]
    options = (True, False) if isinstance(allowed, Flag) else getattr(allowed, "values", getattr(allowed, "names", ()))
    return next((value for value in options if value != one.default), one.default)


def in_a_run(link: dict[str, str], session: dict[str, Any], steps: Callable[[Any], Any]) -> tuple[Any, list[str]]:
    """(what ``steps`` gives in a session that began with a link, what was said)."""
    told: dict[str, Any] = {}

    def script(steps, told):  # type: ignore[no-untyped-def]  # it is run without this file's imports
        from types import SimpleNamespace

        told["result"] = steps(SimpleNamespace(key="toy"))

    page = AppTest.from_function(script, kwargs={"steps": steps, "told": told})
    for name, value in session.items():
        page.session_state[f"{name}@toy"] = value
    for name, value in link.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception, [e.message for e in page.exception]
    return told["result"], [toast.value for toast in page.toast]


# --- names ---


def test_a_name_declared_twice_fails_at_import(declarations: dict[str, Any]) -> None:
    Parameter(HERE, "tested", "Tested", Flag(), False)
    with pytest.raises(ValueError, match=r"'tested' is declared twice: for here .*test_parameters.* and for elsewhere"):
        Parameter(Scope("elsewhere"), "tested", "Tested", Flag(), False)
    with pytest.raises(ValueError, match="'q' is declared twice: for the visit"):
        Parameter(HERE, controls.NODE2VEC["q"].name, "Tested", Flag(), False)


def test_what_a_run_declares_anew_is_no_second_declaration(declarations: dict[str, Any]) -> None:
    first, second = (Parameter(HERE, "tested", "Tested", Flag(), False) for _ in range(2))
    assert first is not second
    assert declarations["tested"][0] is second


@pytest.mark.slow
def test_families_meet_no_other_name(filled: object) -> None:
    families = [one.name for one in parameters.declared() if one.parts]
    assert {"backbone", "new"} <= set(families)
    for one in parameters.declared():
        assert not any(one.name.startswith(f"{family}_") for family in families), one.name


@pytest.mark.parametrize("page", PAGES)
def test_all_that_a_page_binds_is_declared(page: str, filled: dict[str, list[Fill]]) -> None:
    names = {one.name for one in parameters.declared() if not one.parts}
    families = tuple(f"{one.name}_" for one in parameters.declared() if one.parts)
    assert filled[page]
    for name, *_ in filled[page]:
        assert name in names or name.startswith(families), name


# --- defaults ---


@pytest.mark.parametrize("page", PAGES)
def test_a_default_is_offered_and_a_link_can_say_it(page: str, filled: dict[str, list[Fill]]) -> None:
    for name, default, parse, allowed in filled[page]:
        assert default is not None, f"{name} starts nowhere"
        assert allowed(default), f"{name} starts at {default!r}"
        assert parse(as_text(default)) == default, f"{name}: {as_text(default)!r}"


def test_a_default_that_is_not_offered_fails_at_import(declarations: dict[str, Any]) -> None:
    for wrong in (Steps((1, 2)), Span(1, 2), Options(("a",)), Flag(), Several(("a",))):
        with pytest.raises(ValueError, match="starts at 3, which its control does not offer"):
            Parameter(HERE, "tested", "Tested", wrong, 3)  # type: ignore[type-var]


@settings(max_examples=40, deadline=None)
@given(st.data())
@pytest.mark.slow
def test_a_link_brings_every_value_back(data: st.DataObject) -> None:
    number = st.one_of(st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False))
    word = st.text(st.characters(exclude_characters=","), min_size=1, max_size=8)
    values = data.draw(
        st.one_of(
            *(
                st.lists(kind, min_size=1, max_size=6, unique=True)
                for kind in (st.integers(), st.floats(allow_nan=False), word)
            )
        )
    )
    value = data.draw(st.sampled_from(values))
    for one in (Steps(values), Options(values), Options(dict.fromkeys(values, "shown"))):
        assert one.holds(one.parse(as_text(value)))
        assert one.parse(as_text(value)) == value
    some = data.draw(st.lists(st.sampled_from(values), max_size=6, unique=True))
    assert Several(values).parse(as_text(some)) == some
    low, high = sorted(data.draw(st.lists(number.map(float), min_size=2, max_size=2, unique=True)))
    between = data.draw(st.floats(low, high))
    assert Span(low, high).parse(as_text(between)) == between


# --- links ---


def test_a_link_value_that_is_not_allowed_gives_way_and_is_said(filled: object) -> None:
    names = known()
    nonsense = {one.name: "no such value" for one in names}
    found, said = in_a_run({"v": "2", **nonsense}, {}, lambda data: {one.name: one.value(data) for one in names})
    assert found == {one.name: one.default for one in names}
    assert len(said) == len(names)
    for one in names:
        assert any(f"link's {one.name}='no such value' is not possible here" in text for text in said), one.name


def test_an_allowed_link_value_is_taken_silently(filled: object) -> None:
    names = known()
    wanted = {one.name: another(one) for one in names}
    link = {name: as_text(value) for name, value in wanted.items()}
    found, said = in_a_run({"v": "2", **link}, {}, lambda data: {one.name: one.value(data) for one in names})
    assert found == wanted
    assert not said


@pytest.mark.slow
def test_a_former_name_counts_in_old_links_only(filled: object) -> None:
    renamed = [(one, old) for one in known() for old in one.former]
    assert "negatives" in {one.name for one, _ in renamed}
    for one, old in renamed:
        value = another(one)
        for link, expected in (
            ({old: as_text(value)}, value),
            ({old: as_text(value), "v": "2"}, one.default),
            ({one.name: as_text(value), "v": "2"}, value),
            ({one.name: as_text(value), old: as_text(one.default)}, value),
        ):
            found, said = in_a_run(link, {}, lambda data, one=one: one.value(data))  # type: ignore[misc]
            assert found == expected, (one.name, link)
            assert not said


@pytest.mark.slow
def test_an_old_link_to_the_training_page_shows_its_negatives(open_page: Open) -> None:
    page = healthy(open_page("training", data="planted_shop", look="steps", k="7"))
    assert page.slider(key="negatives@planted_shop").value == 7
    assert page.query_params["negatives"] in ("7", ["7"])
    assert page.query_params["v"] in ("2", ["2"])
    assert "k" not in page.query_params
    page = healthy(open_page("training", data="planted_shop", look="steps", k="7", v="2"))
    assert page.slider(key="negatives@planted_shop").value == 5


# --- reset ---


@pytest.mark.slow
def test_reset_leaves_views_alone(filled: object) -> None:
    names = known()
    views = {one.name for one in names if one.view or one.of_data or one.of_visit}
    assert {"look", "compare", "side", "view"} <= views

    def steps(data: Any) -> dict[str, Any]:
        for one in names:
            one.bind(data).set(another(one))
        parameters.reset_parameters(data)
        return {one.name: one.value(data) for one in names}

    found, said = in_a_run({}, {}, steps)
    assert found == {one.name: another(one) if one.name in views else one.default for one in names}
    assert not said


@pytest.mark.slow
def test_reset_on_a_page_takes_the_settings_out_of_the_link(open_page: Open) -> None:
    page = healthy(open_page("training", data="planted_shop", look="noise", exponent="0.5"))
    next(button for button in page.button if button.label == "Reset").click()
    healthy(page.run())
    assert page.segmented_control(key="look@planted_shop").value == "noise"
    assert page.slider(key="exponent@planted_shop").value == 0.75
    assert "exponent" not in page.query_params
    assert "look" in page.query_params


# --- what is in the session ---


@pytest.mark.slow
def test_a_value_of_another_page_or_reading_gives_way_and_is_said(filled: object) -> None:
    names = [one for one in known() if not one.of_visit]
    session = {one.name: "no such value" for one in names}
    found, said = in_a_run({}, session, lambda data: {one.name: one.value(data) for one in names})
    assert found == {one.name: one.default for one in names}
    assert len(said) == len(names)
    assert all("'no such value' is not possible any more" in text for text in said)


@pytest.mark.slow
def test_a_length_that_the_neighbors_page_does_not_offer_gives_way(open_page: Open) -> None:
    page = AppTest.from_file(str(ROOT / "pages" / "neighbors.py"), default_timeout=180)
    page.query_params["data"] = "les_miserables"
    page.session_state["k@les_miserables"] = 7
    healthy(page.run())
    assert page.segmented_control(key="k@les_miserables").value == 10


def test_what_was_chosen_is_said_to_go_and_what_was_not_just_follows(declarations: dict[str, Any]) -> None:
    one = Parameter(HERE, "tested", "Tested", Options())

    def steps(data: Any) -> list[Any]:
        found = [one.value(data, default="a", among=("a", "b"))]
        found.append(one.value(data, default="c", among=("c", "d")))  # left at its default: follows, silently
        one.bind(data, default="c", among=("c", "d")).set("d")
        found.append(one.value(data, default="a", among=("a", "d")))  # still there
        found.append(one.value(data, default="a", among=("a", "b")))  # chosen, and gone
        return found

    found, said = in_a_run({}, {}, steps)
    assert found == ["a", "c", "d", "a"]
    assert said == ["Tested: 'd' is not possible any more, 'a' is used."]


def test_a_default_by_size_is_followed_until_somebody_chooses(declarations: dict[str, Any]) -> None:
    passes = Parameter(HERE, "tested", "Tested", Span(1, 500), follows=True)
    width = Parameter(HERE, "tested_too", "Tested too", Span(1, 500))

    def follow(data: Any) -> list[int]:
        found = [passes.value(data, default=size) for size in (20, 29, 12)]
        passes.bind(data, default=12).set(50)
        stay = [width.value(data, default=size) for size in (20, 29)]
        return [*found, passes.value(data, default=33), *stay]

    assert in_a_run({}, {}, follow) == ([20, 29, 12, 50, 20, 20], [])
    assert in_a_run({"tested": "7"}, {}, follow)[0][:3] == [7, 7, 7]


@pytest.mark.slow
def test_parts_are_named_when_they_give_way(declarations: dict[str, Any]) -> None:
    one = Parameter(HERE, "tested", "Tested", Options(("a", "b")), "a", parts=True)
    found, said = in_a_run({}, {"tested_left": "x"}, lambda data: [one.value(data, "left"), one.value(data, "right")])
    assert found == ["a", "a"]
    assert said == ["Tested (left): 'x' is not possible any more, 'a' is used."]


@pytest.mark.slow
def test_another_item_takes_another_previous_one_along(open_page: Open) -> None:
    page = healthy(open_page("walks", data="les_miserables"))
    before = page.selectbox(key="previous@les_miserables").value
    page.sidebar.selectbox[1].set_value("Champtercier")  # Myriel alone leads there
    healthy(page.run())
    assert page.selectbox(key="previous@les_miserables").value == "Myriel" != before
    assert not page.toast
    page.selectbox(key="previous@les_miserables").set_value("")
    healthy(page.run())
    page.sidebar.selectbox[1].set_value("Valjean")
    healthy(page.run())
    assert page.selectbox(key="previous@les_miserables").value == ""
    page.selectbox(key="previous@les_miserables").set_value("Javert")
    healthy(page.run())
    page.sidebar.selectbox[1].set_value("Champtercier")
    healthy(page.run())
    assert page.selectbox(key="previous@les_miserables").value == "Myriel"
    assert [toast.value for toast in page.toast] == [
        "Previous item: 'Javert' is not possible any more, 'Myriel' is used."
    ]


def test_a_value_that_equals_an_offered_one_is_that_one() -> None:
    """Python takes 1 for 1.0; the browser, which has the options' texts, would drop it."""
    import pages.views.node2vec.sweep  # noqa: F401  (declares values of p and q)

    found = set()
    for one in parameters.declared():
        for name in getattr(one.allowed, "values", None) or getattr(one.allowed, "names", ()):
            if isinstance(name, float) and name.is_integer():
                several = isinstance(one.allowed, Several)
                own = as_offered(one.allowed, [int(name)] if several else int(name))
                assert repr(own) == repr([name] if several else name), one.name
                found.add(one.name)
    assert {"p", "q", "sweep_ps", "sweep_qs"} <= found
