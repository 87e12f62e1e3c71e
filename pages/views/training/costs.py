"""Training, last view: full softmax, hierarchical softmax, NCE and negative sampling for one pair, side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import controls, frame, jobs, results, session
from pages.kit.allowed import Steps
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Bound, Parameter
from pages.views.training.lesson import (
    TRAINING_PAGE,
    Lesson,
    beside,
    load,
    named,
    noise_controls,
    pair_controls,
    partner_control,
)
from recemb_core.embeddings.pair_sources import CenterPairs
from recemb_core.embeddings.training_steps import (
    OBJECTIVES,
    Objective,
    StepConfig,
    StepTrainer,
    multiplications,
    sigmoid,
    train_to_rest,
)
from recemb_core.figures.softmax_costs import softmax_costs_figure
from recemb_core.progress import Progress

NAMES: dict[Objective, str] = {
    "softmax": "Full softmax",
    "hierarchical_softmax": "Hierarchical softmax",
    "nce": "NCE",
    "negative_sampling": "Negative sampling",
}
LEARNED = (0, 300, 1_000, 3_000, 10_000)
RATE = 0.1
BUDGET = 60_000_000  # rows that the full softmax may score in all: some ten seconds
TRAINED_FOR = Parameter(
    TRAINING_PAGE,
    "learned",
    "Trained for (updates)",
    Steps(LEARNED),
    help="Each of the four starts from the same vectors and sees the same pairs: the chosen item as center, "
    "its contexts drawn as often as the log has them. The learning rate falls from 0.1 to 0.",
)


def updates_options(lesson: Lesson) -> tuple[int, ...]:
    """How long the four can be trained on this catalogue."""
    most = BUDGET / max(len(lesson.data.items), 1)
    return tuple(u for u in LEARNED if u <= most)


def trained_for(lesson: Lesson) -> Bound:
    """At first enough for the estimates to come near what the log has; a larger catalogue needs more."""
    options = updates_options(lesson)
    start = min(3_000 if len(lesson.data.items) <= 500 else 10_000, options[-1])
    return TRAINED_FOR.bind(lesson.data, default=start, among=options)


def section(lesson: Lesson) -> None:
    """Four cards, a table, the tree's path, the costs as the catalogue grows."""
    numbers = st.container()
    main, side = frame.side_by_side("training-costs", (3, 1), "11rem")
    options, updates = updates_options(lesson), trained_for(lesson)
    with side:
        partner = partner_control(lesson)
        updates.draw(offered=options if len(options) > 1 else (0, 1))
        noise_controls(lesson)
        with st.expander("Pairs"):
            pair_controls(lesson)
        controls.reset_button(lesson.data)
    with main:
        if partner is None:
            st.info(f"**{lesson.name}** never occurs beside another item, so it has no pair. Choose another item.")
            return
        trainers = four_trainers(lesson, updates.value)
        if trainers is None:
            return
        _cards(lesson, trainers, partner)
        _table(lesson, trainers, partner)
        left, right = beside("path-and-costs", (1, 1), "17rem")
        with left:
            _path(lesson, trainers["hierarchical_softmax"], partner)
        with right:
            _costs(lesson, trainers, partner)
    tree = trainers["hierarchical_softmax"].tree
    assert tree is not None
    n, d, length = len(lesson.data.items), trainers["softmax"].config.dimensions, int(tree.lengths[partner])
    dropped = float(trainers["nce"].log_k_noise[partner])
    frame.metrics(
        [
            ("Full softmax", f"{n * d:,}", f"Multiplications to score one pair: n·d = {n:,} items × {d} dimensions."),
            ("Hierarchical", f"{length * d:,}", f"L·d: {length} decisions lead to this context, × {d}."),
            (
                "NCE, neg. sampling",
                f"{(1 + lesson.negative) * d:,}",
                f"(1 + k)·d: the context and {lesson.negative} noise items, × {d}. Independent of n.",
            ),
            (
                "log k·p_n(o)",
                f"{dropped:.2f}",
                "The term that negative sampling drops from NCE, for this context, in nats.",
            ),
        ],
        numbers,
    )


