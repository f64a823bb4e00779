"""The rewards of the training split, by the incumbent's normalised regret: `regret`, `regret_drop`, `log_regret`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_gym.rewards import REWARDS, Reward, Rewards
from hpo_gym.state.contexts import Contexts
from hpo_gym.state.runs import Runs
from hpo_gym.transfer.regret import relative_regret


@REWARDS.register("regret")
class Regret(Reward):
    """Minus the normalised regret of the incumbent, in [-1, 0].

    For training splits only.
    """

    training_only = True

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return -normalised(contexts, runs)


@REWARDS.register("regret_drop")
class RegretDrop(Reward):
    """By how much the trial lowers the normalised regret, which is 1 before the first.

    The sum over an episode is 1 less the last regret. For training splits only.
    """

    training_only = True

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return normalised(contexts, runs, runs.previous) - normalised(contexts, runs)


@REWARDS.register("log_regret")
class LogRegret(Reward):
    """Minus log10 of the normalised regret + 1e-3, in [-0.0005, 3].

    For training splits only.
    """

    training_only = True

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return np.asarray(-np.log10(normalised(contexts, runs) + 1e-3))


def normalised(contexts: Contexts, runs: Runs, scores: NDArray[np.floating] | None = None) -> Rewards:
    """Normalised regret of the incumbents, or of `scores`: 0 at the task's best, 1 at its worst, ``(n,)``."""
    best, worst = contexts.best[runs.task], contexts.worst[runs.task]
    return relative_regret(runs.best if scores is None else scores, best, worst)
