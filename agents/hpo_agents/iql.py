"""Implicit Q-learning from stored episodes, by TorchRL's loss around scorers of candidates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from hpo_agents._offline.agent import FromEpisodes
from hpo_agents._offline.lessons import Lessons
from hpo_agents._policy.training import Learner
from hpo_agents._pool.features import FEATURES
from hpo_agents._pool.network import Scorer
from hpo_gym.optimize import OPTIMIZERS

_GENTLE = 0.01  # of the base feature in values, which are of the order of 1


@OPTIMIZERS.register(
    "iql",
    family="rl",
    extra="offline",
    trainable=True,
    state="twelve numbers of each candidate, as `ppo-pool`",
    action="any row of any pool",
    control="untrained",
)
@dataclass(eq=False, repr=False, kw_only=True)
class IQL(FromEpisodes):
    """Implicit Q-learning: values by expectile regression on stored choices, and a policy that clones the better ones.

    The reward is the drop of the normalised regret, divided by its standard deviation in the data. Two scorers give the
    values of candidates, the summary of a third that of a state; the policy is a fourth.

    **Reference**: Kostrikov, Nair and Levine, "Offline reinforcement learning with implicit Q-learning", ICLR 2022;
    the loss is `DiscreteIQLLoss` of TorchRL.

    **Differs from the paper**: the actions are a draw of candidates with features, and the policy begins as an
    acquisition function.

    `algorithm` has `gamma`, `tau` (share of new weights in the targets), `expectile` and `temperature` (factor of the
    advantage in the exponent).
    """

    name = "iql"
    stretch = 2
    smoke: ClassVar[Mapping[str, Any]] = {**FromEpisodes.smoke, "steps": 120}

    def student(self, lessons: Lessons) -> Learner:
        """Return the algorithm on lessons, fresh."""
        from hpo_agents._offline.torchrl import ImplicitLearner

        return ImplicitLearner(self, lessons)

    def values(self) -> Scorer:
        """Return a scorer of values, fresh."""
        return Scorer(len(FEATURES), self.network[0], self.kind, _GENTLE)