def four_trainers(lesson: Lesson, updates: int) -> dict[Objective, StepTrainer] | None:
    """The four models, each trained on the same pairs of the chosen center from the same start; None after Stop."""
    configs = {objective: _config(lesson, objective) for objective in OBJECTIVES}
    keys = _keys(lesson, updates)
    store = results.results(lesson.data)

    def run(report: Progress) -> dict[Objective, StepTrainer]:
        source = CenterPairs(lesson.row, lesson.contexts(), seed=session.seed())
        done: dict[Objective, StepTrainer] = {}
        for number, objective in enumerate(OBJECTIVES):
            trainer = store.get(keys[objective])
            if trainer is None:
                trainer = StepTrainer(lesson.sequences.counts, configs[objective])
                for steps in train_to_rest(trainer, source, updates):
                    report((number + steps / updates) / len(OBJECTIVES), NAMES[objective].lower())
                store.put(keys[objective], trainer)
            done[objective] = trainer
        return done

    job = Job(("four", lesson.row, lesson.window, *configs.values(), updates), "four objectives", 5.0, run, asks=False)
    return jobs.result(
        lesson.data,
        "four objectives",
        job,
        ready=lambda identity: ready_trainers(lesson, updates) if identity == job.identity else None,
        verb="Train",
        stale=None,
    )[0]


def _keys(lesson: Lesson, updates: int) -> dict[Objective, Any]:
    source_key = (lesson.sequences.fingerprint, lesson.row, lesson.window)
    return {objective: ("four", *source_key, _config(lesson, objective), updates) for objective in OBJECTIVES}


def ready_trainers(lesson: Lesson, updates: int) -> dict[Objective, StepTrainer] | None:
    """The four models, if they are trained."""
    found = {objective: results.results(lesson.data).get(key) for objective, key in _keys(lesson, updates).items()}
    return None if any(trainer is None for trainer in found.values()) else found


def _config(lesson: Lesson, objective: Objective) -> StepConfig:
    return StepConfig(
        objective=objective,
        negative=lesson.negative,
        ns_exponent=lesson.exponent,
        learning_rate=RATE,
        seed=session.seed(),
    )


def _cards(lesson: Lesson, trainers: dict[Objective, StepTrainer], partner: int) -> None:
    row, k = lesson.row, lesson.negative
    st.markdown(f"Center *c* = {named(lesson, row)}, context *o* = {named(lesson, partner)}")
    with st.container(key="four-cards"):
        st.html(
            "<style>.st-key-four-cards.st-key-four-cards [data-testid=stColumn] { min-width: min(15rem, 100%); } "
            ".st-key-four-cards .katex { font-size: 1em; }</style>"
        )
        places = [*st.columns(2, gap="small"), *st.columns(2, gap="small")]
    found = {objective: trainer.gradients(row, partner) for objective, trainer in trainers.items()}

    def card(place: Any, objective: Objective, says: str) -> Any:
        box = place.container(border=True, height="stretch")
        box.markdown(f"**{NAMES[objective]}** · E = {found[objective].loss:.2f}")
        box.caption(says)
        return box

    scores = trainers["softmax"].scores(row)
    total = float(np.exp(scores).sum())
    box = card(places[0], "softmax", "Compares the context with every item of the catalogue.")
    box.latex(
        rf"p(o|c)=\frac{{e^{{v'_o\cdot v_c}}}}{{\sum_w e^{{v'_w\cdot v_c}}}}"
        rf"=\frac{{e^{{{scores[partner]:.2f}}}}}{{{total:.1f}}}={np.exp(scores[partner]) / total:.4f}"
    )
    hs = trainers["hierarchical_softmax"]
    steps = _decisions(hs, row, partner)
    chance = float(np.prod(steps)) if len(steps) else 1.0
    shown = r" \cdot ".join(f"{p:.2f}" for p in steps[:3]) + (r" \cdots" if len(steps) > 3 else "")
    box = card(places[1], "hierarchical_softmax", f"Answers {len(steps)} yes-or-no questions down a tree.")
    box.latex(
        rf"\begin{{aligned}}p(o|c)&=\textstyle\prod_m \sigma(\pm v'_m\cdot v_c)\\"
        rf"&={shown or 1}={chance:.4f}\end{{aligned}}"
    )
    s, log_kp = trainers["nce"].score(row, partner), float(trainers["nce"].log_k_noise[partner])
    box = card(places[2], "nce", f"Tells the context from {k} noise items, knowing how often noise draws each.")
    box.latex(
        rf"\begin{{aligned}}&\sigma(v'_o\cdot v_c-\log k\,p_n(o))\\"
        rf"&=\sigma({s:.2f}-({log_kp:.2f}))={float(sigmoid(s - log_kp)):.3f}\end{{aligned}}"
    )
    s = trainers["negative_sampling"].score(row, partner)
    box = card(places[3], "negative_sampling", "The same without log k·p_n(o).")
    box.latex(rf"\sigma(v'_o\cdot v_c)=\sigma({s:.2f})={float(sigmoid(s)):.3f}")


