"""Restored episodes: they continue as at the time of the snapshot."""

from __future__ import annotations

from typing import Any

from gymnasium.vector import AutoresetMode

from hpo_gym.base import StateError
from hpo_gym.checks.beside import reported, reported_run
from hpo_gym.checks.choices import actions
from hpo_gym.checks.drive import Env, Make, codec_of, episode_length, history_of, is_vector, kernel_of, method, mode_of
from hpo_gym.checks.faults import Faults, same, snapshot

_STEPS = 4  # before the snapshot, and after it


def check_snapshots(make: Make, faults: Faults) -> None:
    """Check that equal actions from a snapshot have equal outcomes; tasks without trials that build on each other have
    none."""
    env = make()
    run = (0,) if is_vector(env) else ()
    env.reset(seed=1)
    if not kernel_of(env).batch.signals:
        what = "A snapshot of a run whose trials do not go on from each other"
        faults.refuses(what, lambda: method(env, "snapshot")(*run), (StateError,))
        return
    taken, steps = actions(env, codec_of(env), 5), min(_STEPS, (episode_length(env) - 1) // 2)
    _steps(env, [next(taken) for _ in range(steps)])
    kept, again = method(env, "snapshot")(*run), [next(taken) for _ in range(steps)]
    first = _steps(env, again)
    method(env, "restore")(*run, kept)  # of a vector env the other runs have moved on
    same(faults, "An episode that was restored goes on otherwise than before", first, _steps(env, again))


def _steps(env: Env, chosen: list[Any]) -> list[Any]:
    """Return the outcomes of some steps of the first run; runs that end begin anew if the env leaves that to its
    user."""
    out = []
    for action in chosen:
        outcome = env.step(action)
        if mode_of(env) is AutoresetMode.DISABLED and (over := outcome[2] | outcome[3]).any():
            env.reset(options={"reset_mask": over})
        told = reported_run(env, outcome, 0) if is_vector(env) else reported(outcome)
        out.append(snapshot([*told[:3], [t.score for t in history_of(env)]]))
    return out
