"""What earlier tasks that mislead do to `transfer-time`: `python benchmarks/studies/robustness.py [--check]`.

On validation tasks of `SVM`, `Linear`, `Boosting` and `MLP`, from a cold start, 33 evaluations or 33 units of cost. The
earlier tasks are as they are; shuffled: the scores of each permuted over its rows; flipped: mirrored at the task's
mean; foreign: those of a task of the next of the four suites, at rows that were drawn at random, the same of all tasks.
Test scores and lower fidelities go with the scores of their task; points and costs stay. What is drawn is drawn three
times, and `gp-ei` runs three times.

Of the families of the validation tasks in the order of their names, the first, third and so on were used to choose how
`transfer-time` doubts (weights before the first trial, from which weight on a belief counts, what one trial may tell);
the tasks of the others, which had no part in that, are judged here.

The table goes into docs/baselines.md, the numbers into robustness.json; `--check` says whether the page holds what is
stored.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from marks import renew
from numpy.typing import NDArray

from hpo_gym.base import Floats, generator, key
from hpo_gym.bench import Curves, interval, pooled, regret_of
from hpo_gym.optimize import make_optimizer, rollout
from hpo_gym.problem import Evaluations, Task, scores_of
from hpo_gym.suites import load_suite

FOUND = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "baselines.md"
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


def earlier(suite: str, kind: str, seed: int) -> tuple[Evaluations, ...]:
    """The training tasks of a suite, as a kind of run is told them."""
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
    """A task with other scores, of all its measurements, none of them failed."""
    fine = np.zeros_like(e.status)
    further = tuple(replace(m, score=change(e.by(m)), status=fine) for m in e.further)
    return replace(e, score=change(e), status=fine, further=further)


def _mirrored(e: Evaluations) -> Floats:
    y = scores_of(e)
    return np.asarray(2.0 * np.nanmean(y) - y)


def _of_rows(e: Evaluations, source: Evaluations, rows: NDArray[np.int64]) -> Evaluations:
    """A task whose scores are those of rows of another one, or of its own rows in another order."""
    further = tuple(
        replace(m, score=m.score[rows], status=m.status[rows], cost=own.cost)
        for m, own in zip(source.further, e.further, strict=False)
    )
    return replace(e, score=source.score[rows], status=source.status[rows], further=further)


def judged(suite: str) -> list[Task]:
    """Validation tasks of a suite whose families had no part in any choice."""
    families = sorted({task.family for name in SUITES for task in load_suite(name).tasks("val")})
    return [task for task in load_suite(suite).tasks("val") if task.family in families[1::2]]


def curves(who: str, kind: str, suite: str, unit: str) -> Floats:
    """Regret of the incumbent on the judged tasks, ``(k, seeds, 33)``."""
    drawn = who == ANCHOR or kind in ("shuffled", "foreign")
    out = []
    for seed in range(SEEDS if drawn else 1):
        prior = earlier(suite, kind, seed)
        out.append([_one(who, task, prior, unit, seed) for task in judged(suite)])
    return np.array(out).swapaxes(0, 1)


def _one(who: str, task: Task, prior: Sequence[Evaluations], unit: str, seed: int) -> Floats:
    name, options = OPTIMIZERS[who]
    optimizer = make_optimizer(name, **options)
    if unit == "cost":
        history = rollout(optimizer, task, seed=seed, prior=prior, budget_cost=BUDGET)
        return regret_of(history, task, budget_cost=BUDGET)
    return regret_of(rollout(optimizer, task, BUDGET, seed=seed, prior=prior), task, BUDGET)


def carry_out() -> dict[str, Any]:
    """By unit, suite and ``optimizer, kind``: the mean regret over the run and after it, of each task."""
    found: dict[str, Any] = {}
    for unit in UNITS:
        for suite in SUITES:
            rows = found.setdefault(unit, {}).setdefault(suite, {})
            for who, kind in pairs():
                regret = curves(who, kind, suite, unit).mean(1)
                rows[f"{who}, {kind}"] = {
                    "auc": np.round(regret.mean(1), 5).tolist(),
                    "after": np.round(regret[:, -1], 5).tolist(),
                }
                means = (f"{np.mean(v):.4f}" for v in rows[f"{who}, {kind}"].values())
                print(unit, suite, who, kind, *means, flush=True)
    return found


def pairs() -> list[tuple[str, str]]:
    """Who runs, and what it is told."""
    return [(who, kind) for who in (DOUBTS, BELIEVES) for kind in KINDS] + [(ANCHOR, KINDS[0])]


def ratios(found: Mapping[str, Any], unit: str, part: str, anchor: str) -> dict[str, list[Any]]:
    """Pooled ratio of each entrant to the anchor, and its interval over families."""
    of = {}
    for suite, rows in found[unit].items():
        names, families = tuple(t.name for t in judged(suite)), tuple(t.family for t in judged(suite))
        of[suite] = [
            Curves(suite, who, names, np.array(row[part])[:, None, None], families) for who, row in rows.items()
        ]
    rows = pooled(of, anchors=(anchor,))["anchors"][anchor]["optimizers"]
    return {who: row["ratio"] for who, row in rows.items()}


def lines(found: Mapping[str, Any]) -> list[str]:
    """The table: ratios to `gp-ei`, and of what is believed to `doubts=False`, after the run and over it."""
    out = ["| | earlier tasks | after 33 evaluations | AUC | after 33 units of cost | AUC over spent cost |"]
    out.append("|---|---|---:|---:|---:|---:|")
    parts = [(unit, part) for unit in UNITS for part in ("after", "auc")]
    columns = [ratios(found, unit, part, f"{ANCHOR}, {KINDS[0]}") for unit, part in parts]
    for who, kind in pairs():
        if who != ANCHOR:
            cells = " | ".join(interval(column[f"{who}, {kind}"], 2) for column in columns)
            out.append(f"| `{who}` | {kind} | {cells} |")
    columns = [ratios(found, unit, part, f"{BELIEVES}, {KINDS[0]}") for unit, part in parts]
    cells = " | ".join(interval(column[f"{DOUBTS}, {KINDS[0]}"], 2) for column in columns)
    out.append(f"| `{DOUBTS}` to `doubts=False` | {KINDS[0]} | {cells} |")
    return out


if __name__ == "__main__":
    if "--check" not in sys.argv:
        FOUND.write_text(json.dumps(carry_out(), indent=1) + "\n", encoding="utf-8")
    parts = [("robustness", lines(json.loads(FOUND.read_text(encoding="utf-8"))))]
    renew(PAGE, parts, "robustness.py", check="--check" in sys.argv)
