"""A task process that learns trial by trial: one more trial costs one row of the covariance at all points.

It equals `TaskPosterior` up to rounding: covariances are in float32.
"""

from __future__ import annotations

import copy
import functools
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._models.acquisition import expected_improvement
from hpo_baselines._transfer.earlier import Place
from hpo_baselines._transfer.posterior import TaskPrior
from hpo_gym.base import Floats, Singles
from hpo_gym.problem import Points

_JITTER = 1e-8
_WHITE = 0.1  # share of white noise in the stationary part
_LEAST = 1e-300  # expected improvement below it counts as it
_UNLIKELY = 1e-4  # a scale of less weight is left out
_HELD = 16_384  # of more points, no row is held
_GROWTH = 16  # trials that space is made for at once
_ROOT5 = 5.0**0.5
_LOG_2PI = float(np.log(2.0 * np.pi))


class Covariance(Protocol):
    """A correlation of points."""

    def __call__(self, a: Points, b: Points) -> NDArray[np.floating]:
        """Return correlations of points ``(n, d)`` and ``(c, d)``, ``(n, c)``."""

    def to_all(self, a: Points) -> NDArray[np.floating]:
        """Return correlations of points ``(n, d)`` and all `m` points of a table, ``(n, m)``."""


class Matern:
    """The Matern-5/2 correlation with a length scale of half the root of `d`, in float32.

    Args:
        x: The points of a table, ``(m, d)``.
    """

    def __init__(self, x: Points) -> None:
        self._scale = _ROOT5 / (0.5 * np.sqrt(x.shape[1]))
        self._all = self._scaled(x)

    def __call__(self, a: Points, b: Points) -> Singles:
        return _decay(*self._scaled(a), *self._scaled(b))

    def to_all(self, a: Points) -> Singles:
        return _decay(*self._scaled(a), *self._all)

    def _scaled(self, x: Points) -> tuple[Singles, Singles]:
        out: Singles = ((x - 0.5) * self._scale).astype(np.float32)
        return out, np.asarray((out * out).sum(1), np.float32)


def _decay(a: Singles, a2: Singles, b: Singles, b2: Singles) -> Singles:
    square = a @ b.T
    square *= np.float32(-2.0)
    square += a2[:, None]
    square += b2
    r = np.sqrt(np.maximum(square, np.float32(0.0), out=square), out=square)
    out = r * (r * np.float32(1.0 / 3.0) + np.float32(1.0)) + np.float32(1.0)
    out *= np.exp(-r)
    return np.asarray(out, np.float32)


class RowProcess:
    """The prior of a new task's standardised scores at the points of a table.

    Args:
        x: Its points, ``(m, d)``.
        prior: Statistics of earlier tasks there.
        kernel: The stationary part.
        shrinkage: Share of the stationary part; a tenth of it is white noise.
        noise: Variance of a trial's noise, as a share of the task's variance.
    """

    def __init__(self, x: Points, prior: TaskPrior, kernel: Covariance, shrinkage: float, noise: float) -> None:
        self.x, self.prior, self.kernel, self.noise = x, prior, kernel, noise + _JITTER
        self._keep = 1.0 - shrinkage
        self.stationary = shrinkage * float(prior.variance.mean())
        self.residual = prior.residual.astype(np.float32)
        self.variance: Floats = np.asarray(self._keep * prior.variance + self.stationary)

    @functools.cached_property
    def blank(self) -> RowProcess:
        """The process that knows of earlier tasks only the mean and the scale: its kernel alone."""
        return RowProcess(self.x, self.prior.blank(), self.kernel, 1.0, self.noise - _JITTER)

    @functools.cached_property
    def mirrored(self) -> RowProcess:
        """Return the process with good and bad exchanged; its covariances are the same."""
        other = copy.copy(self)
        other.prior = self.prior.mirrored()
        return other

    def to_all(self, x: Points, row: int, exact: bool) -> Singles:
        """Covariance of one point ``(d,)`` with all of the table, ``(m,)``."""
        out = np.float32(self._keep) * (self.residual[:, row] @ self.residual)
        out += np.float32(self.stationary * (1.0 - _WHITE)) * self.kernel.to_all(x[None])[0]
        if exact:
            out[row] += np.float32(self.stationary * _WHITE)
        return np.asarray(out, np.float32)

    def between(self, a: Place, exact: NDArray[np.bool_], b: Place) -> Singles:
        """Return the covariance of trials ``(n, d)``, with rows of the table marked `exact`, and other points ``(c,
        d)``."""
        out = np.float32(self._keep) * (self.residual[:, a.row].T @ self.residual[:, b.row])
        out += np.float32(self.stationary * (1.0 - _WHITE)) * self.kernel(a.x, b.x)
        if b.exact:
            rows = np.arange(len(self.x))
            same = (rows[a.row][:, None] == rows[b.row]) & exact[:, None]
            out += np.float32(self.stationary * _WHITE) * same
        return np.asarray(out, np.float32)


