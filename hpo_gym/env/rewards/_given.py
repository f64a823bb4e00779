"""A function as a reward, and what every reward must give: finite numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError, shown
from hpo_gym.env.rewards import REWARDS, Reward, Rewards
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs


class GivenReward(Reward):
    """A function of contexts and runs, which returns one number for each run."""

    def __init__(self, function: Callable[[Contexts, Runs], Any]) -> None:
        self.function = function

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        given = self.function(contexts, runs)
        try:
            return np.array(given, np.float64).reshape(runs.n)
        except (TypeError, ValueError) as fault:
            rule = f"must return an array ({runs.n},), a number for each run"
            raise InvalidValueError(f"{named(self)} {rule}, got {shown(given)}.") from fault


def named(reward: Reward) -> str:
    """Return a reward's name in messages."""
    if isinstance(reward, GivenReward):
        return f"The reward `{getattr(reward.function, '__qualname__', type(reward.function).__name__)}`"
    return f"The reward {REWARDS.name_of(type(reward)) or type(reward).__qualname__!r}"


def is_foreign(reward: Reward) -> bool:
    """Return whether a reward is a user's, so that each step checks it; tests hold that ours are finite."""
    return isinstance(reward, GivenReward) or not type(reward).__module__.startswith("hpo_gym.env.rewards.")


def not_finite(reward: Reward, values: object) -> InvalidValueError:
    """Make the error for a reward that gave NaN or infinity, of one run or of each."""
    numbers = np.asarray(values, np.float64)
    at = int(np.flatnonzero(~np.isfinite(numbers.reshape(len(np.atleast_1d(numbers)), -1)).all(1))[0])
    got = numbers.tolist() if numbers.ndim == 0 else f"{numbers[at].tolist()} for run {at}"
    return InvalidValueError(
        f"{named(reward)} must be finite, got {got}. Before the first trial of an episode `runs.previous` is -inf; "
        "`runs.improvement` is how far the trial lifted the incumbent."
    )
