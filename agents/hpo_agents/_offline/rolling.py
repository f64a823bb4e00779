"""Episodes of an optimizer on meta-train tasks, many at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpo_agents._offline.played import Played
from hpo_gym.base import InvalidValueError, seeding
from hpo_gym.optimize import BatchOptimizer, Context, run_batch
from hpo_gym.problem import Evaluations, Task, evaluations, floor_of


def rolled(player: object, tasks: Sequence[Task], which: Sequence[int], budget: int, seed: int) -> Played:
    """Return cold runs of an optimizer, each with the tasks of other families as prior.

    Args:
        player: A `BatchOptimizer`.
        tasks: Tasks with one pool.
        which: The task of each run, its position in `tasks`.
        budget: Trials.
        seed: Of the instances and the choices.

    Raises:
        InvalidValueError: It proposes for a single run only.
    """
    if not isinstance(player, BatchOptimizer):
        raise InvalidValueError(f"A behaviour must propose for many runs, {type(player).__name__!r} cannot.")
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
    runs = run_batch(player, chosen, instances, contexts, rngs, budget=budget, n_init=0, floor=floor_of(prior))
    exists = runs.exists()
    h = int(exists.sum(1).max())
    exists = exists[:, :h]
    at = np.where(exists, runs.ordered(runs.at)[:, :h], -1).astype(np.int64)
    score = np.where(exists, runs.scores()[:, :h], 0.0).astype(np.float64)
    return Played(tuple(tasks), np.asarray(which, np.int64), at, score, exists.sum(1))
