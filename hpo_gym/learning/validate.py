"""What is trained is judged by the regret of its runs on validation tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hpo_gym.state.oracle import Oracle
from hpo_gym.state.runs import Runs
from hpo_gym.task import Task


def mean_regret(tasks: Sequence[Task], runs: Runs, step: Callable[[], object]) -> float:
    """Mean over runs on `tasks` and over trials of the normalised regret; `step` makes the next trial of each run."""
    oracle, budget, total = Oracle.of(tasks), int(runs.budget), 0.0
    for _ in range(budget):
        step()
        total += float(oracle.regret(runs.task, runs.reached).mean())
    return total / budget
