"""Objectives and tables on which baselines are tested, and runs on them, singly and in batches."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ConfigSpace import (
    AndConjunction,
    Categorical,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    InCondition,
    Integer,
    OrdinalHyperparameter,
)
from small import PATIENCE, TRAINABLE, import_packages, made, within

from hpo_gym.base import seeding
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.table import Table, TableTask
from hpo_gym.problem.task import Evaluated, Task
from hpo_gym.problem.trial import Trial

BUDGET = 12.0

Score = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Objective(Task):
    """A task that scores points by a function; where it says NaN, the trial fails."""

    function: Score = None  # type: ignore[assignment]

    def evaluate(self, x: Any, fidelity: Any, key: Any) -> Evaluated:
        score = np.asarray(self.function(x), float)
        failed = np.isnan(score)
        return Evaluated(np.where(failed, -1e9, score), np.ones(len(x)), failed.astype(np.int8))


def peak(x: np.ndarray) -> np.ndarray:
    return -((x - 0.3) ** 2).sum(1)


def some_fail(x: np.ndarray) -> np.ndarray:
    return np.where(x[:, 0] < 0.5, np.nan, peak(x))


SCORES: dict[str, Score] = {
    "peak": peak,
    "some fail": some_fail,
    "all fail": lambda x: np.full(len(x), np.nan),
    "constant": lambda x: np.zeros(len(x)),
    "huge": lambda x: np.where(x[:, 0] < 0.5, -1e308, 1e308),
}


def conditional() -> ConfigurationSpace:
    """Two methods; one of them has a solver, which has a power."""
    cs = ConfigurationSpace()
    method, solver = Categorical("method", ["a", "b", "c"]), Categorical("solver", ["s", "t"])
    rate, depth = Float("rate", (1e-4, 1.0), log=True), Integer("depth", (1, 40), log=True)
    power, size = Integer("power", (0, 3)), OrdinalHyperparameter("size", ["small", "middle", "large"])
    cs.add([method, solver, rate, depth, power, size])
    cs.add([
        EqualsCondition(solver, method, "b"),
        InCondition(rate, method, ["a", "b"]),
        AndConjunction(EqualsCondition(power, method, "b"), EqualsCondition(power, solver, "t")),
    ])  # fmt: skip
    cs.add(ForbiddenAndConjunction(ForbiddenEqualsClause(method, "c"), ForbiddenEqualsClause(size, "large")))
    return cs


def finite() -> ConfigurationSpace:
    """Three values for each of two, and a switch for one of them: 2 + 3 * 2 = 8 configurations less a forbidden one."""
    cs = ConfigurationSpace()
    on, level, kind = Categorical("on", [True, False]), Integer("level", (1, 3)), Categorical("kind", ["x", "y"])
    cs.add([on, level, kind])
    cs.add(EqualsCondition(level, on, True))
    cs.add(ForbiddenAndConjunction(ForbiddenEqualsClause(on, False), ForbiddenEqualsClause(kind, "y")))
    return cs


@functools.cache
def space(name: str) -> SearchSpace:
    spaces: dict[str, Any] = {
        "floats": lambda: ConfigurationSpace(space={f"x{j}": (0.0, 1.0) for j in range(4)}),
        "narrow": lambda: ConfigurationSpace(space={f"x{j}": (0.0, 1.0) for j in range(2)}),
        "conditional": conditional,
        "finite": finite,
        "one value": lambda: ConfigurationSpace(space={"only": ["this"]}),
        "many choices": lambda: ConfigurationSpace(space={"c": list(range(3000)), "x": (1, 1000)}),
    }
    return SearchSpace(spaces[name]())


def objective(of: str, score: str = "peak", name: str = "task") -> Objective:
    return Objective(name, name, "Test", space(of), best=1.0, worst=-1.0, function=SCORES[score])


@functools.cache
def table(kind: str) -> tuple[TableTask, ...]:
    """Three tasks with failures and rows that were not measured; `kind` is "one pool", "own pools" or "small"."""
    rng = np.random.default_rng(5)
    k, m, of = 3, 9 if kind == "small" else 150, "narrow" if kind == "own pools" else "conditional"
    x = space(of).sample(rng, k * m if kind == "own pools" else m)
    if kind == "small":
        x[7:] = x[:2]  # rows that stand there twice
    x = x.reshape(k, m, -1) if kind == "own pools" else x
    score = rng.normal(size=(k, m, 1)).astype(np.float32)
    score[:, 1:7:3] = -np.inf
    for i in range(k):
        score[i, [i, i + 3]] = np.nan
    t = Table(space(of), x, score)
    return tuple(TableTask(f"{kind}-{i}", f"f{i}", "Test", space(of), 5.0, -5.0, table=t, index=i) for i in range(k))


# ---------------------------------------------------------------------- optimizers that can tune them
WIDEST = ("floats", "conditional", "finite", "one value", "many choices")
"""Spaces that something is trained on; the first columns of one are another's."""


def ready_for(name: str, of: SearchSpace, **options: Any) -> Any:
    """A registered optimizer; one that is trained has been so on the space, or on one of which it is the beginning."""
    if name not in TRAINABLE:
        return make_optimizer(name, **options)
    return copy.copy(_taught(name, next(n for n in WIDEST if space(n).hyperparameters[: of.d] == of.hyperparameters)))


@functools.cache
def _taught(name: str, of: str) -> Any:
    import_packages(name)
    optimizer, spaces = made(name), ("floats", "narrow") if of == "floats" else (of,)
    with within(PATIENCE, f"The training of {name}"):
        optimizer.train([objective(s, name=f"{s}-{i}") for s in spaces for i in range(3)], np.random.default_rng(0))
    return optimizer


# ---------------------------------------------------------------------- runs
def instance_of(task: Task, seed: int) -> int:
    return seeding.instance_seed("Test", task.name, "test", seed)


def loop(optimizer: Any, task: Task, seed: int = 0, budget: float = BUDGET, init: Sequence[Trial] = ()) -> list[Trial]:
    trials = list(init)
    for trial in init:
        optimizer.tell(trial)
    for _ in range(int(budget)):
        query = optimizer.ask()
        if query is None:
            break
        trials.append(task.run(query.config, query.fidelity, instance_of(task, seed), failed=worst_of(trials)))
        optimizer.tell(trials[-1])
    return trials


def worst_of(trials: Sequence[Trial]) -> float:
    """What a failure is served after some trials."""
    return min((trial.score for trial in trials if not trial.status), default=0.0)


def seen(trials: Sequence[Trial]) -> list[tuple[Any, float]]:
    return [(dict(t.config), t.score) for t in trials]


ALL: dict[str, Task] = {of: objective(of) for of in ("floats", "conditional", "finite", "many choices")}
ALL |= {kind: table(kind)[0] for kind in ("one pool", "own pools", "small")}
MIXED: dict[str, list[Task]] = {
    "floats of two widths": [objective("floats", name="wide"), objective("narrow", name="narrow")],
    "conditional": [objective("conditional", "some fail", name="a"), objective("conditional", name="b")],
    "finite": [objective("finite")],
    "one pool": list(table("one pool")),
    "own pools": list(table("own pools")),
    "small pool": list(table("small")),
    "pools and none": [table("one pool")[0], objective("conditional")],
}
