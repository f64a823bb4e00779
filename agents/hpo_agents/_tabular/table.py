"""Tables of action values, to act by and to learn in, for many runs at once. NumPy alone; knows no task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Mask

Arrays = Mapping[str, NDArray[Any]]

_TINY = 1e-300  # log(0) where alpha is 1


class QTable:
    """Action values of `states` x `actions`, all 0 at first.

        Q(s, a) <- Q(s, a) + alpha_n (r + gamma V - Q(s, a)),  alpha_n = max(alpha_min, n(s, a)^-power)

    where n(s, a) counts the updates of the pair, this one included, and the target is r alone if the episode has
    terminated. V is max_a' Q(s', a') over the allowed actions in s'.

    A batch equals its rows one after the other, in their order, except that all targets are computed from the table
    before the batch: parallel runs do not see each other's last step. If no s' of the batch is an s of it (states with
    the time), that is the sequential rule itself.

    **Reference**: Watkins and Dayan, "Q-learning", Machine Learning 8, 1992. The power .7 of the step size: Even-Dar
    and Mansour, "Learning rates for Q-learning", JMLR 5, 2003 (any power in (1/2, 1) converges).

    **Differs from the paper**: alpha has a floor, so that the table forgets the lessons of a worse policy.

    Attributes:
        q: Values ``(states, actions)``.
        n: Number of updates of each pair, ``(states, actions)``.
    """

    def __init__(self, states: int, actions: int, *, gamma: float, alpha_min: float = 0.01, power: float = 0.7) -> None:
        self.gamma, self.alpha_min, self.power = gamma, alpha_min, power
        self.q: Floats = np.zeros((states, actions))
        self.n: Ints = np.zeros((states, actions), np.int64)

    def alpha(self, n: Ints) -> Floats:
        """Step size of the n-th update of a pair."""
        return np.maximum(self.alpha_min, n.astype(np.float64) ** -self.power)

    def update(self, s: Ints, a: Ints, r: Floats, following: Floats, terminated: bool | Mask) -> None:
        """Learn from `n` steps.

        Args:
            s, a: State and action of each, ``(n,)``.
            r: Rewards ``(n,)``.
            following: V of each, such as `best` of s', ``(n,)``; ignored where terminated.
            terminated: Whether the episode ended there.
        """
        target = r + np.where(terminated, 0.0, self.gamma * following)
        pair = s * self.q.shape[1] + a
        order = np.argsort(pair, kind="stable")  # a pair's updates side by side, in the order of the runs
        pair, target = pair[order], target[order]
        first = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]])
        count = np.diff(np.r_[first, len(pair)])
        which, group = pair[first], np.repeat(np.arange(len(first)), count)
        q, n = self.q.reshape(-1), self.n.reshape(-1)
        alpha = self.alpha(n[which][group] + 1 + np.arange(len(pair)) - first[group])
        # k updates in a row: Q prod(1 - alpha_i) + sum_i alpha_i y_i prod_{j > i} (1 - alpha_j)
        kept = np.cumsum(np.log(np.maximum(1.0 - alpha, _TINY)))
        whole = kept[first + count - 1]
        before = kept[first] - np.log(np.maximum(1.0 - alpha[first], _TINY))
        weight = alpha * np.exp(whole[group] - kept)
        q[which] = q[which] * np.exp(whole - before) + np.add.reduceat(weight * target, first)
        n[which] += count

    def best(self, s: Ints, allowed: Mask) -> Floats:
        """Return the highest value among the allowed actions of each state, ``(n,)``; `allowed` is ``(n, actions)``."""
        return np.asarray(np.where(allowed, self.q[s], -np.inf).max(1))

    def greedy(self, s: Ints, allowed: Mask, least: int = 0) -> Ints:
        """Return the best allowed action of each state, ``(n,)``; of equals, the lowest.

        Args:
            s: States ``(n,)``.
            allowed: ``(n, actions)``, at least one in each row.
            least: Pairs with fewer updates are chosen only if no other is allowed.
        """
        if least:
            known = allowed & (self.n[s] >= least)
            allowed = np.where(known.any(1, keepdims=True), known, allowed)
        return np.asarray(np.where(allowed, self.q[s], -np.inf).argmax(1), np.int64)

    def explore(self, rng: np.random.Generator, s: Ints, allowed: Mask, epsilon: float) -> Ints:
        """`greedy`, but with probability `epsilon` any allowed action, each as likely."""
        lost = rng.random(len(s)) < epsilon
        a = np.empty(len(s), np.int64)
        u = rng.random((int(lost.sum()), allowed.shape[1]), np.float32)
        a[lost] = np.where(allowed[lost], u, -1.0).argmax(1)
        a[~lost] = self.greedy(s[~lost], allowed[~lost])
        return a

    def copy(self) -> QTable:
        """Return an independent copy."""
        out = QTable(0, self.q.shape[1], gamma=self.gamma, alpha_min=self.alpha_min, power=self.power)
        out.q, out.n = self.q.copy(), self.n.copy()
        return out

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the content."""
        return {"q": self.q, "n": self.n}

    def from_arrays(self, arrays: Arrays) -> None:
        """Load the output of `to_arrays`; the arrays must be like its own."""
        self.q, self.n = arrays["q"], arrays["n"]


def epsilon_at(share: float, first: float = 1.0, last: float = 0.1) -> float:
    """Return the share of random actions when `share` of the training is done, in [0, 1]: from `first` to `last`,
    linearly."""
    return first + (last - first) * share
