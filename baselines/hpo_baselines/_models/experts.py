"""`Experts`: one Gaussian process for each earlier task. One rule: they are fitted once for a prior, not for a run."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._models.acquisition import standardised
from hpo_baselines._models.columns import Columns
from hpo_baselines._models.gaussian_process import GaussianProcess, prior_centre
from hpo_baselines._models.meta_table import table_of
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import Place, scores_of
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.problem import Evaluations, Points, Pool, known

FEWEST = 3  # trials of the run's own process
_ITERATIONS = 5
_FLAT = 4.0  # logarithm of the length scale of a column that the process is not to see
_SLICE = 2048  # points predicted at once: they stay in the processor's cache


@dataclass(frozen=True, eq=False)
class Experts:
    """Predictions of the processes of `k` earlier tasks, each on the standardised scores of its task.

    Attributes:
        processes: The processes.
        columns: Their view of points.
        pool: The `m` points of all stored predictions.
        mean, variance: Of them, ``(k, m)``.
        top: The mean over tasks, ``(m,)``.
    """

    processes: tuple[GaussianProcess, ...]
    columns: Columns
    pool: Pool
    mean: Floats
    variance: Floats
    top: NDArray[np.float64]

    def at(self, place: Place) -> tuple[Floats, Floats]:
        """Means and variances at points, each ``(k, c)``."""
        if place.exact:
            return self.mean[:, place.row], self.variance[:, place.row]
        return _predict(self.processes, self.columns(place.x))

    def average(self, place: Place) -> NDArray[np.float64]:
        """Return the mean over tasks at points, ``(c,)``."""
        return self.top[place.row] if place.exact else np.asarray(self.at(place)[0].mean(0))


def experts_of(run: Run, rows: int, draw: int, one_hot: bool) -> Experts | None:
    """Return the experts of a run's prior at the points of its table; None if nothing is known.

    Args:
        rows: Number of measured points to learn from, for each task.
        draw: Seed of their draw.
        one_hot: See `Columns`.
    """
    prior = tuple(run.context.prior)
    table = run.pool
    if table is None:
        shared = table_of(run)
        table = None if shared is None else shared.pool
    return None if table is None else _experts(Columns(run.space, one_hot), prior, table, rows, draw)


@functools.lru_cache(maxsize=4)
def _experts(columns: Columns, prior: tuple[Evaluations, ...], pool: Pool, rows: int, draw: int) -> Experts | None:
    processes = processes_of(columns, prior, rows, draw)
    if not processes:
        return None
    mean, variance = _predict(processes, columns(pool.x, pool))
    return Experts(processes, columns, pool, mean, variance, mean.mean(0))


@functools.lru_cache(maxsize=4)
def processes_of(columns: Columns, prior: tuple[Evaluations, ...], rows: int, draw: int) -> tuple[GaussianProcess, ...]:
    """Return a process for each earlier task, of as many of its points; the draws of all tasks are one stream.

    `Evaluations` are identified by object, as in the portfolio.
    """
    rng = np.random.default_rng(draw)
    return tuple(_process(columns, e, rows, rng) for e in known(columns.space, prior))


def centre_of(columns: Columns, prior: tuple[Evaluations, ...], rows: int, draw: int = 0) -> Floats | None:
    """Return the geometric mean of the processes' hyperparameters over the tasks that have a column, ``(d + 1,)``; the
    median of the prior for a column of none; None where nothing is known.
    """
    processes = processes_of(columns, prior, rows, draw)
    if not processes:
        return None
    learned = np.array([p.log_parameters for p in processes])
    usual = prior_centre(learned.shape[1] - 1)
    there = np.array([np.append(np.ptp(p.x, 0) > 0, True) for p in processes])
    return np.where(there.any(0), np.where(there, learned, 0.0).sum(0) / np.maximum(there.sum(0), 1), usual)


def _process(columns: Columns, e: Evaluations, rows: int, rng: np.random.Generator) -> GaussianProcess:
    y = scores_of(e)
    there = np.flatnonzero(~np.isnan(y))
    some = rng.choice(len(there), min(rows, len(there)), replace=False)
    y, points = standardised(y[there])[some], e.x[there[some]]
    gone = np.isnan(points)  # of hyperparameters that the task does not have
    x = columns(columns.space.snap(np.where(gone, columns.space.default_x, points)))
    centre = prior_centre(x.shape[1])
    if gone.any():
        centre[:-1][np.ptp(x, 0) == 0] = _FLAT
    return GaussianProcess.fit(x, y, centre=centre, iterations=_ITERATIONS)


def _predict(processes: tuple[GaussianProcess, ...], x: Points) -> tuple[Floats, Floats]:
    mean, variance = np.empty((len(processes), len(x))), np.empty((len(processes), len(x)))
    for i, process in enumerate(processes):
        for start in range(0, len(x), _SLICE):
            part = slice(start, start + _SLICE)
            mean[i, part], sd = process.predict(x[part])
            variance[i, part] = sd * sd
    return mean, variance


class OwnProcess:
    """The process of a run's own standardised scores, whose search goes on where the last one ended."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._learned: Floats | None = None

    def fit(self, seen: Place, y: Floats) -> GaussianProcess:
        """Return the process of trials at `seen`, with scores ``(n,)``."""
        process = GaussianProcess.fit(self._columns(seen.x), y, start=self._learned, iterations=5)
        self._learned = process.log_parameters
        return process


def check_experts(rows: int, draw: int, bandwidth: float = 1.0) -> None:
    """Refuse settings of experts that have no meaning."""
    if rows < 1 or draw < 0 or not bandwidth > 0:
        raise InvalidValueError(
            f"`rows >= 1`, `draw >= 0` and `bandwidth > 0` must hold, got ({rows=}, {draw=}, {bandwidth=}); "
            f"the nearest are ({max(rows, 1)}, {max(draw, 0)}, {bandwidth if bandwidth > 0 else 'any above 0'})."
        )
