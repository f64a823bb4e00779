"""Signals of a fit: numbers that any training loop has for nothing, by name, all finite.

Losses are in losses of a guess (the logarithm of the number of classes), at most 3.
"""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats, Mask, Singles

SIGNALS = (
    "training_loss",
    "validation_loss",
    "training_loss_before",
    "validation_loss_before",
    "best_validation_loss",
    "since_best",
    "accuracy",
    "classes",
    "rows",
    "weights",
    "batch",
    "adaptive",
    "normalised",
    "layers",
    "diverged",
)
"""The signals of a fit, by column.

`training_loss` is the mean over the batches of the epoch, each before its update, with dropout; `validation_loss` and
`accuracy` are those after the epoch. `best_validation_loss` is the lowest so far, at the checkpoint, and `since_best`
the epochs since then. `rows` are those to train on, `weights` the trainable numbers, `batch` the rows of an update;
`adaptive` is 1 for AdamW, `normalised` 1 for batch norm, `layers` the hidden ones. Before the first epoch all losses
are that on the validation rows; after divergence the losses of the epoch are 3.
"""

AT = {name: column for column, name in enumerate(SIGNALS)}
MOST = 3.0
"""The highest loss: a higher one, or what is no number, becomes it."""

_LOSSES, _EARLIER, _ALL, _TRAITS = slice(0, 2), slice(2, 4), slice(0, 5), slice(7, 14)


def bounded(losses: Floats) -> Singles:
    """Losses in [0, 3]."""
    return np.asarray(np.where(losses < MOST, losses, MOST), np.float32)


def at_start(loss: Singles, accuracy: Floats, traits: Floats) -> Singles:
    """Return the signals of runs before their first epoch, ``(m, 15)``.

    Args:
        loss: On the validation rows, bounded, ``(m,)``; `accuracy` alike.
        traits: `classes` to `layers`, ``(m, 7)``.
    """
    out = np.zeros((len(loss), len(SIGNALS)), np.float32)
    out[:, _ALL], out[:, AT["accuracy"]], out[:, _TRAITS] = loss[:, None], accuracy, traits
    return out


def after(before: Singles, losses: Singles, accuracy: Floats, dead: Mask) -> Singles:
    """Return the signals of runs after an epoch, ``(m, 15)``, fresh.

    Args:
        before: The signals before it.
        losses: Bounded, of the epoch and of the validation rows after it, ``(m, 2)``.
        accuracy: On the validation rows, ``(m,)``.
        dead: Mask of diverged runs: their losses are the highest, and they have no better checkpoint.
    """
    out, best = before.copy(), AT["best_validation_loss"]
    out[:, _EARLIER] = before[:, _LOSSES]
    out[:, _LOSSES] = np.where(dead[:, None], MOST, losses)
    out[:, AT["accuracy"]] = np.where(dead, 0, accuracy)
    out[:, best] = np.minimum(before[:, best], out[:, AT["validation_loss"]])
    better = out[:, best] < before[:, best]
    out[:, AT["since_best"]] = np.where(better, 0, before[:, AT["since_best"]] + 1)
    out[:, AT["diverged"]] = dead
    return out
