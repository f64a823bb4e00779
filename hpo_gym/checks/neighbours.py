"""Independence of a vector env's first run from the other runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from hpo_gym.checks.beside import reported_run
from hpo_gym.checks.choices import walks
from hpo_gym.checks.drive import Env, Make, codec_of, episode_length, mode_of
from hpo_gym.checks.faults import Faults, difference

_STEPS = 120  # at most


def check_neighbours(make: Make, faults: Faults) -> None:
    """Check that the first run has the same outcomes whatever the other runs do."""
    envs = [make(), make()]
    n = envs[0].num_envs
    if n == 1:
        return
    streams = [_with_others(make(), seed) for seed in (5, 23)]
    seen: list[list[Any]] = [[], []]
    for env, stream, out in zip(envs, streams, seen, strict=True):
        first = env.reset(seed=list(range(n)))
        out.append(reported_run(env, first, 0))
        for _ in range(min(2 * episode_length(env), _STEPS)):
            outcome = env.step(next(stream))
            out.append(reported_run(env, outcome, 0))
            over = np.asarray(outcome[2]) | np.asarray(outcome[3])
            if mode_of(env) is AutoresetMode.DISABLED and over.any():
                again = env.reset(options={"reset_mask": over})
                out.extend([reported_run(env, again, 0)] if over[0] else [])
    where = difference([list(t) for t in seen[0]], [list(t) for t in seen[1]])
    faults.expect(where is None, f"What the neighbours of a run do changes what it is told (at {where})")


def _with_others(env: Env, seed: int) -> Iterator[NDArray[Any]]:
    """Return actions of all runs; those of the first do not depend on the seed."""
    own, others = walks(env, codec_of(env), 5), walks(env, codec_of(env), seed)
    while True:
        actions, first = next(others), next(own)
        actions[0] = first[0]
        yield actions
