"""The observer `training`: what is seen of a network between two epochs."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import InvalidValueError, Singles
from hpo_gym.env.observers import OBSERVERS
from hpo_gym.env.observers._flat import Limits
from hpo_gym.env.observers._own import Own, check_signals
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs

SHOWN = (
    "validation loss", "training loss", "fall of the validation loss", "fall of the training loss",
    "fall within the epoch", "jump at its start", "gap to the best", "gap to the training loss", "accuracy",
    "gradient norm", "gradient norm against the usual", "alignment", "update norm", "update ratio",
    "growth of the weights", "classes", "diverged", "gradient norm at the start", "sharpness at the start",
)  # fmt: skip
"""Observed signals, after the share of the budget spent, a flag of the start, values and moves."""

_SIGNALS = (
    "validation_loss", "training_loss", "gradient_norm", "weight_norm", "update_norm", "first_loss",
    "validation_loss_before", "training_loss_before", "last_loss", "best_validation_loss", "accuracy",
    "usual_gradient_norm", "alignment", "weight_norm_at_start", "classes", "diverged", "gradient_norm_at_start",
    "sharpness_at_start",
)  # fmt: skip
"""Their sources."""

_MOST = 10.0
_LOSS, _NORM = 1e-2, 1e-6  # what is added before a logarithm


@OBSERVERS.register("training")
class Training(Own):
    """Box ``(21 + 2 d,)``: share of the budget spent, whether nothing was tried, values, their last move, signals.

    Values are those of the last configuration (before the first trial the default one) in [-1, 1], the move is their
    change from the trial before. Of the signals (`hpo_gym.suites.tasks.training.signals`) 19 numbers are shown, losses
    and norms in logarithms, all in [-10, 10]: see `SHOWN`. Only tasks whose trials go on from each other have signals.
    """

    reads = _SIGNALS

    def limits(self, contexts: Contexts) -> Limits:
        check_signals(contexts, "training", _SIGNALS)
        return [*super().limits(contexts), (-_MOST, _MOST, len(SHOWN))]

    def seen(self, contexts: Contexts, runs: Runs) -> Singles:
        if not np.isfinite(runs.signals).all():
            run, at = np.argwhere(~np.isfinite(runs.signals))[0].tolist()
            name, value = contexts.batch.signals[at], runs.signals[run, at]
            raise InvalidValueError(f"The signal {name!r} must be finite, got {value} of run {run}.")
        s = dict(zip(contexts.batch.signals, runs.signals.T, strict=True))
        valid, train = np.log(s["validation_loss"] + _LOSS), np.log(s["training_loss"] + _LOSS)
        norm, weight = np.log10(s["gradient_norm"] + _NORM), np.log10(s["weight_norm"] + _NORM)
        moved = np.log10(s["update_norm"] + _NORM)
        first = np.log(s["first_loss"] + _LOSS)
        before = np.log(s["validation_loss_before"] + _LOSS)
        rows = (
            valid,
            train,
            3.0 * (before - valid),
            3.0 * (np.log(s["training_loss_before"] + _LOSS) - train),
            3.0 * (first - np.log(s["last_loss"] + _LOSS)),
            3.0 * (first - before),
            3.0 * (valid - np.log(s["best_validation_loss"] + _LOSS)),
            valid - train,
            s["accuracy"],
            norm,
            3.0 * (norm - np.log10(s["usual_gradient_norm"] + _NORM)),
            3.0 * s["alignment"],
            moved,
            moved - weight,
            weight - np.log10(s["weight_norm_at_start"] + _NORM),
            np.log(s["classes"] + _NORM),
            s["diverged"],
            np.log10(s["gradient_norm_at_start"] + _NORM),
            np.log10(s["sharpness_at_start"] + _NORM),
        )
        return np.clip(np.stack(rows, 1, dtype=np.float32), -_MOST, _MOST)
