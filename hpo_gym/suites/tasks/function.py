"""Tasks made from classic test functions: one for each name, each with a known optimum.

A name determines the task: `branin-d2-s17` is Branin's function in two dimensions under the transformation of seed 17,
and `branin-d2-s17-n0.1` has noise of a tenth of ``best - worst``. Seeded parts are drawn by a hash of the name.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, InvalidValueError, Keys, seeding, unknown
from hpo_gym.problem import Evaluated, Points, SearchSpace, Task, TaskBatch, between
from hpo_gym.suites.tasks.formulas import FORMULAS, Formula
from hpo_gym.suites.tasks.landscape import GRID, Landscape, draw, drawn_between, landscape_of, stack

SUITE = "Functions"
MAX_SEED = 10**9 - 1
MAX_NOISE = 10.0
_NAME = re.compile(r"(?P<base>.+)-d(?P<d>\d+)-s(?P<seed>\d+)(?:-n(?P<noise>\d+(?:\.\d+)?))?")
_POINTS = 1000


@dataclass(frozen=True, eq=False)
class FunctionTask(Task):
    """A test function, seen through a seeded transformation.

    **Search space**: `x0` .. `x{d-1}`, floats in [0, 1], default .5.

    **Score**: ``best - scale * excess``, where `excess` is the height above the minimum, or ``log(1 + height)``
    for functions that span many powers of ten. `best` is drawn by the seed (normal, sd 3). `scale` is a seeded factor
    in [.5, 2] over the standard deviation of the excess at 1,000 quasi-random points. So scores are of order 1 to 10,
    and no score, nor the spread of scores, says by itself how far the top is. Cost: 1 an evaluation.

    **Optimum**: `optimum_x` scores `best`, by construction: see `Landscape`. Some functions have other optima as good.

    **Worst**: the lowest noise-free score of the same 1,000 points, an R2 sequence that depends on `d` alone.

    Attributes:
        noise: Standard deviation of Gaussian noise, as a share of ``best - worst``.
        scale: Score per unit of excess.
    """

    formula: Formula = None  # type: ignore[assignment]
    seed: int = 0
    noise: float = 0.0
    optimum_x: NDArray[np.float64] = None  # type: ignore[assignment]
    landscape: Landscape = None  # type: ignore[assignment]
    scale: float = 1.0

    prior_evaluations = _POINTS

    @property
    def noisy(self) -> bool:
        return self.noise > 0

    @classmethod
    def batch(cls, tasks: Sequence[FunctionTask], d: int) -> TaskBatch:
        return FunctionBatch(tasks, d)

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        score = self.noise_free(x)
        if self.noisy:
            score = score + self.noise * (self.best - self.worst) * seeding.normal(key)
        return Evaluated(score, np.ones(len(x)), np.zeros(len(x), np.int8))

    def noise_free(self, x: Points) -> Floats:
        z = self.landscape.at(np.zeros(len(x), np.int64), x)
        return np.asarray(self.best - self.scale * self.formula.excess(z))


class FunctionBatch(TaskBatch):
    """Function tasks of any functions and dimensions; scores have the same bits as one by one."""

    def __init__(self, tasks: Sequence[FunctionTask], d: int) -> None:
        self.tasks: tuple[FunctionTask, ...] = tuple(tasks)
        self.d = d
        self._space = unit_space(d)
        self._landscape = stack([t.landscape for t in tasks], d)
        self._best = np.array([t.best for t in tasks])
        self._scale = np.array([t.scale for t in tasks])
        self._noise = np.array([t.noise * (t.best - t.worst) for t in tasks])
        self._salt = np.array([seeding.key("noise", t.suite, t.name) for t in tasks], np.uint64)
        self._width = np.array([t.space.d for t in tasks])
        kinds = [(t.formula.name, t.space.d) for t in tasks]
        self._kinds = sorted(set(kinds))
        self._kind = np.array([self._kinds.index(kind) for kind in kinds])
        self._inactive = np.arange(d) >= self._width[:, None]  # (k, d)

    def place(self, task: Ints, x: Points) -> Points:
        """Canonical points; columns that a task does not have are .5."""
        if not (x.shape[1:] == (self.d,) and x.size and x.min() >= 0.0 and x.max() <= 1.0):
            x = self._space.snap(x)  # says what is wrong
        out = np.rint(np.asarray(x, np.float64) * GRID) / GRID
        out[self._inactive[task]] = 0.5
        return out

    def evaluate(self, base: Ints, at: Points, fidelity: Floats | None, instance: Keys) -> tuple[Floats, Evaluated]:
        n = len(at)
        score = self._best[base] - self._scale[base] * self._excess(base, at)
        noisy = np.flatnonzero(self._noise[base] > 0)
        if noisy.size:
            share = np.ones(n) if fidelity is None else fidelity
            keys = self._keys(base[noisy], at[noisy], share[noisy], instance[noisy])
            score[noisy] = score[noisy] + self._noise[base[noisy]] * seeding.normal(keys)
        return score, Evaluated(score, np.ones(n), np.zeros(n, np.int8))

    def points(self, task: Ints, at: Points) -> Points:
        return at

    def _excess(self, task: Ints, x: Points) -> Floats:
        z, kinds = self._landscape.at(task, x), self._kind[task]
        out = np.empty(len(x))
        order = np.argsort(kinds, kind="stable")
        which, start = np.unique(kinds[order], return_index=True)
        for kind, chosen in zip(which.tolist(), np.split(order, start[1:]), strict=True):
            name, d = self._kinds[kind]
            out[chosen] = FORMULAS[name].excess(z[:d].take(chosen, 1))
        return out

    def _keys(self, task: Ints, x: Points, fidelity: Floats, instance: Keys) -> Keys:
        """Return `noise_keys` for many tasks."""
        keys = seeding.mix(instance, self._salt[task])
        for j, column in enumerate(np.rint(x.T * GRID).astype(np.uint64)):
            keys = np.where(self._width[task] > j, seeding.mix(keys, column), keys)
        return seeding.mix(keys, np.rint(fidelity * GRID).astype(np.uint64))


# ------------------------------------------------------------------ from a name to a task
@functools.lru_cache(maxsize=4096)
def function_task(name: str) -> FunctionTask:
    """Make the task of a name, `<function>-d<dimension>-s<seed>`, with `-n<share>` at the end for noise.

    Raises:
        UnknownNameError: No such function, or a name of another form.
        InvalidValueError: No such dimension, a seed or noise out of range, or a long form; the message has the nearest.
    """
    formula, d, seed, noise = _parse(name)
    key = seeding.key("function", formula.name, d, seed)
    landscape, optimum_x = landscape_of(formula, d, key)
    best = 3.0 * float(seeding.normal(draw(key, "best", 1))[0])
    gain = float(np.exp(drawn_between(key, "gain", 1, np.log(0.5), np.log(2.0)))[0])
    task = FunctionTask(
        name, formula.name, SUITE, unit_space(d), best, best, meta_features={"d": float(d)},
        formula=formula, seed=seed, noise=noise, optimum_x=optimum_x, landscape=landscape,
    )  # fmt: skip
    excess = best - task.noise_free(r2_points(d, _POINTS))  # at scale 1
    scale = gain / float(excess.std())
    return replace(task, scale=scale, worst=best - scale * float(excess.max()))


def _parse(name: str) -> tuple[Formula, int, int, float]:
    found = _NAME.fullmatch(name)
    if found is None:
        examples = [function_name(f.name, next(iter(f.dims)), 0) for f in FORMULAS.values()]
        raise unknown("function task (`<function>-d<dimension>-s<seed>[-n<noise>]`)", name, examples)
    base, d, seed = found["base"], int(found["d"]), int(found["seed"])
    noise = float(found["noise"] or 0.0)
    if base not in FORMULAS:
        raise unknown("function", base, FORMULAS)
    formula = FORMULAS[base]
    if d not in formula.dims:
        near = min(formula.dims, key=lambda have: abs(have - d))
        listed = list(formula.dims) if len(formula.dims) < 12 else f"{formula.dims[0]}..{formula.dims[-1]}"
        raise InvalidValueError(f"The dimension of {base!r} must be one of {listed}, got {d}; the nearest is {near}.")
    if seed > MAX_SEED:
        raise InvalidValueError(f"`seed <= {MAX_SEED}` must hold in a task's name, got {seed}.")
    if noise > MAX_NOISE:
        raise InvalidValueError(f"`noise <= {MAX_NOISE:g}` must hold in a task's name, got {noise:g}.")
    plain = function_name(base, d, seed, noise)
    if plain != name:
        raise InvalidValueError(f"A task's name must have its numbers in shortest form, got {name!r}; write {plain!r}.")
    return formula, d, seed, noise


def function_name(function: str, d: int, seed: int, noise: float = 0.0) -> str:
    """Return the name of a task."""
    share = np.format_float_positional(noise, trim="-")
    return f"{function}-d{d}-s{seed}" + (f"-n{share}" if noise else "")


@functools.lru_cache(maxsize=64)
def unit_space(d: int) -> SearchSpace:
    """`d` floats in [0, 1], default .5."""
    columns = [between(f"x{j}", 0.0, 1.0, log=False, whole=False) for j in range(d)]
    return SearchSpace({"hyperparameters": columns, "conditions": [], "forbiddens": []})


@functools.lru_cache(maxsize=64)
def r2_points(d: int, count: int) -> Points:
    """Low-discrepancy points ``(count, d)``: the R2 sequence (Roberts, "The unreasonable effectiveness of quasirandom
    sequences", 2018).
    """
    phi = 2.0
    for _ in range(50):
        phi = float((1 + phi) ** (1 / (d + 1)))
    points = (0.5 + np.arange(1, count + 1)[:, None] * phi ** -np.arange(1.0, d + 1)) % 1.0
    points.flags.writeable = False
    return points
