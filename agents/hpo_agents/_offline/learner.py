"""`LessonsLearner`: gradient steps on draws of lessons, as a `Learner` whose state is its tensors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from hpo_agents._offline.lessons import Lessons
from hpo_agents._policy.training import Actor, Learner, Tensors

SCORER = "features_extractor.scorer."
"""Prefix of a scorer's weights, as `ppo-pool` has it."""

_CLIP = 1.0  # norm of a gradient
_REPORT = 20  # updates


class LessonsLearner(Learner):
    """An algorithm that learns from a fixed set of lessons; a trial is a state drawn from it.

    Args:
        agent: With `algorithm`: `batch_size` in states, `learning_rate` and `final_learning_rate`.
        lessons: To learn from.
        module: All that is trained or kept.
    """

    def __init__(self, agent: Any, lessons: Lessons, module: torch.nn.Module) -> None:
        self.agent, self.lessons, self.module = agent, lessons, module
        own = agent.algorithm
        self.batch = max(int(own["batch_size"]) // lessons.real.shape[1], 1)
        self.adam = torch.optim.Adam([p for p in module.parameters() if p.requires_grad], lr=own["learning_rate"])
        self.updates = 0

    # ------------------------------------------------------------------ of the algorithm
    @abstractmethod
    def loss(self, batch: Lessons) -> torch.Tensor:
        """Return the loss on some lessons."""

    @abstractmethod
    def scorer(self) -> Mapping[str, torch.Tensor]:
        """Return the weights of the policy."""

    # ------------------------------------------------------------------ as a learner
    def advance(self, steps: int, seed: int, share: float, watch: Callable[[int], None]) -> None:
        own, rng = self.agent.algorithm, np.random.default_rng(seed)
        torch.manual_seed(seed)
        rate = own["learning_rate"] + share * (own["final_learning_rate"] - own["learning_rate"])
        for group in self.adam.param_groups:
            group["lr"] = rate
        each = self.batch * self.lessons.real.shape[1]
        for done in range(-(-steps // each)):
            loss: Any = self.loss(self.lessons.at(rng.integers(len(self.lessons), size=self.batch)))
            self.adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.module.parameters(), _CLIP)
            self.adam.step()
            self.updates += 1
            if done % _REPORT == 0:
                watch(min(done * each, steps))

    def tensors(self) -> Tensors:
        state = {f"module/{k}": v for k, v in self.module.state_dict().items() if torch.is_tensor(v)}
        kept = self.adam.state_dict()["state"]
        adam = {f"adam/{i}/{k}": torch.as_tensor(v) for i, part in kept.items() for k, v in part.items()}
        policy = {f"policy/{SCORER}{k}": v for k, v in self.scorer().items()}
        return {k: v.detach().clone() for k, v in {**policy, **state, **adam}.items()}

    def counts(self) -> dict[str, int]:
        return {"updates": self.updates}

    def restore(self, tensors: Mapping[str, torch.Tensor], counts: Mapping[str, int]) -> None:
        whole = self.module.state_dict()
        own = {k.removeprefix("module/"): v for k, v in tensors.items() if k.startswith("module/")}
        self.module.load_state_dict({**whole, **own})
        state: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith("adam/"):
                _, number, what = key.split("/", 2)
                state.setdefault(int(number), {})[what] = value
        self.adam.load_state_dict({"state": state, "param_groups": self.adam.state_dict()["param_groups"]})
        self.updates = counts["updates"]

    def actor(self) -> Actor:
        actor: Actor = self.agent.make_actor({f"{SCORER}{k}": v for k, v in self.scorer().items()})
        return actor


class CloneLearner(LessonsLearner):
    """Cross-entropy of a scorer with the rows to learn."""

    def __init__(self, agent: Any, lessons: Lessons) -> None:
        super().__init__(agent, lessons, agent.scorer())

    def loss(self, batch: Lessons) -> torch.Tensor:
        logits, _ = self.module(batch.features[:, 0], batch.there[:, 0])
        return cloning(logits, batch.there[:, 0], batch.real[:, 0])

    def scorer(self) -> Mapping[str, torch.Tensor]:
        weights: Mapping[str, torch.Tensor] = self.module.state_dict()
        return weights


def cloning(logits: torch.Tensor, there: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Mean of minus the log-probability of the first candidate, over states ``(n,)`` that are `real`.

    Args:
        logits: Of candidates, ``(n, c)``.
        there: Those that can be chosen, ``(n, c)``.
    """
    shut = logits.masked_fill(~there, SHUT)
    loss = -shut.log_softmax(-1)[..., 0] * real
    return loss.sum() / real.sum().clamp(min=1)


SHUT = -1e9
"""Logit of a candidate that cannot be chosen."""
