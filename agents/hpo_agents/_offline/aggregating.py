"""Dataset aggregation: each segment plays, asks the expert about the visited states, and learns from all so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from hpo_agents._offline.learner import CloneLearner
from hpo_agents._offline.lessons import Lessons, lessons_of, together
from hpo_agents._offline.played import FIELDS, Played
from hpo_agents._offline.player import ScorerPlayer
from hpo_agents._offline.rolling import Watched, rolled
from hpo_agents._policy.training import Tensors
from hpo_agents._pool.features import FEATURES
from hpo_agents._pool.prior import PoolPrior
from hpo_gym.base import seeding
from hpo_gym.optimize import make_optimizer
from hpo_gym.problem import Task


@dataclass(frozen=True, eq=False)
class Ground:
    """Where episodes are played.

    Attributes:
        tasks: Meta-train tasks of a suite.
        prior: The same, at the rows of their pool.
        given: Stored episodes in the place of the expert's, or None.
    """

    tasks: Sequence[Task]
    prior: PoolPrior
    given: Played | None


class AggregatingLearner(CloneLearner):
    """Cloning of an expert's proposals in states that the learner visits; in the first segment, the expert plays."""

    def __init__(self, agent: Any, grounds: Sequence[Ground]) -> None:
        self.grounds, self.rounds = grounds, list[tuple[int, int, Played]]()
        self._parts: list[Lessons] = []
        super().__init__(agent, _none(agent.candidates))

    def advance(self, steps: int, seed: int, share: float, watch: Callable[[int], None]) -> None:
        for place, ground in enumerate(self.grounds):
            own = int(seeding.key("round", seed, place) % 2**31)
            self._take(place, own, self._played(ground, own))
        super().advance(steps, seed, share, watch)

    def _played(self, ground: Ground, seed: int) -> Played:
        agent, expert = self.agent, make_optimizer(self.agent.behaviour)
        first = len(self.rounds) < len(self.grounds)
        if first and ground.given is not None:
            return ground.given
        which = np.random.default_rng(seed).permutation(np.arange(agent.episodes) % len(ground.tasks)).tolist()
        player = expert if first else ScorerPlayer(self.module, ground.prior, agent.budget)  # type: ignore[arg-type]
        return rolled(Watched(player, expert), ground.tasks, which, agent.budget, seed)

    def _take(self, place: int, seed: int, played: Played) -> None:
        agent, ground = self.agent, self.grounds[place]
        shape = (agent.states // (agent.segments * len(self.grounds)), 1, agent.candidates)
        rng = np.random.default_rng(seed)
        self._parts.append(lessons_of(played, ground.prior, shape, agent.budget, rng))
        self.rounds.append((place, seed, played))
        self.lessons = together(self._parts)

    def tensors(self) -> Tensors:
        own = {
            f"round/{i}/{place}/{seed}/{name}": torch.tensor(getattr(played, name))
            for i, (place, seed, played) in enumerate(self.rounds) for name in FIELDS
        }  # fmt: skip
        return super().tensors() | own

    def restore(self, tensors: Mapping[str, torch.Tensor], counts: Mapping[str, int]) -> None:
        super().restore(tensors, counts)
        found: dict[tuple[int, int, int], dict[str, Any]] = {}
        for key, value in tensors.items():
            if key.startswith("round/"):
                _, i, place, seed, name = key.split("/")
                found.setdefault((int(i), int(place), int(seed)), {})[name] = value.numpy()
        for (_, where, own), arrays in sorted(found.items(), key=lambda pair: pair[0]):
            self._take(where, own, Played(tuple(self.grounds[where].tasks), **arrays))


def _none(candidates: int) -> Lessons:
    """Return lessons of no state."""
    k = len(FEATURES)
    shapes = ((0, 1, candidates, k), (0, 1, candidates), (0, 1, k), (0, 1, k), (0, 1), (0, 1), (0, 1), (0, 1))
    return Lessons(*(torch.zeros(shape) for shape in shapes))
