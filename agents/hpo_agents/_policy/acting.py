"""Shared parts of agents that act in the search space of their training, by an observer and a codec."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import torch

from hpo_agents._candidates.chosen import check_space
from hpo_agents._candidates.view import CandidateCodec
from hpo_agents._policy.agent import PolicyAgent
from hpo_agents._policy.training import Tensors
from hpo_baselines._models.networks import one_thread
from hpo_gym.base import StateError
from hpo_gym.env import Codec, Observer
from hpo_gym.optimize import Context, Policy, PolicyOptimizer
from hpo_gym.problem import Query, SearchSpace, Trial


@dataclass(eq=False, repr=False, kw_only=True)
class SpaceAgent(PolicyAgent):
    """An agent of one search space, with the view of runs that its policy was trained on."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._acting: PolicyOptimizer | None = None

    @abstractmethod
    def parts(self) -> tuple[Observer, Codec]:
        """Return its observer and codec; after `train` or `load`."""

    @property
    def masked(self) -> bool:
        """Return whether actions are numbers of configurations, so that tried ones can be masked."""
        return True

    @property
    def space(self) -> SearchSpace | None:
        """Return the search space of its training."""
        return self._space

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the signals that it reads of trials that go on from each other."""
        shown = self.parts()[0].reads
        return self._signals if shown is None else shown

    def optimizer(self, policy: Policy) -> PolicyOptimizer:
        """Return a policy with the view of this agent."""
        return PolicyOptimizer(policy, *self.parts(), scale=self._scale, space=self._space)

    def spaces(self) -> tuple[gym.Space[Any], gym.Space[Any]]:
        """Observation and action space of one run."""
        assert self._space is not None
        optimizer = self.optimizer(lambda obs, rng: None)
        context = Context(self._space, float(self.budget), signals=dict.fromkeys(self._signals, 0.0))
        optimizer.reset(context, np.random.default_rng(0))
        return optimizer.spaces()

    def _learned(self, weights: Tensors) -> None:
        super()._learned(weights)
        self._acting = None

    # ------------------------------------------------------------------ acting
    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a run.

        Raises:
            StateError: Neither trained nor loaded.
            InvalidValueError: The space of the context is not the one trained on.
        """
        actor = self._needed(self._actor, "reset")
        assert self._space is not None
        check_space(self._space, context.space)
        actor.forget()
        self._acting = self.optimizer(self._act)
        self._acting.reset(context, rng)

    def _act(self, obs: Any, rng: np.random.Generator) -> Any:
        assert self._actor is not None
        assert self._acting is not None
        many = {k: v[None] for k, v in obs.items()} if isinstance(obs, dict) else obs[None]
        masks = self._acting.masks()[None] if self.masked else None
        with torch.no_grad(), one_thread():
            return self._actor.act(many, masks, None if self.greedy else rng)[0]

    def ask(self) -> Query | None:
        """Return the configuration that the policy chooses; None if the budget is spent, or no candidate is left."""
        acting = self._ready()
        codec = acting.codec
        if isinstance(codec, CandidateCodec) and not codec.left(acting.runs).any():
            return None
        return acting.ask()

    def tell(self, trial: Trial) -> None:
        """Learn the outcome of a trial."""
        self._ready().tell(trial)

    def _ready(self) -> PolicyOptimizer:
        if self._acting is None:
            raise StateError("Call `reset` before `ask` and `tell`.")
        return self._acting
