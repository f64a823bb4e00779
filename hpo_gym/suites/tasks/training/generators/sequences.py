"""Rows that are short series in time."""

from __future__ import annotations

import numpy as np

from hpo_gym.suites.tasks.training.generators.common import WIDTH, Rows, classes_of

_T = np.arange(WIDTH)


def waveform(rng: np.random.Generator, rows: int) -> Rows:
    """Draw a random mixture of two of three triangles, with noise (Breiman and others, "CART", 1984), shortened."""
    peaks = np.maximum(1.0 - np.abs(_T - np.array([[3.0], [7.0], [11.0]])) / rng.uniform(3, 5), 0.0)
    y, share = rng.integers(0, 3, rows), rng.uniform(0, 1, (rows, 1))
    one, other = np.array([0, 0, 1])[y], np.array([1, 2, 2])[y]
    return share * peaks[one] + (1 - share) * peaks[other] + rng.uniform(0.1, 0.3) * rng.normal(size=(rows, WIDTH)), y


def frequency(rng: np.random.Generator, rows: int) -> Rows:
    """Draw a wave of one of several frequencies, at any phase."""
    k = classes_of(rng)
    y, phase = rng.integers(0, k, rows), rng.uniform(0, 2 * np.pi, (rows, 1))
    rate = rng.uniform(0.2, 0.4) * (1 + 1.2 * y)[:, None]
    return np.sin(rate * _T + phase) + rng.uniform(0.1, 0.4) * rng.normal(size=(rows, WIDTH)), y


def autoregression(rng: np.random.Generator, rows: int) -> Rows:
    """Draw series with steps that follow the step before with a weight of the class."""
    k = classes_of(rng, 3)
    y, x = rng.integers(0, k, rows), rng.normal(size=(rows, WIDTH))
    weight = np.linspace(-0.9, 0.9, k)[y]
    for t in range(1, WIDTH):
        x[:, t] = weight * x[:, t - 1] + np.sqrt(1 - weight**2) * x[:, t]
    return x, y


def runs(rng: np.random.Generator, rows: int) -> Rows:
    """Series of two levels: when they change, early, in the middle or late."""
    k = classes_of(rng, 3)
    when, up = rng.integers(1, WIDTH, rows), rng.choice([-1.0, 1.0], (rows, 1))
    x = up * np.where(when[:, None] > _T, 1.0, -1.0) + rng.uniform(0.5, 1.0) * rng.normal(size=(rows, WIDTH))
    return x, (when - 1) * k // (WIDTH - 1)
