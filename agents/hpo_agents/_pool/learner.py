"""Training of a scorer by masked PPO, and the scorer as a policy."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO

from hpo_agents._policy.sb3 import SB3Learner, options_of
from hpo_agents._policy.training import Actor, chosen
from hpo_agents._pool.features import PoolFeatures
from hpo_agents._pool.network import PoolExtractor, PoolPolicy
from hpo_gym.base import InvalidValueError, seeding
from hpo_gym.env import HPOVectorEnv
from hpo_gym.optimize import load
from hpo_gym.sb3 import as_vec_env

_BLOCK = 1024  # candidates whose features are held at a time


class PoolActor(Actor):
    """A scorer as a policy in an env: its first answer to `features` and `there` are the logits."""

    def __init__(self, scorer: Any) -> None:
        self.scorer = scorer

    def act(self, obs: Any, masks: NDArray[np.bool_] | None, rng: np.random.Generator | None) -> NDArray[Any]:
        features, there = torch.as_tensor(obs["features"]), torch.as_tensor(obs["there"]) > 0
        return chosen(self.scorer(features, there)[0].numpy().astype(np.float64), masks, rng)

    def logits(self, seen: PoolFeatures, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return logits of many rows ``(c,)`` of one run, with features made in blocks and not kept."""
        base, embedded = [], []
        for block in np.split(rows, range(_BLOCK, len(rows), _BLOCK)):
            features = torch.as_tensor(np.clip(seen.at(block[None]), -100.0, 100.0))
            base.append(features[:, :, 0])
            embedded.append(self.scorer.embed(features))
        whole = torch.cat(embedded, 1)
        summary = self.scorer.summarise(whole, torch.ones(1, len(rows), dtype=torch.bool))
        parts = [self.scorer.decide(b, e, summary)[0] for b, e in zip(base, embedded, strict=True)]
        return torch.cat(parts).numpy().astype(np.float64)


class PoolLearner(SB3Learner):
    """Masked PPO that takes rollouts from the envs of several suites in turn."""

    def __init__(self, agent: Any, envs: Sequence[HPOVectorEnv], seed: int, logs: Path | None) -> None:
        self.envs = [as_vec_env(env) for env in envs]
        scorer = {"width": agent.network[0], "kind": agent.kind, "sharpness": agent.sharpness}
        kwargs = {
            "features_extractor_class": PoolExtractor, "features_extractor_kwargs": scorer, "ortho_init": False,
            "net_arch": [],
        }  # fmt: skip
        model = MaskablePPO(
            PoolPolicy, self.envs[0], policy_kwargs=kwargs, device="cpu", seed=seed, **options_of(agent.algorithm)
        )
        super().__init__(model, agent, logs)
        self.turn = 0

    def advance(self, steps: int, seed: int, share: float, watch: Callable[[int], None]) -> None:
        model: Any = self.model
        rollout, done = model.n_steps * model.n_envs, 0
        while done < steps:
            model.set_env(self.envs[self.turn % len(self.envs)])
            own = int(seeding.key(seed, done) % 2**31)
            super().advance(rollout, own, share, functools.partial(_ahead, watch, done))
            self.turn, done = self.turn + 1, done + rollout

    def counts(self) -> dict[str, int]:
        return super().counts() | {"turn": self.turn}

    def restore(self, tensors: Mapping[str, torch.Tensor], counts: Mapping[str, int]) -> None:
        super().restore(tensors, counts)
        self.turn = counts["turn"]

    def actor(self) -> Actor:
        model: Any = self.model
        return PoolActor(model.policy.features_extractor.scorer)


def _ahead(watch: Callable[[int], None], done: int, part: int) -> None:
    watch(done + part)


def begin_as(folder: str, scorer: torch.nn.Module) -> frozenset[str]:
    """Give a scorer the weights of a trained agent, and return the families that the agent has seen.

    Raises:
        InvalidValueError: It has no scorer, or one of another shape.
    """
    agent: Any = load(folder)
    found = getattr(getattr(agent, "_actor", None), "scorer", None)
    own, given = scorer.state_dict(), {} if found is None else found.state_dict()
    if {k: v.shape for k, v in own.items()} != {k: v.shape for k, v in given.items()}:
        raise InvalidValueError(
            f"`start` must be a trained agent with the same scorer, such as `bc` with the same `kind` and `network`, "
            f"got {type(agent).__name__!r} in {folder}."
        )
    scorer.load_state_dict(given)
    return frozenset(agent.seen)
