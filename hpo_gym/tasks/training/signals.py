"""What is seen of a training: the numbers that rules and agents read, by name, all finite and bounded.

Losses are in losses of a guess (the logarithm of the number of classes), so that a guess has 1. A signal is of the run
itself, and may be seen before the first trial.
"""

from __future__ import annotations

import numpy as np

from hpo_gym.task import Floats, Ints, Mask
from hpo_gym.tasks.training.network import F32

SIGNALS = (
    "validation_loss",
    "training_loss",
    "accuracy",
    "first_loss",
    "last_loss",
    "gradient_norm",
    "alignment",
    "update_norm",
    "weight_norm",
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
before they were learned from. `gradient_norm` and `update_norm` are root mean squares over the epoch; `alignment` is
the mean cosine of the gradients of neighbouring slots; `usual_gradient_norm` a running geometric mean;
`sharpness_at_start` the largest curvature that power steps found. Before the first epoch losses are those of the
validation rows, and the update is 0. Of a run that has diverged losses are the cap, and norms stay as they were.
"""

AT = {name: column for column, name in enumerate(SIGNALS)}
MOST = 1e6
"""No signal is larger."""

_KEPT = 0.7  # of the running mean, an epoch


def bounded(values: Floats | F32, most: float = MOST) -> F32:
    """Numbers in [0, most], with `most` in place of what is none."""
    return np.nan_to_num(values, nan=most, posinf=most, neginf=most).clip(0, most).astype(np.float32)


def at_start(loss: F32, accuracy: F32, gradient: F32, sharpness: F32, norm: F32, classes: Ints) -> F32:
    """The signals of runs before their first epoch, ``(m, 18)``; each argument is ``(m,)``, the loss bounded."""
    out = np.zeros((len(loss), len(SIGNALS)), np.float32)
    for name in ("validation_loss", "training_loss", "first_loss", "last_loss", "validation_loss_before",
                 "training_loss_before", "best_validation_loss"):  # fmt: skip
        out[:, AT[name]] = loss
    for name in ("gradient_norm", "usual_gradient_norm", "gradient_norm_at_start"):
        out[:, AT[name]] = bounded(gradient)
    for name in ("weight_norm", "weight_norm_at_start"):
        out[:, AT[name]] = bounded(norm)
    out[:, AT["accuracy"]], out[:, AT["classes"]] = accuracy, classes
    out[:, AT["sharpness_at_start"]] = bounded(sharpness)
    return out


def after(
    before: F32,
    losses: Floats | F32,
    accuracy: F32,
    gradient: F32,
    alignment: F32,
    moved: F32,
    norm: F32,
    dead: Mask,
    cap: float,
) -> F32:
    """The signals of runs after an epoch, ``(m, 18)``, fresh.

    Args:
        before: Those before it.
        losses: On the validation rows, the epoch's rows, and the first and the last quarter of them, ``(4, m)``, in
            losses of a guess.
        accuracy, gradient, alignment, moved, norm: Measured, ``(m,)``, maybe not finite.
        dead: Who has diverged.
        cap: The highest loss.
    """
    out = before.copy()
    out[:, AT["validation_loss_before"]] = before[:, AT["validation_loss"]]
    out[:, AT["training_loss_before"]] = before[:, AT["training_loss"]]
    names = ("validation_loss", "training_loss", "first_loss", "last_loss")
    for name, loss in zip(names, bounded(losses, cap), strict=True):
        out[:, AT[name]] = np.where(dead, cap, loss)
    best = np.minimum(before[:, AT["best_validation_loss"]], out[:, AT["validation_loss"]])
    out[:, AT["best_validation_loss"]] = best
    live = ~dead
    out[:, AT["accuracy"]] = np.where(live, accuracy, 0)
    out[:, AT["alignment"]] = np.where(live, np.nan_to_num(alignment, nan=0, posinf=0, neginf=0).clip(-1, 1), 0)
    for name, value in (("gradient_norm", gradient), ("update_norm", moved), ("weight_norm", norm)):
        np.copyto(out[:, AT[name]], bounded(value), where=live)
    usual = np.log(before[:, AT["usual_gradient_norm"]] + 1e-12)
    mean = _KEPT * usual + (1 - _KEPT) * np.log(out[:, AT["gradient_norm"]] + 1e-12)
    out[:, AT["usual_gradient_norm"]] = bounded(np.exp(mean))
    out[:, AT["diverged"]] = dead
    return out
