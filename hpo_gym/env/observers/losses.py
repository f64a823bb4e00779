"""The observer `losses`: a training on one's own data between two epochs, as any training loop can tell it."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Singles
from hpo_gym.env.observers import OBSERVERS
from hpo_gym.env.observers._flat import Limits
from hpo_gym.env.observers._own import Own, check_signals
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs

SHOWN = (
    "validation loss", "training loss", "fall of the validation loss", "fall of the training loss",
    "gap to the training loss", "gap to the best", "accuracy", "epochs since the best", "classes", "rows", "batch",
    "weights", "adaptive", "normalised", "layers", "epochs", "diverged",
)  # fmt: skip
"""Observed signals, after the share of the budget spent, a flag of the start, values and moves."""

_SIGNALS = (
    "training_loss", "validation_loss", "training_loss_before", "validation_loss_before", "best_validation_loss",
    "since_best", "accuracy", "classes", "rows", "weights", "batch", "adaptive", "normalised", "layers", "diverged",
)  # fmt: skip
"""Their sources."""

_MOST = 10.0
_LOSS = 1e-2  # what is added before a logarithm


@OBSERVERS.register("losses")
class Losses(Own):
    """Box ``(19 + 2 d,)``: share of the budget spent, whether nothing was tried, values, their last move, signals.

    Values are those of the last configuration (before the first trial the default one) in [-1, 1], the move is their
    change from the trial before. Of the signals (`hpo_gym.suites.tasks.fits.signals`) and the length of the run 17
    numbers are shown, losses and sizes in logarithms, all in [-10, 10]: see `SHOWN`.
    """

    reads = _SIGNALS

    def limits(self, contexts: Contexts) -> Limits:
        check_signals(contexts, "losses", _SIGNALS)
        return [*super().limits(contexts), (-_MOST, _MOST, len(SHOWN))]

    def seen(self, contexts: Contexts, runs: Runs) -> Singles:
        s = dict(zip(contexts.batch.signals, runs.signals.T, strict=True))
        valid, train = np.log(s["validation_loss"] + _LOSS), np.log(s["training_loss"] + _LOSS)
        rows = (
            valid,
            train,
            3.0 * (np.log(s["validation_loss_before"] + _LOSS) - valid),
            3.0 * (np.log(s["training_loss_before"] + _LOSS) - train),
            3.0 * (s["validation_loss"] - s["training_loss"]),
            3.0 * (valid - np.log(s["best_validation_loss"] + _LOSS)),
            s["accuracy"],
            np.log1p(s["since_best"]),
            np.log(s["classes"]),
            np.log2(s["rows"]) - 8.0,
            np.log2(s["batch"]) - 4.0,
            np.log10(s["weights"]) - 3.0,
            s["adaptive"],
            s["normalised"],
            s["layers"] - 2.0,
            np.full(runs.n, np.log(contexts.horizon) - 3.0),
            s["diverged"],
        )
        return np.clip(np.stack(rows, 1, dtype=np.float32), -_MOST, _MOST)
