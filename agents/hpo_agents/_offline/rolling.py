"""Episodes of an optimizer on meta-train tasks, many at once, perhaps with an expert's proposal at each trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_agents._offline.played import Played
from hpo_gym.base import InvalidValueError, seeding
from hpo_gym.env import Runs
from hpo_gym.optimize import BatchOptimizer, Context, run_batch
from hpo_gym.problem import Evaluations, Task, evaluations, floor_of

Choice = tuple[NDArray[Any], NDArray[np.float64] | None]


class Watched:
    """An optimizer whose runs are labelled: at each trial, with the proposal of an expert that knows the run alone.

    Args:
        player: The optimizer that chooses.
        expert: The optimizer that labels; it may be the player.

    Raises:
        InvalidValueError: One of them proposes for a single run only.
    """

    def __init__(self, player: object, expert: object) -> None:
        for one in (player, expert):
            if not isinstance(one, BatchOptimizer):
                raise InvalidValueError(f"A behaviour must propose for many runs, {type(one).__name__!r} cannot.")
        assert isinstance(player, BatchOptimizer) and isinstance(expert, BatchOptimizer)
        self.player, self.expert = player, expert
        self.labels: list[NDArray[np.int64]] = []

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin new runs."""
        self._contexts, self._seeds = contexts, [int(rng.integers(2**63)) for rng in rngs]
        self.player.reset_batch(contexts, rngs)

    def ask_batch(self, runs: Runs) -> Choice:
        """Return the player's choices, and keep the expert's."""
        chosen, fidelity = self.player.ask_batch(runs)
        label = np.asarray(chosen, np.int64)
        if self.expert is not self.player:  # anew: a proposal that was not played must stay open
            self.expert.reset_batch(self._contexts, [np.random.default_rng(seed) for seed in self._seeds])
            label = np.asarray(self.expert.ask_batch(runs)[0], np.int64)
        self.labels.append(label)
        return chosen, fidelity


def rolled(player: object, tasks: Sequence[Task], which: Sequence[int], budget: int, seed: int) -> Played:
    """Return cold runs of an optimizer, each with the tasks of other families as prior.

    Args:
        player: A `BatchOptimizer`; one that is `Watched` has its labels beside its choices.
        tasks: Tasks with one pool.
        which: The task of each run, its position in `tasks`.
        budget: Trials.
        seed: Of the instances and the choices.

    Raises:
        InvalidValueError: It proposes for a single run only.
    """
    if not isinstance(player, Watched):
        player = Watched(player, player)
    watched: Watched = player
    prior, n = evaluations(tasks), len(which)
    instances = [int(seeding.key("instance", seed, i)) for i in range(n)]
    others: dict[str, list[Evaluations]] = {
        family: [e for e in prior if e.family != family] for family in {t.family for t in tasks}
    }
    contexts = [
        Context.of(tasks[j], budget, others[tasks[j].family], starts=seeding.starts_seed(i))
        for j, i in zip(which, instances, strict=True)
    ]
    rngs = [np.random.default_rng(int(seeding.key("choices", seed, i))) for i in range(n)]
    chosen = [tasks[j] for j in which]
    runs = run_batch(watched, chosen, instances, contexts, rngs, budget=budget, n_init=0, floor=floor_of(prior))
    exists = runs.exists()
    h = int(exists.sum(1).max())
    exists = exists[:, :h]
    at = np.where(exists, runs.ordered(runs.at)[:, :h], -1).astype(np.int64)
    label = np.full((n, h), -1, np.int64)
    given = np.stack(watched.labels, 1)[:, :h]
    label[:, : given.shape[1]] = given
    score = np.where(exists, runs.scores()[:, :h], 0.0).astype(np.float64)
    label = np.where(exists, label if watched.expert is not watched.player else at, -1)
    return Played(tuple(tasks), np.asarray(which, np.int64), at, score, exists.sum(1), label)
