"""Dataset aggregation: an expert's proposals in the states that the learner visits, learned by a scorer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from hpo_agents._offline.agent import FromEpisodes, prior_of
from hpo_agents._offline.aggregating import AggregatingLearner, Ground
from hpo_agents._offline.learner import CloneLearner
from hpo_agents._offline.lessons import Lessons
from hpo_agents._policy.training import Learner
from hpo_gym.env import HPOVectorEnv
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register(
    "dagger",
    family="rl",
    extra="offline",
    trainable=True,
    state="twelve numbers of each candidate, as `ppo-pool`",
    action="any row of any pool",
    control="untrained",
)
@dataclass(eq=False, repr=False, kw_only=True)
class Dagger(FromEpisodes):
    """Dataset aggregation: the scorer of `ppo-pool` learns an expert's proposals in the states that it visits itself.

    Each segment plays `episodes` runs on each suite and labels every state of them; the policy then goes on learning
    from the labels of all segments. The expert plays the first ones, or `data` take their place; the policy plays the
    others.

    **Reference**: Ross, Gordon and Bagnell, "A reduction of imitation learning and structured prediction to no-regret
    online learning", AISTATS 2011, with β = 1 in the first round and 0 afterwards.

    **Differs from the paper**: the network is not trained anew in each round; the actions are a draw of candidates with
    features.

    `behaviour` is the expert.
    """

    name = "dagger"

    def learner(self, envs: Sequence[HPOVectorEnv], seed: int, logs: Path | None) -> Learner:
        """Return the algorithm, which plays for itself."""
        torch.manual_seed(seed)
        groups = [list(env.kernel.batch.tasks) for env in envs]
        given = self._data or (None,) * len(groups)
        return AggregatingLearner(
            self, [Ground(tasks, prior_of(tasks), own) for tasks, own in zip(groups, given, strict=True)]
        )

    def student(self, lessons: Lessons) -> Learner:
        """Return the algorithm on lessons alone."""
        return CloneLearner(self, lessons)
