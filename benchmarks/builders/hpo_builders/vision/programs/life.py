"""Cellular automata in the plane, in which a cell's next state depends on how many of its eight neighbours live."""

from __future__ import annotations

import numpy as np

from hpo_builders.vision.canvas import SIZE
from hpo_builders.vision.nuisances import noisy
from hpo_gym.base import Floats, Ints, Mask

RULES = ("B3/S23", "B36/S125", "B3678/S34678", "B2/S", "B3/S12345", "B368/S245")
"""Life, 2x2, Day & Night, Seeds, Maze, Move."""

FRACTAL = ("B1/S012345678", "B2/S0", "B25/S4", "B34/S34", "B35678/S5678")
"""Growth without death, and four that do not settle or that form islands."""

WIDE = 18


def classic(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the c-th rule of `RULES` after 5 to 8 steps from noise."""
    return _drawn(RULES, labels, rng, low=0.25, high=0.5, steps=(5, 8))


def others(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the c-th rule of `FRACTAL` after 3 to 5 steps from noise."""
    return _drawn(FRACTAL, labels, rng, low=0.05, high=0.4, steps=(3, 5))


def step(cells: Ints, born: Mask, survives: Mask) -> Ints:
    """One step of cells ``(n, h, w)`` on a torus; the rules ``(n, 9)`` say by the number of neighbours who lives."""
    rows = cells + np.roll(cells, 1, 1) + np.roll(cells, -1, 1)
    neighbours = rows + np.roll(rows, 1, 2) + np.roll(rows, -1, 2) - cells
    i = np.arange(len(cells))[:, None, None]
    return np.asarray(np.where(cells == 1, survives[i, neighbours], born[i, neighbours]), np.int64)


def rule(text: str) -> tuple[list[bool], list[bool]]:
    """Read the numbers of neighbours for birth and survival: 3, and 2 and 3, in "B3/S23"."""
    born, survives = (part[1:] for part in text.split("/"))
    return [str(k) in born for k in range(9)], [str(k) in survives for k in range(9)]


def _drawn(
    rules: tuple[str, ...], labels: Ints, rng: np.random.Generator, low: float, high: float, steps: tuple[int, int]
) -> Floats:
    n = len(labels)
    born, survives = (np.array(part)[labels] for part in zip(*map(rule, rules), strict=True))
    cells = (rng.random((n, WIDE, WIDE)) < rng.uniform(low, high, (n, 1, 1))).astype(np.int64)
    last = rng.integers(steps[0], steps[1] + 1, n)
    shown = cells
    for number in range(1, steps[1] + 1):
        cells = step(cells, born, survives)
        shown = np.where((last == number)[:, None, None], cells, shown)
    shown = shown[:, :SIZE, :SIZE] ^ (rng.random((n, SIZE, SIZE)) < 0.06)
    return noisy(shown.astype(np.float64), rng, 0.2)[:, None]
