"""Tiles of three photographs that scikit-learn and matplotlib bring: a temple, a flower, a portrait.

Tiles do not overlap, and each is used once.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from hpo_builders.vision.canvas import SIZE
from hpo_builders.vision.nuisances import noisy
from hpo_gym.base import Floats, Ints

SHRUNK = 2
"""A pixel is the mean of so many by so many of the photograph."""


def origins(archives: Path, rng: np.random.Generator, n: int) -> tuple[Floats, Ints]:
    """From which of the three a tile is; grey, each tile with mean 0 and standard deviation 1, in noise."""
    tiles, photo = _tiles()
    rows = rng.permutation(len(photo))[:n]
    x = tiles[rows].mean(1)
    x = x - x.mean((1, 2), keepdims=True)
    return noisy(x / (x.std((1, 2), keepdims=True) + 0.02), rng, 0.3)[:, None], photo[rows]


@functools.cache
def _tiles() -> tuple[Floats, Ints]:
    """All tiles ``(n, 3, size, size)`` in [0, 1], and which photograph each is of ``(n,)``."""
    found = [_cut(photo) for photo in _photographs()]
    return np.concatenate(found), np.repeat(np.arange(len(found)), [len(tiles) for tiles in found])


def _cut(photo: Floats) -> Floats:
    step = SIZE * SHRUNK
    rows, columns = photo.shape[0] // step, photo.shape[1] // step
    parts = photo[: rows * step, : columns * step].reshape(rows, SIZE, SHRUNK, columns, SIZE, SHRUNK, 3)
    return np.asarray(parts.mean((2, 5)).transpose(0, 2, 4, 1, 3).reshape(-1, 3, SIZE, SIZE))


def _photographs() -> list[Floats]:
    from matplotlib import get_data_path
    from PIL import Image
    from sklearn.datasets import load_sample_image

    portrait = np.asarray(Image.open(Path(get_data_path()) / "sample_data" / "grace_hopper.jpg").convert("RGB"))
    return [np.asarray(p, np.float64) / 255 for p in (*map(load_sample_image, ("china.jpg", "flower.jpg")), portrait)]