def _decisions(trainer: StepTrainer, row: int, partner: int) -> np.ndarray:
    """Probability of each decision on the context's path."""
    assert trainer.tree is not None
    nodes, bits = trainer.tree.path(partner)
    return sigmoid(np.where(bits == 0, 1.0, -1.0) * (trainer.outputs[nodes] @ trainer.vectors[row]))


def estimates(trainers: dict[Objective, StepTrainer], row: int) -> dict[Objective, np.ndarray]:
    """p(w | c) for every item as each model has it; only the first two are sure to sum to 1."""
    softmax = trainers["softmax"].scores(row)
    softmax = np.exp(softmax - softmax.max())
    negative = trainers["negative_sampling"]
    return {
        "softmax": softmax / softmax.sum(),
        "hierarchical_softmax": np.exp(trainers["hierarchical_softmax"].scores(row)),
        "nce": np.exp(trainers["nce"].scores(row)),
        "negative_sampling": np.exp(negative.scores(row) + negative.log_k_noise) * (negative.noise > 0),
    }


def _table(lesson: Lesson, trainers: dict[Objective, StepTrainer], partner: int) -> None:
    counts = lesson.contexts()
    known = estimates(trainers, lesson.row)
    tree = trainers["hierarchical_softmax"].tree
    assert tree is not None
    n, length = len(lesson.data.items), int(tree.lengths[partner])
    scored = [f"{n:,} items", f"{length} nodes", f"1 + {lesson.negative} items", f"1 + {lesson.negative} items"]
    rows: dict[Objective, int] = {
        "softmax": n,
        "hierarchical_softmax": length,
        "nce": 1 + lesson.negative,
        "negative_sampling": 1 + lesson.negative,
    }
    number = st.column_config.NumberColumn
    st.dataframe(
        pl.DataFrame(
            {
                "Objective": [NAMES[o] for o in OBJECTIVES],
                "Scores": scored,
                "Mult.": [rows[o] * trainers[o].config.dimensions for o in OBJECTIVES],
                "Exp.": [rows[o] for o in OBJECTIVES],
                "p(o | c)": [float(known[o][partner]) for o in OBJECTIVES],
                "Sum over all": [float(known[o].sum()) for o in OBJECTIVES],
            }
        ),
        hide_index=True,
        height=38 + 35 * len(OBJECTIVES),
        column_config={
            "p(o | c)": number(format="%.4f", help="What the model says about how likely this context is."),
            "Sum over all": number(format="%.4f", help="Of p(w | c) over the catalogue; a distribution has 1."),
            "Mult.": number(format="localized", help="Multiplications to score one pair."),
            "Exp.": number(format="localized", help="Exponentials of one pair."),
        },
    )
    p = counts[partner] / max(counts.sum(), 1)
    st.caption(
        f"In the log {lesson.data.titles[partner]} is {counts[partner]:,} of the {counts.sum():,} contexts of "
        f"{lesson.name}: **{p:.4f}**, which all four are after. p(o|c) is read off as $e^s / \\sum e^s$, as the "
        "product along the path, as $e^s$, and as $k\\,p_n(o)\\,e^s$, with each model's own score "
        "$s = v'_o \\cdot v_c$. "
        "One seed, and a finite number of updates: the estimates are rough."
    )


def _path(lesson: Lesson, trainer: StepTrainer, partner: int) -> None:
    tree = trainer.tree
    assert tree is not None
    nodes, bits = tree.path(partner)
    steps = _decisions(trainer, lesson.row, partner)
    code = "".join(map(str, bits)) or "none"
    st.markdown(f"The path to {named(lesson, partner)} in the Huffman tree: **{code}**")
    share = tree.counts[len(tree) + nodes] / tree.counts[-1]
    number = st.column_config.NumberColumn
    st.dataframe(
        pl.DataFrame(
            {"Events below": share, "Bit": bits.astype(np.int64), "P(bit)": steps, "p so far": np.cumprod(steps)}
        ),
        hide_index=True,
        height=min(38 + 35 * max(len(nodes), 1), 390),
        column_config={
            "Events below": number(format="percent", help="Share of the log's events that are under this node."),
            "Bit": number(width=40, help="0: on to the lighter side, 1: to the heavier."),
            "P(bit)": number(format="%.4f", help="σ(v′_m·v_c) for a 0, σ(−v′_m·v_c) for a 1."),
            "p so far": number(format="%.5f"),
        },
    )
    st.caption(
        f"{len(nodes)} decisions. Over all events the mean is {tree.expected_length:.2f}, the shortest possible on "
        f"these counts; their entropy is {tree.entropy:.2f} bits, log₂ n is {np.log2(len(tree)):.2f}."
    )


