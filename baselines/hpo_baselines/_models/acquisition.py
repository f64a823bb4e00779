"""Acquisition functions: the promise of a candidate. One rule: scores are maximised, so more is better."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import LARGEST, Floats, Singles

_FAR = 1e3  # so many standard deviations below the incumbent, an expansion is more exact than a difference
_EQUAL = 1e-9  # standard deviation of scores that do not differ
_FLOOR = -20.0  # of what trained policies see
_TASKS = 8  # summed at once: they stay in the processor's cache
_LOG_2PI = float(np.log(2.0 * np.pi))


def standardised(y: Floats) -> Floats:
    """Scores with mean 0 and standard deviation 1; of equal ones, zeros."""
    return np.asarray((y - y.mean()) / (y.std() + _EQUAL))


def expected_improvement(mean: Floats, sd: Floats, best: float) -> Floats:
    """Return the expected gain over `best` of a normal score, elementwise."""
    from scipy.special import ndtr

    z = (mean - best) / np.maximum(sd, 1e-12)
    return np.asarray(np.maximum((mean - best) * ndtr(z) + sd * density(z), 0.0))  # rounding can leave it below 0


def log_expected_improvement(mean: Floats, sd: Floats, best: float) -> Floats:
    """Return the logarithm of `expected_improvement`, exact also below the range of a float.

    Far below the incumbent it uses the scaled complementary error function (Ament et al., "Unexpected improvements to
    expected improvement for Bayesian optimization", NeurIPS 2023, eq. 9).
    """
    from scipy.special import erfcx, ndtr

    sd = np.maximum(sd, 1e-12)
    z = np.clip((mean - best) / sd, -LARGEST, LARGEST)
    near = np.maximum(z, -1.0)
    direct = np.log(density(near) + near * ndtr(near))
    below = np.maximum(-z, 1.0)
    inner = np.log1p(-np.sqrt(np.pi / 2.0) * erfcx(np.minimum(below, _FAR) / np.sqrt(2.0)) * np.minimum(below, _FAR))
    beyond = -2.0 * np.log(below) + np.log1p(-3.0 / np.maximum(below, _FAR) ** 2)
    far = -0.5 * z * z - 0.5 * _LOG_2PI + np.where(below > _FAR, beyond, inner)
    return np.asarray(np.log(sd) + np.where(z > -1.0, direct, far))


def floored_log_improvement(mean: Singles, sd: Singles, best: Singles) -> Singles:
    """Return `log_expected_improvement` in the form of the shipped policies' training, elementwise.

    It differs in three ways: it is at least -20, it is float32, and from 5 standard deviations below the incumbent on
    it has the first term of its expansion only, at most .11 too high.
    """
    from scipy.special import log_ndtr

    z = ((mean - best) / sd).astype(np.float64)
    near = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi) + z * np.exp(log_ndtr(z))
    far = -0.5 * z * z - np.log(np.sqrt(2 * np.pi)) - 2 * np.log(np.maximum(-z, 1.0))
    log_h = np.where(z > -5.0, np.log(np.maximum(near, 1e-300)), far)
    return np.asarray(np.maximum(log_h + np.log(sd), _FLOOR), np.float32)


def weighted_gain(mean: NDArray[np.floating], best: NDArray[np.floating], weight: Floats) -> Floats:
    """Return the weighted sum over tasks, weights ``(k,)``, of the excess of means ``(k, c)`` over `best` ``(k,)``:
    ``(c,)``."""
    total = np.zeros(mean.shape[1])
    who = np.flatnonzero(weight)
    for part in (who[i : i + _TASKS] for i in range(0, len(who), _TASKS)):
        gain = mean[part] - best[part, None]
        total += weight[part] @ np.maximum(gain, 0.0, out=gain)
    return total


def density(z: Floats) -> Floats:
    """Return the standard normal density."""
    return np.asarray(np.exp(-0.5 * z * z - 0.5 * _LOG_2PI))


def best_of(value: Floats, rng: np.random.Generator) -> int:
    """Return the position of the largest value; a random one among values equal up to rounding."""
    top = float(value.max())
    if not np.isfinite(top):
        return int(value.argmax())
    equal = np.flatnonzero(value >= top - 1e-12 * abs(top))
    return int(equal[rng.integers(len(equal))]) if len(equal) > 1 else int(equal[0])
