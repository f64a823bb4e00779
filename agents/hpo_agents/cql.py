"""Conservative Q-learning from stored episodes, by TorchRL's loss around a scorer of candidates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from hpo_agents._offline.agent import FromEpisodes
from hpo_agents._offline.lessons import Lessons
from hpo_agents._policy.training import Learner
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register(
    "cql",
    family="rl",
    extra="offline",
    trainable=True,
    state="twelve numbers of each candidate, as `ppo-pool`",
    action="any row of any pool",
    control="untrained",
)
@dataclass(eq=False, repr=False, kw_only=True)
class CQL(FromEpisodes):
    """Conservative Q-learning: values of candidates that are low wherever the data have no choice.

    The reward is the drop of the normalised regret, divided by its standard deviation in the data. The agent takes the
    candidate of the highest value.

    **Reference**: Kumar, Zhou, Tucker and Levine, "Conservative Q-learning for offline reinforcement learning",
    NeurIPS 2020, equation 4; the loss is `DiscreteCQLLoss` of TorchRL.

    **Differs from the paper**: the actions are a draw of candidates with features; values begin as a small multiple of
    an acquisition function.

    `algorithm` has `gamma`, `tau` (share of new weights in the target) and `alpha` (weight of the conservative part).
    """

    name = "cql"
    stretch = 2
    smoke: ClassVar[Mapping[str, Any]] = {**FromEpisodes.smoke, "steps": 120}

    def student(self, lessons: Lessons) -> Learner:
        """Return the algorithm on lessons, fresh."""
        from hpo_agents._offline.torchrl import ConservativeLearner

        return ConservativeLearner(self, lessons)
