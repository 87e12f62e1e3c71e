"""The checks of the questions of the Sweeps view, from the runs that come with the app."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from tests.pages.experiment_checks import Seen, Source, check, sign
from tests.pages.experiment_checks_deep import p_of_hits

UNTRIED = "Nothing is tried here yet"


@cache
def runs_of(source: Source) -> dict[int, list[Any]]:
    """Setting → its runs, of the sweep that the view opens with."""
    from recemb_core.embeddings import item2vec_defaults
    from recemb_core.experiments.leaderboard import Protocol, default_query, part_cases
    from recemb_core.sweeps import Ground
    from recemb_core.sweeps.beforehand import load_swept
    from recemb_core.sweeps.usual import opening_plan

    config = item2vec_defaults(source.sequences)
    query = default_query(config, part_cases(source.sequences, Protocol()).train)
    found: dict[int, list[Any]] = {}
    for run in load_swept(Ground.of(opening_plan(config, query), source.sequences, config=config)):
        found.setdefault(run.setting, []).append(run)
    return found


def fresh(runs: list[Any]) -> Any:
    """(seeds, users) of the trainings with seeds that had no part in the choice."""
    return np.array([run.users for run in runs if run.stage == "final"])


def untried(seen: Seen) -> bool:
    if not seen.answer.startswith(UNTRIED):
        return False
    assert seen.source.log is None or not runs_of(seen.source)
    return True


@check("Thirty settings are tried")
def _beats(seen: Seen) -> None:
    if untried(seen):
        return
    runs = runs_of(seen.source)
    last = {n: fresh(own) for n, own in runs.items() if len(fresh(own))}
    best = max((n for n in last if n), key=lambda n: last[n].mean())
    gap = last[best].mean() - last[0].mean()
    seen.says(f"#{best} ", f"{sign(gap, '.4f')} HR@10 against the default", f"{len(runs) - 1} comparisons")
    # Half of 5% is for comparisons with the default, of which there are as many as settings.
    beats = gap > 0 and p_of_hits(last[best], last[0]) * (len(runs) - 1) <= 0.025
    seen.chose("Yes" if beats else "No, it may be chance")


@check("The best mean of the first looks")
def _holds(seen: Seen) -> None:
    from scipy.stats import ttest_ind

    if untried(seen):
        return
    runs = {n: own for n, own in runs_of(seen.source).items() if n and len(fresh(own))}
    chose = {n: [run.users.mean() for run in own if run.stage != "final"] for n, own in runs.items()}
    best = max(chose, key=lambda n: np.mean(chose[n]))
    again = fresh(runs[best]).mean(axis=1)
    seen.says(f"#{best} ", f"{np.mean(chose[best]):.4f} in the {len(chose[best])} trainings", f"{again.mean():.4f} in")
    apart = ttest_ind(again, chose[best]).pvalue <= 0.05
    way = "It falls" if again.mean() < np.mean(chose[best]) else "It rises"
    seen.chose(f"{way}, beyond noise" if apart else "It holds, as far as noise lets see")


@check("Dimensions, epochs and query")
def _decides(seen: Seen) -> None:
    """The share of one parameter's groups in the variance, without the forest: the same one decides."""
    if untried(seen):
        return
    first = [own[0] for n, own in sorted(runs_of(seen.source).items())]
    figures = np.array([run.users.mean() for run in first])
    shares = {}
    for name in first[0].values:
        kept = [run.values[name] for run in first]
        groups = [figures[[value == other for other in kept]] for value in set(kept)]
        between = sum(len(group) * (group.mean() - figures.mean()) ** 2 for group in groups)
        shares[name] = between / ((figures - figures.mean()) ** 2).sum()
    names = {"dimensions": "Dimensions", "epochs": "Epochs", "query.half_life": "Query: half life"}
    seen.chose(names[max(shares, key=lambda name: shares[name])])


@check("P and q vary together")
def _p_and_q(seen: Seen) -> None:
    assert untried(seen)


@check("What a model holds in memory")
def _costs(seen: Seen) -> None:
    if untried(seen):
        return
    runs = runs_of(seen.source)
    taken = int(seen.answer.partition("#")[2].split()[0]) if "#" in seen.answer else 0
    held, base = (runs[n][0].aims["bytes"] for n in (taken, 0))
    seen.says(f"{held / 1e6:.2f} MB against {base / 1e6:.2f} MB")
    seen.chose("It holds as much" if held == base else "It holds more" if held > base else "It holds less")
