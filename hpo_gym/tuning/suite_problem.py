"""A task of a suite as a problem of OptunaHub; `hpo-gym export --optunahub` writes packages of such problems."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optuna import Trial
from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection

from hpo_gym.base import InvalidValueError
from hpo_gym.problem import ProgressBatch, Status, Suite
from hpo_gym.suites import load_suite
from hpo_gym.tuning.optuna_space import ParameterSpace


class SuiteProblem:
    """An objective with the interface of `optunahub.benchmarks.BaseProblem`: a full evaluation, higher is better.

    Args:
        suite: In any form that `hpo_gym.load_suite` takes; its trials must stand alone.
        task: A name; None for the first task of the test split.
        seed: Of the noise, where the task has any.

    Attributes:
        space: With its conditions, for the sampler; `search_space` has the distributions alone.
    """

    directions = (StudyDirection.MAXIMIZE,)

    def __init__(self, suite: str | Path | Suite, task: str | None = None, seed: int = 0) -> None:
        found = load_suite(suite)
        self.task = (found.tasks("test") or found.members)[0] if task is None else found.task(task)
        if isinstance(self.task.alone, ProgressBatch):
            raise InvalidValueError(f"`suite` must have trials that stand alone, those of {found.name!r} do not.")
        self.space, self._seed, self._parameters = self.task.space, seed, ParameterSpace.of(self.task.space)

    @property
    def search_space(self) -> dict[str, BaseDistribution]:
        """Return the distribution of each hyperparameter, active or not."""
        return dict(self._parameters.distributions)

    def __call__(self, trial: Trial) -> float:
        """Suggest the active hyperparameters alone, parents first, and evaluate them."""
        params: dict[str, Any] = {}
        while todo := self._parameters.unknown(params):
            params[todo[0]] = trial._suggest(todo[0], self.search_space[todo[0]])
        return self.evaluate(params)

    def evaluate(self, params: Mapping[str, Any]) -> float:
        """Return the score; NaN if the evaluation fails or the space forbids the combination. Raise `InvalidValueError`
        if an active hyperparameter has no value inside the space."""
        if lacking := self._parameters.unknown(params):
            raise InvalidValueError(f"`params` must have a value inside the space for each of {lacking}, got {params}.")
        config = self._parameters.config(params)
        trial = None if config is None else self.task.run(config, seed=self._seed)
        return trial.score if trial is not None and trial.status is Status.OK else math.nan
