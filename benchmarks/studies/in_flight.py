"""Trials in flight: the wall clock that 2, 4 and 8 simulated workers save, and the price of lies.

On a validation task of each of twelve families of AutoML, and of Studies for `asha`, which needs fidelities: cold runs
of a budget of 33 full evaluations. Time is simulated, in mean costs of a full evaluation of the task.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import frame
import numpy as np
from frame import Table
from numpy.typing import NDArray
from runs import about, of_families

from hpo_gym.bench import Resamples, regret_of
from hpo_gym.optimize import LIE, LIES, rollout
from hpo_gym.problem import History, Status, Task, random_regret, relative_regret
from hpo_gym.suites import load_suite

LOOKS = "validation tasks"
ON = {"random": "AutoML", "ga": "AutoML", "gp-ei": "AutoML", "transfer-mix": "AutoML", "asha": "Studies"}
WORKERS = ("1", "2", "4", "8")
LIARS = ("ga", "gp-ei", "transfer-mix")
BUDGET, SEEDS, FAMILIES, MOST = 33, (0, 1), 12, int(WORKERS[-1])
GRID = np.arange(1, BUDGET * MOST + 1) / MOST
"""Points of time, in mean costs: the whole run of one worker; the first 33 are about that of eight."""
SUITES = ("AutoML", "Studies")
CHEAP = {("workers", "random", "4"): ()}

Found = Mapping[str, Any]


def cells() -> Iterator[frame.Address]:
    """Yield optimizers with numbers of workers, and with other lies at the most workers."""
    yield from itertools.product(("workers",), ON, WORKERS)
    yield from itertools.product(("lies",), LIARS, [lie for lie in LIES if lie != LIE])


def cell(kind: str, name: str, value: str) -> dict[str, Any]:
    """Return `tasks`, `families`, and means over seeds: by task the AUC over trials (`auc`) and over the time of eight
    workers (`timed`), over tasks the regret at `GRID` (`curve`) and the time of the last end (`end`).
    """
    workers, lie = (value, LIE) if kind == "workers" else (WORKERS[-1], value)
    tasks, prior = of_families(ON[name], FAMILIES), load_suite(ON[name]).prior()
    trials, curves, ends = [], [], []
    for task in tasks:
        runs = [rollout(name, task, BUDGET, seed=s, prior=prior, workers=int(workers), lie=lie) for s in SEEDS]
        trials.append(np.mean([regret_of(run, task, BUDGET).mean() for run in runs]))
        curves.append(np.mean([over_time(run, task) for run in runs], 0))
        ends.append(np.mean([times(run, task)[-1] for run in runs]))
    timed = np.array(curves)[:, :BUDGET].mean(1)
    numbers = {"auc": np.array(trials), "timed": timed, "curve": np.mean(curves, 0)}
    return {
        **about(tasks),
        **{key: of.round(5).tolist() for key, of in numbers.items()},
        "end": round(float(np.mean(ends)), 3),
    }


def times(run: History, task: Task) -> NDArray[np.float64]:
    """Return the end of each trial, in mean costs of a full evaluation, ``(t,)``."""
    return np.asarray(run.times or np.cumsum(run.costs)) / task.cost_unit


def over_time(run: History, task: Task) -> NDArray[np.float64]:
    """Return the regret of the incumbent at `GRID`; before the end of a trial that of a random configuration."""
    score = task.noise_free(task.space.snap(task.space.encode(run.configs)))
    best = np.where(np.array(run.statuses) == Status.OK, score, -np.inf)[list(run.incumbents)]
    regret = np.append(random_regret(task), relative_regret(best, task.best, task.worst))
    return np.asarray(regret[np.searchsorted(times(run, task), GRID, side="right")])


# ---------------------------------------------------------------------- the tables
def speed_up(found: Found, name: str, workers: str) -> float:
    """Return how much earlier several workers have the mean regret that one has after half of its budget."""
    curves = [np.array(found["workers"][name][q]["curve"]) for q in (WORKERS[0], workers)]
    aim = curves[0][len(GRID) // 2 - 1]
    first, there = (GRID[np.argmax(curve <= aim)] if (curve <= aim).any() else np.nan for curve in curves)
    return float(first / there)


def ratio(found: Found, name: str, part: Mapping[str, Any], key: str, to: Mapping[str, Any]) -> Sequence[float]:
    """Return the ratio of two mean AUCs, with its interval over families."""
    return Resamples.of(part["families"]).ratio(np.array(part[key]), np.array(to[key]))


def tables(found: Found) -> dict[str, Table]:
    """Return, by number of workers, speed-ups and AUCs; and AUCs of other lies in parts of that of the lowest score."""
    by = found["workers"]
    rows, lies = [], []
    for name in ON:
        one, text = by[name][WORKERS[0]], "{:.2f} [{:.2f}, {:.2f}]"
        rows.append((f"`{name}`, times as fast", "1", *(f"{speed_up(found, name, q):.1f}" for q in WORKERS[1:])))
        rows.append(("AUC over the same time", *(f"{np.mean(by[name][q]['timed']):.3f}" for q in WORKERS)))
        costs = (text.format(*ratio(found, name, by[name][q], "auc", one)) for q in WORKERS[1:])
        rows.append(("AUC over trials, to one worker", "1", *costs))
        if name in LIARS:
            other = found["lies"][name]
            told = (text.format(*ratio(found, name, part, "auc", by[name][WORKERS[-1]])) for part in other.values())
            lies.append((f"`{name}`", *told))
    heads = [lie for lie in LIES if lie != LIE]
    return {
        "workers": Table.of(("optimizer", *WORKERS), rows),
        "lies": Table.of(("optimizer", *(f"{lie}, to {LIE}" for lie in heads)), lies),
    }


def values(found: Found) -> dict[str, Any]:
    """Return the mean speed-up over optimizers, by number of workers."""
    return {f"speed_{q}": round(float(np.mean([speed_up(found, n, q) for n in ON])), 2) for q in WORKERS[1:]}
