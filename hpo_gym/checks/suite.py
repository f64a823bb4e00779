"""`check_suite`: consistency of a suite's tasks, and families on one side of a split only."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpo_gym.base import HPOGymError
from hpo_gym.checks.faults import Faults, difference
from hpo_gym.problem import FOLDS, LABELS, SPLITS, SUITES, Points, SearchSpace, Status, Suite, Task
from hpo_gym.suites import load_suite

_TRAININGS, _TRAINED = 4, 8  # whole ones of a task that trains, and of so many tasks
_LIVE = 3  # points of a live task, at two fidelities: at most 19 evaluations
_ROUNDING = 1e-9  # of a score, as a share of the task's range


def check_suite(suite: Suite | str, *, tasks: int = 24, points: int = 200) -> None:
    """Check a suite.

    Found are: names that are not unique; families on two sides of a split or of a fold; `best` and `worst` that are not
    true; scores or costs that are not finite; rows that are served though never measured; a default configuration that
    cannot be evaluated; configurations that change in the encoding; a `data_hash` that is missing or changes.

    A live task is evaluated at most 20 times, at its lowest and its full fidelity.

    Raises:
        CheckFailed: `faults` lists all that was found.
    """
    loaded = load_suite(suite)
    faults = Faults(f"The suite {suite if isinstance(suite, str) else loaded.name!r}")
    for check in (_names, _splits, _hash, _space, _scale):
        with faults.guard(f"What `{check.__name__.strip('_')}` checks"):
            check(loaded, faults)
    tasks = min(tasks, _TRAINED) if loaded.kind == "training" else tasks
    chosen = np.unique(np.linspace(0, len(loaded.members) - 1, tasks).round().astype(int))
    for i in chosen.tolist():
        task = loaded.members[i]
        with faults.guard(f"Task {task.name!r}"):
            few = min(points, {"training": _TRAININGS, "live": _LIVE}.get(loaded.kind, points))
            _task(task, faults, few, loaded.kind in ("live", "training"))
    faults.close()


def _names(suite: Suite, faults: Faults) -> None:
    names = [t.name for t in suite.members]
    twice = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
    faults.expect(not twice, f"Names of tasks are not unique: {twice}")
    for task in suite.members:
        faults.expect(task.name and task.family, f"Task {task.name!r} has no name or no family ({task.family!r})")
        faults.expect(task.space.d <= suite.space.d, f"Task {task.name!r} has more columns than the suite's space")


def _splits(suite: Suite, faults: Faults) -> None:
    faults.expect(suite.kind == "live" or suite.tasks("train"), "No task is in the training split")
    used = [t.name for t in suite.members if suite.splits is None or suite.split(t) is not None]
    for fold in (None, *range(FOLDS)):
        where = "the published split" if fold is None else f"fold {fold}"
        sides: dict[str, str] = {}
        count: list[str] = []
        for split in SPLITS:
            for task in suite.tasks(split, fold):
                count.append(task.name)
                other = sides.setdefault(task.family, split)
                faults.expect(other == split, f"Family {task.family!r} is in {other!r} and in {split!r} of {where}")
        faults.expect(len(count) == len(set(count)), f"A task is in two splits of {where}")
        faults.expect(set(used) <= set(count), f"Some task is in no split of {where}")
        faults.expect(set(count) <= set(used), f"A task that the published split leaves out is in {where}")
        prior = {e.name: e.family for e in suite.prior(fold)}
        hidden = {t.family for split in ("val", "test") for t in suite.tasks(split, fold)}
        faults.expect(not hidden & set(prior.values()), f"The prior of {where} holds relatives of held-out tasks")


def _hash(suite: Suite, faults: Faults) -> None:
    faults.expect(suite.data_hash, "`data_hash` is empty, so results cannot say what they were measured on")
    if suite.name in SUITES.entries():
        again = SUITES.get(suite.name)()
        faults.expect(again.data_hash == suite.data_hash, "`data_hash` is another when the suite is made again")
        names = [t.name for t in again.members]
        faults.expect(names == [t.name for t in suite.members], "The tasks are others when the suite is made again")


def _space(suite: Suite, faults: Faults) -> None:
    space = suite.space
    faults.expect(SearchSpace(space.to_json()) == space, "The search space does not come back from its JSON")
    x = space.sample(np.random.default_rng(0), 200)
    faults.expect(np.array_equal(space.snap(x), x), "To snap a canonical point moves it")
    faults.expect(np.array_equal(space.encode(space.decode(x)), x), "Configurations do not come back from the encoding")
    faults.expect(space.encode([space.default]).shape == (1, space.d), "The default configuration is not in the space")


def _scale(suite: Suite, faults: Faults) -> None:
    for fold in (None, *range(FOLDS)):
        scale = suite.scale(fold)
        values = [1.0] * 3 if suite.kind == "live" else [scale.mean, scale.sd, scale.cost]  # not to evaluate
        numbers = [*values, scale.floor, *scale.meta_mean, *scale.meta_sd]
        faults.expect(np.isfinite(numbers).all(), f"The meta-train scale of fold {fold} is not finite: {scale}")
        faults.expect(min(values[1:]) > 0, f"The meta-train scale of fold {fold} is not positive: {scale}")


# ---------------------------------------------------------------------- one task
def _task(task: Task, faults: Faults, count: int, unknown: bool) -> None:
    who = f"Task {task.name!r}"
    known = [v for v in (task.best, task.worst) if not (unknown and math.isnan(v))]
    numbers = [*known, *(v for v in task.meta_features.values() if v is not None)]
    faults.expect(np.isfinite(numbers).all(), f"{who}: `best`, `worst` or a meta-feature is not finite")
    faults.expect(not task.best < task.worst, f"{who}: `best` {task.best!r} is below `worst` {task.worst!r}")
    levels = task.fidelities
    good = list(levels) == sorted(set(levels)) and levels[-1] == 1.0 and levels[0] > 0
    faults.expect(good, f"{who}: `fidelities` {levels} do not ascend to 1")
    x = task.space.sample(np.random.default_rng(1), count)
    _outcomes(task, x, task.fidelities[:: max(1, len(task.fidelities) - 1)] if unknown else task.fidelities, faults)
    if task.bounded:
        pool, best = task.measured_pool, task.optimum_x
        sure = task.noise_free(x if pool is None else pool)
        top, span = float(sure.max()), max(task.best - task.worst, abs(task.best), 1e-300)
        below = not task.exact or top <= task.best + _ROUNDING * span
        faults.expect(below, f"{who}: a configuration scores {top!r}, `best` is {task.best!r}")
        if best is not None:
            top = float(task.noise_free(best[None])[0])
        if best is not None or pool is not None:
            reached = abs(top - task.best) <= 1e-6 * span
            faults.expect(reached, f"{who}: the best configuration scores {top!r}, `best` is {task.best!r}")
    try:
        trial = task.run(task.space.default)
    except HPOGymError as error:
        faults.add(f"{who}: the default configuration cannot be evaluated: {error}")
    else:
        faults.expect(np.isfinite(trial.score), f"{who}: the default configuration has no finite score")
        task.space.to_unit(trial.config)
    _pool(task, faults, who)


def _outcomes(task: Task, x: Points, levels: Sequence[float], faults: Faults) -> None:
    who, key = f"Task {task.name!r}", np.arange(len(x), dtype=np.uint64)
    for level in levels:
        out = task.evaluate(x, np.full(len(x), level), key)
        again = task.evaluate(x, np.full(len(x), level), key)
        scored = np.isfinite(out.score) | (np.isneginf(out.score) & (out.status != Status.OK))
        faults.expect(scored.all(), f"{who}: the score of a success is not finite at fidelity {level:g}")
        good = np.isfinite(out.cost).all() and bool((out.cost >= 0).all())
        faults.expect(good, f"{who}: a cost is negative or not finite at fidelity {level:g}")
        known = bool(((out.status >= 0) & (out.status < len(LABELS))).all())
        faults.expect(known, f"{who}: a status is unknown at fidelity {level:g}")
        faults.expect(difference(list(out), list(again)) is None, f"{who}: to evaluate again gives another outcome")
        one = task.evaluate(x[:1], np.array([level]), key[:1])
        first = [part[:1] for part in out]
        faults.expect(difference(list(one), first) is None, f"{who}: an outcome depends on what else is evaluated")


def _pool(task: Task, faults: Faults, who: str) -> None:
    """Check that a measured row answers any proposal, and that a measured one answers for itself."""
    pool, measured = task.pool, task.measured
    if pool is None or measured is None:
        return
    known = {tuple(row) for row in task.space.snap(pool[measured]).tolist()}
    for where, rows in (
        ("an unmeasured row", np.flatnonzero(~measured)[:20]),
        ("a row", np.flatnonzero(measured)[:20]),
    ):
        for row in rows.tolist():
            trial = task.run(task.space.from_unit(pool[row]))
            answer = tuple(task.space.to_unit(trial.config).tolist())
            faults.expect(answer in known, f"{who}: {where} that is asked for is answered by one never measured")
            if measured[row]:
                own = answer == tuple(task.space.snap(pool[row : row + 1])[0].tolist())
                faults.expect(own, f"{who}: a measured row is not answered by itself")
