"""What to try on the node2vec page; every answer is worked out from the results on the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pages.kit import model_results
from pages.kit.answer_words import noise_words
from pages.kit.controls import Labelling
from pages.kit.frame import Experiment
from pages.kit.session import ActiveData
from pages.views.node2vec.one_setting import seed_scores
from recemb_core.embeddings import ItemVectors, Node2VecConfig
from recemb_core.evaluation import GroupScore
from recemb_core.item_graph import ItemGraph

HUB = "best-seller"
DEEPWALK = "At p = q = 1 every neighbor is drawn by edge weight alone. The other settings are compared with this one."


@dataclass(frozen=True, eq=False)
class Result:
    """What the page shows: the vectors of ``config``, which is not what was asked for (``wanted``) until it is run."""

    data: ActiveData
    graph: ItemGraph
    wanted: Node2VecConfig
    config: Node2VecConfig
    vectors: ItemVectors
    groups: Labelling
    roles: Labelling

    def score(self, vectors: ItemVectors, by: Labelling) -> GroupScore:
        """Of any vectors of this graph."""
        return model_results.score(self.data, vectors, self.graph, by.name, by.values)

    def other(self, **changes: float) -> ItemVectors | None:
        """The vectors of another p or q, if they are there."""
        config = replace(self.config, **changes)  # type: ignore[arg-type]
        if not model_results.has_node2vec(self.data, self.graph, config):
            return None
        return model_results.node2vec_vectors(self.data, self.graph, config)


def experiments(roles: Labelling, result: Callable[[], Result]) -> list[Experiment]:
    """Predict, then press; ``result`` is asked when the page has it."""
    if HUB in set(roles.values.tolist()):
        away, home = (
            "q = 20: a step away weighs 1/20. **Will the best-sellers (stars) leave their categories?**",
            "q = 0.05: a step away weighs 20 times as much. **Will the stars go home?**",
        )
        tries = [
            (home, lambda: answer(result()), {"p": 1.0, "q": 0.05}),
            (away, lambda: answer(result()), {"p": 1.0, "q": 20.0}),
            (
                "p = 0.05: a step back weighs 20 times as much. **Does q = 20 still gather the stars?**",
                lambda: answer(result(), beside=(1.0, 20.0)),
                {"p": 0.05, "q": 20.0},
            ),
        ]
    else:
        tries = [
            (
                "q = 20: a step away weighs 1/20. **Will the structural score rise by more than its seed band?**",
                lambda: answer(result()),
                {"p": 1.0, "q": 20.0},
            ),
            (
                "q = 0.05: a step away weighs 20 times as much. **Will communities come apart more clearly?**",
                lambda: answer(result()),
                {"p": 1.0, "q": 0.05},
            ),
        ]
    return [*tries, ("Back to the middle: p = q = 1 is DeepWalk.", DEEPWALK, {"p": 1.0, "q": 1.0})]


def answer(found: Result, beside: tuple[float, float] | None = None) -> str:
    """Both scores against p = q = 1 with their noise, and, where hubs are planted, whom a hub is near to."""
    if (found.config.p, found.config.q) != (found.wanted.p, found.wanted.q):
        return (
            f"Press Run: the page still shows p = {found.config.p:g}, q = {found.config.q:g}. Then compare both scores "
            "and their bands with those you see now."
        )
    lines = []
    if HUB in set(found.roles.values.tolist()):
        lines.append(_hubs(found, beside))
    now = seed_scores(found.data, found.graph, found.config, found.groups, found.roles, None)
    base = replace(found.config, p=1.0, q=1.0)
    before = seed_scores(found.data, found.graph, base, found.groups, found.roles, None)
    if now is None or before is None:
        lines.append(
            "Whether a score has changed cannot be said yet: measure the seed band below the scores, here and at "
            "p = q = 1."
        )
    else:
        told = [
            noise_words(f"{name} by {by.words}", now[by.name], before[by.name])
            for name, by in (("homophily", found.groups), ("structure", found.roles))
        ]
        lines.append(f"From p = q = 1 to here ({len(now[found.groups.name])} seeds): {'; '.join(told)}.")
    return " ".join(lines)


def _hubs(found: Result, beside: tuple[float, float] | None) -> str:
    def share(vectors: ItemVectors) -> str:
        score = found.score(vectors, found.roles)
        return f"{score.by_group[HUB].share:.0%}"

    score = found.score(found.vectors, found.roles)
    text = f"**{share(found.vectors)}** of a {HUB}'s {score.k} nearest neighbors are {HUB}s"
    for p, q in dict.fromkeys([(1.0, 1.0), *([beside] if beside else [])]):
        other = found.other(p=p, q=q)
        if other is not None:
            text += f", {share(other)} at p = {p:g}, q = {q:g}"
    return f"{text} (chance {score.by_group[HUB].chance:.0%}; seed {found.config.seed})."
