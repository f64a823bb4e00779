"""Rules: updates of a table from the steps of many runs. Here that of Q-learning; the others stand beside their
agents."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from hpo_agents._tabular.table import QTable, Values
from hpo_gym.base import Floats, Ints, Mask

T = TypeVar("T", bound=Values)


@dataclass(frozen=True, eq=False)
class Step:
    """One trial of `n` runs side by side.

    Attributes:
        s, a, r: State, action and reward, each ``(n,)``.
        s_next: The next state, ``(n,)``.
        allowed: The available actions there, ``(n, actions)``; none only if the episode is over.
        over: Whether the episode ended with it, ``(n,)``.
        live: Whether the run took it at all, ``(n,)``; false if the episode was over before.
        fallback: A state that learns from it as well, or None.
    """

    s: Ints
    a: Ints
    r: Floats
    s_next: Ints
    allowed: Mask
    over: Mask
    live: Mask
    fallback: int | None = None

    @property
    def last(self) -> bool:
        """Return whether no run continues."""
        return not (self.live & ~self.over).any()


class Rule(ABC, Generic[T]):
    """An algorithm: the targets of steps, and the time of their updates. It holds nothing of an episode.

    Attributes:
        reach: Number of steps that it looks back at, the last one included.
    """

    reach: int

    @abstractmethod
    def make_table(self, states: int, actions: int, *, gamma: float, alpha_min: float) -> T:
        """Return a table of zeros."""

    @abstractmethod
    def learn(self, table: T, steps: Sequence[Step], rng: np.random.Generator, epsilon: float) -> Ints:
        """Learn after a step of the runs.

        Args:
            table: Learns.
            steps: The last `reach` steps of the episode, or all if it has fewer, the newest last.
            rng: Source of the rule's and the next actions' randomness.
            epsilon: Share of random actions.

        Returns:
            The next actions of the runs, ``(n,)``; without a meaning in runs that are over.
        """


class QLearningRule(Rule[QTable]):
    """V is the highest value among the actions that are allowed in s'."""

    reach = 1

    def make_table(self, states: int, actions: int, *, gamma: float, alpha_min: float) -> QTable:
        return QTable(states, actions, gamma=gamma, alpha_min=alpha_min)

    def learn(self, table: QTable, steps: Sequence[Step], rng: np.random.Generator, epsilon: float) -> Ints:
        step = steps[-1]
        teach(table, step, table.best(step.s_next, step.allowed))
        return go_on(table, step, rng, epsilon)


def teach(table: QTable, step: Step, following: Floats, which: Mask | None = None) -> None:
    """Move Q(s, a) towards r + gamma V, towards r alone if the episode is over.

    Args:
        table: Learns.
        step: Runs that are not live are left out.
        following: V, ``(n,)``; ignored if the episode is over.
        which: The runs to learn from, ``(n,)``; default all.
    """
    live = step.live if which is None else step.live & which
    if not live.any():
        return
    following = np.where(step.over, 0.0, following)
    learned = step.a[live], step.r[live], following[live], step.over[live]
    table.update(step.s[live], *learned)
    if step.fallback is not None:
        table.update(np.full(len(learned[0]), step.fallback), *learned)


def go_on(table: Values, step: Step, rng: np.random.Generator, epsilon: float) -> Ints:
    """Epsilon-greedy actions in s', ``(n,)``; nothing is drawn where no run goes on."""
    if step.last:
        return np.zeros(len(step.s), np.int64)
    return table.explore(rng, step.s_next, step.allowed, epsilon)
