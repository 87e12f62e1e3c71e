"""AppTest on the pages: the real scripts without a browser."""

from __future__ import annotations

import contextlib
import functools
import io
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from recemb_core.job_pool import JobPool

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True, scope="session")
def _packages_are_looked_through_once() -> Iterator[None]:
    """AppTest reads what every installed package says of itself, anew for each page: twice the work of most pages."""
    once = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", lambda max_workers=None: list(once(max_workers)))
        yield


@pytest.fixture(autouse=True)
def _figures_as_people_get_them(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plotly's own checks, a third of the work, look at figures of tests/core and of the file that opens every page."""
    if request.path.name != "test_every_page.py":
        monkeypatch.delenv("RECEMB_CHECK_FIGURES", raising=False)


@pytest.fixture(autouse=True)
def _no_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECEMB_NO_WARM_UP", "1")


@pytest.fixture(autouse=True)
def _runs_are_kept_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A store of kept runs for each test, on, as on a person's own computer."""
    monkeypatch.setenv("RECEMB_RUNS", "on")
    monkeypatch.setenv("RECEMB_RUNS_FOLDER", str(tmp_path / "kept runs"))


@pytest.fixture(autouse=True)
def _work_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are done in this process, where tests can watch them; what they are given must still be fit to be sent."""
    monkeypatch.setenv("RECEMB_JOB_PROCESSES", "0")
    work = JobPool._work

    def checked(self: JobPool, progress: Any, reports: bool, function: Any, args: Any, named: Any) -> Any:
        pickle.loads(pickle.dumps((args, named)))
        return work(self, progress, reports, function, args, named)

    monkeypatch.setattr(JobPool, "_work", checked)


@pytest.fixture
def open_page() -> Callable[..., AppTest]:
    """Run one page on its own, as a deep link does, with query parameters."""

    def run(name: str, **query: str) -> AppTest:
        page = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=180)
        for key, value in query.items():
            page.query_params[key] = value
        return page.run()

    return run


@pytest.fixture
def app() -> AppTest:
    """The whole app, navigation included."""
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=180)


def show_me(page: AppTest, number: int) -> None:
    """Go to a question of the page, the first is 0, and press its *Show me*; the caller runs the page."""
    if not any(button.key == f"try{number}" for button in page.button):
        page.session_state[page.session_state["_place"]] = number
        page.run()
    page.button(key=f"try{number}").click()


def questions(page: AppTest) -> int:
    """How many questions the page asks."""
    told = next((c.value for c in page.caption if c.value.startswith("Question ")), None)
    return int(told.split()[-1]) if told else int(any(b.key == "try0" for b in page.button))


def healthy(page: AppTest) -> AppTest:
    """No traceback and no error box."""
    assert not page.exception, [e.message for e in page.exception]
    assert not page.error, [e.value for e in page.error]
    return page


def numbers(page: AppTest) -> dict[str, str]:
    """Label → value of the page's metrics."""
    return {metric.label: metric.value for metric in page.metric}


def text(page: AppTest) -> str:
    """What the page says in words, a piece a line."""
    kinds = (page.markdown, page.caption, page.info, page.warning)
    return "\n".join(element.value for kind in kinds for element in kind)


def run_the_python(page: AppTest) -> str:
    """What the lines of *As Python* print."""
    (shown,) = [block.value for block in page.code if "import" in block.value]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(shown, f"As Python under {page.title[0].value!r}", "exec"), {})
    return printed.getvalue()
