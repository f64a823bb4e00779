"""`FewShot`: shared parts of optimizers with a meta-learned surrogate: training, choosing, files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._maml.learned import Learned
from hpo_baselines._maml.tasks import Encoding, Known, Scaling, known_of, scaling_of, tables_of
from hpo_baselines._runs.baseline import Baseline, Choice, Run
from hpo_gym.base import Singles, whole_fields
from hpo_gym.optimize import Arrays
from hpo_gym.problem import Points

if TYPE_CHECKING:
    from hpo_baselines._maml.training import Plan
    from hpo_baselines._models.ensemble import Ensemble
    from hpo_gym.problem import Task

_NEAR = 16  # variations of each of the best points, where there is no pool
_BEST = 4  # points that are varied
_STEP = 0.1  # standard deviation of a variation, in the unit cube


@dataclass(eq=False, repr=False)
class FewShot(Learned, Baseline):
    """An ensemble of networks, adapted to a run's trials anew for each choice.

    **Training**. Each member learns an initialisation by its method: an outer step takes some tasks, from each a
    support of 0, 1, 2, 3, 5, 10 or 20 points and a query of others, and lowers the negative log likelihood of the query
    after gradient steps on the support. Half of the supports are from the best tenth of the task's points, as late in a
    run. Of six moments of the training, the one with the best likelihood on validation tasks is kept.

    **Choice**. Each member starts from its initialisation and takes its gradient steps on all trials of the run. The
    untried configuration of the highest expected improvement, under the mixture of the members, is tried; before the
    first trial, the one of the highest predicted mean. Candidates are the untried rows of the pool (a random part of
    more than
    `candidates`), else random configurations and variations of the best four. All runs of a batch with as many trials
    are adapted in one `vmap`.

    Attributes:
        name: Also the method.
        ensemble: The learned ensemble, None before `train` or `load`.
    """

    version = 1
    smoke: ClassVar[Mapping[str, Any]] = {"members": 1, "hidden": 8, "outer_steps": 3, "tasks": 3, "query": 8}
    ensemble: Ensemble | None = field(default=None, init=False)
    _scaling: Scaling = field(init=False)

    members: int = 3
    hidden: int = 64
    inner_steps: int = 3
    inner_lr: float = 0.05
    outer_lr: float = 0.01
    tasks: int = 16
    query: int = 40
    outer_steps: int = 800
    candidates: int = 8192

    def plan(self, trials: int | None = None) -> Plan:
        """Return the training plan from the settings; refuse settings out of their range."""
        from hpo_baselines._maml.training import Plan

        whole_fields(self, 1, "candidates")
        settings = {name: value for name, value in self.settings.items() if name != "candidates"}
        return Plan(method=self.name, trials=trials, **settings)

    # ------------------------------------------------------------------ training
    def learn(
        self, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator, steps: int | None
    ) -> None:
        """Train on one thread. A step is a point drawn into a support or a query, by all members together; a task
        without a pool is first scored at 512 random points, the source of the draws.
        """
        from hpo_baselines._maml.training import train_ensemble
        from hpo_baselines._models.ensemble import Ensemble

        plan, encoding = self.plan(steps), encoding_of([*tasks, *validation])
        tables = tables_of(tasks, rng)
        scaling = scaling_of(tables)
        known: list[Known] = known_of(tables, encoding, scaling)
        held_out = known_of(tables_of(validation, rng), encoding, scaling)
        self.ensemble = Ensemble(train_ensemble(known, held_out, rng, plan))
        self._scaling, self._runs = scaling, ()
        self._encoded_by(encoding)

    # ------------------------------------------------------------------ choosing
    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim the configuration of the highest expected improvement for each run."""
        ensemble = self._needed(self.ensemble, "asked")
        groups: dict[int, list[int]] = {}
        for i, run in enumerate(runs):
            groups.setdefault(len(run.score), []).append(i)
        out: list[Choice | None] = [None] * len(runs)
        for members in groups.values():
            some = [runs[i] for i in members]
            y = self._scaling([run.score for run in some])
            adapted = ensemble.adapt(self._histories(some), y)
            for j, (i, run) in enumerate(zip(members, some, strict=True)):
                out[i] = self._choose(run, ensemble, adapted, j, None if not run.score else float(y[j].max()))
        return out

    def _choose(
        self, run: Run, ensemble: Ensemble, adapted: dict[str, Any], j: int, best: float | None
    ) -> Choice | None:
        """Claim the best candidate that is new to adapted run `j`; a random one if all were tried."""
        choices, encoded = self._candidates(run)
        if not len(choices):
            return run.uniform()
        value = ensemble.value(adapted, j, encoded, best)
        if run.pool is not None:
            return run.take(int(choices[value.argmax()]))
        for k in np.argsort(-value, kind="stable").tolist():
            choice = run.take(choices[k])
            if choice is not None:
                return choice
        return run.uniform()

    def _candidates(self, run: Run) -> tuple[NDArray[Any], Singles]:
        """Rows ``(c,)`` or points ``(c, d)`` to choose from, and their encoding ``(c, e)``."""
        if run.pool is None:
            x = candidate_points(run, self.candidates)
            return x, self._encoding(run.space, x)
        rows = np.flatnonzero(run.open)
        if len(rows) > self.candidates:
            rows = np.sort(run.rng.choice(rows, self.candidates, replace=False))
        return rows, self._encoding.of_pool(run.pool)[rows]

    def _histories(self, runs: Sequence[Run]) -> Singles:
        """Return the encoded trials of runs with as many each, ``(n, h, e)``."""
        h = len(runs[0].score)
        out = np.empty((len(runs), h, self._encoding.e), np.float32)
        if h:
            for space in dict.fromkeys(run.space for run in runs):
                who = [i for i, run in enumerate(runs) if run.space == space]
                x = np.concatenate([np.stack(runs[i].x) for i in who])
                out[who] = self._encoding(space, x).reshape(len(who), h, -1)
        return out

    # ------------------------------------------------------------------ files
    def about(self) -> dict[str, Any]:
        return {**super().about(), "scaling": [self._scaling.mean, self._scaling.sd]}

    def arrays(self) -> Arrays:
        assert self.ensemble is not None
        return self.ensemble.to_arrays()

    def restore(self, about: Mapping[str, Any], arrays: Arrays) -> None:
        from hpo_baselines._models.ensemble import Ensemble

        super().restore(about, arrays)
        self._scaling = Scaling(*(float(v) for v in about["scaling"]))
        self.ensemble = Ensemble.from_arrays(arrays, self.plan(), self._encoding.e)


def encoding_of(tasks: Sequence[Task]) -> Encoding:
    """Return the encoding of the widest space of some tasks; refuse tasks without common columns."""
    encoding = Encoding(max(tasks, key=lambda t: t.space.d).space, min(t.space.d for t in tasks))
    for task in tasks:
        encoding.check(task.space)
    return encoding


def candidate_points(run: Run, count: int) -> Points:
    """Legal points to choose from where there is no pool, ``(c, d)``: random ones, and variations of the best."""
    space, rng = run.space, run.rng
    x = [space.sample(rng, min(count, 1024))]
    if run.score:
        best = np.stack(run.x)[np.argsort(-np.array(run.score), kind="stable")[:_BEST]]
        near = np.repeat(best, _NEAR, 0)
        changed = rng.random(near.shape) < max(0.3, 1.0 / space.d)
        moved = np.where(changed, near + rng.normal(0.0, _STEP, near.shape), near)
        other = (rng.random(near.shape) < 0.1) & changed  # choices have no near: some are drawn anew
        moved = space.snap(np.clip(np.where(other, rng.random(near.shape), moved), 0.0, 1.0))
        x.append(moved[space.legal(moved)])
    return np.concatenate(x)
