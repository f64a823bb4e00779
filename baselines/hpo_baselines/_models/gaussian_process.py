"""`GaussianProcess`: a light exact Gaussian process for tens to hundreds of points, in NumPy and SciPy."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats
from hpo_gym.problem import Points
from hpo_gym.system import one_blas_thread

_SCALE_BOUNDS, _NOISE_BOUNDS = (-4.0, 4.0), (-10.0, 0.0)
_NOISE_MEAN, _NOISE_SD = -6.0, 2.0
_JITTER = 1e-6
_EQUAL = 1e-9  # standard deviation of scores that do not differ
_FEWEST = 3  # of fewer points, no hyperparameter is learned


class GaussianProcess:
    """A posterior with a Matern-5/2 kernel, one length scale for each of `d` columns, and a constant mean.

    Scores are standardised first. The signal variance is not searched for: the likelihood is profiled at its estimate
    in closed form, with one pseudo-observation of 1, so that it is never 0.

    Args:
        x: Points ``(n, d)``.
        y: Scores ``(n,)``.
        log_parameters: Logarithms of the length scales, then of the noise's variance as a share of the signal's,
            ``(d + 1,)``.

    Attributes:
        variance: The signal variance of standardised scores.
        weight: Of each point in the mean of standardised scores, ``(n,)``.
        mean, scale: From standardised scores to scores.
    """

    def __init__(self, x: Points, y: Floats, log_parameters: Floats) -> None:
        from scipy.linalg import solve_triangular

        self.x, self.log_parameters = x, log_parameters
        self.z, self.mean, self.scale = _standardised(y)
        self.length = np.exp(log_parameters[:-1])
        self._root = np.linalg.cholesky(_covariance(matern52(x, x, self.length), log_parameters[-1]))
        half = solve_triangular(self._root, self.z, lower=True)
        self.weight = solve_triangular(self._root, half, lower=True, trans=1)
        self.variance = (float(half @ half) + 1.0) / (len(x) + 1)

    @classmethod
    @one_blas_thread("scipy.linalg", "scipy.optimize")
    def fit(
        cls,
        x: Points,
        y: Floats,
        *,
        start: Floats | None = None,
        centre: Floats | None = None,
        iterations: int = 15,
    ) -> GaussianProcess:
        """Return the posterior at the most probable hyperparameters after a few steps of L-BFGS-B.

        Args:
            start: Start of the search, ``(d + 1,)``; None: at `centre`.
            centre: Median of the log-normal prior of the length scales, ``(d + 1,)``; None: `prior_centre`.
            iterations: Steps; 0 keeps `start`.
        """
        centre = prior_centre(x.shape[1]) if centre is None else centre
        p = centre if start is None else start
        if len(x) >= _FEWEST and iterations:
            p = _most_probable(x, _standardised(y)[0], p, centre, iterations)
        return cls(x, y, p)

    def predict(self, x: Points) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the score without noise at points ``(c, d)``."""
        from scipy.linalg import solve_triangular

        k = matern52(self.x, x, self.length)
        half = solve_triangular(self._root, k, lower=True, check_finite=False)
        left = np.maximum(1.0 - np.einsum("nc,nc->c", half, half), 1e-10)
        return self.weight @ k * self.scale + self.mean, np.sqrt(self.variance * left) * self.scale

    def leave_one_out(self) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of each score, noise included, given the others, each ``(n,)``.

        Hyperparameters and signal variance stay those of all points (Rasmussen and Williams, 2006, eq. 5.12).
        """
        from scipy.linalg import cho_solve

        inverse = np.diag(cho_solve((self._root, True), np.eye(len(self.x))))
        mean = self.z - self.weight / inverse
        return mean * self.scale + self.mean, np.sqrt(self.variance / inverse) * self.scale


def _standardised(y: Floats) -> tuple[Floats, float, float]:
    """Return scores of mean 0 and variance 1, and the mean and scale that they had."""
    mean, spread = float(y.mean()), float(y.std())
    scale = spread if spread > _EQUAL else 1.0
    return (y - mean) / scale, mean, scale


def prior_centre(d: int) -> Floats:
    """Return the median of the hyperparameters' prior: length scales grow with the diagonal of the cube, ``(d +
    1,)``."""
    return np.append(np.full(d, np.log(0.5) + 0.5 * np.log(d)), _NOISE_MEAN)


def matern52(a: Points, b: Points, length: Floats | float) -> Floats:
    """Return the Matern-5/2 correlation of points ``(n, d)`` and ``(c, d)``, shape ``(n, c)``."""
    r = _distance(a, b, length)
    out = r * r
    out *= 1.0 / 3.0
    out += r
    out += 1.0
    np.negative(r, out=r)
    out *= np.exp(r, out=r)
    return out


def _distance(
    a: Points, b: Points, length: Floats | float, out: Floats | None = None, product: Floats | None = None
) -> Floats:
    """``sqrt(5)`` times the distance in length scales, never quite 0; `out` and `product` are memory to work in."""
    a, b = a / length, b / length
    square = np.add((a * a).sum(1)[:, None], (b * b).sum(1)[None], out=out)
    square -= np.matmul(2.0 * a, b.T, out=product)
    np.maximum(square, 0.0, out=square)
    square *= 5.0
    square += 1e-12
    return np.asarray(np.sqrt(square, out=square))


def _covariance(correlation: Floats, log_noise: float) -> Floats:
    correlation.flat[:: len(correlation) + 1] += np.exp(log_noise) + _JITTER
    return correlation


def _most_probable(x: Points, z: Floats, start: Floats, centre: Floats, iterations: int) -> Floats:
    from scipy.optimize import minimize

    bounds = [_SCALE_BOUNDS] * x.shape[1] + [_NOISE_BOUNDS]
    start = np.clip(start, *np.array(bounds).T)
    loss = Loss(x, z, centre)
    found = minimize(loss, start, method="L-BFGS-B", jac=True, bounds=bounds, options={"maxiter": iterations})
    return np.asarray(found.x, np.float64)


class Loss:
    """Negative log posterior density of hyperparameters ``(d + 1,)`` (without constants), and its gradient.

    All steps of a search work in one memory: fresh pages for each would take as long as the algebra.
    """

    def __init__(self, x: Points, z: Floats, centre: Floats) -> None:
        n = len(x)
        self._x, self._z, self._centre = x, z, centre
        self._r, self._decay, self._ahead, self._pull = (np.empty((n, n)) for _ in range(4))
        self._inverse = np.empty((n, n), order="F")

    def __call__(self, p: Floats) -> tuple[float, Floats]:
        from scipy.linalg import lapack, solve_triangular

        n, length = len(self._x), np.exp(p[:-1])
        r = _distance(self._x, self._x, length, self._r, self._decay)
        decay, ahead, pull = self._decay, np.add(1.0, r, out=self._ahead), self._pull
        np.exp(np.negative(r, out=decay), out=decay)
        r *= r
        r /= 3.0
        r += ahead
        r *= decay
        root = np.linalg.cholesky(_covariance(r, p[-1]))
        half = solve_triangular(root, self._z, lower=True)
        fit = float(half @ half) + 1.0
        off = p - self._centre
        off[-1] = (p[-1] - _NOISE_MEAN) / _NOISE_SD
        value = 0.5 * n * np.log(fit / (n + 1)) + np.log(np.diag(root)).sum() + 0.5 * float(off @ off)

        self._inverse[:] = root
        lower = lapack.dpotri(self._inverse, lower=1, overwrite_c=1)[0]  # above the diagonal it is 0, as the root is
        np.add(lower, lower.T, out=pull)
        pull.flat[:: n + 1] = lower.diagonal()
        weight = solve_triangular(root, half, lower=True, trans=1)
        outer = np.multiply(n / fit, np.outer(weight, weight, out=r), out=r)
        pull -= outer  # twice the derivative by the covariance
        by_noise = 0.5 * np.trace(pull) * np.exp(p[-1])
        ahead *= 5.0 / 3.0
        ahead *= decay
        pull *= ahead  # by the squared distance, in logarithms of length scales
        scaled = self._x / length
        by_scale = pull.sum(1) @ (scaled * scaled) - np.einsum("nd,nd->d", scaled, pull @ scaled)
        off[-1] /= _NOISE_SD
        return float(value), np.append(by_scale, by_noise) + off
