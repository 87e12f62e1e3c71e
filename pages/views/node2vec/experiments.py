"""What to try on the node2vec page; every answer is worked out from the results on the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pages.kit.answer_words import noise_words
from pages.kit.controls import Labelling
from pages.kit.frame import Experiment
from pages.kit.text import plain
from pages.views.node2vec.one_setting import Shown, base_of, seed_scores
from recemb_core.embeddings import ItemVectors

HUB = "best-seller"
DEEPWALK = "At p = q = 1 every neighbor is drawn by edge weight alone. The other settings are compared with this one."


def experiments(roles: Labelling, result: Callable[[], Shown]) -> list[Experiment]:
    """Predict, then press; ``result`` is asked when the page has it."""
    hubs = HUB in set(roles.values.tolist())
    away = "q = 20: a step away weighs 1/20. **Will {}?**"
    home = "q = 0.05: a step away weighs 20 times as much. **Will {}?**"
    say = lambda: answer(result())  # noqa: E731
    if hubs:
        tries: list[Experiment] = [
            (home.format("the stars go home"), say, {"p": 1.0, "q": 0.05}),
            (away.format("the best-sellers (stars) leave their categories"), say, {"p": 1.0, "q": 20.0}),
            (
                "p = 0.05: a step back weighs 20 times as much. **Does q = 20 still gather the stars?**",
                lambda: answer(result(), beside=(1.0, 20.0)),
                {"p": 0.05, "q": 20.0},
            ),
        ]
    else:
        tries = [
            (away.format("the structural score rise by more than its seed band"), say, {"p": 1.0, "q": 20.0}),
            (home.format("communities come apart more clearly"), say, {"p": 1.0, "q": 0.05}),
        ]
    return [*tries, ("Back to the middle: p = q = 1 is DeepWalk.", DEEPWALK, {"p": 1.0, "q": 1.0})]


def answer(found: Shown, beside: tuple[float, float] | None = None) -> str:
    """Both scores against p = q = 1 with their noise, and, where hubs are planted, whom a hub is near to."""
    config = found.config
    if found.preview:
        return ""  # it is said of the exact result, which follows
    if (config.p, config.q) != (found.wanted.p, found.wanted.q):
        return (
            f"Press Run: the page still shows p = {config.p:g}, q = {config.q:g}. Then compare both scores and their "
            "bands with those you see now."
        )
    groups, roles = found.labellings
    hubs = _hubs(found, roles, beside) + " " if HUB in set(roles.values.tolist()) else ""
    now, before = seed_scores(found, config), seed_scores(found, base_of(config))
    if now is None or before is None:
        return (
            f"{hubs}Whether a score has changed cannot be said yet: measure the seed band below the scores, here and "
            "at p = q = 1."
        )
    told = "; ".join(
        noise_words(f"{name} by {plain(by.words)}", now[by.name], before[by.name])
        for name, by in (("homophily", groups), ("structure", roles))
    )
    return f"{hubs}From p = q = 1 to here ({len(now[groups.name])} seeds): {told}."


def _hubs(found: Shown, roles: Labelling, beside: tuple[float, float] | None) -> str:
    def share(vectors: ItemVectors) -> str:
        return f"{found.score(vectors, roles).by_group[HUB].share:.0%}"

    score = found.score(found.vectors, roles)
    text = f"**{share(found.vectors)}** of a {HUB}'s {score.k} nearest neighbors are {HUB}s"
    for p, q in dict.fromkeys([(1.0, 1.0), *([beside] if beside else [])]):
        other = replace(found.config, p=p, q=q)
        if found.has(other):
            text += f", {share(found.train(other))} at p = {p:g}, q = {q:g}"
    return f"{text} (chance {score.by_group[HUB].chance:.0%}; seed {found.config.seed})."
