"""What the lines of *As Python* say: the controls they go by, what they draw."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import parameters
from pages.kit.code_lines import Guide, Line
from pages.kit.session import DATA_WIDGET
from tests.pages.conftest import ROOT, healthy

Open = Callable[..., AppTest]
GUIDED = ("walks", "node2vec", "lsh", "training")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[Line]:
    found: list[Line] = []
    monkeypatch.setattr("pages.kit.frame.say_lines", lambda lines: found.__setitem__(slice(None), lines))
    return found


def by_line(page: AppTest, said: list[Line]) -> dict[str, Line]:
    (code,) = [block.value for block in page.code if "import" in block.value]
    return dict(zip(code.split("\n"), said, strict=True))


def of(lines: dict[str, Line], begin: str) -> Line:
    (found,) = [line for code, line in lines.items() if code.startswith(begin)]
    return found


def test_a_line_names_its_controls_and_what_it_draws(open_page: Open, said: list[Line]) -> None:
    lines = by_line(healthy(open_page("walks")), said)
    assert of(lines, "from recemb_core.datasets") == Line()
    assert of(lines, "data = load_dataset") == Line("Goes by: Data set.", (DATA_WIDGET,))
    step = of(lines, "rows, probabilities = ")
    assert step.words.startswith("Goes by: p (return), q (in–out). Draws: the edges of the next step")
    assert step.controls == ("p@planted_shop", "q@planted_shop")
    assert step.charts == ("microscope",)
    place = of(lines, "current, previous = ")
    assert place.words == "Goes by: Previous item, Chosen item."
    # 1,000 walks of 21 items are the page's own, not what the node2vec controls of these names have.
    assert of(lines, "config = WalkConfig").words == "Goes by: Seed, p (return), q (in–out)."


def test_a_value_that_the_code_has_for_itself_is_no_controls(open_page: Open, said: list[Line]) -> None:
    lines = by_line(healthy(open_page("node2vec", data="karate_club", q="20")), said)
    assert "q (in–out)" in of(lines, "vectors = train_node2vec").words
    assert "q (in–out)" not in of(lines, "base = train_node2vec").words  # at q = 1, with which it is compared


@pytest.mark.slow
def test_an_argument_of_a_models_config_is_that_models_control(open_page: Open, said: list[Line]) -> None:
    lines = by_line(healthy(open_page("lsh")), said)
    trained = of(lines, "vectors = train_word2vec")
    assert {"word2vec_dimensions@complete_journey", "vectors@complete_journey"} <= set(trained.controls)
    index = of(lines, "config = LSHConfig")
    for label in ("Functions K", "Tables L", "Combine by", "Bucket width w"):
        assert label in index.words


@pytest.mark.parametrize(("page", "look"), [("training", {"look": "steps"}), ("node2vec", {"view": "why"})])
def test_other_pages_speak_of_their_own_controls(
    page: str, look: dict[str, str], open_page: Open, said: list[Line]
) -> None:
    lines = by_line(healthy(open_page(page, **look)), said)
    if page == "training":
        assert "Learning rate η" in of(lines, "steps = StepConfig").words
        assert of(lines, "last = train_and_watch").charts == ("scores", "losses")
    else:
        assert "Second item" in of(lines, "second = ").words
        assert of(lines, "print(explain_pair").charts == ("ways",)


@pytest.mark.parametrize("page", GUIDED)
def test_a_guide_speaks_of_code_controls_and_charts_that_there_are(page: str) -> None:
    guide: Guide = import_module(f"pages.views.{page}.code_guide").GUIDE
    import_module(f"pages.{page}") if page == "walks" else None
    files = [ROOT / "pages" / f"{page}.py", *(ROOT / "pages" / "views" / page).glob("*.py")]
    shared = [*(ROOT / "pages" / "kit").glob("*.py")]
    source = "\n".join(path.read_text(encoding="utf-8") for path in [*files, *shared] if path.name != "code_guide.py")
    declared = {one.name for one in parameters.declared()}
    for piece, stands in guide.items():
        # An argument may be written by a loop over the config's fields.
        assert piece.rstrip("=(").strip() in source, f"no line has {piece}"
        for chart in stands.charts:
            assert chart.split(" ")[-1] in source, chart
        for name in stands.controls:
            assert name in declared or f'"{name}"' in source, name
