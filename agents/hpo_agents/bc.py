"""Behavioural cloning: the choices of stored episodes, learned by a scorer of candidates."""

from __future__ import annotations

from dataclasses import dataclass

from hpo_agents._offline.agent import FromEpisodes
from hpo_agents._offline.learner import CloneLearner
from hpo_agents._offline.lessons import Lessons
from hpo_agents._policy.training import Learner
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register(
    "bc",
    family="rl",
    extra="rl",
    trainable=True,
    state="twelve numbers of each candidate, as `ppo-pool`",
    action="any row of any pool",
    control="untrained",
)
@dataclass(eq=False, repr=False, kw_only=True)
class BC(FromEpisodes):
    """Behavioural cloning: the scorer of `ppo-pool` learns to give the choices of stored episodes the highest logit.

    The loss is the cross-entropy of the chosen row among `candidates` random ones. Its weights begin a training of
    `ppo-pool` with the setting `start`.

    **Reference**: Pomerleau, "ALVINN: an autonomous land vehicle in a neural network", NeurIPS 1988.

    **Differs from the paper**: the actions are a draw of candidates with features; the policy begins as an acquisition
    function.
    """

    name = "bc"

    def student(self, lessons: Lessons) -> Learner:
        """Return the algorithm on lessons, fresh."""
        return CloneLearner(self, lessons)
