"""`Memory`: all that was measured of earlier tasks, at one set of points. One rule: it is made once for a prior."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._transfer.costs import log_cost_of
from hpo_baselines._transfer.earlier import imputed, scaled, shared_points
from hpo_baselines._transfer.portfolio import Portfolio
from hpo_baselines._transfer.surrogate import candidates_of, table_at
from hpo_gym.base import Floats, Ints
from hpo_gym.problem import FIDELITY, TEST, Evaluations, Pool, SearchSpace, known, pool_of
from hpo_gym.system import one_blas_thread

_GAPS = 0.05  # share of scores that are missing, from which on a large pool is cut
_KEPT, _FIRST = 1000, 100  # rows of a pool that is cut, and how many of them are those of the portfolio


@dataclass(frozen=True, eq=False)
class Memory:
    """Scores of earlier tasks at `m` points; a task counts once for each of its measurements.

    Attributes:
        pool: The points: those of a pool, or, without one, the tasks' shared points, else `candidates_of` them.
        y: Scores of the `k` measurements, ``(k, m)``, all finite; see `imputed`.
        weight: Weight of each measurement, ``(k,)``: a score of a full evaluation has 1.
        log_cost: Cost of a configuration on the tasks, ``(m,)``; see `log_cost_of`.
        tasks: Number of measurements at full fidelity; they come first.
        kept: Rows of the whole pool at these points, ascending, ``(m,)``; None: all.
        rest: For a pool that was cut, the mean worth of each of its rows, in [0, 1]; else None.
    """

    pool: Pool
    y: Floats
    weight: Floats
    log_cost: Floats
    tasks: int
    kept: Ints | None = None
    rest: Floats | None = None

    @functools.cached_property
    def z(self) -> NDArray[np.float32]:
        """Scores in [0, 1] by the range of each measurement, ``(k, m)``."""
        return np.stack([scaled(y) for y in self.y]).astype(np.float32)


@functools.lru_cache(maxsize=4)
@one_blas_thread()
def memory_of(
    space: SearchSpace, prior: tuple[Evaluations, ...], pool: Pool | None, test: float = 1.0, fidelity: float = 0.5
) -> Memory | None:
    """Return the memory of earlier tasks at the rows of a pool; None if nothing is known.

    A task measured at other points has the values of a `Surrogate`. A shared pool of more than 1,000 rows with more
    than a twentieth of its scores missing is cut to 1,000: the first 100 of the greedy portfolio, then the best
    measured ones of each task in turn.

    Args:
        space: The search space.
        prior: Earlier tasks; `Evaluations` are identified by object.
        pool: The pool, or None.
        test, fidelity: Weights of test scores, and of the next lower fidelity; 0 leaves them out.
    """
    tasks = known(space, prior)
    if not tasks:
        return None
    shared = shared_points(space, tasks)
    if pool is None:
        pool = pool_of(space, candidates_of(space, tasks) if shared is None else shared)
    groups = [(table_at(space, tasks, pool.x), 1.0)]
    for name, weight in ((TEST, test), (FIDELITY, fidelity)):
        more = _measured_by(space, tasks, name) if weight > 0 else ()
        if more:
            groups.append((table_at(space, more, pool.x), weight))
    log_cost, own = log_cost_of(space, tuple(prior), pool), groups[0][0]
    kept = rest = None
    if shared is not None and len(pool.x) > _KEPT and np.isnan(own).mean() > _GAPS:
        kept, rest = _promising(own)
        pool, log_cost = Pool(space, pool.x[kept]), log_cost[kept]
        groups = [(_with_any(y[:, kept]), weight) for y, weight in groups]
    weights = np.concatenate([np.full(len(y), weight) for y, weight in groups])
    y = np.concatenate([imputed(y) for y, _ in groups])
    return Memory(pool, y, weights, log_cost, len(groups[0][0]), kept, rest)


def _with_any(y: Floats) -> Floats:
    """Return the scores ``(k, m)`` of tasks with any: a cut may leave a task without."""
    return y[~np.isnan(y).all(1)]


def _measured_by(space: SearchSpace, tasks: Sequence[Evaluations], name: str) -> tuple[Evaluations, ...]:
    """Return the first further measurement of a name of each task that has one with a success."""
    firsts = [(e, next((m for m in e.further if m.name == name), None)) for e in tasks]
    return known(space, [e.by(m) for e, m in firsts if m is not None])


def _promising(y: Floats) -> tuple[Ints, Floats]:
    """Return the rows that a cut pool keeps ``(1000,)``, and the mean worth of all rows ``(m,)``."""
    there = ~np.isnan(y)
    z = np.stack([scaled(np.where(t, row, 0.0), t) for row, t in zip(y, there, strict=True)])
    worth = np.where(there, z, (z.sum(1) / there.sum(1))[:, None])
    first = Portfolio(np.arange(y.shape[1]), worth).first(_FIRST)
    best = np.argsort(np.where(there, -z, 1.0), 1, kind="stable")[:, :_KEPT]
    order = dict.fromkeys([*first.tolist(), *best.T.ravel().tolist()])
    return np.sort(np.array(list(order)[:_KEPT])), np.asarray(worth.mean(0))