def _costs(lesson: Lesson, trainers: dict[Objective, StepTrainer], partner: int) -> None:
    tree = trainers["hierarchical_softmax"].tree
    assert tree is not None
    n, d, k = len(lesson.data.items), trainers["softmax"].config.dimensions, lesson.negative
    st.markdown("**Multiplications a pair, by catalogue size**")
    sizes = np.geomspace(100, 1e7, 21)
    kinds: list[tuple[str, Objective]] = [
        ("full softmax", "softmax"),
        ("hierarchical", "hierarchical_softmax"),
        ("NCE, negative sampling", "negative_sampling"),
    ]

    def cost(objective: Objective, items: float, length: float) -> float:
        return multiplications(objective, items=items, dimensions=d, negative=k, code_length=length)

    curves = {name: np.array([cost(o, size, float(np.log2(size))) for size in sizes]) for name, o in kinds}
    here = [cost(o, n, float(tree.lengths[partner])) for _, o in kinds]
    live_chart(softmax_costs_figure(sizes, curves, (n, here)), key=f"costs@{lesson.data.key}", height=340, glide=False)
    st.caption(f"d = {d}, k = {k}; the hierarchical line takes log₂ n decisions, the dot this context's own path.")


def words(lesson: Lesson) -> str:
    """What you see."""
    return (
        "The question is always the same: **how likely is context *o*, given center *c*?** $s = v'_o \\cdot v_c$ is "
        "the model's score. The **full softmax** divides $e^s$ by the sum over all *n* items: exact, and *n·d* "
        "multiplications for every single pair. **Hierarchical softmax** replaces the catalogue by a binary tree "
        "(Huffman: frequent items near the root); each inner node *m* has a vector $v'_m$, and p is the product of the "
        "decisions on the way, some log₂ *n* of them. "
        "**NCE** (noise-contrastive estimation) asks another question: is *o* from the data or one of *k* draws of "
        "noise? Its answer is $\\sigma(\\log p(o|c) - \\log k\\,p_n(o))$, where *s* stands for log p(o|c) and "
        "$p_n(o)$ is the noise probability; trained long enough, $e^s$ sums to nearly 1 by itself. "
        "**Negative sampling drops** $\\log k\\,p_n(o)$ and asks for σ(s) alone. It saves a table look-up, "
        "and its answer is no longer a probability of *o*: its "
        "best score is $s = \\log p(o|c) - \\log k\\,p_n(o)$, how much more often the pair occurs than "
        "noise would have it (Levy & Goldberg 2014).\n\n"
        "**Larger catalogue**: only the first pays in full, the second a little. **More negatives**: a steadier "
        "gradient, and a closer stand-in for the softmax. The gradient costs the same multiplications again, twice."
    )


def as_python(lesson: Lesson) -> list[str]:
    """Four models, one pair."""
    partner = partner_control(lesson, draw=False)
    if partner is None:
        return [*load(lesson), "print(sequences.counts)"]
    items = lesson.data.items
    return [
        *load(
            lesson,
            "from recemb_core.embeddings.pair_sources import CenterPairs, context_counts",
            "from recemb_core.embeddings.training_steps import OBJECTIVES, StepConfig, StepTrainer, train_to_rest",
        ),
        f"center, context = sequences.items.rows([{items[lesson.row]!r}, {items[partner]!r}]).tolist()",
        f"counts = context_counts(sequences, center, window={lesson.window})",
        f"pairs = CenterPairs(center, counts, seed={session.seed()})",
        'print("in the log", counts[context] / counts.sum())',
        "for objective in OBJECTIVES:",
        f"    config = StepConfig(objective=objective, negative={lesson.negative}, ns_exponent={lesson.exponent:g}, "
        f"learning_rate={RATE:g}, seed={session.seed()})",
        "    trainer = StepTrainer(sequences.counts, config)",
        f"    for done in train_to_rest(trainer, pairs, {trained_for(lesson).value}):",
        "        pass  # a place to show progress",
        "    print(objective, trainer.gradients(center, context).loss, trainer.score(center, context))",
    ]
