"""The sixteen colors of groups can be told apart, by everybody and on both papers."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from recemb_core.figures import theme

WHITE, DARK = "#FFFFFF", "#171614"  # the pages' backgrounds
NORMAL_APART, BLIND_APART, CONTRAST = 0.09, 0.053, 3.0

# Machado, Oliveira & Fernandes (2009), full severity, on linear RGB.
PROTANOPIA = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
DEUTERANOPIA = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
# Ottosson (2020), linear RGB → OKLab.
CONES = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
CONES = [*CONES, [0.0883024619, 0.2817188376, 0.6299787005]]
LAB = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099]]
LAB = [*LAB, [0.0259040371, 0.7827717662, -0.8086757660]]


def linear(color: str) -> np.ndarray:
    part = np.array([int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    return np.array(LAB) @ np.cbrt(np.array(CONES) @ rgb)


def contrast(a: str, b: str) -> float:
    low, high = sorted(float(linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (a, b))
    return (high + 0.05) / (low + 0.05)


def test_the_formulas_give_known_values() -> None:
    assert oklab(linear(WHITE)) == pytest.approx([1, 0, 0], abs=1e-4)
    assert oklab(linear("#FF0000")) == pytest.approx([0.628, 0.225, 0.126], abs=1e-3)
    assert contrast(WHITE, "#767676") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(
    ("seen_by", "apart"),
    [(np.eye(3), NORMAL_APART), (PROTANOPIA, BLIND_APART), (DEUTERANOPIA, BLIND_APART)],
    ids=["most", "protanopes", "deuteranopes"],
)
def test_groups_are_apart(seen_by: list[list[float]], apart: float) -> None:
    """By the distance in OKLab of what each sees."""
    seen = {c: oklab(np.clip(np.array(seen_by) @ linear(c), 0, 1)) for c in (*theme.GROUPS, theme.CHOSEN)}
    distance = {pair: float(np.linalg.norm(seen[pair[0]] - seen[pair[1]])) for pair in combinations(seen, 2)}
    closest = min(distance, key=lambda pair: distance[pair])
    assert distance[closest] >= apart, closest


@pytest.mark.parametrize("paper", [WHITE, DARK])
@pytest.mark.parametrize("color", theme.GROUPS)
def test_groups_stand_out_from_the_paper(color: str, paper: str) -> None:
    assert contrast(color, paper) >= CONTRAST


def test_sixteen_groups_and_no_color_twice() -> None:
    assert len(set(theme.GROUPS)) == theme.MAX_GROUPS == 16
