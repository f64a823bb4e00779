"""What the steps of whole episodes must hold: spaces, types, names, the task's own scores, incumbents, the budget."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np

from hpo_gym.budget import over, pays
from hpo_gym.checks.drive import Driver, Env, codec_of, episode_length, is_limited, wrappers
from hpo_gym.checks.faults import Faults
from hpo_gym.errors import HPOGymError
from hpo_gym.rewards.score import Score
from hpo_gym.trial import LABELS, Status, Trial

NAMES = ("task", "config", "score", "fidelity", "cost", "status", "incumbent", "incumbent_score", "t")
ARRAYS = ("task", "score", "fidelity", "cost", "status", "incumbent_score", "t")
Info = Mapping[str, Any]
Step = tuple[object, float, bool, bool, Info]
_MOST = 2000  # steps: an episode that goes on so long has no end


def check_episodes(env: Env, faults: Faults) -> None:
    """Three whole episodes, step by step."""
    driver = Driver(env, 1)
    opening = driver.first
    for _ in range(3):
        if not faults.expect(isinstance(opening, tuple) and len(opening) == 2, "`reset` gives no pair (obs, info)"):
            return
        _check_episode(driver, opening, faults)
        opening = driver.step()


@dataclass
class Account:
    """What a step must agree with: trials, budget and incumbent so far."""

    budget: float
    least: float
    t: int
    spent: float = 0.0
    best: tuple[float, bool, float] | None = None  # fidelity, whether it succeeded, score
    config: object = None
    trials: tuple[Trial, ...] = ()


def _check_episode(driver: Driver, opening: tuple[object, Info], faults: Faults) -> None:
    env = driver.env
    obs, info = opening
    check_obs(obs, env.observation_space, "`reset`", faults)
    faults.expect(isinstance(info, dict), "The info of `reset` is not a dictionary")
    faults.expect({"task", "t"} <= set(info), f"The info of `reset` lacks {sorted({'task', 't'} - set(info))}")
    contexts = getattr(getattr(env.unwrapped, "kernel", None), "contexts", None)
    if contexts is None:
        faults.add("The env inside is not an HPOEnv")
        return
    first = contexts.n_init
    faults.expect(info.get("t") == first, f"`t` is {info.get('t')} at first, with {first} given points")
    levels = contexts.fidelities if codec_of(env).fidelity else (1.0,)
    account = Account(contexts.budget, levels[0], contexts.n_init)
    if contexts.n_init and faults.expect("incumbent_score" in info, "`reset` with given points names no incumbent"):
        good = any(trial.status is Status.OK for trial in env.unwrapped.history())
        account.best, account.config = (1.0, good, info["incumbent_score"]), info.get("incumbent")
    for _ in range(_MOST):
        outcome = driver.step()
        if not faults.expect(isinstance(outcome, tuple) and len(outcome) == 5, "`step` does not give five values"):
            return
        _check_step(env, outcome, account, info.get("task"), faults)
        if outcome[2] or outcome[3]:
            return
    faults.add(f"An episode of budget {contexts.budget:g} does not end within {_MOST} steps")


def check_obs(obs: object, space: gym.Space[Any], who: str, faults: Faults) -> None:
    """An observation is in its space, with its very types."""
    if isinstance(space, gym.spaces.Dict):
        if isinstance(obs, dict) and set(obs) == set(space):
            for name, part in space.items():
                check_obs(obs[name], part, f"{who}: {name!r}", faults)
        else:
            faults.add(f"{who}: the observation has other keys")
        return
    if not isinstance(obs, (np.ndarray, np.generic)):
        faults.add(f"{who}: the observation is a {type(obs).__name__}")
        return
    faults.expect(obs.dtype == space.dtype, f"{who}: the observation is {obs.dtype}, its space {space.dtype}")
    faults.expect(np.isfinite(obs).all(), f"{who}: the observation is not finite")
    faults.expect(obs.shape == space.shape, f"{who}: the observation has shape {obs.shape}, its space {space.shape}")
    faults.expect(space.contains(obs), f"{who}: the observation is outside its space")


def _check_step(env: Env, outcome: Step, account: Account, task: object, faults: Faults) -> None:
    obs, reward, terminated, truncated, info = outcome
    check_obs(obs, env.observation_space, "`step`", faults)
    good = isinstance(reward, float) and math.isfinite(reward)
    faults.expect(good, f"A reward is not a finite float but {reward!r} ({type(reward).__name__})")
    for name, flag in (("terminated", terminated), ("truncated", truncated)):
        faults.expect(isinstance(flag, (bool, np.bool_)), f"`{name}` is not a bool but {type(flag).__name__}")
    if not faults.expect(isinstance(info, dict), "The info of `step` is not a dictionary"):
        return
    missing = [name for name in NAMES if name not in info]
    if not faults.expect(not missing, f"The info of `step` lacks {missing}"):
        return
    faults.expect(not truncated or is_limited(env), "An episode is truncated though no TimeLimit is set")
    faults.expect(info["task"] == task, "The task changes within an episode")
    _check_types(info, faults)
    _check_score(env, info, faults)
    _check_reward(env, reward, info, faults)
    _check_incumbent(info, account, faults)
    account.t += 1
    faults.expect(info["t"] == account.t, f"`t` is {info['t']} after {account.t} trials")
    _check_budget(info, account, bool(terminated), bool(truncated), faults)
    _check_history(env, info, account, faults)


def _check_types(info: Info, faults: Faults) -> None:
    for name in ("config", "incumbent"):
        faults.expect(isinstance(info[name], dict), f"`info[{name!r}]` is not a dictionary")
    for name in ("score", "incumbent_score", "cost", "fidelity"):
        good = type(info[name]) is float and math.isfinite(info[name])
        faults.expect(good, f"`info[{name!r}]` is not a finite Python float but {info[name]!r}")
    faults.expect(type(info["t"]) is int, f"`info['t']` is not a Python int but {type(info['t']).__name__}")
    faults.expect(type(info["task"]) is str, f"`info['task']` is not a name but {info['task']!r}")
    faults.expect(info["cost"] >= 0, f"`info['cost']` is negative: {info['cost']}")
    faults.expect(info["status"] in LABELS, f"`info['status']` is not one of {LABELS} but {info['status']!r}")


def _check_score(env: Env, info: Info, faults: Faults) -> None:
    """The score, cost and status are those that the task gives for the configuration."""
    try:
        task = env.unwrapped.suite.task(info["task"])
        trial = task.run(info["config"], info["fidelity"], failed=_worst_before(env))
    except HPOGymError as error:
        faults.add(f"A trial cannot be repeated on its task: {error}")
        return
    if task.noisy:
        return
    for name, told, true in (
        ("score", info["score"], trial.score),
        ("cost", info["cost"], trial.cost),
        ("status", info["status"], trial.status.label),
        ("config", info["config"], dict(trial.config)),
    ):
        faults.expect(told == true, f"`info[{name!r}]` is not what the task gives: {told!r} instead of {true!r}")


def _worst_before(env: Env) -> float:
    """What a failure of the last trial is served: the worst success before it, else what is known beforehand."""
    good = [trial.score for trial in env.unwrapped.history()[:-1] if trial.status is Status.OK]
    runs = env.unwrapped.kernel.runs
    return min(good, default=float(np.asarray(env.unwrapped.kernel.contexts.scale.floor, runs.last.dtype)))


def _check_reward(env: Env, reward: float, info: Info, faults: Faults) -> None:
    parts = env.unwrapped.kernel.parts
    changed = any(isinstance(wrapper, gym.RewardWrapper) for wrapper in wrappers(env))
    if type(parts.reward) is Score and parts.duplicates != "penalize" and not changed:
        faults.expect(reward == info["score"], f"The reward {reward!r} is not the score {info['score']!r}")


def _check_incumbent(info: Info, account: Account, faults: Faults) -> None:
    rank = (info["fidelity"], info["status"] == Status.OK.label, info["score"])
    if account.best is None or rank > account.best:
        account.best, account.config = rank, dict(info["config"])
    told, true = info["incumbent_score"], account.best[2]
    faults.expect(told == true, f"The incumbent's score is {told!r}, that of the best trial so far {true!r}")
    faults.expect(info["incumbent"] == account.config, "The incumbent is not the best trial so far")


def _check_budget(info: Info, account: Account, terminated: bool, truncated: bool, faults: Faults) -> None:
    account.spent += info["fidelity"]
    left = account.budget - account.spent
    faults.expect(pays(account.budget, account.spent), f"More is spent than the budget of {account.budget:g}")
    done = over(left, account.least)
    ended = terminated or truncated or not done
    faults.expect(ended, f"An episode goes on after its budget of {account.budget:g} is spent")
    faults.expect(done or not terminated, f"An episode ends with {left:g} of its budget of {account.budget:g} left")


def _check_history(env: Env, info: Info, account: Account, faults: Faults) -> None:
    history = env.unwrapped.history()
    faults.expect(history[: len(account.trials)] == account.trials, "`history` changes trials that it told before")
    account.trials = history[:]
    if faults.expect(len(history) == info["t"], f"`history` has {len(history)} trials, `t` is {info['t']}"):
        last = history[-1]
        told = (info["config"], info["score"], info["fidelity"], info["cost"], info["status"])
        true = (dict(last.config), last.score, last.fidelity, last.cost, last.status.label)
        faults.expect(told == true, "The last trial of `history` is not that of the info")


# ---------------------------------------------------------------------- many runs
def check_vector_steps(env: Env, faults: Faults) -> None:
    """The outcomes of a vector env: spaces, types, and infos as arrays."""
    driver, n = Driver(env, 1), env.num_envs
    check_obs(driver.first[0], env.observation_space, "`reset`", faults)
    for _ in range(3 * episode_length(env)):
        outcome = driver.step()
        check_obs(outcome[0], env.observation_space, "A step", faults)
        _check_arrays(outcome[-1], n, faults)
        if len(outcome) == 5:
            for name, flags, kind in (("rewards", outcome[1], np.float64), ("terminated", outcome[2], bool),
                                      ("truncated", outcome[3], bool)):  # fmt: skip
                good = isinstance(flags, np.ndarray) and flags.dtype == kind and flags.shape == (n,)
                faults.expect(good, f"`{name}` is not an array of {np.dtype(kind)} and shape ({n},)")
            faults.expect(np.isfinite(outcome[1]).all(), "A reward is not finite")


def _check_arrays(info: Info, n: int, faults: Faults) -> None:
    for name in ARRAYS:
        if faults.expect(name in info, f"The infos lack {name!r}"):
            value = info[name]
            good = isinstance(value, np.ndarray) and value.shape == (n,)
            faults.expect(good, f"`infos[{name!r}]` is not an array of shape ({n},)")
