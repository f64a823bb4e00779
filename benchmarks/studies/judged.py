"""By which score a study judges: that of data which no choice has seen, of suites that have one.

The incumbent of a run is chosen by the validation score. It is judged by the test score of the same configuration, as
comparisons judge it; a suite some of whose tasks have no test score is judged by the only score that they have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpo_gym.bench import TEST, VALIDATION, regret_of
from hpo_gym.optimize import rollout
from hpo_gym.problem import Evaluations, History, Task

TRIALS = 33
SAYS = {TEST: "test score", VALIDATION: "the only score"}
"""What a table says of the score by which a suite is judged."""


def score_of(tasks: Sequence[Task]) -> str:
    """Return the score by which tasks are judged, as the benchmark chooses it."""
    return TEST if all(task.test_range is not None for task in tasks) else VALIDATION


def auc_by(score: str, history: History, task: Task) -> float:
    """Return the mean normalised regret over 33 trials by a score."""
    return float(regret_of(history, task, TRIALS, score=score).mean())


def auc_of(score: str, optimizer: Any, task: Task, prior: Sequence[Evaluations] = (), seed: int = 0) -> float:
    """Return the mean normalised regret of one run of 33 trials by a score."""
    return auc_by(score, rollout(optimizer, task, TRIALS, seed=seed, prior=prior), task)
