"""Answers of the observer `losses`: 17 numbers between two epochs of a network.

Losses are chosen so that with .01 added they are powers of two: a loss of .24 is shown as ln(1/4) = -2 ln 2. Falls and
gaps are shown three times as large; rows are a power of two over 2^8, the batch over 2^4, weights a power of ten over
10^3; the epochs since the best are powers of two less one.
"""

from __future__ import annotations

import functools
from math import log

from answers import Case
from answers.going import going
from toy_suite import Episode

from hpo_gym.suites.tasks.fits.signals import SIGNALS

LN2 = log(2)


def _signals(losses: tuple[float, ...], since: int, accuracy: float, sizes: tuple[int, ...], kind: tuple[int, ...],
             diverged: int = 0) -> tuple[float, ...]:  # fmt: skip
    """Return a row of signals: losses (training, validation, both before, best) as the power of 1/2; sizes are classes,
    rows, weights and batch, the kind adaptive, normalised and layers."""
    values = (*(0.5**power - 0.01 for power in losses), since, accuracy, *sizes, *kind, diverged)
    assert len(values) == len(SIGNALS)
    return values


G_SIZES, G_KIND, H_SIZES, H_KIND = (2, 256, 1000, 16), (0, 1, 1), (4, 1024, 10_000, 8), (1, 0, 3)
G = (
    _signals((0, 0, 0, 0, 0), 0, 0.5, G_SIZES, G_KIND),
    _signals((2, 1, 0, 0, 1), 0, 0.75, G_SIZES, G_KIND),
    _signals((-1, -1, 2, 1, 1), 1, 0, G_SIZES, G_KIND, 1),
)
H = (
    _signals((2, 2, 2, 2, 2), 0, 1, H_SIZES, H_KIND),
    _signals((3, 1, 2, 2, 2), 3, 0.5, H_SIZES, H_KIND),
    _signals((-3, 3, 3, 1, 3), 0, 0.25, H_SIZES, H_KIND),
)
LENGTH = log(2) - 3  # of a run


def _shown(own: tuple[float, ...], logs: tuple[float, ...], gap: float, best: float, rest: tuple[float, ...],
           kind: tuple[float, ...]) -> tuple[float, ...]:  # fmt: skip
    """Return an observation; `logs` (validation, training, 3 falls of both) and `best` (3 gaps) in units of ln 2, the
    last two of `rest` (accuracy, epochs since the best, classes) too; `gap` of the losses themselves."""
    accuracy, since, classes = rest
    losses = (*(LN2 * x for x in logs), 3 * gap, LN2 * best)
    return (*own, *losses, accuracy, LN2 * since, LN2 * classes, *kind[:-1], LENGTH, kind[-1])


# kind: rows, batch, weights, adaptive, normalised, layers, diverged
G_SHOWN, H_SHOWN = (0, 0, 0, 0, 1, -1), (2, -1, 1, 1, 0, 1)
WANTED = (
    [
        _shown((0, 1, 0, 0), (0, 0, 0, 0), 0, 0, (0.5, 0, 1), (*G_SHOWN, 0)),
        _shown((0.5, 0, 0.5, 0.5), (-1, -2, 3, 6), 0.25, 0, (0.75, 0, 1), (*G_SHOWN, 0)),
        _shown((1, 0, -0.5, -1), (1, 1, -6, -9), 0, 6, (0, 1, 1), (*G_SHOWN, 1)),
    ],
    [
        _shown((0, 1, 0, 0), (-2, -2, 0, 0), 0, 0, (1, 0, 2), (*H_SHOWN, 0)),
        _shown((0.5, 0, -1, -1), (-1, -3, -3, 3), 0.375, 3, (0.5, 2, 2), (*H_SHOWN, 0)),
        # -18 ln 2 of the fall is cut to -10, the gap of 3 (1/8 - 8) too
        _shown((1, 0, 1, 2), (-3, 3, 6, -10 / LN2), -10 / 3, 0, (0.25, 0, 2), (*H_SHOWN, 0)),
    ],
)
CASES = {
    "two trainings": Case(
        "losses",
        (Episode("g", ([0.5], [-0.5])), Episode("h", ([-1.0], [1.0]))),
        WANTED,
        functools.partial(going, SIGNALS, G, H),
        {"codec": "box", "budget": 2},
        ways=("alone", "together"),
    )
}
