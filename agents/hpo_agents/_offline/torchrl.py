"""TorchRL's losses of implicit and conservative Q-learning, around scorers of candidates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from tensordict import TensorDict
from tensordict.nn import TensorDictModule
from torch.distributions import Categorical
from torchrl.modules import ProbabilisticActor, QValueActor
from torchrl.objectives import DiscreteCQLLoss, DiscreteIQLLoss, SoftUpdate, ValueEstimators

from hpo_agents._offline.learner import SHUT, LessonsLearner
from hpo_agents._offline.lessons import Lessons
from hpo_agents._pool.network import Scorer

_SEEN = ["features", "there"]


class Values(torch.nn.Module):
    """Values or logits of candidates ``(n, c)``; of closed ones, `SHUT`."""

    def __init__(self, scorer: Scorer) -> None:
        super().__init__()
        self.scorer = scorer

    def forward(self, features: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        values: torch.Tensor = self.scorer(features, there)[0].masked_fill(~there, SHUT)
        return values


class StateValue(torch.nn.Module):
    """Value of a state, ``(n, 1)``: linear in the summary of its candidates, at first 0."""

    def __init__(self, scorer: Scorer) -> None:
        super().__init__()
        self.embed, self.kind, self.seeds = scorer.embed, scorer.kind, scorer.seeds
        self.out = torch.nn.Linear(scorer.summary, 1)
        torch.nn.init.zeros_(self.out.weight)
        self._summarise = Scorer.summarise

    def forward(self, features: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.out(self._summarise(self, self.embed(features), there))  # type: ignore[arg-type]
        return found


class QLearner(LessonsLearner):
    """An algorithm of TorchRL on pairs of states: `objective` is its loss.

    Rewards are divided by the standard deviation of the discounted returns of the lessons, and the value of a state
    after the last trial is 0.
    """

    def __init__(self, agent: Any, lessons: Lessons, objective: Any) -> None:
        self.objective = objective
        objective.make_value_estimator(ValueEstimators.TD0, gamma=agent.algorithm["gamma"])
        self.target = SoftUpdate(objective, eps=1.0 - agent.algorithm["tau"])
        self.unit = float(lessons.reward[:, 0][lessons.real[:, 0]].std(correction=0).clamp(min=1e-3))
        super().__init__(agent, lessons, objective)

    def batch_of(self, batch: Lessons) -> TensorDict:
        """Return the lessons as TorchRL has them."""
        n, done = len(batch), (batch.last[:, :1] | ~batch.real[:, 1:2])
        after = {
            "features": batch.features[:, 1], "there": batch.there[:, 1], "reward": batch.reward[:, :1] / self.unit,
            "done": done, "terminated": done,
        }  # fmt: skip
        now = {"features": batch.features[:, 0], "there": batch.there[:, 0]}
        return TensorDict({**now, "action": torch.zeros(n, dtype=torch.long), "next": TensorDict(after, [n])}, [n])

    def settle(self) -> None:
        self.target.step()


class ImplicitLearner(QLearner):
    """Implicit Q-learning."""

    def __init__(self, agent: Any, lessons: Lessons) -> None:
        own = agent.algorithm
        policy = TensorDictModule(Values(agent.scorer()), in_keys=_SEEN, out_keys=["logits"])
        actor = ProbabilisticActor(policy, in_keys=["logits"], out_keys=["action"], distribution_class=Categorical)
        values = TensorDictModule(Values(agent.values()), in_keys=_SEEN, out_keys=["state_action_value"])
        value = TensorDictModule(StateValue(agent.values()), in_keys=_SEEN, out_keys=["state_value"])
        loss = DiscreteIQLLoss(
            actor, values, value, action_space="categorical", loss_function="l2", temperature=own["temperature"],
            expectile=own["expectile"],
        )  # fmt: skip
        super().__init__(agent, lessons, loss)

    def loss(self, batch: Lessons) -> torch.Tensor:
        found = self.objective(self.batch_of(batch))
        total: torch.Tensor = found["loss_actor"] + found["loss_qvalue"] + found["loss_value"]
        return total

    def scorer(self) -> Mapping[str, torch.Tensor]:
        return _weights(self.objective.actor_network_params)


class ConservativeLearner(QLearner):
    """Conservative Q-learning."""

    def __init__(self, agent: Any, lessons: Lessons) -> None:
        values = TensorDictModule(Values(agent.scorer()), in_keys=_SEEN, out_keys=["action_value"])
        network = QValueActor(values, in_keys=_SEEN, spec=None, action_space="categorical")
        super().__init__(
            agent, lessons, DiscreteCQLLoss(network, action_space="categorical", loss_function="l2", delay_value=True)
        )

    def loss(self, batch: Lessons) -> torch.Tensor:
        found = self.objective(self.batch_of(batch))
        total: torch.Tensor = found["loss_qvalue"] + self.agent.algorithm["alpha"] * found["loss_cql"]
        return total

    def scorer(self) -> Mapping[str, torch.Tensor]:
        return _weights(self.objective.value_network_params)


def _weights(params: Any) -> dict[str, torch.Tensor]:
    """Return the weights of the scorer in a functional network."""
    flat = {".".join(k) if isinstance(k, tuple) else k: v for k, v in params.items(True, True)}
    return {k.split("scorer.", 1)[1]: v for k, v in flat.items()}
