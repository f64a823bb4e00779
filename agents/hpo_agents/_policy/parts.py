"""Shared parts of agents that act in the search space of their training, by an observer and a codec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch

from hpo_agents._candidates.chosen import choose_candidates
from hpo_agents._candidates.view import CandidateCodec, CandidateObserver, NearestCandidateCodec
from hpo_agents._policy.agent import WORLDS, PolicyAgent, suite_of
from hpo_agents._policy.settings import TUNED
from hpo_agents._policy.training import Judge, Learner, Tensors, mean_regret
from hpo_baselines._models.networks import one_thread
from hpo_baselines._runs.trained import check_space
from hpo_gym.base import InvalidValueError, StateError, seeding
from hpo_gym.env import CODECS, OBSERVERS, SCORES, Bounded, Codec, HPOVectorEnv, Observer, Part, make_part
from hpo_gym.optimize import Context, Policy, PolicyOptimizer
from hpo_gym.problem import Query, SearchSpace, Task, Trial, batch_of, scale_of

_OWN = "candidates"
_CODECS: dict[Any, type[CandidateCodec]] = {_OWN: CandidateCodec, "nearest": NearestCandidateCodec}


@dataclass(eq=False, repr=False, kw_only=True)
class PartsAgent(PolicyAgent):
    """An agent of one search space, with the codec, the observer and the reward of its settings.

    On tasks whose trials build on each other, training takes `codec`, `observer`, `reward` and `budget` from the suite
    instead, and the values in ``settings/<name>-training.yaml``.

    Args:
        codec: ``"candidates"``: it chooses one of a fixed list of configurations (`CandidateCodec`), with tried ones
            masked; ``"nearest"``: the one nearest to a point (`NearestCandidateCodec`). Or a registered codec, or an
            object of its name and options.
        observer: ``"candidates"``: it sees the tried ones among them, and their scores (`CandidateObserver`). Or a
            registered observer, or an object of its name and options.
        scores: The scale of observed scores.
        reward: A registered reward; of training tasks only, it may read the oracle.

    The other settings are those of `PolicyAgent`.
    """

    codec: Part = TUNED
    observer: Part = TUNED
    scores: str = TUNED
    reward: Part = TUNED

    def __post_init__(self) -> None:
        super().__post_init__()
        self._acting: PolicyOptimizer | None = None

    # ------------------------------------------------------------------ training
    def prepare(self, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator) -> None:
        """Fix everything that is derived from the tasks before the training; refuse tasks that do not go together."""
        for part in (self.codec, self.observer):
            if (part.get("name") if isinstance(part, Mapping) else part) == "pool":
                raise InvalidValueError(
                    "A network of one size cannot take any pool: `codec` and `observer` must not be 'pool'; use "
                    "'candidates', or the agent 'ppo-pool'."
                )
        self._space = max(tasks, key=lambda t: t.space.d).space
        for task in (*tasks, *validation):
            check_space(self._space, task.space)
        self._scale, self._signals = scale_of(tasks), batch_of(tasks[:1]).signals
        own = self.observer == _OWN or self._codec is not None
        self._chosen = choose_candidates(tasks, self.candidates, rng) if own else None

    def begin(
        self, tasks: Sequence[Task], validation: Sequence[Task], seed: int, logs: Path | None
    ) -> tuple[Learner, Judge | None]:
        """Return the algorithm on the env of `tasks`, and the judge of `validation`."""
        assert self._space is not None
        suite = suite_of(tasks, validation, self._space)
        observer, codec = self.parts()
        view: dict[str, Any] = {"budget": self.budget, "observer": observer, "codec": codec, "statistics": False}
        env = HPOVectorEnv(self.runs, suite, reward=self.reward, autoreset_mode="SAME_STEP", **view)
        learner = self.make_learner(env, seed % 2**31, logs)
        if not validation:
            return learner, None
        held = HPOVectorEnv(len(validation) * (1 if validation[0].exact else WORLDS), suite, split="val", **view)
        how: dict[str, Any] = {
            "seed": int(seeding.key("validation", seed)),
            "greedy": self.greedy,
            "masked": self.masked,
        }
        return learner, lambda actor: mean_regret(actor, held, **how)

    # ------------------------------------------------------------------ view
    def parts(self) -> tuple[Observer, Codec]:
        """Return its observer and codec; after `train` or `load`."""
        served = Bounded(SCORES.get(self.scores)())
        chosen = self._chosen
        if chosen is None:
            return make_part(OBSERVERS, self.observer, served=served), make_part(CODECS, self.codec)
        own = self.observer == _OWN
        observer = CandidateObserver(chosen, served) if own else make_part(OBSERVERS, self.observer, served=served)
        return observer, make_part(CODECS, self.codec) if self._codec is None else self._codec(chosen)

    @property
    def _codec(self) -> type[CandidateCodec] | None:
        """Return its codec over candidates."""
        return _CODECS.get(self.codec) if isinstance(self.codec, str) else None

    @property
    def masked(self) -> bool:
        """Return whether actions are numbers of configurations, so that tried ones can be masked."""
        return bool(self.codec == _OWN)

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
