"""Shared parts of agents whose view of runs is a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hpo_agents._candidates.chosen import check_space, choose_candidates
from hpo_agents._candidates.view import CandidateCodec, CandidateObserver, NearestCandidateCodec
from hpo_agents._policy.acting import SpaceAgent
from hpo_agents._policy.agent import WORLDS, suite_of
from hpo_agents._policy.settings import TUNED
from hpo_agents._policy.training import Judge, Learner, mean_regret
from hpo_gym.base import InvalidValueError, seeding
from hpo_gym.env import CODECS, OBSERVERS, SCORES, Bounded, Codec, HPOVectorEnv, Observer, Part, make_part
from hpo_gym.problem import Task, batch_of, scale_of

_OWN = "candidates"
_CODECS: dict[Any, type[CandidateCodec]] = {_OWN: CandidateCodec, "nearest": NearestCandidateCodec}


@dataclass(eq=False, repr=False, kw_only=True)
class PartsAgent(SpaceAgent):
    """An agent with the codec, the observer and the reward of its settings.

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
