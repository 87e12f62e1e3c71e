"""Training, last view: full softmax, hierarchical softmax, NCE and negative sampling for one pair, side by side."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.kit import controls, frame, session, stage
from pages.kit.live_chart import live_chart
from pages.kit.text import plain
from pages.views.training.four import NAMES, RATE, Four, four_trainers, trained_for, updates_options
from pages.views.training.lesson import (
    EXPONENT,
    NEGATIVES,
    Ask,
    Lesson,
    beside,
    load,
    named,
    pair_controls,
    partner_control,
    staged,
)
from recemb_core.embeddings.training_steps import OBJECTIVES, Objective, multiplications, sigmoid
from recemb_core.figures.softmax_costs import softmax_costs_figure


def section(lesson: Lesson, ask: Ask) -> None:
    """Four cards, a table, the tree's path, the costs as the catalogue grows."""
    main, side, numbers = staged("training-costs")
    options, updates = updates_options(lesson), trained_for(lesson)
    with side:
        partner = partner_control(lesson)
        updates.draw(offered=options if len(options) > 1 else (0, 1))
        NEGATIVES.draw(lesson.data)
        ask()
        with st.expander("Noise and pairs"):
            EXPONENT.draw(lesson.data)
            pair_controls(lesson)
        controls.reset_button(lesson.data)
    with main:
        if partner is None:
            st.info(
                f"**{plain(lesson.name)}** never occurs beside another item, so it has no pair. Choose another item."
            )
            return
        trainers = four_trainers(lesson, updates.value)
        if trainers is None:
            return
        four = Four(lesson, trainers, partner)
        with stage.picture():
            _cards(four)
        _table(four)
        _in_the_log(four)
        left, right = beside("path-and-costs", (1, 1), "17rem")
        with left:
            _path(four)
        with right:
            _costs(four)
    n, d, k, length = four.size.values()
    dropped = f"{trainers['nce'].log_k_noise[partner]:.2f}"
    told: dict[str, tuple[Objective, str]] = {
        "Full softmax": ("softmax", f"Multiplications to score one pair: n·d = {n:,} items × {d} dimensions."),
        "Hierarchical": ("hierarchical_softmax", f"L·d: {length} decisions lead to this context, × {d}."),
        "NCE, neg. sampling": ("nce", f"(1 + k)·d: the context and {k} noise items, × {d}. Independent of n."),
    }
    metrics = [(name, f"{multiplications(of, **four.size):,} products", words) for name, (of, words) in told.items()]
    drops = "The term that negative sampling drops from NCE, for this context, in nats."
    frame.metrics([*metrics, ("log k·pₙ(o)", dropped, drops)], numbers)


def _cards(four: Four) -> None:
    lesson, partner = four.lesson, four.partner
    st.markdown(f"Center *c* = {named(lesson, lesson.row)}, context *o* = {named(lesson, partner)}")
    with st.container(key="four-cards"):
        st.html(
            "<style>.st-key-four-cards.st-key-four-cards [data-testid=stColumn] { min-width: min(15rem, 100%); } "
            ".st-key-four-cards .katex { font-size: 1em; } "
            # As high as the window leaves them.
            ".st-key-four-cards [data-testid=stHorizontalBlock] { min-height: calc((100vh - 17.5rem) / 2); }</style>"
        )
        places = [*st.columns(2, gap="small"), *st.columns(2, gap="small")]
    scores = four.trainers["softmax"].scores(lesson.row)
    total = float(np.exp(scores).sum())
    steps = four.decisions()
    shown = r" \cdot ".join(f"{p:.2f}" for p in steps[:3]) + (r" \cdots" if len(steps) > 3 else "")
    nce, log_kp = four.trainers["nce"].score(lesson.row, partner), float(four.trainers["nce"].log_k_noise[partner])
    negative = four.trainers["negative_sampling"].score(lesson.row, partner)
    cards: dict[Objective, tuple[str, str]] = {
        "softmax": (
            "Compares the context with every item of the catalogue.",
            rf"p(o|c)=\frac{{e^{{v'_o\cdot v_c}}}}{{\sum_w e^{{v'_w\cdot v_c}}}}"
            rf"=\frac{{e^{{{scores[partner]:.2f}}}}}{{{total:.1f}}}={np.exp(scores[partner]) / total:.4f}",
        ),
        "hierarchical_softmax": (
            f"Answers {len(steps)} yes-or-no questions down a tree.",
            rf"\begin{{aligned}}p(o|c)&=\textstyle\prod_m \sigma(\pm v'_m\cdot v_c)\\"
            rf"&={shown or 1}={np.prod(steps):.4f}\end{{aligned}}",
        ),
        "nce": (
            f"Tells the context from {lesson.negative} noise items, knowing how often noise draws each.",
            rf"\begin{{aligned}}&\sigma(v'_o\cdot v_c-\log k\,p_n(o))\\"
            rf"&=\sigma({nce:.2f}-({log_kp:.2f}))={float(sigmoid(nce - log_kp)):.3f}\end{{aligned}}",
        ),
        "negative_sampling": (
            "The same without log k·pₙ(o).",
            rf"\sigma(v'_o\cdot v_c)=\sigma({negative:.2f})={float(sigmoid(negative)):.3f}",
        ),
    }
    losses = four.losses()
    for place, (objective, (says, formula)) in zip(places, cards.items(), strict=True):
        with place.container(border=True, height="stretch"):
            st.markdown(f"**{NAMES[objective]}** · E = {losses[objective]:.2f}")
            st.caption(says)
            st.latex(formula)