class IncrementalPosterior:
    """The posterior of a process after a run's trials so far; the task's mean and scale are integrated out.

    With ``L`` the Cholesky root of the trials' covariance, ``L^-1`` times their covariances with all points is held,
    and grows by a row with each trial; for a table of more than 16,384 points it is remade on demand.

    Args:
        process: The prior.
        held: Whether to hold it at all; the evidence alone does not need it.
    """

    def __init__(self, process: RowProcess, *, held: bool = True) -> None:
        self.process, self.count, self.best = process, 0, -np.inf
        m, d = process.x.shape
        self._held = held and m <= _HELD
        self._rows = np.empty((0, m if self._held else 0), np.float32)
        self._gain = np.zeros((3, m if self._held else 0))
        self._left = process.variance.copy() if self._held else np.empty(0)
        self._root, self._half = np.zeros((0, 0)), np.zeros((0, 3))
        self._x, self._row, self._exact = np.empty((0, d)), np.empty(0, np.int64), np.empty(0, bool)

    def add(self, x: Points, row: int, exact: bool, y: float) -> None:
        """Learn the score of a point ``(d,)``: row `row` of the table, or a point with that nearest row."""
        self._grow()
        p, t = self.process, self.count
        link = self._link(x, row, exact)
        rest = float(np.sqrt(max(p.variance[row] + p.noise - link @ link, 1e-6)))
        half = np.array([y - p.prior.centre, p.prior.mean[row], 1.0])
        half = (half - link @ self._half[:t]) / rest
        if self._held:
            new = p.to_all(x, row, exact)
            if t:
                new -= link.astype(np.float32) @ self._rows[:t]
            new /= np.float32(rest)
            self._rows[t] = new
            self._gain += half[:, None] * new
            self._left -= np.square(new, dtype=np.float64)
        self._root[t, :t], self._root[t, t], self._half[t] = link, rest, half
        self._x[t], self._row[t], self._exact[t] = x, row, exact
        self.count, self.best = t + 1, max(self.best, y)

    def _link(self, x: Points, row: int, exact: bool) -> Floats:
        """``L^-1`` times the covariances of the trials with a new one, ``(t,)``."""
        if self._held and exact:
            return self._rows[: self.count, row].astype(np.float64)
        return self._solved(Place(x[None], np.array([row]), exact))[:, 0]

    def _solved(self, at: Place) -> Floats:
        """``L^-1`` times the covariances of the trials with points ``(c, d)``, ``(t, c)``."""
        from scipy.linalg import solve_triangular

        t = self.count
        if not t:
            return np.zeros((0, len(at.x)))
        seen = Place(self._x[:t], self._row[:t])
        cross = self.process.between(seen, self._exact[:t], at).astype(np.float64)
        return np.asarray(solve_triangular(self._root[:t, :t], cross, lower=True, check_finite=False))

    def _grow(self) -> None:
        if self.count < len(self._half):
            return
        size = self.count + _GROWTH
        for name in ("_rows", "_half", "_x", "_row", "_exact"):
            old = getattr(self, name)
            new = np.zeros((size, *old.shape[1:]), old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)
        root = np.zeros((size, size))
        root[: self.count, : self.count] = self._root[: self.count, : self.count]
        self._root = root

    def mirrored(self) -> IncrementalPosterior:
        """Return the posterior of the same trials under `RowProcess.mirrored`; it learns no others."""
        other, sign = copy.copy(self), np.array([1.0, -1.0, 1.0])
        other.process = self.process.mirrored
        other._half, other._gain = self._half * sign, self._gain * sign[:, None]
        return other

    # ------------------------------------------------------------------ what is foretold
    def scales(self) -> tuple[Floats, Floats, Floats]:
        """Weight of each scale of the task, and mean and variance of the task's own mean there, each ``(7,)``."""
        evidence, offset, loose = self._scales()
        weight = np.exp(evidence - evidence.max())
        return weight / weight.sum(), offset, loose

    def log_evidence(self) -> float:
        """Return the logarithm of the density of the scores of all trials, the task's mean and scale integrated out."""
        t = self.count
        root = np.log(np.diag(self._root)[:t]).sum() + 0.5 * t * _LOG_2PI
        return float(_log_sum(self._scales()[0]) - _log_sum(self.process.prior.log_weights) - root)

    def _scales(self) -> tuple[Floats, Floats, Floats]:
        """Return `scales` with the logarithm of each weight, less a common term."""
        prior, t = self.process.prior, self.count
        first, shift, one = self._half[:t].T
        a = first[:, None] / prior.scales - shift[:, None]  # (t, 7)
        spread = prior.spread / prior.scales**2
        grown = 1.0 + spread * (one @ one)
        shared = one @ a
        loose = spread / grown
        offset = loose * shared
        evidence = prior.log_weights - 0.5 * ((a * a).sum(0) - offset * shared) - 0.5 * np.log(grown)
        evidence -= t * np.log(prior.scales)  # the determinant is the same at all scales
        return evidence, offset, loose

    def log_acquisition(self, at: Place) -> Floats:
        """Return the logarithm of expected improvement over the best trial, under all scales of the task, ``(c,)``."""
        weight, mean, sd = self._moments(at)
        total = weight @ expected_improvement(mean, sd, self.best)
        return np.log(np.maximum(total, _LEAST))

    def foretold(self, at: Place) -> tuple[Floats, Floats]:
        """Mean and standard deviation of scores without noise, over all scales of the task, each ``(c,)``."""
        weight, mean, sd = self._moments(at)
        whole = weight @ mean
        return whole, np.sqrt(weight @ (sd**2 + (mean - whole) ** 2))

    def _moments(self, at: Place) -> tuple[Floats, Floats, Floats]:
        """Weights of the scales that are likely, ``(s,)``, and means and standard deviations, each ``(s, c)``."""
        prior = self.process.prior
        if self._held and at.exact:
            gain, left = self._gain[:, at.row], self._left[at.row]
        else:
            b = self._solved(at)
            gain, left = self._half[: self.count].T @ b, self.process.variance[at.row] - (b * b).sum(0)
        weight, offset, loose = self.scales()
        use = weight >= _UNLIKELY
        scale, offset, loose = prior.scales[use, None], offset[use, None], loose[use, None]
        reach = 1.0 - gain[2]
        ahead = prior.mean[at.row] - gain[1] + offset * reach
        mean = prior.centre + gain[0] + scale * ahead
        sd = scale * np.sqrt(np.maximum(left + loose * (reach * reach), 1e-8))
        return weight[use], mean, sd


def _log_sum(log: Floats) -> float:
    """Return the logarithm of the sum of exponentials."""
    most = log.max()
    return float(most + np.log(np.exp(log - most).sum()))
