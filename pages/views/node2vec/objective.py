"""node2vec's objective on one node's numbers: independence, symmetry, log Z, and what is trained in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import streamlit as st

from pages.kit import frame, results, stage
from pages.kit.answer_words import counted, number, signed
from pages.kit.live_chart import live_chart
from pages.kit.stage import Experiment, Verdict
from pages.kit.text import plain, sentence
from pages.views.node2vec.one_setting import Shown
from pages.views.node2vec.why import walks_of
from recemb_core.embeddings import Node2VecConfig
from recemb_core.evaluation import compare_with_control
from recemb_core.evaluation.walk_objective import Softmax, WalkObjective, neighborhood, walk_objective
from recemb_core.figures.context_shares import context_shares_figure
from recemb_core.validation import UsageError

DRAWN = 8  # contexts of the picture
SEEDS = 5  # of walks, where two settings are compared
READINGS = {
    "one_table": "f(n) · f(u), one table",
    "two_tables": "v′(n) · v(u), two tables",
    "with_noise": "two tables, noise put back",
}


def objective_of(shown: Shown) -> WalkObjective:
    """Of the chosen item, once."""
    data, graph, config = shown.data, shown.graph, shown.config
    row = graph.items.row(shown.item)

    def make() -> WalkObjective:
        around = neighborhood(walks_of(data, graph, config), row, len(graph), config.window)
        return walk_objective(shown.vectors, around)

    found: WalkObjective = results.remember(data, ("walk objective", graph.fingerprint, config, row), make)
    return found


def objective_section(shown: Shown) -> None:
    """The contexts of the node and what the readings give them; the sums; what the two assumptions cost."""
    data = shown.data
    try:
        found = objective_of(shown)
    except UsageError as error:
        st.info(sentence(error))
        return
    around = found.around
    title = plain(data.title_of(shown.item))
    if not around.size:
        st.info(
            f"No walk passes **{title}** together with another node, so it has no neighborhood. Choose another item."
        )
        return
    top = np.argsort(-around.times, kind="stable")[:DRAWN]
    top = top[around.times[top] > 0]
    figure = context_shares_figure(
        [data.titles[row] for row in top],
        around.shares[top],
        {words: getattr(found, name).probabilities[top] for name, words in READINGS.items()},
        alike=float(np.exp(found.uniform)),
    )
    with stage.picture():
        st.markdown(
            f"**{title}**: {counted(round(around.size), 'context')} in the walks, from "
            f"{counted(around.windows, 'window')}"
        )
        live_chart(figure, key=f"context shares@{data.key}", height=360, above=252, glide=False)
    st.subheader("The two assumptions, log Z, and what is trained", anchor=False)
    st.markdown("\n".join(f"- {line}" for line in in_words(shown, found)))
    with st.expander("The sums"):
        _sums(found)


def objective_metrics(shown: Shown) -> None:
    """The readings of the node in nats by context; nothing where there is no neighborhood."""
    try:
        found = objective_of(shown)
    except UsageError:
        return
    if not found.around.size:
        return
    told = [
        ("One table", found.one_table.by_context, "f(n) · f(u), as the paper has it: mean of log p(n | u) in nats."),
        ("Two tables", found.two_tables.by_context, "v′(n) · v(u), as skip-gram scores, by a softmax of them."),
        ("Noise put back", found.with_noise.by_context, "v′(n) · v(u) + log p_n(n), which the training leaves out."),
        ("Best possible", found.best, "The contexts' own shares; no vectors give more."),
        ("All alike", found.uniform, f"−log {len(shown.graph):,}: every node as likely."),
    ]
    frame.metrics([(name, f"{number(value)} nats", words) for name, value, words in told])


def _sums(found: WalkObjective) -> None:
    size = found.around.size
    readings: dict[str, Softmax] = {words: getattr(found, name) for name, words in READINGS.items()}
    rest = {"the walks' own shares": found.best, "all nodes alike": found.uniform}
    number_column = st.column_config.NumberColumn
    st.dataframe(
        {
            "Reading": [*readings, *rest],
            "Σ scores": [*(one.dots for one in readings.values()), *(None for _ in rest)],
            "log Z": [*(one.log_z for one in readings.values()), *(None for _ in rest)],
            "Objective": [*(one.value for one in readings.values()), *(size * value for value in rest.values())],
            "By context": [*(one.by_context for one in readings.values()), *rest.values()],
        },
        hide_index=True,
        placeholder="–",
        column_config={
            "Σ scores": number_column(format="%.0f", help="Σ of the scores over N_S(u): Σ f(n)·f(u)."),
            "log Z": number_column(format="%.2f", help="log of Σ e^score over all nodes."),
            "Objective": number_column(format="%.0f", help="Σ scores − |N_S(u)| · log Z, in nats: log Pr(N_S(u) | u)."),
            "By context": number_column(format="%.2f", help="The same, divided by |N_S(u)|: the mean of log p(n | u)."),
        },
    )


def in_words(shown: Shown, found: WalkObjective) -> list[str]:
    """Independence, symmetry, log Z, and what is trained, each with its number."""
    return [independence_words(shown, found), symmetry_words(shown, found), sum_words(found), trained_words(found)]


def independence_words(shown: Shown, found: WalkObjective) -> str:
    """How far from a product the neighborhood is."""
    around, titles = found.around, shown.data.titles
    text = (
        "**Independence** makes Pr(N_S(u) | u) a product over the contexts, as if each were drawn without the others."
    )
    if around.first < 0:
        return f"{text} No two contexts here would meet in five windows by chance, so it cannot be judged."
    ratio = around.both / around.expected
    return (
        f"{text} In the walks *{plain(titles[around.first])}* and *{plain(titles[around.second])}* stand in one window "
        f"of this node **{around.both:,}** times; independent they would {around.expected:,.0f} times "
        f"({ratio:.1f} times as often; the pair that is farthest from it)."
    )


def symmetry_words(shown: Shown, found: WalkObjective) -> str:
    """What one table for both makes of the node itself, and how the two tables differ."""
    row = found.around.row
    one, two = found.one_table, found.two_tables
    top = int(np.argmax(np.where(np.arange(len(found.around.times)) == row, -1, found.around.times)))
    v, out = shown.vectors.vectors.astype(np.float64), shown.vectors.output_vectors
    assert out is not None
    there, back = float(out[top].astype(np.float64) @ v[row]), float(out[row].astype(np.float64) @ v[top])
    return (
        f"**Symmetry** gives a node one vector for both parts. Then u scores itself |f(u)|² = "
        f"{number(one.scores[row])}: p(u | u) = {one.probabilities[row]:.3f}, in the walks "
        f"{found.around.shares[row]:.3f}; with two tables {two.probabilities[row]:.3f}. And f(n)·f(u) = f(u)·f(n) = "
        f"{number(float(one.scores[top]))} for *{plain(shown.data.titles[top])}*, where the two tables say "
        f"{number(there)} from u and {number(back)} back."
    )


def sum_words(found: WalkObjective) -> str:
    """|N| log Z, and what is printed in its place."""
    one, size = found.one_table, found.around.size
    return (
        f"**log Z** counts once for each context: {number(one.dots, ',.0f')} − {size:,.0f} · {one.log_z:.3f} ≈ "
        f"**{number(one.value, ',.0f')}**. The paper prints −log Z once, which would give "
        f"{number(one.printed, ',.0f')}: "
        f"{'above 0, and so no log of a probability' if one.printed > 0 else 'another sum'}."
    )


def trained_words(found: WalkObjective) -> str:
    """Which of the readings says the walks, and how near its own optimum training came."""
    by = {words: getattr(found, name).by_context for name, words in READINGS.items()}
    best = max(by, key=by.__getitem__)
    below = [words for words, value in by.items() if value < found.uniform]
    worse = f" Worse than all nodes alike ({number(found.uniform)}): {', '.join(below)}." if below else ""
    return (
        f"**Training** maximizes neither: it scores v′(n)·v(u) against k = {found.negative} noise nodes, "
        f"{number(found.trained, '.3f')} by context where its optimum is {number(found.trained_best, '.3f')}. Nearest "
        f"to the walks, {number(found.best)} by context, is *{best}* with {number(by[best])} "
        f"({signed(by[best] - found.best)}).{worse}"
    )


def experiments(result: Callable[[], Shown]) -> list[Experiment]:
    """Questions of this view; ``result`` is asked when the page has it."""
    return [
        Experiment(
            "One vector a node, as the paper assumes. **Does it foretell contexts better than equal odds?**",
            ("Better", "No, worse"),
            lambda: _answer(result(), _one_table),
            {},
        ),
        Experiment(
            "Contexts of one window, given the node. **Are they independent of each other?**",
            ("Yes, nearly", "No, some meet far more often", "No, some meet far less often"),
            lambda: _answer(result(), _independence),
            {},
        ),
        Experiment(
            "Small q, 0.05: walks run outward. **Does the node meet more different contexts than at q = 20?**",
            ("More", "Fewer", "No difference beyond noise"),
            lambda: _answer(result(), _spread),
            {"p": 1.0, "q": 0.05},
        ),
    ]


def _answer(shown: Shown, say: Callable[[Shown, WalkObjective], Verdict]) -> Verdict | str:
    config = shown.config
    if (config.p, config.q) != (shown.wanted.p, shown.wanted.q):
        return ""  # the page still shows other settings
    try:
        found = objective_of(shown)
    except UsageError as error:
        return Verdict(sentence(error))
    return say(shown, found) if found.around.size else Verdict("No walk passes this node together with another one.")


def _one_table(shown: Shown, found: WalkObjective) -> Verdict:
    one = found.one_table.by_context
    return Verdict(
        f"**{number(one)}** nats by context against {number(found.uniform)} with all {len(shown.graph):,} nodes alike.",
        0 if one > found.uniform else 1,
        more=f"Trained were two tables: {number(found.two_tables.by_context)}, with the noise put back "
        f"{number(found.with_noise.by_context)}; the walks' own shares have {number(found.best)}, which nothing beats.",
    )


def _independence(shown: Shown, found: WalkObjective) -> Verdict:
    around, titles = found.around, shown.data.titles
    if around.first < 0:
        return Verdict("No two contexts here would meet in five windows by chance, so it cannot be judged.")
    spread = float(around.expected**0.5)  # of a Poisson count
    far = around.both - around.expected
    right = 0 if abs(far) <= 4 * spread else 1 if far > 0 else 2
    return Verdict(
        f"*{plain(titles[around.first])}* and *{plain(titles[around.second])}* stand in one window of this node "
        f"**{around.both:,}** times; independent they would {around.expected:,.0f} times.",
        right,
        more="Of all pairs of contexts it is the one that is farthest from independence. Nearly: within four standard "
        f"deviations of a count ({spread:.1f}), since it was chosen among many.",
    )


def _spread(shown: Shown, found: WalkObjective) -> Verdict:
    there = replace(shown.config, q=20.0)
    here = np.exp(-found.best)
    text = (
        f"At q = {shown.config.q:g} the contexts are as spread as **{here:.1f}** equally frequent ones (e to the "
        "entropy)"
    )
    different = f"{int((found.around.times > 0).sum()):,} different ones in all at q = {shown.config.q:g}"
    if not shown.has(there):
        return Verdict(f"{text}. q = 20 is not trained yet, so there is nothing to compare with.", more=f"{different}.")
    runs = [_spreads(shown, config) for config in (shown.config, there)]
    test = compare_with_control({"spread": runs[0]}, runs[1])
    right = 2 if not test.beyond("spread") else 0 if test.change["spread"] > 0 else 1
    many = int((objective_of(replace(shown, config=there, vectors=shown.train(there))).around.times > 0).sum())
    return Verdict(
        f"{text}; at q = 20 as **{np.mean(runs[1][:1]):.1f}** (seed {shown.config.seed}; {SEEDS} seeds of walks: means "
        f"{np.mean(runs[0]):.1f} and {np.mean(runs[1]):.1f}).",
        right,
        more=f"{different}, {many:,} at q = 20. Judged by a t test of {SEEDS} seeds of walks each.",
    )


def _spreads(shown: Shown, config: Node2VecConfig) -> list[float]:
    """How spread the contexts are in walks of several seeds, the setting's own first; nothing is trained for it."""
    data, graph, row = shown.data, shown.graph, shown.graph.items.row(shown.item)
    found = []
    for seed in range(config.seed, config.seed + SEEDS):
        around = neighborhood(walks_of(data, graph, replace(config, seed=seed)), row, len(graph), config.window)
        share = around.shares[around.shares > 0]
        found.append(float(np.exp(-(share * np.log(share)).sum())))
    return found


