"""One run without arrays: the transition of `Kernel.step` where a table answers and only rows and scores are kept.

Each part may bring a scalar form, equal to its batch form bit for bit (`Codec.decoder_one`, `Observer.viewer_one`,
`Reward.one`); where it brings none, its batch form answers.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from hpo_gym.env.kernel import Kernel
from hpo_gym.env.rewards import judge_one_of
from hpo_gym.env.rewards._given import not_finite


class Single:
    """Steps the only run of a kernel; all state is the kernel's, so that either may step it.

    Attributes:
        row: Row of the last trial.
    """

    row = -1

    def __init__(self, kernel: Kernel) -> None:
        self._runs, self._contexts = kernel.runs, kernel.contexts
        self._row = kernel.parts.codec.decoder_one(kernel.contexts)
        self._view = kernel.parts.observer.viewer_one(kernel.contexts)
        self._part = kernel.parts.reward
        self._reward = judge_one_of(kernel.parts.reward, kernel.batch.tasks)

    def step(self, action: object) -> float:
        """Advance the run by one action; returns the reward."""
        runs = self._runs
        self.row = row = self._row(runs, action)  # a bad action is refused before anything is changed
        runs.submit_one(row)
        reward = self._reward(self._contexts, runs)
        if not isfinite(reward):
            raise not_finite(self._part, reward)
        return reward

    def observe(self) -> Any:
        """Return a fresh observation of the run after a trial."""
        return self._view(self._runs)


def single_of(kernel: Kernel) -> Single | None:
    """Return the scalar path of a kernel that has one, chosen once and for all."""
    codec = kernel.parts.codec
    plain = kernel.runs.scalar and not (codec.stop or codec.fidelity or kernel.parts.reward.dim)
    return Single(kernel) if plain else None
