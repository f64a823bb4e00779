"""Robustness of `transfer-time` to misleading earlier tasks.

On validation tasks of `SVM`, `Linear`, `Boosting` and `MLP`, from a cold start, 33 evaluations or 33 units of cost. The
earlier tasks are as they are; shuffled: the scores of each permuted over its rows; flipped: mirrored at the task's
mean; foreign: those of a task of the next of the four suites, at rows that were drawn at random, the same of all tasks.
Test scores and lower fidelities go with the scores of their task; points and costs stay. What is drawn is drawn three
times, and `gp-ei` runs three times.

Of the families of the validation tasks in the order of their names, the first, third and so on were used to choose the
fallback of `transfer-time` (weights before the first trial, the weight from which a belief counts, the most that one
trial may tell); the tasks of the others, which had no part in that, are judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import frame
import numpy as np
from frame import Table
from numpy.typing import NDArray

from hpo_baselines._transfer.earlier import scores_of
from hpo_gym.base import Floats, generator, key
from hpo_gym.bench import Curves, interval, pooled, regret_of
from hpo_gym.optimize import make_optimizer, rollout
from hpo_gym.problem import Evaluations, Task
from hpo_gym.suites import load_suite

LOOKS = "validation tasks"
SUITES = ("SVM", "Linear", "Boosting", "MLP")
KINDS = ("as they are", "shuffled", "flipped", "foreign")
DOUBTS, BELIEVES, ANCHOR = "transfer-time", "transfer-time, doubts=False", "gp-ei"
OPTIMIZERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    DOUBTS: ("transfer-time", {}),
    BELIEVES: ("transfer-time", {"doubts": False}),
    ANCHOR: ("gp-ei", {}),
}
BUDGET, SEEDS = 33, 3
UNITS = ("evaluations", "cost")
PAIRS = [*((who, kind) for who in (DOUBTS, BELIEVES) for kind in KINDS), (ANCHOR, KINDS[0])]
"""Optimizers, and their earlier tasks."""
CHEAP = {("evaluations", "SVM", "transfer-time, flipped"): ()}


cells = frame.grid(UNITS, SUITES, [f"{who}, {kind}" for who, kind in PAIRS])


def cell(unit: str, suite: str, entrant: str) -> dict[str, list[float]]:
    """Return the mean regret over the run and after it, for each task."""
    who, _, kind = entrant.rpartition(", ")
    regret = curves(who, kind, suite, unit).mean(1)
    return {"auc": np.round(regret.mean(1), 5).tolist(), "after": np.round(regret[:, -1], 5).tolist()}


def curves(who: str, kind: str, suite: str, unit: str) -> Floats:
    """Return the regret of the incumbent on the judged tasks, ``(k, seeds, 33)``."""
    drawn = who == ANCHOR or kind in ("shuffled", "foreign")
    out = []
    for seed in range(SEEDS if drawn else 1):
        prior = earlier(suite, kind, seed)
        out.append([_one(who, task, prior, unit, seed) for task in judged(suite)])
    return np.array(out).swapaxes(0, 1)


def _one(who: str, task: Task, prior: Sequence[Evaluations], unit: str, seed: int) -> Floats:
    name, options = OPTIMIZERS[who]
    budget: Mapping[str, Any] = {"budget_cost": BUDGET} if unit == "cost" else {"budget": BUDGET}
    return regret_of(rollout(make_optimizer(name, **options), task, seed=seed, prior=prior, **budget), task, **budget)


# ---------------------------------------------------------------------- earlier tasks
def earlier(suite: str, kind: str, seed: int) -> tuple[Evaluations, ...]:
    """Return the training tasks of a suite, changed as a kind says."""
    own = load_suite(suite).prior()
    if kind == KINDS[0]:
        return own
    others = load_suite(SUITES[(SUITES.index(suite) + 1) % len(SUITES)]).prior()
    rng = generator(key("robustness", suite, kind, seed))
    if kind == "flipped":
        return tuple(_each(e, _mirrored) for e in own)
    if kind == "shuffled":
        return tuple(_of_rows(e, e, rng.permutation(len(e.x))) for e in own)
    rows = rng.integers(len(others[0].x), size=len(own[0].x))
    drawn = [others[i] for i in rng.permutation(len(own)) % len(others)]
    return tuple(_of_rows(e, f, rows) for e, f in zip(own, drawn, strict=True))


def _each(e: Evaluations, change: Callable[[Evaluations], Floats]) -> Evaluations:
    """Return a task with other scores of all its measurements, none of them failed."""
    fine = np.zeros_like(e.status)
    further = tuple(replace(m, score=change(e.by(m)), status=fine) for m in e.further)
    return replace(e, score=change(e), status=fine, further=further)


def _mirrored(e: Evaluations) -> Floats:
    y = scores_of(e)
    return np.asarray(2.0 * np.nanmean(y) - y)


def _of_rows(e: Evaluations, source: Evaluations, rows: NDArray[np.int64]) -> Evaluations:
    """Return a task with the scores of rows of another one, or of its own rows in another order."""
    further = tuple(
        replace(m, score=m.score[rows], status=m.status[rows], cost=own.cost)
        for m, own in zip(source.further, e.further, strict=False)
    )
    return replace(e, score=source.score[rows], status=source.status[rows], further=further)


def judged(suite: str) -> list[Task]:
    """Return the validation tasks of a suite whose families had no part in any choice."""
    families = sorted({task.family for name in SUITES for task in load_suite(name).tasks("val")})
    return [task for task in load_suite(suite).tasks("val") if task.family in families[1::2]]


# ---------------------------------------------------------------------- the table
def ratios(found: Mapping[str, Any], unit: str, part: str, anchor: str) -> dict[str, list[Any]]:
    """Return the pooled ratio of each entrant to the anchor, and its interval over families."""
    of = {}
    for suite, rows in found[unit].items():
        names, families = tuple(t.name for t in judged(suite)), tuple(t.family for t in judged(suite))
        of[suite] = [
            Curves(suite, who, names, np.array(row[part])[:, None, None], families) for who, row in rows.items()
        ]
    rows = pooled(of, anchors=(anchor,), least=2)["anchors"][anchor]["optimizers"]
    return {who: row["ratio"] for who, row in rows.items()}


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return ratios to `gp-ei`, and with right tasks to `doubts=False`, after the run and over it."""
    parts = [(unit, part) for unit in UNITS for part in ("after", "auc")]
    to_anchor, to_believer = (
        [ratios(found, unit, part, f"{who}, {KINDS[0]}") for unit, part in parts] for who in (ANCHOR, BELIEVES)
    )

    def cells(columns: Sequence[Mapping[str, Any]], who: str, kind: str) -> list[str]:
        return [interval(column[f"{who}, {kind}"], 2) for column in columns]

    rows = [(f"`{who}`", kind, *cells(to_anchor, who, kind)) for who, kind in PAIRS if who != ANCHOR]
    rows.append((f"`{DOUBTS}` to `doubts=False`", KINDS[0], *cells(to_believer, DOUBTS, KINDS[0])))
    heads = ("after 33 evaluations", "AUC", "after 33 units of cost", "AUC over spent cost")
    return {"robustness": Table.of(("", "earlier tasks", *heads), rows)}
