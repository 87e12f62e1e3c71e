"""Which model finds which structure of the designed shop, at noise 0, .2, .5 and 1, over seeds.

    python -m benchmarks.designed_shop                      # five seeds, some minutes
    python -m benchmarks.designed_shop --seeds 20 --noise 1
    python -m benchmarks.designed_shop --attention          # EGES less GES, by fields that say nothing and by noise

Every figure is 0 at chance (tests/core/test_designed_structure.py says what each is, and what was expected before any
was measured). A seed is that of the shop and of the model; the interval is Student's of the mean over seeds, at 95%.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from recemb_core.datasets.designed_shop import DesignedShop, DesignedShopConfig, designed_shop
from recemb_core.datasets.designed_shop_config import accessory_rows, variant_rows
from recemb_core.embeddings import (
    EGESVectors,
    ItemVectors,
    comparison_defaults,
    default_graph,
    eges_defaults,
    train_eges,
    train_model,
    train_role_features,
)
from recemb_core.evaluation import group_score
from recemb_core.neighbors.base import unit_rows
from recemb_core.sequences import split_sessions
from recemb_core.validation import UsageError

Figures = dict[str, float | None]
Floats = npt.NDArray[np.float64]
NOISES = (0.0, 0.2, 0.5, 1.0)
K = 5


def models(shop: DesignedShop, seed: int) -> Iterator[tuple[str, ItemVectors]]:
    """Every model of the app's comparison as it is by default, and role features, trained on the shop."""
    sequences = split_sessions(shop.sequences, gap_minutes=60)
    known: dict[str, Any] = {"sequences": sequences, "graph": default_graph(sequences), "side_info": shop.side_info}
    for name, config in comparison_defaults(**known).items():
        yield name, train_model(replace(config, seed=seed) if hasattr(config, "seed") else config, **known)
    yield "role features", train_role_features(known["graph"])


def larger(these: Floats, those: Floats) -> float:
    """P(one of these > one of those) − 1/2 by row, ties half, the mean over rows: (m, a) and (m, b)."""
    difference = these[:, :, None] - those[:, None, :]
    return float((np.sign(difference).mean(axis=(1, 2)) / 2).mean())


def structures(shop: DesignedShop, found: ItemVectors) -> Figures:
    """Name of the structure → how well a model found it, 0 at chance; None where it has nothing to measure it by."""
    config, labels = shop.config, shop.labels
    inputs = unit_rows(found.vectors).astype(np.float64)
    cosine = inputs @ inputs.T
    products = np.unravel_index(np.arange(config.categories * config.products), (config.categories, config.products))
    variants = variant_rows(config)
    own = accessory_rows(config)[shop.partners[0]]
    rows, subs, rest, mine, theirs = [], [], [], [], []
    for product, (category, _) in enumerate(zip(*products, strict=True)):
        others = np.flatnonzero(products[0] == category)
        others = others[others != product]
        for at, row in enumerate(variants[product]):
            rows.append(row)
            subs.append(np.delete(variants[product], at))
            rest.append(variants[others].ravel())
            mine.append(own[product])
            theirs.append(own[others].ravel())
    at, sub, other, its, foreign = (np.array(part) for part in (rows, subs, rest, mine, theirs))
    at = at[:, None]
    figures: Figures = {
        "categories": group_score(found, labels["category"], k=K).value,
        "roles": group_score(found, labels["role"], k=K).value,
        "substitutes": larger(cosine[at, sub], cosine[at, other]),
        "complements": None,
        "substitutes first by cosine": larger(cosine[at, sub], cosine[at, its]),
        "complements first by v·v′": None,
        "cold items": cold_items(shop, found) if isinstance(found, EGESVectors) else None,
    }
    if found.output_vectors is not None:
        products_of = found.vectors.astype(np.float64) @ found.output_vectors.astype(np.float64).T
        figures["complements"] = larger(products_of[at, its], products_of[at, foreign])
        figures["complements first by v·v′"] = larger(products_of[at, its], products_of[at, sub])
    return figures


def cold_items(shop: DesignedShop, found: EGESVectors) -> float:
    """Share of the nearest items of each cold one that are of its category, less that category's share of all."""
    category, inputs = shop.labels["category"], unit_rows(found.vectors)
    shares = []
    for item in shop.cold_items.iter_rows(named=True):
        given = {name: item[name] for name in found.field_names}
        try:
            vector = found.cold_start(given)
        except UsageError:  # a value that no warm item has
            continue
        nearest = np.argsort(-(inputs @ vector), kind="stable")[:K]
        same = category == item["true_category"]
        shares.append(same[nearest].mean() - same.mean())
    return float(np.mean(shares))


def interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float, float]:
    """(mean, low, high) of Student's interval of a mean."""
    from scipy.stats import t

    array = np.asarray(values, dtype=np.float64)
    half = t.ppf((1 + level) / 2, len(array) - 1) * array.std(ddof=1) / len(array) ** 0.5 if len(array) > 1 else np.inf
    return float(array.mean()), float(array.mean() - half), float(array.mean() + half)


def measured(config: DesignedShopConfig, seeds: int) -> dict[str, dict[str, list[float]]]:
    """Model → structure → a figure a seed."""
    found: dict[str, dict[str, list[float]]] = {}
    for seed in range(seeds):
        shop = designed_shop(replace(config, seed=seed))
        for name, vectors in models(shop, seed):
            for structure, value in structures(shop, vectors).items():
                if value is not None:
                    found.setdefault(name, {}).setdefault(structure, []).append(value)
    return found


def main(noises: Sequence[float] = NOISES, seeds: int = 5) -> None:
    """Print a table a noise; an interval that holds 0 is in brackets."""
    for noise in noises:
        found = measured(DesignedShopConfig(noise=noise), seeds)
        print(f"\nnoise {noise:g}, {seeds} seeds: figure over chance (95% interval of the mean)")
        figures = [interval(values) for by in found.values() for values in by.values()]
        for name, by in found.items():
            for structure, values in by.items():
                mean, low, high = interval(values)
                verdict = "at chance" if low <= 0 <= high else "finds" if low > 0 else "against"
                print(f"{name:14}{structure:30}{mean:+.3f} ({low:+.3f} to {high:+.3f})  {verdict}")
        held = sum(low <= 0 <= high for _, low, high in figures)
        print(f"{held} of {len(figures)} intervals hold chance")
        said(apart(found["EGES"], found["GES"]))


def apart(these: Mapping[str, Sequence[float]], those: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """These less those, seed by seed."""
    return {name: np.subtract(values, those[name]).tolist() for name, values in these.items()}


def said(differences: Mapping[str, Sequence[float]]) -> None:
    """EGES less GES, a line a structure."""
    for structure, values in differences.items():
        mean, low, high = interval(values)
        print(f"EGES less GES, {structure:30}{mean:+.3f} ({low:+.3f} to {high:+.3f})", flush=True)


def attention(config: DesignedShopConfig, seeds: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """(EGES less GES by structure, attention that an item gives to kinds of fields), a figure a seed.

    The kinds: ``own``, the item itself; ``right``, that of department and collection which names its category;
    ``wrong``, the other; ``empty``, the mean over fields that say nothing.
    """
    differences: dict[str, list[float]] = {}
    weights: dict[str, list[float]] = {}
    for seed in range(seeds):
        shop = designed_shop(replace(config, seed=seed))
        graph = default_graph(split_sessions(shop.sequences, gap_minutes=60))
        plain, attended = (
            train_eges(graph, shop.side_info, replace(eges_defaults(len(graph), seed), attention=on))
            for on in (False, True)
        )
        theirs = structures(shop, plain)
        for name, value in structures(shop, attended).items():
            before = theirs[name]
            if value is not None and before is not None:
                differences.setdefault(name, []).append(value - before)
        names, given = attended.field_names, attended.attention
        told = shop.side_info["department"].to_numpy() == shop.labels["category"]
        department, collection = (given[:, 1 + names.index(name)] for name in ("department", "collection"))
        kinds = {
            "own": given[:, 0],
            "right": np.where(told, department, collection),
            "wrong": np.where(told, collection, department),
            "empty": given[:, -config.noise_fields :].mean(axis=1) if config.noise_fields else np.zeros(len(graph)),
        }
        for kind, weight in kinds.items():
            weights.setdefault(kind, []).append(float(weight.mean()))
    return differences, weights


def attention_table(noises: Sequence[float], seeds: int) -> None:
    """Print both a number of fields that say nothing, and a noise."""
    for noise in noises:
        for fields in (0, 2, 4, 6):
            # Many cold items, so that their share is known well.
            config = DesignedShopConfig(noise=noise, noise_fields=fields, cold_items=240)
            differences, weights = attention(config, seeds)
            shares = ", ".join(f"{kind} {np.mean(values):.3f}" for kind, values in weights.items())
            print(f"\nnoise {noise:g}, {fields} fields that say nothing, {seeds} seeds; attention: {shares}")
            said(differences)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--noise", type=float, nargs="+", default=list(NOISES))
    parser.add_argument("--attention", action="store_true")
    asked = parser.parse_args()
    (attention_table if asked.attention else main)(asked.noise, asked.seeds)
