"""Restored episodes: they continue as at the time of the snapshot."""

from __future__ import annotations

from typing import Any

from gymnasium.vector import AutoresetMode

from hpo_gym.base import StateError
from hpo_gym.checks.choices import actions
from hpo_gym.checks.drive import Env, Make, codec_of, episode_length, is_vector, kernel_of, method, mode_of
from hpo_gym.checks.faults import Faults, same, snapshot

_STEPS = 4  # before the snapshot, and after it


def check_snapshots(make: Make, faults: Faults) -> None:
    """Check that equal actions from a snapshot have equal outcomes; tasks without trials that build on each other have
    none."""
    env = make()
    run = (0,) if is_vector(env) else ()
    if kernel_of(env) is None:
        return
    env.reset(seed=1)
    if not kernel_of(env).batch.signals:
        what = "A snapshot of a run whose trials do not go on from each other"
        faults.refuses(what, lambda: method(env, "snapshot")(*run), (StateError,))
        return
    taken, steps = actions(env, codec_of(env), 5), min(_STEPS, (episode_length(env) - 1) // 2)
    for _ in range(steps):
        _step(env, next(taken))
    kept, again = method(env, "snapshot")(*run), [next(taken) for _ in range(steps)]
    first = _steps(env, again, run)
    method(env, "restore")(*run, kept)  # of a vector env the other runs have moved on
    same(faults, "An episode that was restored goes on otherwise than before", first, _steps(env, again, run))


def _step(env: Env, action: object) -> tuple[Any, Any, Any]:
    """Take a step; runs that end begin anew where the env leaves that to its user."""
    obs, reward, terminated, truncated, _ = env.step(action)
    if is_vector(env) and mode_of(env) is AutoresetMode.DISABLED and (over := terminated | truncated).any():
        env.reset(options={"reset_mask": over})
    return obs, reward, terminated


def _steps(env: Env, chosen: list[Any], run: tuple[int, ...]) -> list[Any]:
    """Return the outcomes of some steps of the first run, without the infos of others."""
    out = []
    for action in chosen:
        obs, reward, terminated = _step(env, action)
        if run:
            obs = {k: v[0] for k, v in obs.items()} if isinstance(obs, dict) else obs[0]
            reward, terminated = float(reward[0]), bool(terminated[0])
        out.append(snapshot([obs, reward, terminated, [t.score for t in method(env, "history")(*run)]]))
    return out
