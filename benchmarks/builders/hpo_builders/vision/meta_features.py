"""Meta-features of an image task: sizes, and statistics of training images."""

from __future__ import annotations

import numpy as np

from hpo_builders.vision.images import ImageProblem
from hpo_gym.base import Floats, Ints


def describe(problem: ImageProblem) -> dict[str, float | None]:
    """Sizes; how alike neighbouring pixels are; how well two simple rules tell one network's images from another's."""
    _, n, channels, height, _ = problem.x.shape
    x = problem.x.astype(np.float64)
    rows = x.reshape(len(x), n, -1)
    values = {
        "n_classes": float(problem.classes),
        "n_channels": float(channels),
        "n_pixels": float(height * height),
        "majority_share": float(np.bincount(problem.y.ravel()).max() / problem.y.size),
        "correlation_across": _correlation(x[..., :, 1:], x[..., :, :-1]),
        "correlation_down": _correlation(x[..., 1:, :], x[..., :-1, :]),
        "correlation_at_4": _correlation(x[..., 4:], x[..., :-4]),
        "skewness": float(((x - x.mean()) ** 3).mean() / x.std() ** 3),
        "variance_between_images": float(x.mean((2, 3, 4)).var() / x.var()),
        "nearest_mean_accuracy": _nearest_mean(rows, problem.y, problem.classes),
        "nearest_neighbour_accuracy": _nearest(rows[0], problem.y[0], rows[1], problem.y[1]),
    }
    return {name: round(v, 6) for name, v in values.items()}


def _correlation(a: Floats, b: Floats) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def _nearest_mean(rows: Floats, y: Ints, classes: int) -> float:
    means = np.stack([rows[0][y[0] == c].mean(0) for c in range(classes)])
    return _nearest(means, np.arange(classes), rows[1], y[1])


def _nearest(known: Floats, labels: Ints, rows: Floats, y: Ints) -> float:
    distance = (rows**2).sum(1)[:, None] - 2 * rows @ known.T + (known**2).sum(1)
    return float((labels[distance.argmin(1)] == y).mean())
