"""Suites of live tasks: made of Python functions, and described without them, so that results can be read anywhere.

A description holds spaces, names, families, splits and the version that the user gives: all that tells a live suite
from another one. No code is in it, nor a hash of code: a changed objective needs another version.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hpo_gym.base import DamagedDataError, HPOGymError, InvalidValueError, digest, real, unknown, whole
from hpo_gym.problem import AnySpace, SearchSpace, Suite, Task, read_space
from hpo_gym.suites.tasks.archive import Archive, LiveTask
from hpo_gym.suites.tasks.live import COSTS, DescribedTask, ObjectiveTask, guarded
from hpo_gym.system import Guards, Here, Limits, Runner, limits_of

LIVE = "live"
"""The kind of suites with tasks that run code."""
PRIOR = "hpo-gym-prior"
"""The default folder of evaluations of earlier tasks."""
_MOST = 10_000


def live_suite(
    name: str,
    space: AnySpace,
    objectives: Mapping[str, Callable[..., Any]],
    *,
    version: int = 1,
    loss: bool = False,
    fidelities: Sequence[float] = (1.0,),
    families: Mapping[str, str] | None = None,
    splits: Mapping[str, Sequence[str]] | None = None,
    about: Mapping[str, Any] | None = None,
    guard: bool = False,
    trial_timeout: float | None = None,
    memory: float | None = None,
    n_jobs: int = 1,
    threads: int = 1,
    cost: str = "fidelity",
    prior_evaluations: int = 0,
    prior_folder: str | Path = PRIOR,
    failed: float | None = None,
) -> Suite:
    """Make a suite of Python functions, with unknown best scores.

    Args:
        space: The search space of all tasks: in any form that `hpo_gym.problem.space.forms.read_space` reads.
        objectives: By the names of the tasks; see `hpo_gym.suites.tasks.live.ObjectiveTask`.
        version: Raise it when a function changes: results of two versions are not mixed.
        loss: Whether lower results of the functions are better.
        fidelities: Shares of a full evaluation that the functions accept, ascending; the last is 1.
        families: By task, for related tasks; else each is its own.
        splits: Names of tasks by split; by default all are test tasks.
        guard: Whether each trial runs in a fresh process, so that any failure of it is that trial's outcome. The
            processes end with `close` of an env or a task, with an unreferenced suite, and with this process.
        trial_timeout: Limit of wall-clock seconds of a trial, under guard.
        memory: Limit of a trial's bytes beyond the imports of its function, under guard.
        n_jobs: Trials of a vector env that run side by side, under guard.
        threads: Threads of numerical libraries in a trial, under guard: more may change the last bits of a score.
        cost: Of a trial without a reported one: its "fidelity", or its "seconds".
        prior_evaluations, prior_folder: As of `with_prior`. By default optimizers know nothing of training tasks, and
            functions are called for a run's own trials only.
        failed: Result recorded for a failure before the first success of its run, later ones have the worst success:
            as bad as a function gets, such as 1 for an error rate. By default 0; with losses above 0, that misleads.

    Raises:
        InvalidValueError: There is no function, or something else in its place, or one that cannot travel to another
            process, under guard; fidelities that do not ascend to 1; limits without a guard.
        UnknownNameError: There is no such cost.
    """
    runner, limits = hands(guard, trial_timeout, memory, n_jobs, threads)
    if cost not in COSTS:
        raise unknown("cost", cost, COSTS)
    space = read_space(space)
    levels = tuple(float(f) for f in fidelities)
    if not levels or list(levels) != sorted(set(levels)) or levels[-1] != 1.0 or levels[0] <= 0.0:
        raise InvalidValueError(f"`fidelities` must ascend from above 0 to 1, got {levels}.")
    for task, objective in objectives.items():
        if not callable(objective):
            raise InvalidValueError(f"`objectives` must be functions, got {objective!r:.80} for {task!r}.")
        if isinstance(runner, Guards):
            runner.check_travels(objective)
    families = families or {}
    floor = None if failed is None else real("failed", failed, -math.inf, math.inf) * (-1.0 if loss else 1.0) + 0.0
    members = tuple(
        ObjectiveTask(
            task, families.get(task, task), name, space, fidelities=levels, objective=objective, loss=loss, cost=cost,
            runner=runner, limits=limits, failed=floor,
        )
        for task, objective in objectives.items()
    )  # fmt: skip
    suite = Suite(name, space, members, LIVE, version, splits or {"test": list(objectives)}, about=about or {})
    return with_prior(suite, prior_evaluations, prior_folder)


def with_prior(suite: Suite, evaluations: int, folder: str | Path = PRIOR) -> Suite:
    """Return a live suite and let optimizers know some evaluations of its training tasks, as `suite.prior()`.

    They are made when somebody reads a value of that task: an optimizer that learns from earlier tasks, as `portfolio`
    does, or a part of an env that scales scores by them. Their number is announced in the log, at the level WARNING,
    before they begin; a bar shows them. Each is stored when it ends, and never repeated.

    Args:
        evaluations: Evenly spread points of each task, 0 to 10,000, at full fidelity, with seed 0. Without any,
            optimizers know of no earlier task: `portfolio` draws at random, and scores are scaled by 0 and 1.
        folder: Of the stored evaluations, by the suite's name and `version`, not by its code. Where workers on other
            machines make the suite, name a shared folder in full.

    Raises:
        InvalidValueError: The number is out of its range, or the suite has a table.
    """
    n = whole("prior_evaluations", evaluations, 0, _MOST)
    if not isinstance(folder, (str, Path)) or not str(folder):
        raise InvalidValueError(f"`prior_folder` must be a folder, got {folder!r}.")
    if suite.kind != LIVE:
        raise InvalidValueError(f"`suite` must be live, got {suite.name!r} of kind {suite.kind!r}.")
    made = identified(suite)
    archive = Archive(Path(folder).absolute(), suite.version)
    asked = tuple(replace(t, prior_evaluations=n, archive=archive) for t in made.members if isinstance(t, LiveTask))
    return identified(replace(made, members=asked)) if n else made


def hands(
    guard: bool, trial_timeout: float | None, memory: float | None, n_jobs: int, threads: int
) -> tuple[Runner, Limits]:
    """Return the runner and the limits of a suite's trials; refuse values out of range, or that lack a guard."""
    n_jobs, threads = whole("n_jobs", n_jobs), whole("threads", threads)
    limits = limits_of(guard, trial_timeout, memory, n_jobs=n_jobs, threads=threads)
    return (Guards(n_jobs, threads) if guard else Here()), limits


