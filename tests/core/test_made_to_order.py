"""A data set made to order and a graph counted from the log, in sessions and on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from recemb_core.command_line import main
from recemb_core.datasets import load_dataset
from recemb_core.item_graph import build_item_graph
from recemb_core.plans import counts_graph, made_of, page_settings
from recemb_core.prepared import prepare_bundled
from recemb_core.readers import InputError
from recemb_core.sequences import split_sessions
from recemb_core.session_file import SessionFile
from recemb_core.validation import UsageError

MADE = {"noise": 0.4, "categories": 3, "users": 60}


def test_both_writers_of_a_session_make_the_same_shop() -> None:
    page = SessionFile(data="designed_shop", settings={f"made_{name}": value for name, value in MADE.items()})
    program = SessionFile(data="designed_shop", made=MADE)
    assert made_of(page) == made_of(program) == MADE
    one, two = prepare_bundled("designed_shop", page), prepare_bundled("designed_shop", program)
    assert one.fingerprint == two.fingerprint != prepare_bundled("designed_shop").fingerprint
    assert one.session.made == MADE
    assert page_settings(program)[0] == page.settings
    assert SessionFile.from_toml(program.to_toml()) == program


def test_the_planted_shop_has_two_graphs() -> None:
    given = prepare_bundled("planted_shop")
    counted = prepare_bundled("planted_shop", SessionFile(settings={"graph_from": "log"}))
    also = prepare_bundled("planted_shop", SessionFile(graph_from="log"))
    assert not given.graph.directed
    assert counted.graph.directed
    assert counted.graph.fingerprint == also.graph.fingerprint != given.graph.fingerprint
    assert counted.fingerprint == given.fingerprint  # the same data
    assert also.session.graph_from == "log"
    log = load_dataset("planted_shop").sequences
    assert log is not None
    # M_ij: how often j directly follows i.
    sessions = split_sessions(log, gap_minutes=60)
    times = sum(int(((s[:-1] == 0) & (s[1:] == 1)).sum()) for s in sessions)
    rows, weights = counted.graph.neighbors(0)
    assert weights[np.flatnonzero(rows == 1)[0]] == times > 0
    np.testing.assert_array_equal(build_item_graph(sessions, edges="transitions").weights, counted.graph.weights)


def test_graphs_without_a_log_and_wrong_words_are_refused() -> None:
    with pytest.raises(UsageError, match="karate_club has no log to count a graph from"):
        prepare_bundled("karate_club", SessionFile(graph_from="log"))
    with pytest.raises(UsageError, match="graph_from must be 'given' or 'log', not 'web'"):
        counts_graph(SessionFile(settings={"graph_from": "web"}))
    with pytest.raises(InputError, match="graph_from must be 'given' or 'log', not 3"):
        SessionFile.from_toml('format = "recemb-session"\nversion = 1\ngraph_from = 3\n[settings]\n')


def facts(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, object]:
    assert main([*args, "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_the_command_line_makes_and_counts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    session = str(tmp_path / "session.toml")
    make = [part for name, value in MADE.items() for part in ("--make", f"{name}={value}")]
    found = facts(capsys, "prepare", "--data", "designed_shop", *make, "--save-session", session)
    assert found["fingerprint"] == prepare_bundled("designed_shop", SessionFile(made=MADE)).fingerprint
    assert facts(capsys, "prepare", "--session", session)["fingerprint"] == found["fingerprint"]
    # Another data set has none of it.
    assert facts(capsys, "prepare", "--session", session, "--data", "karate_club")["data"] == "karate_club"
    facts(capsys, "prepare", "--data", "planted_shop", "--graph-from", "log", "--save-session", session)
    assert prepare_bundled("planted_shop", SessionFile.from_toml(Path(session).read_bytes())).graph.directed


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--data", "karate_club", "--make", "noise=1"], "karate_club is as it is"),
        (["--data", "designed_shop", "--make", "noise=2"], "noise must be a number from 0 to 1, not 2"),
        (["--data", "designed_shop", "--make", "noisy=1"], "no setting 'noisy' .did you mean noise"),
        (["log.csv", "--make", "noise=1"], "are for bundled data sets"),
        (["--data", "barbell", "--graph-from", "log"], "barbell has no log"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(args: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prepare", *args]) != 0
    assert re.search(said, capsys.readouterr().err)
