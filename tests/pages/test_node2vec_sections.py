"""The node2vec page's sections: roles, pairs, the objective of a node, Figure 3."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.views.node2vec.one_setting import change_words
from pages.views.node2vec.why import _excerpt
from recemb_core import precomputed
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import node2vec_defaults, train_node2vec
from recemb_core.evaluation.walk_paths import walk_paths
from recemb_core.experiments.figure_three import FigureThreeConfig, figure_three_base
from recemb_core.walks import generate_walks
from tests.pages.conftest import healthy, text


def section_page(view: str) -> None:
    from pages.kit import controls, frame, graph_controls
    from pages.views.node2vec import one_setting, roles, why

    section = {"roles": roles.roles_section, "why": why.why_section}[view]
    with frame.page("Why?", "A page for the test.", opens_on="planted_shop") as data:
        _, graph = graph_controls.walk_graph(data, graph_controls.graph_settings(data))
        config, umap = controls.node2vec_config(data, len(graph)), controls.umap_config(data, len(graph), draw=False)
        shown = one_setting.results_or_stale(data, graph, config, umap, controls.labellings(data, graph))
        assert shown is not None
        section(shown)


def opened(view: str, **query: str) -> AppTest:
    test = AppTest.from_function(section_page, args=(view,), default_timeout=180)
    for key, value in query.items():
        test.query_params[key] = value
    return healthy(test.run())


def scores(page: AppTest) -> dict[str, list[Any]]:
    return page.dataframe[0].value.to_dict("list")


# --- what structure looks like ---


def test_role_features_find_the_planted_roles_and_node2vec_the_categories() -> None:
    page = opened("roles")
    table = scores(page)
    assert table["Embedding"] == ["node2vec, p = 1, q = 1", "Role features", "most possible"]
    node2vec, roles, most = table["Structural score by role"]
    assert node2vec < 0.1
    assert roles >= 0.45
    assert most == pytest.approx(0.5, abs=0.01)
    node2vec, roles, _ = table["Homophily score by category"]
    assert roles < node2vec - 0.6
    assert "far apart need role features" in text(page)


def test_the_roles_section_draws_without_planted_roles() -> None:
    page = opened("roles", data="les_miserables", q="20")
    assert scores(page)["Embedding"][0] == "node2vec, p = 1, q = 20"
    assert len(page.get("bidi_component")) == 2


def test_the_barbell_says_what_happens_at_its_ends() -> None:
    page = opened("roles", data="barbell")
    node2vec, roles, _ = scores(page)["Same role at opposite ends (AUC)"]
    assert roles >= 0.9
    assert node2vec < 0.5
    assert "chance is 50%" in text(page)


@pytest.mark.slow
def test_the_color_switch_is_in_the_link() -> None:
    page = opened("roles", roles_color="group")
    assert page.session_state["roles_color@planted_shop"] == "group"
    page.session_state["roles_color@planted_shop"] = "role"
    healthy(page.run())
    assert "roles_color" not in page.query_params
    page.session_state["roles_color@planted_shop"] = "group"
    healthy(page.run())
    assert page.query_params["roles_color"] in ("group", ["group"])


def downloads(page: AppTest) -> list:
    """The download buttons of the view; the sidebar has one of its own."""
    return [button for button in page.get("download_button") if button.key != "save session"]


@pytest.mark.slow
def test_features_are_trained_on_request_and_then_kept() -> None:
    page = opened("roles", dimensions="8")
    assert "16 features an item" in text(page)
    assert not downloads(page)
    page.button(key="run features@planted_shop").click()
    healthy(page.run())
    assert len(downloads(page)) == 6
    assert "by both together" in text(page)
    healthy(page.run())  # what is trained needs no button
    assert len(downloads(page)) == 6


# --- why are these neighbors ---


@pytest.mark.parametrize("data", ["planted_shop", "karate_club"])
def test_a_pair_is_explained_from_sessions_and_from_a_graph_alone(data: str) -> None:
    page = opened("why", data=data)
    shown = text(page)
    assert "is number 1 of the" in shown
    assert "hold both within 2 steps" in shown
    headings = [heading.value for heading in page.subheader]
    assert ("Sessions that link them" in headings) == (load_dataset(data).sequences is not None)


def test_the_picture_of_a_pair_counts_the_ways_of_the_walks() -> None:
    page = opened("why", data="karate_club")
    assert len(page.get("bidi_component")) == 1
    (said,) = [c.value for c in page.caption if "times a walk has the two" in c.value]
    graph = load_dataset("karate_club").graph
    assert graph is not None
    config = node2vec_defaults(len(graph))
    vectors, walks = train_node2vec(graph, config), generate_walks(graph, config)
    first = page.session_state["item@karate_club"]
    ((second, _),) = vectors.most_similar(first, k=1)
    paths = walk_paths(walks, graph.items.row(first), graph.items.row(second), window=config.window)
    assert said.startswith(f"{paths.pairs:,} times")


@pytest.mark.slow
def test_the_second_item_is_the_nearest_until_one_is_chosen() -> None:
    shop = load_dataset("planted_shop")
    page = opened("why")
    second = page.main.selectbox[1]
    assert second.value == ""
    far = shop.items[40]
    second.set_value(far)
    healthy(page.run())
    assert page.query_params["why"] in (far, [far])
    assert shop.titles[40] in text(page)
    # The first item chosen as the second: back to the nearest.
    page.session_state["item@planted_shop"] = far
    healthy(page.run())
    assert page.main.selectbox[1].value == ""
    assert page.main.selectbox[0].value == far


@pytest.mark.slow
def test_choosing_the_first_item_chooses_it_everywhere() -> None:
    shop = load_dataset("planted_shop")
    page = opened("why")
    page.main.selectbox[0].set_value(shop.items[30])
    healthy(page.run())
    assert page.session_state["item@planted_shop"] == shop.items[30]
    assert shop.titles[30] in text(page)


@pytest.mark.slow
def test_linking_sessions_show_both_items_in_bold() -> None:
    shop = load_dataset("planted_shop")
    page = opened("why", item=shop.items[0], why=shop.items[1])
    lines = [m.value for m in page.markdown if m.value.startswith("- ") and "→" in m.value and "\n" not in m.value]
    assert 1 <= len(lines) <= 5
    for title in (shop.titles[0], shop.titles[1]):
        assert all(f"**{title}**" in line for line in lines)


def test_a_long_sequence_is_cut_to_where_the_two_are_closest() -> None:
    class Names:
        def title_of(self, item: str) -> str:
            return item

    items = [str(i) for i in range(30)]
    cut: Any = Names()
    assert _excerpt(cut, items[:5], ("0", "4")) == ["**0**", "1", "2", "3", "**4**"]
    assert _excerpt(cut, items, ("10", "11")) == ["…", *"6789", "**10**", "**11**", "12", "13", "14", "15", "…"]
    far = _excerpt(cut, items, ("0", "29"))
    assert far == ["**0**", *"1234", "…", *map(str, range(25, 29)), "**29**"]
    twice = ["5", *items, "7", "5"]
    assert _excerpt(cut, twice, ("5", "7"))[-2:] == ["**7**", "**5**"]


@pytest.mark.slow
def test_a_link_with_nonsense_falls_back() -> None:
    page = opened("why", why="no such thing")
    assert page.main.selectbox[1].value == ""
    assert opened("roles", roles_color="purple").session_state["roles_color@planted_shop"] == "role"


# --- beyond noise or not ---


@pytest.mark.slow
def test_the_page_and_its_python_give_the_same_verdicts(
    open_page: Callable[..., AppTest], capsys: pytest.CaptureFixture[str]
) -> None:
    page = healthy(open_page("node2vec", data="les_miserables", q="20", seed="1"))
    (text,) = [c.value for c in page.caption if "against p = q = 1" in c.value]
    assert "t test of the means of 8 seeds each, 5% for each score" in text
    (code,) = [block.value for block in page.code if "import" in block.value]
    exec(compile(code, "As Python", "exec"), {})
    printed = capsys.readouterr().out
    for name in ("community", "strength tier"):
        (line,) = [line for line in printed.splitlines() if line.startswith(name)]
        change = float(line.removeprefix(name).split()[0])
        verdict = " ".join(line.split()[-2:])
        assert f"By {name}: {change:+.3f} against p = q = 1, **{verdict}**".replace("-", "−") in text


def test_two_seeds_measure_no_noise_and_no_change_is_hidden() -> None:
    assert "+0.350 against p = q = 1, **noise not measured**" in change_words({"role": ([0.4, 0.5], [0.1, 0.1])})
    assert "−0.003 against p = q = 1, **beyond noise**" in change_words(
        {"role": ([0.1, 0.1001, 0.1002], [0.103, 0.1031, 0.1032])}
    )


# --- as Python ---


@pytest.mark.parametrize(
    ("view", "data"),
    [
        ("sweep", "planted_shop"),
        ("roles", "planted_shop"),
        ("roles", "les_miserables"),
        ("why", "les_miserables"),
        ("objective", "karate_club"),
    ],
)
@pytest.mark.slow
def test_the_python_of_each_view_runs(
    view: str, data: str, open_page: Callable[..., AppTest], capsys: pytest.CaptureFixture[str]
) -> None:
    small = {"sweep_ps": "1", "sweep_qs": "1,20", "sweep_seeds": "3"} if view == "sweep" else {}
    page = healthy(open_page("node2vec", data=data, view=view, **small))
    (code,) = [block.value for block in page.code if "import" in block.value]
    assert {
        "sweep": "judge_grid",
        "roles": "train_role_features",
        "why": "explain_pair",
        "objective": "walk_objective",
    }[view] in code
    exec(compile(code, f"As Python, {view}", "exec"), {})
    assert capsys.readouterr().out.strip()


# --- the objective ---


def test_the_objective_adds_up_on_the_page(open_page: Callable[..., AppTest]) -> None:
    page = healthy(open_page("node2vec", data="les_miserables", view="objective"))
    table = next(d.value for d in page.dataframe if "log Z" in d.value.columns)
    assert table["Reading"].tolist()[-2:] == ["the walks' own shares", "all nodes alike"]
    size = float(re.search(r"\*\*: ([\d,]+) contexts", text(page))[1].replace(",", ""))  # type: ignore[index]
    for _, row in table.iloc[:3].iterrows():
        assert row["Σ scores"] - size * row["log Z"] == pytest.approx(row["Objective"], rel=1e-3)
        assert row["Objective"] / size == pytest.approx(row["By context"], rel=1e-3)
    by = table["By context"].tolist()
    assert by[2] > by[1] > by[4]  # with the noise put back it is nearest to the walks; both tell more than nothing
    assert max(by[:3]) <= by[3]
    assert by[4] == pytest.approx(-np.log(77))


# --- Figure 3 ---


def test_figure_three_is_there_at_once_on_the_papers_graph(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.kit.jobs.perform", lambda *args, **more: pytest.fail("it is computed beforehand"))
    page = healthy(open_page("node2vec", data="les_miserables", view="figure"))
    found = precomputed.load_figure_three(
        load_dataset("les_miserables").graph, FigureThreeConfig(base=figure_three_base(10))
    )
    assert found is not None
    means = found.agreement.mean(axis=2)
    shown = [float(metric.value) for metric in page.metric]
    assert shown == pytest.approx([means[0, 0], means[1, 0], means[0, 1], means[1, 1]], abs=5e-4)
    assert len(page.get("bidi_component")) == 4  # with that of the code below
    assert "One picture is one seed" in text(page)
    page.selectbox(key="figure_window@les_miserables").set_value(2)
    healthy(page.run())
    assert [float(metric.value) for metric in page.metric] != shown
    assert page.query_params["figure_window"] in ("2", ["2"])


def test_the_papers_graph_is_one_click_away(app: AppTest) -> None:
    app.query_params["data"] = "planted_shop"
    app.query_params["view"] = "figure"
    app.run()
    healthy(app.switch_page("pages/node2vec.py").run())
    assert app.session_state["view@planted_shop"] == "figure"
    next(button for button in app.button if "Les Misérables" in button.label).click()
    healthy(app.run())
    assert app.session_state["view@les_miserables"] == "figure"
    assert app.metric[0].label == "As community, q = 0.5"
