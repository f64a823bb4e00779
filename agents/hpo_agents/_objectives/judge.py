"""Quality of a policy of several objectives on validation tasks: the hypervolume that its runs lack."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from hpo_agents._objectives.view import past_of
from hpo_agents._objectives.weighing import Ranges
from hpo_agents._policy.training import Actor
from hpo_gym.base import Floats
from hpo_gym.env import HPOVectorEnv


@dataclass(frozen=True, eq=False)
class VolumeJudge:
    """From a policy to the mean over runs and trials of the share of the front's hypervolume that a run lacks.

    Attributes:
        env: As many runs on each task; an ended run begins anew with the next step, not before.
        ranges: Of its tasks.
        volumes: Of their fronts, ``(k,)``.
        seed: Of the instances, and of draws from the policy.
        greedy: Whether the best action is taken.
    """

    env: HPOVectorEnv
    ranges: Ranges
    volumes: Floats
    seed: int
    greedy: bool

    def __call__(self, actor: Actor) -> float:
        """Return the share that a policy lacks; it chooses among the available actions."""
        env, ranges = self.env, self.ranges
        rng = None if self.greedy else np.random.default_rng(self.seed)
        names, runs = list(env.task_names), env.kernel.runs
        obs, _ = env.reset(seed=self.seed, options={"task": names * (env.num_envs // len(names))})
        actor.forget()
        for _ in range(int(runs.budget)):
            with torch.no_grad():
                obs = env.step(actor.act(obs, env.action_masks(), rng))[0]
        actor.forget()
        values, good = past_of(ranges.outcomes)(runs)
        lacks = [lacking(ranges, k, values[i], good[i], self.volumes[k]) for i, k in enumerate(runs.task.tolist())]
        return float(np.mean(lacks))


def lacking(ranges: Ranges, k: int, values: Floats, good: NDArray[np.bool_], volume: float) -> float:
    """Return the missing share for one run: `values` ``(h, o)``, `good` ``(h,)``."""
    losses = ranges.losses(k, values)
    found = [ranges.volume(losses[: t + 1][good[: t + 1]]) for t in range(len(good))]
    return float(1.0 - np.mean(found) / volume)
