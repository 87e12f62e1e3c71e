"""A sweep in a browser: rows arrive while another page is looked at; paused, resumed, and judged."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.driver import no_exception, open_page, screenshot, settled

Serve = Callable[..., str]
PATIENCE = 300_000  # milliseconds; on a cold server the first training waits for the compilers
SWEEP = (
    "runs?v=2&data=planted_shop&runs_view=sweep&sweep_trials=5&sweep_over=dimensions"
    "&sweep_values_item2vec.dimensions=4,+8,+32,+64&item2vec_epochs=5"
)


def test_a_sweep_goes_on_behind_other_pages(serve: Serve, page: Page, tmp_path: Path) -> None:
    base = serve("app.py", RECEMB_RUNS="on", RECEMB_RUNS_FOLDER=str(tmp_path / "runs"))
    open_page(page, f"{base}/{SWEEP}")
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text("Nothing is tried yet")
    main.get_by_role("button", name="Start").click()
    expect(main.get_by_role("button", name="Pause")).to_be_visible(timeout=PATIENCE)
    expect(main).to_contain_text(re.compile(r"Runs: [1-9]\d* first look"), timeout=PATIENCE)
    main.get_by_role("button", name="Pause").click()
    resume = main.get_by_role("button", name="Resume")
    expect(resume).to_be_visible(timeout=PATIENCE)
    resume.click()
    expect(main.get_by_role("button", name="Stop")).to_be_visible(timeout=PATIENCE)

    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Sequences").click()
    expect(page.locator("h1")).to_have_text("What is in my log?", timeout=PATIENCE)
    settled(page, PATIENCE)
    no_exception(page)

    page.go_back()
    expect(main).to_contain_text("20 fresh seeds", timeout=PATIENCE)
    expect(main).to_contain_text("after Holm's correction for all 4 settings tried", timeout=PATIENCE)
    expect(main.get_by_role("button", name="Stop")).to_have_count(0)
    for name in ("Parallel axes", "Slices", "What decides", "Quality and cost"):
        main.get_by_role("radio", name=name).click()
        settled(page, PATIENCE)
        no_exception(page)
    screenshot(page, "sweep")
    page.reload()
    settled(page, PATIENCE)
    expect(main).to_contain_text("after Holm's correction for all 4 settings tried", timeout=PATIENCE)
    assert list((tmp_path / "runs" / "sweeps").glob("*.jsonl")), "kept in its file"


LOOK = 4 * 4 * 6  # trainings, enough that the sweep can be stopped on its way on a quick machine too
GRID = (
    "node2vec?v=2&data=karate_club&view=sweep&sweep_ps=0.05,1,4,20&sweep_qs=0.05,1,4,20&sweep_seeds=6&num_walks=2&epochs=1"
    "&dimensions=8"
)


def test_a_grid_of_p_and_q_is_a_sweep_on_both_pages(serve: Serve, page: Page, tmp_path: Path) -> None:
    """Squares arrive while it is at work, other pages answer, Stop loses nothing, and the Sweeps view has it too."""
    base = serve("app.py", RECEMB_RUNS="on", RECEMB_RUNS_FOLDER=str(tmp_path / "runs"))
    open_page(page, f"{base}/{GRID}", PATIENCE)
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text("Nothing is tried yet", timeout=PATIENCE)
    main.get_by_role("button", name="Start").click()
    expect(main.get_by_role("button", name="Pause")).to_be_visible(timeout=PATIENCE)
    expect(main).to_contain_text("Noise is judged when the sweep is complete (", timeout=PATIENCE)  # a cell is there
    main.get_by_role("button", name="Stop").click()
    resume = main.get_by_role("button", name="Resume")
    expect(resume).to_be_visible(timeout=PATIENCE)
    expect(main).to_contain_text("runs are done; Resume goes on")
    (place,) = (tmp_path / "runs" / "sweeps").glob("*.jsonl")
    kept = len(place.read_bytes().splitlines())
    resume.click()
    expect(main.get_by_role("button", name="Pause")).to_be_visible(timeout=PATIENCE)

    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Runs").click()
    expect(page.locator("h1")).to_have_text("What did I try, and which was better?", timeout=PATIENCE)
    settled(page, PATIENCE)
    main.get_by_role("radio", name="Sweeps").click()
    expect(main).to_contain_text("A sweep of node2vec over p, q is at work", timeout=PATIENCE)
    main.get_by_role("button", name="Go to it").click()
    expect(main).to_contain_text("20 fresh seeds", timeout=PATIENCE)
    expect(main.get_by_role("button", name="Stop")).to_have_count(0, timeout=PATIENCE)
    expect(main).to_contain_text(f"{LOOK} first look")
    screenshot(page, "grid among the sweeps")
    main.get_by_role("button", name="Its phase maps on the node2vec page").click()
    expect(page.locator("h1")).to_have_text("What do p and q change?", timeout=PATIENCE)
    expect(main).to_contain_text("Dunnett's test against p = q = 1 over the whole sweep", timeout=PATIENCE)
    expect(main).to_contain_text(f"{LOOK} first look", timeout=PATIENCE)
    expect(main).to_contain_text("What moved at", timeout=PATIENCE)
    screenshot(page, "grid of p and q")
    no_exception(page)
    assert len(place.read_bytes().splitlines()) == 1 + LOOK + 20 > kept >= 1
