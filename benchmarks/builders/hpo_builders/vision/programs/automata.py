"""Elementary cellular automata, one line below the other: the class is the rule."""

from __future__ import annotations

import numpy as np

from hpo_builders.vision.canvas import SIZE
from hpo_builders.vision.nuisances import noisy
from hpo_gym.base import Floats, Ints

CHAOTIC = (30, 45, 73, 90, 110, 150)
SLOW = (22, 54, 62, 94, 126, 146, 18, 122)
WIDTH, FIRST = 30, 12
"""Cells of the ring, and lines that are not shown."""


def chaotic(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the c-th rule of `CHAOTIC`; 8 % of the cells shown are flipped."""
    return _drawn(np.array(CHAOTIC)[labels], rng, flipped=0.08)


def slow(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the c-th rule of `SLOW`; 4 % of the cells shown are flipped."""
    return _drawn(np.array(SLOW)[labels], rng, flipped=0.04)


def history(rule: Ints, line: Ints, lines: int) -> Ints:
    """Run rules ``(n,)`` on first lines ``(n, w)`` on a ring, ``(n, lines, w)``; Wolfram's numbers of rules."""
    out = [line]
    for _ in range(lines - 1):
        number = 4 * np.roll(line, 1, axis=1) + 2 * line + np.roll(line, -1, axis=1)
        line = (rule[:, None] >> number) & 1
        out.append(line)
    return np.stack(out, axis=1)


def _drawn(rule: Ints, rng: np.random.Generator, flipped: float) -> Floats:
    n = len(rule)
    line = (rng.random((n, WIDTH)) < rng.uniform(0.3, 0.7, (n, 1))).astype(np.int64)
    cells = history(rule, line, FIRST + SIZE)[:, FIRST:, :SIZE]
    cells = cells ^ (rng.random(cells.shape) < flipped)
    return noisy(cells.astype(np.float64), rng, 0.2)[:, None]
