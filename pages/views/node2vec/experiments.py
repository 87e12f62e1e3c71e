"""What to try on the node2vec page; every answer is worked out from the results on the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from pages.kit.answer_words import noise_words
from pages.kit.controls import Labelling
from pages.kit.stage import Experiment, Verdict
from pages.kit.text import plain
from pages.views.node2vec.one_setting import Shown, seed_scores
from recemb_core.embeddings import ItemVectors, Node2VecConfig
from recemb_core.evaluation.noise import compare_with_control

HUB = "best-seller"
CHANGES = ("It rises", "It falls", "No change beyond noise")


def experiments(labellings: tuple[Labelling, Labelling], result: Callable[[], Shown]) -> list[Experiment]:
    """A guess, then the change; ``result`` is asked when the page has it."""
    groups, roles = labellings
    score = {0: f"homophily (by {plain(groups.words)})", 1: f"the structural score (by {plain(roles.words)})"}
    away, home = {"p": 1.0, "q": 20.0}, {"p": 1.0, "q": 0.05}

    def ask(text: str, by: int, sets: dict[str, float], beside: tuple[float, float] = (1.0, 1.0)) -> Experiment:
        return Experiment(text, CHANGES, lambda: answer(result(), by, beside), sets)

    tries = [
        ask(f"q = 20: a step away weighs 1/20. **What does {score[1]} do?**", 1, away),
        ask(f"q = 0.05: a step away weighs 20 times as much. **What does {score[0]} do?**", 0, home),
        ask(
            f"q = 20 again, and p = 0.05: a step back weighs 20 times as much. **Against p = 1: {score[1]}?**",
            1,
            {"p": 0.05, "q": 20.0},
            (1.0, 20.0),
        ),
    ]
    middle = Experiment(
        "p = q = 1. **What is left of α, the factor of p and q?**",
        ("It is 1 everywhere: edge weight alone decides", "It still favors short loops", "It is 0: the walk stands"),
        lambda: Verdict("1/p, 1 and 1/q are all 1: this is DeepWalk, with which the others are compared.", 0),
        {"p": 1.0, "q": 1.0},
    )
    return [*tries, middle]


def answer(found: Shown, by: int, beside: tuple[float, float]) -> Verdict | str:
    """One of the scores against another setting with its noise; where hubs are planted, whom a hub is near to."""
    config = found.config
    if found.preview or (config.p, config.q) != (found.wanted.p, found.wanted.q):
        return ""  # it is said of the exact result, which follows
    other = replace(config, p=beside[0], q=beside[1])
    groups, roles = found.labellings
    now, before = seed_scores(found, config), seed_scores(found, other)
    hubs = _hubs(found, roles, other) if HUB in set(roles.values.tolist()) else ""
    if now is None or before is None:
        where = f"here and at p = {other.p:g}, q = {other.q:g}"
        return Verdict(f"It cannot be said yet: measure the noise of the seeds below the scores, {where}.", more=hubs)
    one = found.labellings[by].name
    test = compare_with_control({one: now[one]}, before[one])
    change = test.change[one]
    right = None if not test.measured else 2 if not test.beyond(one) else 0 if change > 0 else 1
    told = partial(_told, now, before)
    names = (("Homophily", groups), ("Structure", roles))
    since = f"from p = {other.p:g}, q = {other.q:g} (means of {len(now[one])} seeds)"
    said = f"{told(*names[by])} {since}. {hubs if by else ''}"
    return Verdict(said.strip(), right, more=f"{told(*names[1 - by])}.")


def _told(now: dict[str, list[float]], before: dict[str, list[float]], name: str, by: Labelling) -> str:
    return noise_words(f"{name} by {plain(by.words)}", now[by.name], before[by.name])


def _hubs(found: Shown, roles: Labelling, other: Node2VecConfig) -> str:
    def share(vectors: ItemVectors) -> str:
        return f"{found.score(vectors, roles).by_group[HUB].share:.0%}"

    score = found.score(found.vectors, roles)
    text = f"**{share(found.vectors)}** of a {HUB}'s {score.k} nearest are {HUB}s"
    if found.has(other):
        text += f", {share(found.train(other))} before"
    return f"{text} (chance {score.by_group[HUB].chance:.0%}; seed {found.config.seed})."
