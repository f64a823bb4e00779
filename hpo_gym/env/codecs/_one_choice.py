"""Shared parts of codecs with one integer for an action."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpo_gym.base import Ints, Mask
from hpo_gym.env.codecs import Codec, Proposal
from hpo_gym.env.codecs.checks import choices_of, integers_of, positions_of
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs


class OneChoice(Codec):
    """A codec whose main action is one integer: ``Discrete(a)``, or ``MultiDiscrete([a, fidelities])``.

    With `stop`, one more integer after the others ends the episode.
    """

    def __init__(self, fidelity: bool = False, stop: bool = False) -> None:
        self.fidelity, self.stop = fidelity, stop

    @abstractmethod
    def count(self, contexts: Contexts) -> int:
        """Return the number of actions before the one that stops."""

    @abstractmethod
    def place(self, contexts: Contexts, runs: Runs, choice: Ints) -> NDArray[Any]:
        """Return the evaluated configurations of `choice` ``(n,)``, each below `count`."""

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        a = self.count(contexts) + self.stop
        return gym.spaces.MultiDiscrete([a, len(contexts.fidelities)]) if self.fidelity else gym.spaces.Discrete(a)

    def decode(self, contexts: Contexts, runs: Runs, actions: ArrayLike) -> Proposal:
        count = self.count(contexts)
        if self.fidelity:
            both = integers_of(actions, runs.n, np.array([count + self.stop, len(contexts.fidelities)]))
            choice, fidelity = both[:, 0], np.asarray(contexts.fidelities)[both[:, 1]]
        else:
            choice, fidelity = choices_of(actions, runs.n, count + self.stop), None
        if not self.stop:
            return Proposal(self.place(contexts, runs, choice), fidelity)
        stop = choice == count
        return Proposal(self.place(contexts, runs, np.where(stop, 0, choice)), fidelity, stop)

    def encode(self, contexts: Contexts, runs: Runs, wanted: Proposal) -> NDArray[Any]:
        choice = self.choice(contexts, runs, wanted.at)
        if self.stop and wanted.stop is not None:
            choice = np.where(wanted.stop, self.count(contexts), choice)
        if not self.fidelity:
            return choice
        return np.stack([choice, positions_of(contexts.fidelities, wanted.fidelity, runs.n)], 1)

    def choice(self, contexts: Contexts, runs: Runs, at: NDArray[Any]) -> Ints:
        """Return the first action that evaluates `at`, ``(n,)``, 0 where there is none: all are tried."""
        out = np.zeros(runs.n, np.int64)
        for action in reversed(range(self.count(contexts))):
            same = self.place(contexts, runs, np.full(runs.n, action)) == at
            out[same.all(1) if same.ndim > 1 else same] = action
        return out

    def masks(self, contexts: Contexts, runs: Runs, *, untried: bool) -> Mask:
        good = self.good(contexts, runs, untried=untried)
        rest = self.stop + (len(contexts.fidelities) if self.fidelity else 0)
        return np.concatenate([good, np.ones((runs.n, rest), bool)], 1) if rest else good

    def good(self, contexts: Contexts, runs: Runs, *, untried: bool) -> Mask:
        """Return the sensible ones of the first `count` actions, ``(n, count)``."""
        return np.ones((runs.n, self.count(contexts)), bool)
