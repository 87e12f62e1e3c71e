"""The table of models as a picture: every row where its mean is, its seeds, its letters."""

from __future__ import annotations

from recemb_core.figures.leaderboard import BoardLine, leaderboard_figure

LINES = [
    BoardLine("Two-tower", 0.6, 0.55, 0.65, "recall", "a", (0.58, 0.6, 0.62)),
    BoardLine("word2vec", 0.5, 0.45, 0.55, "embedding", "ab", (0.5, 0.5, 0.5), stale=True),
    BoardLine("EASE <b>", 0.45, 0.4, 0.5, "scorer", "b"),
]


def test_rows_stand_in_their_order_with_interval_seeds_and_letters() -> None:
    figure = leaderboard_figure(LINES, x_title="HR@10", floor=0.4, floor_name="popularity", file_name="board")
    assert list(figure.layout.yaxis.ticktext) == ["Two-tower", "word2vec", "EASE &lt;b&gt;"]
    first, last = figure.layout.yaxis.range
    assert first > last, "the first row is on top"
    named = {trace.name: trace for trace in figure.data if trace.name}
    assert set(named) == {"networks", "vectors", "baselines"}
    for kind, line, place in zip(("networks", "vectors", "baselines"), LINES, range(3), strict=True):
        trace = named[kind]
        assert list(trace.x) == [line.value]
        assert list(trace.y) == [place]
        assert abs(trace.error_x.array[0] - (line.high - line.value)) < 1e-9
        assert abs(trace.error_x.arrayminus[0] - (line.value - line.low)) < 1e-9
    assert named["vectors"].marker.symbol[0].endswith("-open"), "old settings are hollow"
    assert not named["networks"].marker.symbol[0].endswith("-open")
    seeds = [trace for trace in figure.data if not trace.name]
    assert sorted(len(trace.x) for trace in seeds) == [3, 3], "no strokes where no seed plays a part"
    words = [note.text for note in figure.layout.annotations]
    assert {"a", "ab", "b", "popularity", "group"} <= set(words)
    assert "best Two-tower" in figure.layout.meta["description"]


def test_without_rows_it_says_so() -> None:
    assert leaderboard_figure([], x_title="HR@10", file_name="board").layout.annotations[0].text