def identified(suite: Suite) -> Suite:
    """Return a live suite with the hash of its description, and with tasks whose failures are outcomes."""
    suite = replace(suite, members=tuple(map(guarded, suite.members)))
    said = describe_live(suite)
    bare = [SearchSpace(space).to_json(units=False) for space in said["spaces"]]
    known = digest({**{k: v for k, v in said.items() if k != "bounds"}, "spaces": bare})
    return replace(suite, kind=LIVE, data_hash=known, make=None)


def describe_live(suite: Suite) -> dict[str, Any]:
    """Return all of a live suite but its code, as plain JSON values.

    `bounds`, of tasks with known best and worst scores, and units are no part of the suite's hash.
    """
    spaces = list(dict.fromkeys([suite.space, *(t.space for t in suite.members)]))
    return {
        "name": suite.name,
        "version": suite.version,
        "splits": None if suite.splits is None else {k: list(v) for k, v in suite.splits.items()},
        "spaces": [s.to_json() for s in spaces],
        "tasks": [
            {
                "name": t.name,
                "family": t.family,
                "suite": t.suite,
                "space": spaces.index(t.space),
                "fidelities": list(t.fidelities),
                "meta_features": dict(t.meta_features),
                "noisy": t.noisy,
                **({"prior_evaluations": t.prior_evaluations} if t.prior_evaluations else {}),
                **({"failed": t.failed} if t.failed is not None else {}),
            }
            for t in suite.members
        ],
        "bounds": [[v if math.isfinite(v) else None for v in (t.best, t.worst)] for t in suite.members],
    }


def from_description(said: Mapping[str, Any]) -> Suite:
    """Return the suite of a description of `describe_live`, without code; raise `DamagedDataError` on any other."""
    try:
        spaces = [SearchSpace(s) for s in said["spaces"]]
        members = tuple(
            _described(task, spaces, bounds) for task, bounds in zip(said["tasks"], said["bounds"], strict=True)
        )
        return identified(Suite(said["name"], spaces[0], members, LIVE, int(said["version"]), said["splits"]))
    except HPOGymError as fault:
        raise DamagedDataError(f"It is no description of a live suite: {fault}") from fault
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as fault:
        raise DamagedDataError(f"It is no description of a live suite: {fault!r}.") from fault


def _described(said: Mapping[str, Any], spaces: Sequence[SearchSpace], bounds: Sequence[float | None]) -> Task:
    best, worst = (math.nan if bound is None else float(bound) for bound in bounds)
    return DescribedTask(
        str(said["name"]), str(said["family"]), str(said["suite"]), spaces[said["space"]], best, worst,
        tuple(map(float, said["fidelities"])), dict(said["meta_features"]), int(said.get("prior_evaluations", 0)),
        noisy=bool(said["noisy"]), failed=None if said.get("failed") is None else float(said["failed"]),
    )  # fmt: skip
