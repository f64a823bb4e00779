"""The observer `progress`: all signals of runs that go on, whatever they are."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Singles
from hpo_gym.env.observers import OBSERVERS
from hpo_gym.env.observers._flat import Limits
from hpo_gym.env.observers._own import Own, check_signals
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs

_SMALL, _MOST = 1e-3, 10.0


@OBSERVERS.register("progress")
class Progress(Own):
    """Box ``(2 + 2 d + 2 s,)``: share of the budget spent, whether nothing was tried, values, their last move, signals.

    Values are those of the last configuration (before the first trial the default one) in [-1, 1], the move is their
    change from the trial before. Each of the `s` signals of the tasks is shown twice: first all as ``x / (1 + |x|)``,
    then all as ``sign(x) log10(1 + 1000 |x|)``, in [-10, 10]. Only tasks of continued trials have signals.
    """

    reads = None

    def limits(self, contexts: Contexts) -> Limits:
        check_signals(contexts, "progress")
        s = len(contexts.batch.signals)
        return [*super().limits(contexts), (-1, 1, s), (-_MOST, _MOST, s)]

    def seen(self, contexts: Contexts, runs: Runs) -> Singles:
        signals, size = runs.signals, np.abs(runs.signals)
        logarithms = np.minimum(np.log10(1 + size / _SMALL), _MOST)
        return np.concatenate([signals / (1 + size), np.copysign(logarithms, signals)], 1)
