"""The whole way of an engineer with an own log: read, baselines, models, sweep, verdict, bundle, its answers."""

from __future__ import annotations

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.bare_loader import answers
from tests.browser.driver import downloaded, no_exception, open_page, settled, upload, wait_until

Serve = Callable[..., str]
PATIENCE = 300_000  # milliseconds; on a cold server the first training waits for the compilers
NAMES = "() => document.querySelector('.js-plotly-plot')?.layout?.yaxis?.ticktext ?? []"
BASELINES = ("Popularity", "ItemKNN", "EASE", "PMI")
MODELS = ("word2vec", "item2vec", "DeepWalk", "node2vec", "GES", "EGES")
KINDS = ("Drama", "Comedy", "Western", "Horror")


def films(users: int = 220, count: int = 160) -> bytes:
    """ratings.csv and movies.csv as MovieLens has them: people of one or two tastes, some films far better known."""
    draw = random.Random(0)
    ratings, movies = ["userId,movieId,rating,timestamp"], ["movieId,title,genres"]
    for film in range(count):
        movies.append(f'{film + 1},"Film {film + 1} ({1950 + film % 60})",{KINDS[film % len(KINDS)]}')
    weights = [1 / (film // len(KINDS) + 2) for film in range(count)]
    for user in range(users):
        now, taste, seen = 900_000_000 + user * 10_000, user % len(KINDS), set[int]()
        for _ in range(draw.randint(20, 40)):
            film = draw.choices(range(count), weights)[0]
            if draw.random() < 0.8:
                film += (taste - film) % len(KINDS)
            if film >= count or film in seen:
                continue
            seen.add(film)
            now += draw.randint(5, 60)
            ratings.append(f"{user + 1},{film + 1},{draw.choice((3, 3.5, 4, 4.5, 5))},{now}")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as folder:
        folder.writestr("ml-small/ratings.csv", "\n".join(ratings))
        folder.writestr("ml-small/movies.csv", "\n".join(movies))
    return packed.getvalue()


def saved(page: Page, button: str) -> bytes:
    """What a download button gives."""
    place = page.get_by_role("button", name=button, exact=True).locator("visible=true")
    return downloaded(page, place).path().read_bytes()


def test_from_a_log_to_a_bundle_that_answers(serve: Serve, page: Page, tmp_path: Path, bare: Path) -> None:
    base = serve("app.py", RECEMB_RUNS="on", RECEMB_RUNS_FOLDER=str(tmp_path / "runs"))
    open_page(page, f"{base}/sequences")
    upload(page, 0, "ml-small.zip", films())
    expect(page.get_by_role("combobox", name="Data set")).to_have_value("ml-small.zip (yours)", timeout=PATIENCE)
    settled(page, PATIENCE)
    main = page.get_by_test_id("stMain")

    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Evaluation").click()
    wait_until(page, f"(names) => names.every((name) => ({NAMES})().includes(name))", [*BASELINES], timeout=PATIENCE)
    wait_until(page, f"(names) => names.every((name) => ({NAMES})().includes(name))", [*MODELS], timeout=2 * PATIENCE)
    settled(page, PATIENCE)
    expect(main).to_contain_text("The test part is untouched")
    no_exception(page)

    key = parse_qs(urlsplit(page.url).query)["data"][0]
    values = "sweep_over=dimensions&sweep_values_item2vec.dimensions=4,+8,+16"
    sweep = f"runs?v=2&data={key}&runs_view=sweep&sweep_model=item2vec&sweep_trials=4&{values}"
    open_page(page, f"{base}/{sweep}", PATIENCE)
    expect(main).to_contain_text("Kept in this session's memory: this is your own data")
    main.get_by_text("Keep sweeps of this data").click()
    page.get_by_role("button", name="Let runs of this data be kept").click()
    expect(main).to_contain_text("run by run: a sweep that is broken off")
    settled(page, PATIENCE)
    main.get_by_role("button", name="Start").click()
    expect(main).to_contain_text("Holm's correction for all", timeout=PATIENCE)
    expect(main.get_by_role("button", name="Stop")).to_have_count(0, timeout=PATIENCE)
    found = r"beats the default beyond noise|Not told apart|No setting has a higher mean than the default"
    expect(main).to_contain_text(re.compile(found))
    no_exception(page)

    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Neighbors").click()
    expect(page.locator("h1")).to_have_text("Do the models agree on this item?", timeout=PATIENCE)
    settled(page, PATIENCE)
    listed = list(csv.DictReader(io.StringIO(saved(page, "Neighbors (CSV)").decode())))
    main.get_by_text("Take a model away").click()
    label = page.get_by_test_id("stPopoverBody").get_by_role("combobox", name="Model").input_value()
    with zipfile.ZipFile(io.BytesIO(saved(page, "Bundle (zip)"))) as bundle:
        bundle.extractall(tmp_path / "bundle")
    shown = [row["neighbor"] for row in listed if row["model"] == label]
    item = listed[0]["item"]
    assert len(shown) == 10
    assert [other for other, _ in answers(bare, tmp_path / "bundle", [item])[item]] == shown
    no_exception(page)
