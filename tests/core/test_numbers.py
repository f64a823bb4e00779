"""Whole and real numbers at every door: NumPy's are taken, and what is none is refused with the rule."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import hpo_gym
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.bench.protocol import Protocol
from hpo_gym.problem.costs import Budget
from hpo_gym.system.jobs.guard import Limits
from hpo_gym.tuning.stopping import Halving

Call = Callable[[Any], Any]
SUITE = hpo_gym.load_suite("SVM")
TASK = SUITE.tasks("test")[0]
SPACE = {"x": (0.0, 1.0)}


def _score(config: dict[str, Any]) -> float:
    return float(config["x"])


def _made(**keywords: Any) -> Any:
    return gym.make("hpo_gym/SVM-v0", **keywords)


def _tune(**keywords: Any) -> Any:
    asked = {"budget": 1, "optimizer": "random", "progress": False, **keywords}
    return hpo_gym.tune(_score, SPACE, **asked)


def _rollout(budget: Any = 2, **keywords: Any) -> Any:
    return hpo_gym.rollout("random", TASK, budget, **keywords)


def _regret(**keywords: Any) -> Any:
    return hpo_gym.regret_of(_rollout(), TASK, **keywords)


def _table(**keywords: Any) -> Any:
    return hpo_gym.table_suite("Made", SPACE, [[0.0], [1.0]], [[0.0, 1.0]], **keywords)


def _live(**keywords: Any) -> Any:
    return hpo_gym.live_suite("Mine", SPACE, {"a": _score}, **keywords)


def _checked_schedule(name: str, **settings: Any) -> None:
    optimizer: Any = hpo_gym.make_optimizer(name, **settings)
    optimizer.check()


def _sampler(**keywords: Any) -> Any:
    return hpo_gym.HPOGymSampler("random", **keywords)


def _search(**keywords: Any) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    x, y = np.arange(12.0)[:, None], np.arange(12) % 2
    return hpo_gym.HPOGymSearchCV(DecisionTreeClassifier(), {"max_depth": (1, 3)}, **{"budget": 1, **keywords}).fit(
        x, y
    )


WHOLES: dict[str, Call] = {
    "budget of an env": lambda v: _made(budget=v),
    "n_init of an env": lambda v: _made(n_init=v),
    "fold of an env": lambda v: _made(fold=v),
    "num_envs": lambda v: hpo_gym.HPOVectorEnv(v, "SVM"),
    "max_episode_steps": lambda v: hpo_gym.HPOVectorEnv(1, "SVM", max_episode_steps=v),
    "seed of an env": lambda v: _made().unwrapped.reset(seed=v),
    "seed of a vector env": lambda v: hpo_gym.HPOVectorEnv(2, "SVM").reset(seed=v),
    "history of a vector env": lambda v: hpo_gym.HPOVectorEnv(9, "SVM").history(v),
    "levels of a codec": lambda v: _made(codec={"name": "move", "levels": v}),
    "fold of a suite": lambda v: SUITE.tasks("train", v),
    "budget of regret_of": lambda v: _regret(budget=v),
    "seed of rollout": lambda v: _rollout(seed=v),
    "n_init of rollout": lambda v: _rollout(n_init=v),
    "budget of tune": lambda v: _tune(budget=v),
    "seed of tune": lambda v: _tune(seed=v),
    "n_jobs of tune": lambda v: _tune(n_jobs=v),
    "eta of Halving": lambda v: Halving(eta=v),
    "budget of the sampler": lambda v: _sampler(budget=v),
    "seed of the sampler": lambda v: _sampler(seed=v),
    "budget of the search": lambda v: _search(budget=v),
    "batch_size of the search": lambda v: _search(batch_size=v),
    "budget": lambda v: Budget.of(v),
    "seeds of a protocol": lambda v: Protocol(seeds=v),
    "tasks of a protocol": lambda v: Protocol(tasks=v),
    "fold of a protocol": lambda v: Protocol(fold=v),
    "version of a table": lambda v: _table(version=v),
    "n_jobs of a live suite": lambda v: _live(n_jobs=v, guard=True),
    "patience of a schedule": lambda v: _checked_schedule("plateau", patience=v),
    "eta of a baseline": lambda v: hpo_gym.rollout(hpo_gym.make_optimizer("hyperband", eta=v), TASK, 1),
    "budget of an agent": lambda v: hpo_gym.make_optimizer("ppo", budget=v),
}
REALS: dict[str, Call] = {
    "budget_cost of an env": lambda v: _made(budget_cost=v),
    "a constraint": lambda v: hpo_gym.constrained(SUITE, {"cost": v}),
    "budget of rollout": _rollout,
    "budget_cost of rollout": lambda v: _rollout(None, budget_cost=v),
    "budget_cost of regret_of": lambda v: _regret(budget_cost=v),
    "timeout of tune": lambda v: _tune(timeout=v),
    "trial_timeout of tune": lambda v: _tune(trial_timeout=v),
    "budget_cost of tune": lambda v: _tune(budget_cost=v),
    "trial_timeout of the search": lambda v: _search(trial_timeout=v),
    "budget in cost": lambda v: Budget.of(None, v),
    "limits of a live suite": lambda v: _live(trial_timeout=v, guard=True),
}


@pytest.mark.parametrize(
    "door", [pytest.param(d, marks=pytest.mark.long) if d.endswith("of tune") else d for d in WHOLES]
)
def test_an_integer_of_numpy_is_taken_and_what_is_none_is_refused(door: str) -> None:
    WHOLES[door](np.int64(3))
    for wrong in (True, float("nan"), 2.5, "3"):
        with pytest.raises(InvalidValueError, match=r"must be (an integer|int)\b.*, got "):
            WHOLES[door](wrong)


@pytest.mark.long
@pytest.mark.parametrize("door", REALS)
def test_a_float_of_numpy_is_taken_and_what_is_no_finite_number_is_refused(door: str) -> None:
    REALS[door](np.float32(5.0))
    for wrong in (True, float("nan"), float("inf"), "3"):
        with pytest.raises(InvalidValueError, match=r"must be a finite number.*, got "):
            REALS[door](wrong)


def test_what_is_kept_of_a_number_of_numpy_goes_through_json() -> None:
    env = _made(budget=np.int64(3), n_init=np.int64(1)).unwrapped
    assert type(env.kernel.contexts.n_init) is int
    json.dumps(Protocol(budget=Budget.of(np.int64(3)), seeds=np.int32(2), fold=np.int8(1)).to_json())
    limits = Limits(np.float32(2.0), np.int64(10**6))
    assert json.dumps([limits.seconds, limits.memory]) == "[2.0, 1000000]"
