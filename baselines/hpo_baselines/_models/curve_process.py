"""`CurveProcess`: a Gaussian process of learning curves, of scores by configuration and fidelity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpo_baselines._models.gaussian_process import matern52
from hpo_gym.base import Floats, Ints

FIRST, LATER = (3.0, 3.0, 1.7, 1.7), (3.0, 1.7)
"""Factors for each hyperparameter that `CurveProcess.fit` tries: in a first search, and in a later one."""

_JITTER = 1e-6
_SPREAD = {"length": 0.7, "shared": 1.5, "own": 1.5, "decay": 1.0, "noise": 1.5}  # of the prior, in the logarithm


@dataclass(frozen=True)
class Shape:
    """Hyperparameters, at the medians of their log-normal prior; variances are shares of that of the asymptotes.

    Attributes:
        length: Length scale of configurations.
        shared, own: Variance common to all rising curves, and variance of each one's own.
        decay: Fidelity at which a curve's variance has fallen to a third.
        noise: Variance of the noise.
    """

    length: float = 0.7
    shared: float = 3.0
    own: float = 0.6
    decay: float = 0.1
    noise: float = 0.003


@dataclass(frozen=True, eq=False)
class CurvePoints:
    """`n` points of curves.

    Attributes:
        x: Features of their configurations, ``(n, p)``.
        fidelity: ``(n,)``.
        of: The curve of each, ``(n,)``.
    """

    x: Floats
    fidelity: Floats
    of: Ints


class CurveProcess:
    """The posterior of curves, given scores `z` ``(n,)`` of mean about 0 and spread about 1 at points of them.

    A score is the sum of a constant, the asymptote of a configuration (Matern-5/2), two decays and noise. A decay is a
    mixture of exponentials of the fidelity with the covariance ``k(f, g) = decay / (f + g + decay)``: one is common to
    all curves; the other is half a curve's own, half alike in configurations that are alike. As in `GaussianProcess`,
    the overall variance is integrated out, with one pseudo-observation of 1.

    Attributes:
        evidence: Logarithm of the marginal likelihood, without constants.
    """

    def __init__(self, seen: CurvePoints, z: Floats, shape: Shape) -> None:
        from scipy.linalg import solve_triangular

        self.seen, self.z, self.shape = seen, z, shape
        k = covariance(seen, seen, shape)
        k.flat[:: len(k) + 1] += shape.noise + _JITTER
        self._root = np.linalg.cholesky(k)
        half = solve_triangular(self._root, z, lower=True, check_finite=False)
        self._weight = solve_triangular(self._root, half, lower=True, trans=1, check_finite=False)
        self.variance = (float(half @ half) + 1.0) / (len(z) + 1)
        self.evidence = float(-0.5 * len(z) * np.log(self.variance) - np.log(np.diag(self._root)).sum())

    @classmethod
    def fit(cls, seen: CurvePoints, z: Floats, start: Shape, factors: Sequence[float]) -> CurveProcess:
        """Climb to more probable hyperparameters: pass by pass, one after the other is changed by a factor if it helps.

        Args:
            factors: One for each pass, such as `FIRST`.
        """
        best = cls(seen, z, start)
        value = best.evidence + log_prior(start)
        for factor in factors:
            for name in _SPREAD:
                for change in (1.0 / factor, factor):
                    one = cls(seen, z, replace(best.shape, **{name: getattr(best.shape, name) * change}))
                    reached = one.evidence + log_prior(one.shape)
                    if reached > value:
                        best, value = one, reached
                        break
        return best

    def predict(self, at: CurvePoints) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the score without noise, each ``(c,)``."""
        from scipy.linalg import solve_triangular

        k = covariance(self.seen, at, self.shape)
        half = solve_triangular(self._root, k, lower=True, check_finite=False)
        left = np.maximum(variance(at, self.shape) - np.einsum("nc,nc->c", half, half), 1e-10)
        return self._weight @ k, np.sqrt(self.variance * left)


def covariance(a: CurvePoints, b: CurvePoints, s: Shape) -> Floats:
    """Prior covariance of scores without noise, ``(n, c)``, as a share of the overall variance."""
    alike = matern52(a.x, b.x, s.length)
    fading = s.decay / (a.fidelity[:, None] + b.fidelity + s.decay)
    same = a.of[:, None] == b.of
    return np.asarray(1.0 + alike + fading * (s.shared + 0.5 * s.own * (alike + same)))


def variance(a: CurvePoints, s: Shape) -> Floats:
    """Return the diagonal of ``covariance(a, a, s)``, ``(n,)``."""
    return np.asarray(2.0 + s.decay / (2.0 * a.fidelity + s.decay) * (s.shared + s.own))


def log_prior(s: Shape) -> float:
    """Logarithm of the prior density of hyperparameters, in the logarithm, without constants."""
    off = [np.log(getattr(s, name) / getattr(Shape, name)) / spread for name, spread in _SPREAD.items()]
    return float(-0.5 * np.square(off).sum())
