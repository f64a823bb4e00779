"""Single runs on the page: a table of the trials of each, from which the page's script draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpo_gym.bench.report.grid import FigureGrid, grid
from hpo_gym.bench.report.run_figure import ends
from hpo_gym.bench.report.words import MISSING, number, short
from hpo_gym.bench.single_runs import SingleRun, SuiteRuns, Tried
from hpo_gym.problem import Hyperparameter

_FIRST = ("trial", "score")


def runs_parts(suite: str, slug: str, found: SuiteRuns) -> dict[str, Any]:
    """Return the page's content on the shown runs of a suite."""
    return {
        "name": suite,
        "slug": slug,
        "task": found.task,
        "family": found.family,
        "replicate": found.replicate,
        "left_out": found.left_out,
        "axes": [_axis(a) for a in found.axes],
        "runs": [_run(suite, f"{slug}-run-{i}", run, found) for i, run in enumerate(found.runs)],
    }


def _axis(axis: Hyperparameter) -> dict[str, Any]:
    choices = list(map(str, axis.choices))
    if choices:
        return {"name": axis.name, "kind": "choice", "low": "", "high": "", "scale": "", "choices": choices}
    low, high = ends(axis)
    scale = "log" if axis.log else "linear"
    return {"name": axis.name, "kind": "number", "low": low, "high": high, "scale": scale, "choices": []}


def _run(suite: str, at: str, run: SingleRun, found: SuiteRuns) -> dict[str, Any]:
    table, columns = _table(suite, run, found.axes)
    return {
        "id": at,
        "optimizer": run.optimizer,
        "auc": number(run.auc),
        "regret": number(run.regret),
        "given": run.given,
        "table": table,
        "first": columns,
    }


def _table(suite: str, run: SingleRun, axes: Sequence[Hyperparameter]) -> tuple[FigureGrid, int]:
    """Return a row for each trial, its results first, then its active hyperparameters; and the number of result
    columns."""
    used = [a.name for a in axes if any(a.name in t.config for t in run.trials)]
    columns = {
        "test score": any(t.test_score is not None for t in run.trials),
        "fidelity": any(t.fidelity < 1.0 for t in run.trials),
        "status": any(t.score is None for t in run.trials),
    }
    extra = [name for name, shown in columns.items() if shown]
    lines = [
        [str(i), _score(t.score), *(_extra(name, t) for name in extra), *(_value(t, name) for name in used)]
        for i, t in enumerate(run.trials, 1)
    ]
    head = [*_FIRST, *extra, *used]
    texts = {i for i, name in enumerate(head) if name == "status" and i < len(_FIRST) + len(extra)}
    label = f"Trials of {run.optimizer} on {suite}"
    return grid(label, head, lines, texts, intervals=False), len(_FIRST) + len(extra)


def _extra(name: str, trial: Tried) -> str:
    known = {"test score": _score(trial.test_score), "fidelity": short(trial.fidelity), "status": trial.status}
    return known[name]


def _score(value: float | None) -> str:
    return MISSING if value is None else f"{value:.6g}"


def _value(trial: Tried, name: str) -> str:
    return short(trial.config[name]) if name in trial.config else ""
