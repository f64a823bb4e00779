"""V7: the single env with the codec `pool`, its infos unread, against CartPole-v1, both made by `gym.make`.

On V1's table with actions that are Python's integers and NumPy's, with every reward; and on tables with gaps. What
unmeasured rows is known beforehand (`gaps.py`), and each action has been taken once; see `fresh_actions.py` for what
first steps take.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from measured import Found, Goal, Group, Ratios, main

# isort: split
import gymnasium as gym
import limit
import numpy as np
from cart_pole import ACTIONS, against_cart_pole, stepping
from gaps import fill
from timing import Case
from vector_env import TABLE

from hpo_gym.env import REWARDS

V1 = "V1's table"
REWARD, NUMPY = "score", "np.int64"  # what `gym.make` rewards, what `action_space.sample` gives
OTHERS = tuple(name for name in REWARDS.names() if name != REWARD)
GOALS = {case: Goal(1.0, 1.3) for case in (V1, f"{V1}, {NUMPY}", *(f"{V1}, {name}" for name in OTHERS))}
GOALS |= {V1: Goal(1.2, 1.6), "AutoML": Goal(0.9, 1.3), "Pipelines": Goal(0.9, 1.3)}


def make(suite: str, **keywords: Any) -> gym.Env[Any, Any]:
    """The single env of a suite as Gymnasium makes it."""
    if suite == V1:
        return gym.make("hpo_gym/HPO-v0", suite=TABLE, **keywords)
    return gym.make(f"hpo_gym/{suite}-v0", **keywords)


def case(suite: str, reward: str = REWARD, numpy: bool = False) -> Case:
    """A case of one suite with random rows; episodes on V1's table have 50 trials as V1's."""
    if suite != V1:
        fill(suite)
    env = make(suite, codec="pool", reward=reward, **({"budget": limit.BUDGET} if suite == V1 else {}))
    chosen = np.random.default_rng(0).integers(0, env.action_space.n, ACTIONS)  # type: ignore[attr-defined]
    return stepping(env, list(chosen) if numpy else chosen.tolist())


def actions(small: bool) -> Found:
    """Both kinds of integers."""
    return against_cart_pole({V1: case(V1), f"{V1}, {NUMPY}": case(V1, numpy=True)}, small)


def rewards(small: bool) -> Found:
    """All rewards but the default."""
    return against_cart_pole({f"{V1}, {name}": case(V1, name) for name in OTHERS}, small)


def gaps(suite: str, small: bool) -> Found:
    """A table on which not every row is measured for every task."""
    return against_cart_pole({suite: case(suite)}, small)


def groups(small: bool) -> Mapping[str, Group]:
    """Actions, rewards, and the incomplete tables."""
    return {
        "actions": actions, "rewards": rewards,
        "AutoML": partial(gaps, "AutoML"), "Pipelines": partial(gaps, "Pipelines"),
    }  # fmt: skip


RATIOS = Ratios("single", groups, GOALS)

if __name__ == "__main__":
    main(RATIOS, __doc__)
