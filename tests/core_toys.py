"""Toys of the core's known answers: four rows in a square, two tasks, and every number small enough to work out.

    row   u    v     shown in [-1, 1]   score on a   on b   (mean 5, standard deviation 3 over both)
     0    0   .25     -1   -.5              2          8
     1   .5   .5       0    0               6          4
     2    1   .75      1    .5              0         10
     3   .25   1     -.5    1               4          6

`levels()` has fidelities 1/4, 1/2 and 1: row 2 fails on a at 1/2 and 1, row 3 is not measured on a.

    row       score on a              on b           cost on a          on b
     0      1     1.5     2       7    7.5    8      1   2   4       2   3   5
     1      5     5.5     6       3    3.5    4      2   4   8       1   2   3
     2     .5    fails  fails     9    9.5   10      3   5   7       1   1   1
     3      -      -      -       5    5.5    6      -   -   -       4   5   6

A failure has the lowest score of its task and fidelity: 1.5 at 1/2, 2 at 1. The row nearest to row 3 that is measured
on a is row 1: (.25, .5) away, .3125 squared; row 0 is (.25, .75) away.

`slopes()` is no table: a scores 4 u - v and b scores 8 v - 4 u, each times the fidelity; an evaluation costs 2 on a and
3 on b, times the fidelity, and fails (the score stays) where u is 1.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

import hpo_gym
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.task import Evaluated, Task

GOLDEN, A, B = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
MOST = 2**64 - 1

COLUMN = {"type": "uniform_float", "lower": 0.0, "upper": 1.0, "default_value": 0.5, "log": False}
SPACE = SearchSpace(
    {"hyperparameters": [{**COLUMN, "name": "u"}, {**COLUMN, "name": "v"}], "conditions": [], "forbiddens": []}
)
X = ((0.0, 0.25), (0.5, 0.5), (1.0, 0.75), (0.25, 1.0))
SIGNED = [[-1.0, -0.5], [0.0, 0.0], [1.0, 0.5], [-0.5, 1.0]]
SCORE = ((2.0, 6.0, 0.0, 4.0), (8.0, 4.0, 10.0, 6.0))
LEVELS = (0.25, 0.5, 1.0)
NAN, FAIL = np.nan, -np.inf
BY_LEVEL = (
    ((1.0, 1.5, 2.0), (5.0, 5.5, 6.0), (0.5, FAIL, FAIL), (NAN, NAN, NAN)),
    ((7.0, 7.5, 8.0), (3.0, 3.5, 4.0), (9.0, 9.5, 10.0), (5.0, 5.5, 6.0)),
)
COST = (
    ((1.0, 2.0, 4.0), (2.0, 4.0, 8.0), (3.0, 5.0, 7.0), (NAN, NAN, NAN)),
    ((2.0, 3.0, 5.0), (1.0, 2.0, 3.0), (1.0, 1.0, 1.0), (4.0, 5.0, 6.0)),
)
TRAIN = {"train": ["a", "b"]}


def finalised(z: int) -> int:
    """The finaliser of splitmix64, in Python integers."""
    z = ((z ^ (z >> 30)) * A) & MOST
    z = ((z ^ (z >> 27)) * B) & MOST
    return z ^ (z >> 31)


def mixed(seed: int, salt: int) -> int:
    """Two rounds of it: what `hpo_gym.base.seeding.mix` must give, checked by `test_seeding`."""
    return finalised((finalised(seed ^ ((salt * GOLDEN + B) & MOST)) + GOLDEN) & MOST)


def below(key: int, n: int) -> int:
    """The share of the integers below `n` that a key falls into."""
    return min(int(((key >> 11) + 0.5) * 2.0**-53 * n), n - 1)


@functools.cache
def square() -> hpo_gym.Suite:
    """One fidelity, complete; in float32 the fastest path serves it."""
    return hpo_gym.table_suite("Square", SPACE, np.array(X), np.array(SCORE, "f4"), tasks=["a", "b"], splits=TRAIN)


@functools.cache
def odd() -> hpo_gym.Suite:
    """As `square`, with scores that float32 does not hold: a tenth more."""
    return hpo_gym.table_suite("Odd", SPACE, np.array(X), np.array(SCORE) + 0.1, tasks=["a", "b"], splits=TRAIN)


@functools.cache
def levels() -> hpo_gym.Suite:
    """Three fidelities, failures and a gap."""
    return hpo_gym.table_suite(
        "Levels", SPACE, np.array(X), np.array(BY_LEVEL), costs=np.array(COST), fidelities=LEVELS, tasks=["a", "b"],
        splits=TRAIN,
    )  # fmt: skip


@functools.cache
def pools() -> hpo_gym.Suite:
    """As `square`, where b has a pool of its own: the rows of a from the last to the first, with the scores of b."""
    both = [np.array(X), np.array(X)[::-1].copy()]
    scores = [np.array(SCORE[0], "f4"), np.array(SCORE[1], "f4")]
    return hpo_gym.table_suite("Pools", SPACE, both, scores, tasks=["a", "b"], splits=TRAIN)


@functools.cache
def noisy() -> hpo_gym.Suite:
    """As `square`, each score the mean of two repeats: one below, one above."""
    scores = np.array(SCORE, "f4")
    repeats = np.stack([scores - 1, scores + 1], -1)
    return hpo_gym.table_suite("Coins", SPACE, np.array(X), scores, repeats=repeats, tasks=["a", "b"], splits=TRAIN)


@dataclass(frozen=True, eq=False)
class Slope(Task):
    """A plane over the square; `asked` holds every point that was evaluated."""

    u: float = 0.0
    v: float = 0.0
    price: float = 1.0
    asked: list[list[float]] = field(default_factory=list)

    def evaluate(self, x: NDArray[np.float64], fidelity: NDArray[np.float64], key: NDArray[np.uint64]) -> Evaluated:
        self.asked.extend(x.tolist())
        score = (self.u * x[:, 0] + self.v * x[:, 1]) * fidelity
        return Evaluated(score, self.price * fidelity, (x[:, 0] == 1.0).astype(np.int8))


def slopes(fidelities: tuple[float, ...] = (1.0,)) -> hpo_gym.Suite:
    """A new suite of two planes, with nothing asked yet."""
    a = Slope("a", "a", "Slopes", SPACE, 4.0, -1.0, fidelities, {}, 4.0, -1.0, 2.0)
    b = Slope("b", "b", "Slopes", SPACE, 8.0, -4.0, fidelities, {}, -4.0, 8.0, 3.0)
    return hpo_gym.Suite("Slopes", SPACE, (a, b), "function", splits=TRAIN)