WORDS = (
    "node2vec (Grover & Leskovec 2016) wants vectors f that make each node's sampled neighborhood likely: "
    "$\\max_f \\sum_u \\log \\Pr(N_S(u) \\mid f(u))$. Two assumptions make a sum of it. **Conditional independence**: "
    "given *u*, the contexts are drawn one by one, $\\Pr(N_S(u) \\mid f(u)) = \\prod_n \\Pr(n \\mid f(u))$. "
    "**Symmetry**: a node has one vector, as source and as context, $\\Pr(n \\mid f(u)) = e^{f(n) \\cdot f(u)} / Z_u$ "
    "with $Z_u = \\sum_{v \\in V} e^{f(v) \\cdot f(u)}$ over *all* nodes. Together: $\\sum_u [\\sum_n f(n) \\cdot f(u) "
    "- |N_S(u)| \\log Z_u]$.\n\n"
    "The program does otherwise: skip-gram has **two tables**, v for the source and v′ for the context, and **negative "
    "sampling** never computes Z. Its best product is log p(n | u) − log p_n(n) − log k, so that a softmax of v′·v "
    "alone leaves out how frequent n is; put p_n(n) back and it is near the walks. Contexts are those of one pass of "
    "training: one at distance δ counts (c − δ + 1)/c, as often as the random reach takes it in.\n\n"
    "**Larger window**: more contexts, farther spread. **Larger k**: the products sink by log k, the reading with the "
    "noise put back stays. **More dimensions or epochs**: nearer the best."
)