def _table(four: Four) -> None:
    partner, known = four.partner, four.estimates()
    n, d, k, length = four.size.values()
    rows = [multiplications(objective, **four.size) // d for objective in OBJECTIVES]
    number = st.column_config.NumberColumn
    st.dataframe(
        {
            "Objective": [NAMES[o] for o in OBJECTIVES],
            "Scores": [f"{n:,} items", f"{length} nodes", f"1 + {k} items", f"1 + {k} items"],
            "Mult.": [d * scored for scored in rows],
            "Exp.": rows,
            "p(o | c)": [float(known[o][partner]) for o in OBJECTIVES],
            "Sum over all": [float(known[o].sum()) for o in OBJECTIVES],
        },
        hide_index=True,
        height=38 + 35 * len(OBJECTIVES),
        column_config={
            "p(o | c)": number(format="%.4f", help="What the model says about how likely this context is."),
            "Sum over all": number(format="%.4f", help="Of p(w | c) over the catalogue; a distribution has 1."),
            "Mult.": number(format="localized", help="Multiplications to score one pair."),
            "Exp.": number(format="localized", help="Exponentials of one pair."),
        },
    )


def _in_the_log(four: Four) -> None:
    lesson, partner = four.lesson, four.partner
    counts = lesson.contexts()
    p = counts[partner] / max(counts.sum(), 1)
    st.caption(
        f"In the log {plain(lesson.data.titles[partner])} is {counts[partner]:,} of the {counts.sum():,} contexts of "
        f"{plain(lesson.name)}: **{p:.4f}**, which all four are after. p(o|c) is read off as $e^s / \\sum e^s$, as the "
        "product along the path, as $e^s$, and as $k\\,p_n(o)\\,e^s$, with each model's own score "
        "$s = v'_o \\cdot v_c$. One seed, and a finite number of updates: the estimates are rough."
    )


def _path(four: Four) -> None:
    tree, steps = four.tree, four.decisions()
    nodes, bits = tree.path(four.partner)
    code = "".join(map(str, bits)) or "none"
    st.markdown(f"The path to {named(four.lesson, four.partner)} in the Huffman tree: **{code}**")
    number = st.column_config.NumberColumn
    st.dataframe(
        {
            "Events below": tree.counts[len(tree) + nodes] / tree.counts[-1],
            "Bit": bits.astype(np.int64),
            "P(bit)": steps,
            "p so far": np.cumprod(steps),
        },
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


def _costs(four: Four) -> None:
    st.markdown("**Multiplications a pair, by catalogue size**")
    sizes = np.geomspace(100, 1e7, 21)
    kinds: dict[str, Objective] = {
        "full softmax": "softmax",
        "hierarchical": "hierarchical_softmax",
        "NCE, negative sampling": "negative_sampling",
    }
    grown = [four.size | {"items": size, "code_length": float(np.log2(size))} for size in sizes]
    curves = {name: np.array([multiplications(o, **size) for size in grown]) for name, o in kinds.items()}
    here = [multiplications(o, **four.size) for o in kinds.values()]
    figure = softmax_costs_figure(sizes, curves, (four.size["items"], here))
    live_chart(figure, key=f"costs@{four.lesson.data.key}", height=340, glide=False)
    st.caption(
        "d = {dimensions}, k = {negative}; the hierarchical line takes log₂ n decisions, the dot this context's own "
        "path.".format(**four.size)
    )


def words(lesson: Lesson) -> str:
    """What you see."""
    return (
        "The question is always the same: **how likely is context *o*, given center *c*?** $s = v'_o \\cdot v_c$ is "
        "the model's score. The **full softmax** divides $e^s$ by the sum over all *n* items: exact, and *n·d* "
        "multiplications for every single pair. **Hierarchical softmax** replaces the catalogue by a binary tree "
        "(Huffman: frequent items near the root); each inner node *m* has a vector $v'_m$, and p is the product of the "
        "decisions on the way, some log₂ *n* of them. **NCE** (noise-contrastive estimation) asks another question: is "
        "*o* from the data or one of *k* draws of noise? Its answer is $\\sigma(\\log p(o|c) - \\log k\\,p_n(o))$, "
        "where *s* stands for log p(o|c) and $p_n(o)$ is the noise probability; trained long enough, $e^s$ sums to "
        "nearly 1 by itself. **Negative sampling drops** $\\log k\\,p_n(o)$ and asks for σ(s) alone. It saves a table "
        "look-up, and its answer is no longer a probability of *o*: its best score is $s = \\log p(o|c) - \\log "
        "k\\,p_n(o)$, how much more often the pair occurs than noise would have it (Levy & Goldberg 2014).\n\n"
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
