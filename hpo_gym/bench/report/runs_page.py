"""Single runs on the page: a table of the trials of each, from which the page's script draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hpo_gym.bench.report.grid import FigureGrid, grid
from hpo_gym.bench.report.words import MISSING, short
from hpo_gym.bench.single_runs import SingleRun, Tried
from hpo_gym.problem import Hyperparameter

_FIRST = ("trial", "score")


def trials_table(suite: str, run: SingleRun, axes: Sequence[Hyperparameter]) -> tuple[FigureGrid, int]:
    """Return a row for each trial, its results first, then its active hyperparameters; and the number of result
    columns."""
    used = [a.name for a in axes if any(a.name in t.config for t in run.trials)]
    columns: dict[str, tuple[bool, Callable[[Tried], str]]] = {
        "test score": (any(t.test_score is not None for t in run.trials), lambda t: _score(t.test_score)),
        "fidelity": (any(t.fidelity < 1.0 for t in run.trials), lambda t: short(t.fidelity)),
        "status": (any(t.score is None for t in run.trials), lambda t: t.status),
    }
    extra = {name: text for name, (shown, text) in columns.items() if shown}
    lines = [
        [str(i), _score(t.score), *(text(t) for text in extra.values()), *(_value(t, name) for name in used)]
        for i, t in enumerate(run.trials, 1)
    ]
    head = [*_FIRST, *extra, *used]
    texts = {i for i, name in enumerate(head) if name == "status" and i < len(_FIRST) + len(extra)}
    label = f"Trials of {run.optimizer} on {suite}"
    return grid(label, head, lines, texts, intervals=False), len(_FIRST) + len(extra)


def _score(value: float | None) -> str:
    return MISSING if value is None else f"{value:.6g}"


def _value(trial: Tried, name: str) -> str:
    return short(trial.config[name]) if name in trial.config else ""
