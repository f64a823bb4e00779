"""The plain env beside the one that is checked: of the same parts and seeds, single where that is many."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import numpy as np

from hpo_gym.checks.drive import Env, is_vector, kernel_of
from hpo_gym.checks.faults import Faults, difference, snapshot
from hpo_gym.env import HPOEnv, HPOVectorEnv
from hpo_gym.problem import LABELS

NUMBERS = ("task", "task_index", "score", "fidelity", "cost", "status", "incumbent_score", "t", "objectives")


Plain = TypeVar("Plain", HPOEnv, HPOVectorEnv)


class Reported(NamedTuple):
    """Output for one run: an observation, a reward, its end, and the numbers of its info."""

    obs: Any
    reward: float
    terminated: bool
    truncated: bool
    info: Mapping[str, Any]


def plain_one(env: Env, **parts: Any) -> HPOEnv:
    """Return a single env of the parts inside `env`, or of others."""
    return _telling(env, HPOEnv(**{**_keywords(env), **parts}))


def plain_many(env: Env, n: int) -> HPOVectorEnv:
    """Return a vector env of the parts inside `env`, whose runs begin on command."""
    return _telling(env, HPOVectorEnv(n, **_keywords(env), autoreset_mode="DISABLED"))


def plain_twin(env: Env) -> HPOEnv | HPOVectorEnv:
    """Return the plain env of the parts inside `env`, with as many runs that begin and end alike."""
    if not is_vector(env):
        return plain_one(env)
    inner = env.unwrapped
    ends = {name: getattr(inner, name) for name in ("autoreset_mode", "statistics", "max_episode_steps")}
    return _telling(env, HPOVectorEnv(env.num_envs, **_keywords(env), **ends))


def _telling(env: Env, plain: Plain) -> Plain:
    """Return the plain env with the objectives that `env` reports: those of constraints stand in no keyword."""
    plain._reported = kernel_of(env).parts.reported
    plain.kernel.parts = replace(plain.kernel.parts, reported=plain._reported)
    return plain


def _keywords(env: Env) -> dict[str, Any]:
    inner, kernel = env.unwrapped, kernel_of(env)
    tasks, parts, contexts = kernel.batch.tasks, copy.deepcopy(kernel.parts), kernel.contexts
    return {
        "suite": inner.suite, "split": inner.split, "fold": inner.fold,
        **contexts.limit.settings(),
        "task": tasks[0].name if len(tasks) == 1 else None, "observer": parts.observer, "codec": parts.codec,
        "reward": parts.reward, "duplicates": parts.duplicates, "n_init": contexts.n_init,
    }  # fmt: skip


# ---------------------------------------------------------------------- what a run was told
def reported(outcome: Sequence[Any]) -> Reported:
    """Return an outcome of a single env; of a reset the reward is 0."""
    if len(outcome) == 2:
        return Reported(snapshot(outcome[0]), 0.0, False, False, snapshot(outcome[1]))
    obs, reward, terminated, truncated, info = outcome
    return Reported(snapshot(obs), reward, bool(terminated), bool(truncated), snapshot(info))


def reported_run(env: Env, outcome: Sequence[Any], i: int) -> Reported:
    """Return the outcome of run `i` of a vector env."""
    obs, info = outcome[0], numbers(outcome[-1], i)
    own = {k: np.array(v[i]) for k, v in obs.items()} if isinstance(obs, dict) else np.array(obs[i])
    if len(outcome) == 2:
        return Reported(own, 0.0, False, False, info)
    return Reported(own, float(outcome[1][i]), bool(outcome[2][i]), bool(outcome[3][i]), info)


def numbers(infos: Mapping[str, Any], i: int) -> dict[str, Any]:
    """Return the infos of run `i`, in the form of a single env."""
    out = {name: np.asarray(infos[name])[i] for name in NUMBERS if name in infos}
    out = {name: value.item() if isinstance(value, np.generic) else copy.copy(value) for name, value in out.items()}
    if "status" in out:
        out["status"] = LABELS[out["status"]]
    return out


def compare(what: str, got: Reported, expected: Reported, same: Mapping[str, bool], faults: Faults) -> bool:
    """Note differences between an outcome and the expected one; return whether they are equal.

    Args:
        what: The words of a fault, such as "A step of a vector env is not that of a single one".
        same: Whether the "observation" and the "reward" are those of the env inside, unchanged by wrappers.
    """
    keys = [k for k in NUMBERS if k in got.info and k in expected.info]
    pairs = [
        ("observation", _array(got.obs), _array(expected.obs)),
        ("reward", got.reward, float(expected.reward)),
        ("terminated", got.terminated, expected.terminated),
        ("truncated", got.truncated, expected.truncated),
        *((f"info[{k!r}]", got.info[k], expected.info[k]) for k in keys),
    ]
    good = True
    for name, a, b in pairs:
        if same.get(name, True):
            where = difference(b, a)
            good &= faults.once(where is None, f"{what} {name}", f"{what}: `{name}` differs (at {where})")
    return good


def _array(obs: object) -> Any:
    """Return an observation with numbers as arrays: a single env may give a plain integer, a vector env an array."""
    return {k: np.asarray(v) for k, v in obs.items()} if isinstance(obs, dict) else np.asarray(obs)
