"""Signals of a training: the inputs of rules and agents, by name, all finite and bounded.

Losses are in losses of a guess (the logarithm of the number of classes). A signal is of the run itself.
"""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats, Ints, Mask, Singles

SIGNALS = (
    "validation_loss",
    "training_loss",
    "first_loss",
    "last_loss",
    "gradient_norm",
    "update_norm",
    "weight_norm",
    "accuracy",
    "alignment",
    "validation_loss_before",
    "training_loss_before",
    "best_validation_loss",
    "usual_gradient_norm",
    "gradient_norm_at_start",
    "sharpness_at_start",
    "weight_norm_at_start",
    "classes",
    "diverged",
)
"""The signals of a training, by column.

`training_loss`, `first_loss` and `last_loss` are means over all rows of the epoch, its first and its last quarter,
before the update on them. `gradient_norm` and `update_norm` are root mean squares over the epoch; `alignment` is
the mean cosine of the gradients of neighbouring slots; `usual_gradient_norm` a running geometric mean;
`sharpness_at_start` the largest curvature found by power steps. Before the first epoch losses are those of the
validation rows, and the update is 0. After divergence losses are the cap, and norms stay.
"""

AT = {name: column for column, name in enumerate(SIGNALS)}
MOST = 1e6
"""No signal is larger."""

_LOSSES, _NORMS, _EARLIER = slice(0, 4), slice(4, 7), slice(9, 11)
_KEPT, _SMALL = 0.7, 1e-12  # of the running mean, an epoch; what is added before its logarithm


def bounded(values: Floats | Singles, most: float = MOST) -> Singles:
    """Numbers that should not be negative in [0, most], with `most` in place of what is none."""
    return np.asarray(np.where(values < most, np.maximum(values, 0), most), np.float32)


def at_start(loss: Singles, accuracy: Singles, norms: Singles, classes: Ints) -> Singles:
    """Return the signals of runs before their first epoch, ``(m, 18)``.

    Args:
        loss: Bounded, ``(m,)``; `accuracy` and `classes` alike.
        norms: Of gradients, of the weights, and the sharpness, ``(3, m)``.
    """
    out = np.zeros((len(loss), len(SIGNALS)), np.float32)
    out[:, _LOSSES] = out[:, _EARLIER] = loss[:, None]
    out[:, AT["best_validation_loss"]] = loss
    start = bounded(norms)
    for name in ("gradient_norm", "usual_gradient_norm", "gradient_norm_at_start"):
        out[:, AT[name]] = start[0]
    for name in ("weight_norm", "weight_norm_at_start"):
        out[:, AT[name]] = start[1]
    out[:, AT["sharpness_at_start"]] = start[2]
    out[:, AT["accuracy"]], out[:, AT["classes"]] = accuracy, classes
    return out


def after(before: Singles, losses: Singles, norms: Singles, shares: Singles, dead: Mask) -> Singles:
    """Return the signals of runs after an epoch, ``(m, 18)``, fresh.

    Args:
        losses: On the validation rows, the epoch's rows, and the first and the last quarter of them, ``(4, m)``, in
            losses of a guess; bounded, and the cap for diverged runs.
        norms: Of gradients, of updates, and of the weights, ``(3, m)``; maybe not finite, like the next.
        shares: Accuracy and alignment, ``(2, m)``.
        dead: Mask of diverged runs.
    """
    out = before.copy()
    out[:, _LOSSES] = losses.T
    out[:, _NORMS] = bounded(norms).T
    out[:, AT["accuracy"]] = shares[0]
    out[:, AT["alignment"]] = np.fmin(np.fmax(shares[1], -1), 1)  # of what is no number, -1
    if dead.any():
        out[dead, _NORMS] = before[dead, _NORMS]
        out[dead, AT["accuracy"]] = out[dead, AT["alignment"]] = 0
        out[dead, AT["diverged"]] = 1
    out[:, _EARLIER] = before[:, _LOSSES][:, :2]
    np.minimum(out[:, AT["best_validation_loss"]], out[:, 0], out=out[:, AT["best_validation_loss"]])
    usual = np.log(before[:, AT["usual_gradient_norm"]] + _SMALL)
    usual = _KEPT * usual + (1 - _KEPT) * np.log(out[:, AT["gradient_norm"]] + _SMALL)
    out[:, AT["usual_gradient_norm"]] = np.exp(usual)
    return out
