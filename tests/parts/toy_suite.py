"""A suite of five rows whose every number can be worked out by hand: what the known answers of the parts are taken on.

    row  depth  kernel    rate  shape    unit cube (d = 4)         shown in [-1, 1]        cells of 5 levels
     0     1    linear      1     -      .125 .125  0   .5*      -.75 -.75  -1    0        0 0 0 2
     1     2    poly        4     2      .375 .375 .5   .25      -.25 -.25   0   -.5       1 1 2 1   (the default)
     2     4    rbf        16     8      .875 .625  1   1         .75  .25   1    1        3 2 4 4
     3     3    sigmoid     2     -      .625 .875 .25  .5*       .25  .75  -.5   0        2 3 1 2
     4     2    poly        8     6      .375 .375 .75  .75      -.25 -.25   .5   .5       1 1 3 3

depth: an integer, 1 to 4, so its value v is shown at (v - 1/2) / 4; kernel: one of four choices, at the middle of its
quarter; rate: 1 to 16, logarithmic, at log2(v) / 4; shape: 0 to 8, at v / 8; * it is active with poly and rbf only, and
at .5 where it is not.

                 score by row                  |   mean  best  worst  |   cost by row    |  meta-features
     task     0      1      2      3      4    |                      |  0  1  2  3  4   |  columns  rows
     a       .5     .625   .875   .375   .75   |   .625  .875   .375  |  1  2  4  1  2   |     7       9    (train)
     b      1.25   -.75    .375   .75    .25   |   .375 1.25   -.75   |  4  1  2  1  2   |     1      99    (train)
     c       .25    .5     0     1       .75   |    .5  1       0     |  4  2  1  1  2   |     0     999    (val)
     d      1       .75    .5     .25   0      |    .5  1       0     |  2  2  2  2  2   |    15    unknown (test)

Meta-train is a and b. Mean: (.625 + .375) / 2 = .5. Eighths from there: a 0 1 3 -1 2, b 6 -10 -1 2 -2; their squares
add up to 15 + 145 = 160, in the mean 16, so the standard deviation is 4 eighths = .5. Mean cost: (10 + 10) / 10 = 2.

                     score in standard deviations from the mean      normalised regret
     task     row     0      1      2      3      4                   0      1      2      3      4
     a                0     .25    .75   -.25    .5                  .75    .5      0      1     .25     (width  .5)
     b               1.5   -2.5   -.25    .5    -.5                   0      1    .4375   .25    .5      (width 2)

Meta-features are shown as log(1 + value), standardised. columns: log 8 and log 2, mean 2 log 2, deviation log 2; rows:
log 10 and log 100, mean 1.5 log 10, deviation .5 log 10. In this order, then a flag for each that is known:

     a    1  -1  1  1        c (log 1, log 1000)    -2  3  1  1
     b   -1   1  1  1        d (log 16, unknown)     2  0  1  0

Mean absolute difference of the columns of two rows, in 32nds (eighths of the unit cube, over four columns):

           1   2   3   4
     0    10  22  12  12        .3125  .6875  .375   .375
     1        16  10   6               .5     .3125  .1875
     2            14  10                      .4375  .3125
     3                12                             .375
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import ConfigSpace as cs
import numpy as np
from numpy.typing import NDArray

import hpo_gym
from hpo_gym.task import Evaluated

ROWS = (
    {"depth": 1, "kernel": "linear", "rate": 1.0},
    {"depth": 2, "kernel": "poly", "rate": 4.0, "shape": 2.0},
    {"depth": 4, "kernel": "rbf", "rate": 16.0, "shape": 8.0},
    {"depth": 3, "kernel": "sigmoid", "rate": 2.0},
    {"depth": 2, "kernel": "poly", "rate": 8.0, "shape": 6.0},
)
SCORES = (
    (0.5, 0.625, 0.875, 0.375, 0.75),
    (1.25, -0.75, 0.375, 0.75, 0.25),
    (0.25, 0.5, 0.0, 1.0, 0.75),
    (1.0, 0.75, 0.5, 0.25, 0.0),
)
COSTS = ((1, 2, 4, 1, 2), (4, 1, 2, 1, 2), (4, 2, 1, 1, 2), (2, 2, 2, 2, 2))
META = (
    {"columns": 7.0, "rows": 9.0},
    {"columns": 1.0, "rows": 99.0},
    {"columns": 0.0, "rows": 999.0},
    {"columns": 15.0, "rows": None},
)
NAMES = ("a", "b", "c", "d")
SPLITS = {"train": ["a", "b"], "val": ["c"], "test": ["d"]}
FIDELITIES = (0.25, 0.5, 1.0)


@functools.cache
def space() -> hpo_gym.SearchSpace:
    """The four hyperparameters; the default configuration is row 1."""
    kernel = cs.CategoricalHyperparameter("kernel", ["linear", "poly", "rbf", "sigmoid"], default_value="poly")
    shape = cs.UniformFloatHyperparameter("shape", 0.0, 8.0, default_value=2.0)
    out = cs.ConfigurationSpace()
    out.add(
        cs.UniformIntegerHyperparameter("depth", 1, 4, default_value=2),
        kernel,
        cs.UniformFloatHyperparameter("rate", 1.0, 16.0, log=True, default_value=4.0),
        shape,
        cs.InCondition(shape, kernel, ["poly", "rbf"]),
    )
    return hpo_gym.SearchSpace(out)


@functools.cache
def plain() -> hpo_gym.Suite:
    """The table above: complete, one fidelity."""
    return hpo_gym.table_suite(
        "Known", space(), ROWS, np.array(SCORES), costs=np.array(COSTS, float), tasks=NAMES, splits=SPLITS,
        meta_features=META,
    )  # fmt: skip


@functools.cache
def gaps() -> hpo_gym.Suite:
    """As `plain`, but row 4 failed on task a (so it scores .375, the worst of a) and was not measured on task b.

    Meta-train without the two: mean .5 still; squares of the eighths add up to 11 of four rows and to 141 of four rows,
    (2.75 + 35.25) / 2 = 19, so the standard deviation is sqrt(19) / 8 = .5448624; mean cost (8 + 8) / 8 = 2.
    """
    scores = np.array(SCORES)
    scores[0, 4], scores[1, 4] = -np.inf, np.nan
    return hpo_gym.table_suite(
        "KnownGaps", space(), ROWS, scores, costs=np.array(COSTS, float), tasks=NAMES, splits=SPLITS,
        meta_features=META,
    )  # fmt: skip


@functools.cache
def levels() -> hpo_gym.Suite:
    """As `plain`, with three fidelities: at 1/4 each score is .25 higher, at 1/2 it is .125 lower; costs go along."""
    scores = np.array(SCORES)[..., None] + np.array([0.25, -0.125, 0.0])
    costs = np.array(COSTS, float)[..., None] * np.array(FIDELITIES)
    return hpo_gym.table_suite(
        "KnownLevels", space(), ROWS, scores, costs=costs, fidelities=FIDELITIES, tasks=NAMES, splits=SPLITS,
        meta_features=META,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Anywhere(hpo_gym.Task):
    """A task without a table: every point can be evaluated. The score is the mean of its columns in the unit cube,
    the cost the fidelity.
    """

    def evaluate(self, x: NDArray[np.float64], fidelity: NDArray[np.float64], key: NDArray[np.uint64]) -> Evaluated:
        return Evaluated(x.mean(1), np.array(fidelity), np.zeros(len(x), np.int8))


@functools.cache
def anywhere() -> hpo_gym.Suite:
    """Two tasks of `Anywhere` to train on, with three fidelities: an action is not moved to a row."""
    tasks = tuple(Anywhere(n, n, "KnownAnywhere", space(), 1.0, 0.0, FIDELITIES) for n in ("e", "f"))
    return hpo_gym.Suite("KnownAnywhere", space(), tasks, "function", splits={"train": ("e", "f")}, data_hash="toy")
