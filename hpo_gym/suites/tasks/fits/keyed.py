"""Random numbers of a training by key: a function of the run's key and of their purpose, without state.

So a snapshot needs no generator, and a run draws the same whatever its neighbours do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Keys, seeding

WEIGHTS, ORDER, FLIPS = range(1, 4)
"""Purposes of numbers."""

_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


def keys(key: Keys, use: int, count: int) -> Keys:
    """`count` hashes of each key for one use, ``(n, count)``."""
    return seeding.mix(seeding.mix(key, use)[:, None], np.arange(count, dtype=np.uint64)[None])


def uniforms(key: Keys, use: int, count: int) -> Floats:
    """`count` numbers of each key for one use, uniform in (0, 1): ``(n, count)``."""
    return seeding.uniform(keys(key, use, count))


def flipped(labels: NDArray[np.int8], key: Keys, noise: NDArray[np.float32], classes: Ints) -> NDArray[np.int8]:
    """Return labels ``(n, rows)`` with a share ``(n,)`` of other classes, drawn by the key; a fresh array."""
    out = labels.copy()
    who = np.flatnonzero(noise > 0)
    if who.size:
        drawn = keys(key[who], FLIPS, labels.shape[1])
        hit = (drawn >> _SHIFT).astype(np.float64) < noise[who, None].astype(np.float64) * 2.0**32
        others = classes[who, None] - 1
        other = (labels[who] + 1 + (drawn & _LOW).astype(np.int64) % others) % classes[who, None]
        out[who] = np.where(hit, other, labels[who])
    return out
