"""`Contexts`: what an agent may know of the tasks that many runs are on, and what every instance holds by key.

Observers and codecs are handed `Contexts` and `Runs`; neither holds a task, so neither says how good one can be.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, Keys, Mask, seeding
from hpo_gym.problem import COST, Budget, Scale, SearchSpace, TaskBatch, TaskBatchView, draw_rows, pooled, signed_log

_GIVEN, _CANDIDATES = 11, 13  # salts
_BATCHES = 8  # numbers of runs at once whose candidates are kept


@dataclass(frozen=True, eq=False)
class Contexts:
    """Facts about `k` tasks that observers, codecs and rewards may read; a run's `task` is its position.

    Attributes:
        space: The search space of the suite, `d` columns.
        batch: Known facts about the tasks, and their evaluable configurations.
        budget: In full evaluations; if `in_cost`, in units, mean costs of a full evaluation of the task.
        scale: Statistics of meta-train.
        candidates: Number of rows of a pool drawn for each episode; None for all of them.
        horizon: The most trials of a run, initial design included.
        fidelities: Fidelities available on every task, ascending.
        in_cost: Whether the budget is in cost, so that a trial takes its cost.
        earlier_costs: With a budget in cost, the cost of each row of the pool on earlier tasks of other families, as
            the mean natural logarithm of its cost, less the mean logarithm of that task, ``(k, m)``; 0 if unknown.
        continued: Tasks on which a trial pays only beyond its checkpoint (`hpo_gym.problem.costs`), ``(k,)``, or None.
    """

    space: SearchSpace
    batch: TaskBatchView
    budget: float
    scale: Scale = field(default_factory=Scale)
    candidates: int | None = None
    n_init: int = 0
    horizon: int = 0
    fidelities: tuple[float, ...] = (1.0,)
    in_cost: bool = False
    earlier_costs: NDArray[np.float32] | None = None
    continued: Mask | None = None
    _drawn: dict[int, tuple[Ints, Keys, NDArray[np.int64]]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        assert not isinstance(self.batch, TaskBatch), "the oracle stays out of reach: `view_of(batch)`"

    @property
    def limit(self) -> Budget:
        """The budget of a run."""
        if not self.in_cost:
            return Budget(int(self.budget))
        return Budget(self.budget, COST, self.continued is not None)

    @functools.cached_property
    def meta(self) -> NDArray[np.float32]:
        """Standardised meta-features and flags of the known ones, ``(k, 2 p)``; an unknown one is 0."""
        s = self.scale
        rows = [[t.meta_features.get(name) for name in s.meta_names] for t in self.batch.tasks]
        raw = np.array(rows, float).reshape(len(rows), -1)  # NaN for None
        known = np.isfinite(raw)
        z = (signed_log(np.where(known, raw, 0.0)) - np.array(s.meta_mean)) / np.array(s.meta_sd)
        return np.concatenate([np.where(known, z, 0.0), known], 1).astype(np.float32)

    def rows(self, task: Ints, instance: Keys) -> NDArray[np.int64]:
        """Return the candidate rows of each run, ``(n, c)``, drawn by its instance; repeats only in a smaller pool.

        Those of the last call with as many runs are kept, so that a run's are drawn once in an episode. Never written.
        """
        if len(task) not in self._drawn:
            rows = self._draw(task, instance)
        else:
            tasks, instances, rows = self._drawn[len(task)]
            new = np.flatnonzero((task != tasks) | (instance != instances))
            if not len(new):
                return rows
            rows = rows.copy()
            rows[new] = self._draw(task[new], instance[new])
        rows.flags.writeable = False
        if len(self._drawn) >= _BATCHES:
            self._drawn.clear()
        self._drawn[len(task)] = task.copy(), instance.copy(), rows
        return rows

    def _draw(self, task: Ints, instance: Keys) -> NDArray[np.int64]:
        return draw_rows(pooled(self.batch).measured_first, task, instance, self.candidates or 0, _CANDIDATES)


def given_points(batch: TaskBatch, task: Ints, instance: Keys, count: int) -> NDArray[np.generic]:
    """Return the first `count` configurations of each run: rows ``(count, n)``, or points ``(count, n, d)``.

    They are a function of the run's instance alone, so all optimizers get the same ones: drawn ones, distinct rows, or
    those of the task (`Task.starts`) if it has as many.
    """
    if batch.m:
        out: NDArray[np.generic] = draw_rows(pooled(batch).measured_first, task, instance, count, _GIVEN).T
    else:
        salt = np.arange(count * batch.d, dtype=np.uint64)[None] + np.uint64(_GIVEN << 32)
        u = seeding.uniform(seeding.mix(instance[:, None], salt)).reshape(len(instance), count, batch.d)
        out = np.stack([batch.place(task, u[:, g]) for g in range(count)])
    for j in np.unique(task).tolist():
        t, own = batch.tasks[j], batch.tasks[j].starts
        if own is not None and own.shape[1] >= count:
            known = [seeding.instance_seed(t.suite, t.name, "bench", r) for r in range(len(own))]
            x = np.pad(own[:, :count], ((0, 0), (0, 0), (0, batch.d - own.shape[2])), constant_values=0.5)
            for i, seed in ((i, int(instance[i])) for i in np.flatnonzero(task == j).tolist()):
                out[:, i] = batch.place(np.full(count, j), x[known.index(seed) if seed in known else seed % len(x)])
    return out
