"""Few-shot regression of scores: meta-train tasks as numbers, and draws of supports and queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._transfer.tables import measured_scores
from hpo_gym.base import Floats, Ints, InvalidValueError, Singles
from hpo_gym.problem import Points, Pool, SearchSpace

if TYPE_CHECKING:
    from hpo_gym.problem import Task


FAR = 6.0  # standard deviations; scores further off count as so far
_GOOD = 0.1  # share of a task's points that count as good
_KEPT = 8  # encoded pools


class Encoding:
    """Configurations as inputs of a network, `e` columns; NumPy alone.

    A number or an ordinal is one column in [-1, 1], its unit value scaled; a categorical is one column for each choice
    (one-hot); a constant is left out. Inactive hyperparameters are 0 in all of these. A number that can be inactive has
    one more column for its activity. A space with fewer columns stands for one with its last ones inactive.

    Args:
        space: The search space, the widest of the tasks.
        least: Columns of the narrowest space of the tasks.
    """

    def __init__(self, space: SearchSpace, least: int | None = None) -> None:
        self.space, self.least = space, space.d if least is None else least
        children = {condition["child"] for condition in _conditions(space)}
        self._optional = [h.name in children or j >= self.least for j, h in enumerate(space.hyperparameters)]
        self._pools: tuple[tuple[Pool, Singles], ...] = ()
        self.e = self(space, space.default_x[None]).shape[1]

    def __call__(self, space: SearchSpace, x: Points) -> Singles:
        """Encode canonical points ``(n, d)`` of a space, ``(n, e)``.

        Raises:
            InvalidValueError: The space has other columns than the one that this was made for.
        """
        self.check(space)
        active, out = space.active(x), list[NDArray[Any]]([np.zeros((len(x), 0))])
        for j, h in enumerate(self.space.hyperparameters):
            there = active[:, j] if j < space.d else np.zeros(len(x), bool)
            u = x[:, j] if j < space.d else np.full(len(x), 0.5)
            if h.kind == "categorical":
                out.append((h.numbers(u)[:, None] == np.arange(len(h.choices))) & there[:, None])
            elif h.metric:
                out.append(np.where(there, 2.0 * u - 1.0, 0.0)[:, None])
                if self._optional[j]:
                    out.append(there[:, None])
        return np.concatenate(out, 1).astype(np.float32)

    def of_pool(self, pool: Pool) -> Singles:
        """Encode the rows of a pool, ``(m, e)``; kept for the runs to come."""
        for known, encoded in self._pools:
            if known is pool:
                return encoded
        encoded = self(pool.space, pool.x)
        self._pools = ((pool, encoded), *self._pools[: _KEPT - 1])
        return encoded

    def check(self, space: SearchSpace) -> None:
        """Refuse a space whose columns have another meaning."""
        known, given = self.space.hyperparameters, space.hyperparameters
        if space.d > self.space.d or any(a != b for a, b in zip(known, given, strict=False)):
            raise InvalidValueError(
                f"The search space must be the one trained on, or its first columns: {self.space}, got {space}."
            )


def _conditions(space: SearchSpace) -> Any:
    return space.to_json().get("conditions", [])


@dataclass(frozen=True)
class Scaling:
    """The global scale of scores: mean and standard deviation over meta-train, each task weighing the same."""

    mean: float = 0.0
    sd: float = 1.0

    def __call__(self, score: object) -> Floats:
        """Standardise scores, clipped to `FAR` standard deviations."""
        reach = FAR * self.sd
        clipped = np.clip(np.asarray(score, np.float64), self.mean - reach, self.mean + reach)
        return np.asarray((clipped - self.mean) / self.sd)


@dataclass(frozen=True, eq=False)
class Known:
    """One meta-train task.

    Attributes:
        x: Encoded points that were measured, ``(m, e)``.
        y: Standardised scores, ``(m,)``.
        good: The rows of the best tenth, at least one.
    """

    x: Singles
    y: Singles
    good: Ints


def tables_of(tasks: Sequence[Task], rng: np.random.Generator) -> list[tuple[SearchSpace, Points, Floats, Any]]:
    """`measured_scores` of each task, with its space."""
    return [(t.space, *measured_scores(t, rng)) for t in tasks]


def scaling_of(tables: Sequence[tuple[SearchSpace, Points, Floats, Any]]) -> Scaling:
    """Return the scale of the successes of some tasks; the plain scale if they do not differ."""
    scores = [score[good] for _, _, score, good in tables if good.any()]
    if not scores:
        return Scaling()
    mean = float(np.mean([s.mean() for s in scores]))
    variance = float(np.mean([((s - mean) ** 2).mean() for s in scores]))
    return Scaling(mean, variance**0.5 if variance > 1e-18 * (1.0 + mean**2) else 1.0)


def known_of(
    tables: Sequence[tuple[SearchSpace, Points, Floats, Any]], encoding: Encoding, scaling: Scaling
) -> list[Known]:
    """Tables as numbers for a network."""
    out, last_x, last = [], None, None
    for space, x, score, _ in tables:
        if last is None or last_x is None or not np.array_equal(last_x, x):  # tasks of one pool share its encoding
            last_x, last = x, encoding(space, x)
        best = np.argsort(-score, kind="stable")[: max(1, round(_GOOD * len(score)))]
        out.append(Known(last, scaling(score).astype(np.float32), best))
    return out


def draw(
    task: Known, rng: np.random.Generator, support: int, query: int, good: bool
) -> tuple[tuple[Singles, Singles], tuple[Singles, Singles]]:
    """Return a support and a query of one task: different points, unless the task has too few.

    Args:
        good: Whether the support is drawn from the good points, as late in a run, or from all.
    """
    of, m = (len(task.good) if good else len(task.y)), len(task.y)
    first = rng.choice(of, support, replace=of < support)
    first = task.good[first] if good else first
    then = rng.choice(m, min(m, support + query), replace=False)
    others = then[~np.isin(then, first)][:query]
    then = np.resize(others if others.size else then, query)  # a task with too few repeats them
    return (task.x[first], task.y[first]), (task.x[then], task.y[then])
