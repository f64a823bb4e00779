"""Rewards of several objectives: a vector in MO-Gymnasium's convention, all maximised, or their weighted sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpo_gym.base import Floats, InvalidValueError, finite, shown, unknown
from hpo_gym.env.rewards import Reward, Rewards
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.problem import Outcomes

Weights = Mapping[str, float] | Sequence[float]


def last_outcomes(outcomes: Outcomes, runs: Runs) -> Floats:
    """Return the numbers of the last trial of each run in their own units, ``(n, o)``."""
    cost = runs.last_outcome()[0] if outcomes.needs_cost else None
    return outcomes.values(runs.last, cost, runs.last_further())


class VectorReward(Reward):
    """The objectives of the trial, all maximised: a minimised one is negated."""

    def __init__(self, outcomes: Outcomes) -> None:
        self.outcomes, self.dim = outcomes, len(outcomes.objectives)
        self._signs = outcomes.signs

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return last_outcomes(self.outcomes, runs) * self._signs


class WeightedReward(Reward):
    """The weighted sum of a vector reward.

    Args:
        weights: Of each, ``(o,)``.
    """

    def __init__(self, outcomes: Outcomes, weights: Sequence[float]) -> None:
        self.outcomes, self.weights = outcomes, tuple(weights)
        self._signed = outcomes.signs * np.asarray(self.weights)

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return np.asarray((last_outcomes(self.outcomes, runs) * self._signed).sum(1))


def weights_of(weights: object, outcomes: Outcomes) -> tuple[float, ...]:
    """Weights in the order of the objectives, given in this order or by name.

    Raises:
        UnknownNameError: A name that is not among the objectives.
        InvalidValueError: Another number of weights, one that is negative or not finite, or none above 0.
    """
    names = outcomes.names
    if isinstance(weights, Mapping):
        for name in weights:
            if name not in names:
                raise unknown("objective (in `weights`)", name, names)
        given = [weights.get(name) for name in names]
    else:
        given = list(weights) if isinstance(weights, (list, tuple, np.ndarray)) else []
    numbers = [weight for weight in map(finite, given) if weight is not None and weight >= 0.0]
    if not len(given) == len(numbers) == len(names) or not any(numbers):
        raise InvalidValueError(
            f"`weights` must be one for each of {list(names)}, finite, not negative, not all 0, got {shown(weights)}."
        )
    return tuple(numbers)
