"""Small suites for tests: every kind of column, condition, gap and failure, in a few rows."""

import functools

import ConfigSpace as cs
import numpy as np

from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.suite import SUITES, Suite
from hpo_gym.problem.task import Task
from hpo_gym.suites.own.suite import TableSuite, table_suite
from hpo_gym.suites.tasks.function import function_task, unit_space

SPLITS = {"train": ["a", "b", "c", "d"], "val": ["e", "f"], "test": ["g", "h"]}
NAMES = [name for names in SPLITS.values() for name in names]
LEVELS = (1 / 9, 1 / 3, 1.0)


def conditional_space() -> SearchSpace:
    """A logarithm, an integer, an ordinal, a categorical, a boolean and two levels of conditions; `d` = 6."""
    space = cs.ConfigurationSpace()
    kernel = cs.CategoricalHyperparameter("kernel", ["rbf", "poly", "linear"])
    gamma = cs.UniformFloatHyperparameter("gamma", 1e-4, 10.0, log=True)
    degree = cs.UniformIntegerHyperparameter("degree", 2, 5)
    coef = cs.OrdinalHyperparameter("coef", [0.0, 0.5, 1.0])
    scale = cs.CategoricalHyperparameter("scale", [True, False])
    space.add(cs.UniformFloatHyperparameter("C", 0.01, 100.0, log=True), kernel, gamma, degree, coef, scale)
    space.add(cs.InCondition(gamma, kernel, ["rbf", "poly"]), cs.EqualsCondition(degree, kernel, "poly"))
    space.add(cs.GreaterThanCondition(coef, degree, 3))
    return SearchSpace(space)


@functools.cache
def gappy(m: int = 24) -> TableSuite:
    """Conditional, three fidelities, rows that are not measured, cells that failed, costs that are not known."""
    rng, space, k = np.random.default_rng(1), conditional_space(), len(NAMES)
    x = space.sample(rng, m)
    scores = np.sort(rng.normal(size=(k, m, 3)), 2) * 0.3 + 0.5
    scores[:, 4:][rng.random((k, m - 4)) < 0.25] = np.nan
    scores[:, 4:][rng.random((k, m - 4, 3)) < 0.15] = -np.inf
    costs = rng.uniform(0.1, 9.0, (k, m, 3))
    costs[rng.random(costs.shape) < 0.1] = np.nan
    meta = [{"rows": 10.0 + 7 * i, "columns": None if i % 3 == 0 else 2.0 + i} for i in range(k)]
    return table_suite(
        "Gappy", space, x, scores, costs=costs, fidelities=LEVELS, tasks=NAMES, splits=SPLITS, meta_features=meta
    )


@functools.cache
def twelve() -> TableSuite:
    """Twelve tasks on 40 configurations; a fifth of the cells was not measured."""
    space = cs.ConfigurationSpace({"a": (0.0, 1.0), "b": (1, 9), "c": ["x", "y", "z"]})
    r = np.random.default_rng(7)
    x = r.random((40, 3))
    scores = r.normal(size=(12, 40)) + 3 * x[:, 0]
    scores[r.random((12, 40)) < 0.2] = np.nan
    splits = {"train": [f"t{i}" for i in range(8)], "val": ["t8", "t9"], "test": ["t10", "t11"]}
    return table_suite("Toy", space, x, scores, tasks=[f"t{i}" for i in range(12)], splits=splits)


@functools.cache
def plain(m: int = 16, *, integers: int = 0) -> TableSuite:
    """Complete, float32, one fidelity: what the fastest path serves. Its scores are multiples of 1/64, so exact."""
    rng, space, k = np.random.default_rng(2), conditional_space(), len(NAMES)
    x = space.sample(rng, m)
    scores = (rng.integers(-64, 64, (k, m)) / 64).astype(np.float32)
    return table_suite("Plain", space, x, scores, tasks=NAMES, splits=SPLITS)


@functools.cache
def ragged() -> TableSuite:
    """A pool of its own for each task, of another length."""
    rng, space = np.random.default_rng(3), conditional_space()
    pools = [space.sample(rng, 8 + i) for i in range(len(NAMES))]
    return table_suite("Ragged", space, pools, [rng.random(len(p)) for p in pools], tasks=NAMES, splits=SPLITS)


@functools.cache
def noisy(m: int = 20) -> TableSuite:
    """Up to four seeds of each cell, some missing; cells that failed, rows that are not measured."""
    rng, space, k = np.random.default_rng(4), conditional_space(), len(NAMES)
    x = space.sample(rng, m)
    repeats = (rng.integers(-64, 64, (k, m, 3, 4)) / 64).astype(np.float32)
    repeats[rng.random(repeats.shape) < 0.2] = np.nan
    repeats[..., 2] = np.where(np.isnan(repeats[..., 2]), 0.25, repeats[..., 2])
    scores = np.nanmean(repeats.astype(np.float64), -1)
    scores[:, 4:][rng.random((k, m - 4)) < 0.1] = np.nan
    scores[:, 4:][rng.random((k, m - 4, 3)) < 0.1] = -np.inf
    scores = scores.astype(np.float32)
    return table_suite("Noisy", space, x, scores, repeats=repeats, fidelities=LEVELS, tasks=NAMES, splits=SPLITS)


@functools.cache
def formulas() -> Suite:
    """No table: functions of two and three dimensions, two of them noisy."""
    names = {
        "train": ("sphere-d2-s0", "levy-d3-s1", "ackley-d2-s2-n0.1"),
        "val": ("beale-d2-s0",),
        "test": ("branin-d2-s3-n0.2", "hartmann-d3-s0"),
    }
    members: tuple[Task, ...] = tuple(function_task(name) for split in names.values() for name in split)
    return Suite("Formulas", unit_space(3), members, "function", splits=names, data_hash="toy")


@SUITES.register("ToyGappy")
def _gappy() -> Suite:
    return gappy()


@SUITES.register("ToyPlain")
def _plain() -> Suite:
    return plain()


@SUITES.register("ToyRagged")
def _ragged() -> Suite:
    return ragged()


@SUITES.register("ToyNoisy")
def _noisy() -> Suite:
    return noisy()


@SUITES.register("ToyFormulas")
def _formulas() -> Suite:
    return formulas()


SUITE_NAMES = ("ToyGappy", "ToyPlain", "ToyRagged", "ToyNoisy", "ToyFormulas")
