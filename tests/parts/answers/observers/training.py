"""Answers of the observer `training`: 19 numbers between two epochs of a network.

Losses are chosen so that with .01 added they are powers of two, and norms so that with 1e-6 added they are powers of
ten: a loss of .24 is shown as ln(1/4) = -2 ln 2, a norm of .009999 as -2. Falls, jumps and gaps of one curve are shown
three times as large.
"""

from __future__ import annotations

import functools
from math import log

from answers import Case
from answers.going import going
from toy_suite import Episode

from hpo_gym.suites.tasks.training.signals import SIGNALS

LN2 = log(2)


def _signals(valid: float, train: float, first: float, last: float, norm: float, update: float, weight: float,
             accuracy: float, alignment: float, valid_before: float, train_before: float, best: float, usual: float,
             norm_at_start: float, sharpness: float, weight_at_start: float, classes: int,
             diverged: int) -> tuple[float, ...]:  # fmt: skip
    """Return a row of signals: losses as the power of 1/2, norms as the power of ten, the others as they are."""
    losses = {"validation_loss": valid, "training_loss": train, "first_loss": first, "last_loss": last,
                  "validation_loss_before": valid_before, "training_loss_before": train_before,
                  "best_validation_loss": best}  # fmt: skip
    norms = {"gradient_norm": norm, "update_norm": update, "weight_norm": weight, "usual_gradient_norm": usual,
                 "gradient_norm_at_start": norm_at_start, "sharpness_at_start": sharpness,
                 "weight_norm_at_start": weight_at_start}  # fmt: skip
    others = {"accuracy": accuracy, "alignment": alignment, "classes": classes, "diverged": diverged}
    values = {name: 0.5**power - 0.01 for name, power in losses.items()} | others
    values |= {name: 10.0**power - 1e-6 for name, power in norms.items()}
    return tuple(values[name] for name in SIGNALS)


# losses: valid, train, first, last; norms: gradient, update, weight; accuracy, alignment; losses: valid and train
# before, best; norms: usual gradient, gradient, sharpness and weight at the start; classes, diverged
G = (
    _signals(0, 0, 0, 0, -2, -6, 1, 0.5, 0, 0, 0, 0, -2, -2, 2, 1, 2, 0),
    _signals(1, 2, 0, 2, 0, -3, 2, 0.75, -0.5, 0, 0, 1, -1, -2, 2, 1, 2, 0),
    _signals(-1, -1, 1, -1, 5, 4, 6, 0.25, 1, 1, 2, 1, -1, -2, 2, 1, 2, 1),
)
H = (
    _signals(2, 3, 3, 3, 0, -6, -1, 1, 0, 2, 3, 2, 0, 0, -6, -1, 4, 0),
    _signals(2, 1, 1, 3, -1, -1, -1, 0.5, 0.5, 2, 3, 3, 0, 0, -6, -1, 4, 0),
    _signals(3, 3, 2, 2, -3, -2, 0, 0.75, -1, 2, 1, 3, -2, 0, -6, -1, 4, 0),
)


def _shown(own: tuple[float, ...], losses: tuple[float, ...], rest: tuple[float, ...], classes: float,
           end: tuple[float, ...]) -> tuple[float, ...]:  # fmt: skip
    """Return an observation; losses and the number of classes are in units of ln 2."""
    return (*own, *(LN2 * x for x in losses), *rest, LN2 * classes, *end)


# own: share spent, nothing tried, value, move.
# losses: valid, train, 3 falls of both, 3 fall in the epoch, 3 jump at its start, 3 gap to the best, gap to training.
# rest: accuracy, norm, 3 times norm over the usual, 3 alignment, update, update over weight, growth of the weights.
# end: diverged, norm and sharpness at the start.
WANTED = (
    [
        _shown((0, 1, 0, 0), (0, 0, 0, 0, 0, 0, 0, 0), (0.5, -2, 0, 0, -6, -7, 0), 1, (0, -2, 2)),
        _shown((0.5, 0, 0.5, 0.5), (-1, -2, 3, 6, 6, 0, 0, 1), (0.75, 0, 3, -1.5, -3, -5, 1), 1, (0, -2, 2)),
        # 3 (5 + 1) of the norm is cut to 10
        _shown((1, 0, -0.5, -1), (1, 1, -6, -9, -6, 0, 6, 0), (0.25, 5, 10, 3, 4, -2, 5), 1, (1, -2, 2)),
    ],
    [
        _shown((0, 1, 0, 0), (-2, -3, 0, 0, 0, -3, 0, 1), (1, 0, 0, 0, -6, -5, 0), 2, (0, 0, -6)),
        _shown((0.5, 0, -1, -1), (-2, -1, 0, -6, 6, 3, 3, -1), (0.5, -1, -3, 1.5, -1, 0, 0), 2, (0, 0, -6)),
        _shown((1, 0, 1, 2), (-3, -3, 3, 6, 0, 0, 0, 0), (0.75, -3, -3, -3, -2, -2, 1), 2, (0, 0, -6)),
    ],
)
CASES = {
    "two trainings": Case(
        "training",
        (Episode("g", ([0.5], [-0.5])), Episode("h", ([-1.0], [1.0]))),
        WANTED,
        functools.partial(going, SIGNALS, G, H),
        {"codec": "box", "budget": 2},
        ways=("alone", "together"),
    )
}
