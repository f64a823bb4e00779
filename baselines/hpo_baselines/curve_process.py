"""`CurveProcess`: a Gaussian process of learning curves, scores by configuration and fidelity."""

from __future__ import annotations

from dataclasses import dataclass, replace
import numpy as np
from numpy.typing import NDArray

from hpo_baselines.gaussian_process import matern52
import os
KT=os.environ.get("KT","exp")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_JITTER = 1e-6
_NAMES = ("length", "shared", "own", "decay", "noise")


@dataclass(frozen=True)
class Shape:
    """Hyperparameters; variances are shares of that of the asymptotes."""
    length: float = 0.7
    shared: float = 3.0
    own: float = 0.3
    decay: float = 0.1
    noise: float = 0.003


MEDIAN = Shape()


@dataclass(frozen=True, eq=False)
class Seen:
    x: Floats
    fidelity: Floats
    of: Ints


class CurveProcess:
    def __init__(self, seen: Seen, z: Floats, shape: Shape) -> None:
        from scipy.linalg import solve_triangular
        self.seen, self.shape, self.z = seen, shape, z
        k = covariance(seen, seen, shape)
        k.flat[:: len(k) + 1] += shape.noise + _JITTER
        self._root = np.linalg.cholesky(k)
        half = solve_triangular(self._root, z, lower=True, check_finite=False)
        self._weight = solve_triangular(self._root, half, lower=True, trans=1, check_finite=False)
        self.variance = (float(half @ half) + 1.0) / (len(z) + 1)
        self.evidence = -0.5 * len(z) * np.log(self.variance) - np.log(np.diag(self._root)).sum()

    @classmethod
    def fit(cls, seen: Seen, z: Floats, start: Shape, passes: int) -> "CurveProcess":
        best = cls(seen, z, start)
        value = best.evidence + prior(start)
        for step in (np.log(3.0), np.log(1.7))[:passes] if passes<=2 else (np.log(3.),np.log(3.),np.log(1.7),np.log(1.7)):
            for name in _NAMES:
                for way in (-1, 1):
                    shape = replace(best.shape, **{name: getattr(best.shape, name) * float(np.exp(way * step))})
                    one = cls(seen, z, shape)
                    v = one.evidence + prior(shape)
                    if v > value:
                        best, value = one, v
                        break
        return best

    def at_top(self, new: Seen) -> tuple[Floats, Floats]:
        from scipy.linalg import solve_triangular
        k = covariance(self.seen, new, self.shape)
        half = solve_triangular(self._root, k, lower=True, check_finite=False)
        own = prior_variance(new, self.shape)
        left = np.maximum(own - np.einsum("nc,nc->c", half, half), 1e-10)
        return self._weight @ k, np.sqrt(self.variance * left)


def prior(s: Shape) -> float:
    off = np.log([getattr(s, n) / getattr(MEDIAN, n) for n in _NAMES])
    return float(-0.5 * ((off / np.array([0.7, 1.5, 1.5, 1.0, 1.5])) ** 2).sum())


def kt(f: Floats, g: Floats, decay: float) -> Floats:
    if KT == "exp":
        return decay / (f[:, None] + g + decay)
    h = lambda u: (1 / (u + decay) - 1 / (1 + decay)) / (1 / decay - 1 / (1 + decay))
    if KT == "lin":
        return h(f)[:, None] * h(g)
    return np.minimum(h(f)[:, None], h(g))


def covariance(a: Seen, b: Seen, s: Shape) -> Floats:
    kx = matern52(a.x, b.x, s.length)
    t = kt(a.fidelity, b.fidelity, s.decay)
    if KT == "mix":
        h = lambda u: (1 / (u + s.decay) - 1 / (1 + s.decay)) / (1 / s.decay - 1 / (1 + s.decay))
        sh = h(a.fidelity)[:, None] * h(b.fidelity)
    else: sh = t
    return 1.0 + kx + s.shared * sh + s.own * t * (kx + (a.of[:, None] == b.of))


def prior_variance(a: Seen, s: Shape) -> Floats:
    if KT == "exp":
        t = s.decay / (2 * a.fidelity + s.decay)
    else:
        t = np.array([kt(np.array([f]), np.array([f]), s.decay)[0, 0] for f in a.fidelity[:1]]).repeat(len(a.fidelity))
    return 2.0 + (s.shared + 2 * s.own) * t
