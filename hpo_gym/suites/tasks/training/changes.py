"""`Drift`: how a stream changes within an episode, and when: all of it by the run's key, none of it told.

At 1 to 3 epochs comes a change: with odds of two in five the scale of the inputs jumps 3 to 30 times up or down; else,
as a nuisance, the inputs are rotated, the classes get other names, or another share of the labels is wrong.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Keys, seeding
from hpo_gym.suites.tasks.training.generators.common import WIDTH
from hpo_gym.suites.tasks.training.keyed import CHANGES, SCALE, keys, uniforms

MOST = 3
QUIET = 5, 4
"""Epochs at the beginning and at the end without a change."""
FACTOR = 3.0, 30.0
SCALES = 0.01, 100.0
NOISE = 0.5
JUMP, ROTATION, CLASSES, LABELS = range(4)
ODDS = JUMP, JUMP, ROTATION, CLASSES, LABELS  # kinds of a change, with equal odds for each entry


class Changes(NamedTuple):
    """The changes of `n` runs.

    Attributes:
        epoch: The epoch, counted from 0, after each change; -1 for none: ``(n, 3)``.
        kind: Its kind, ``(n, 3)``.
        factor: Factor of the scale, if that jumps, ``(n, 3)``.
        amount: Uniform in (0, 1): of a nuisance, ``(n, 3)``.
    """

    epoch: Ints
    kind: Ints
    factor: Floats
    amount: Floats


def start_scale(key: Keys) -> Floats:
    """Return the scale of the inputs at the start, ``(n,)``: 10 to the power of U(-1, 1)."""
    return np.asarray(10.0 ** (2.0 * uniforms(key, SCALE, 1)[:, 0] - 1.0))


def changes_of(key: Keys, epochs: int) -> Changes:
    """Return the changes in an episode of so many epochs."""
    u = uniforms(key, CHANGES, 1 + 5 * MOST)
    count = 1 + (u[:, 0] * MOST).astype(np.int64)
    when, size, up, kind, amount = u[:, 1:].reshape(len(key), 5, MOST).swapaxes(0, 1)
    first, last = QUIET[0], max(epochs - QUIET[1], QUIET[0] + 1)
    epoch = first + (when * (last - first)).astype(np.int64)
    epoch[np.arange(MOST) >= count[:, None]] = -1
    low, high = np.log(FACTOR)
    factor = np.exp((low + size * (high - low)) * np.where(up < 0.5, -1.0, 1.0))
    return Changes(epoch, np.array(ODDS)[(kind * len(ODDS)).astype(np.int64)], factor, amount)


def rotation(key: Keys, change: int) -> NDArray[np.float32]:
    """Return a random rotation of the 15 columns of one run's key ``(1,)``, ``(15, 15)``."""
    rng = seeding.generator(int(keys(key, CHANGES, 64 + change + 1)[0, -1]))
    q, r = np.linalg.qr(rng.normal(size=(WIDTH, WIDTH)))
    return np.asarray(q * np.sign(np.diag(r)), np.float32)


def renaming(amount: float, classes: int) -> NDArray[np.int8]:
    """Return new numbers of the classes, ``(4,)``: a cyclic shift by at least one, so never the old numbers."""
    turn = 1 + int(amount * (classes - 1))
    names = np.arange(4)
    return np.where(names < classes, (names + turn) % classes, names).astype(np.int8)
