"""Baselines that try the portfolio of the earlier tasks first, then the best candidate of a model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from hpo_baselines._models.model_based import ModelBased
from hpo_baselines._runs.baseline import Choice, Run
from hpo_baselines.greedy_portfolio import GreedyPortfolio
from hpo_gym.base import InvalidValueError
from hpo_gym.optimize import Context
from hpo_gym.problem import known
from hpo_gym.system import one_blas_thread


class PortfolioFirst(ModelBased):
    """A baseline whose first trials are those of the portfolio; the initial design does not count as such.

    Attributes:
        n_init: Trials of the portfolio, in a run with earlier tasks.
    """

    n_init: int

    @abstractmethod
    def check(self) -> None:
        """Refuse wrong settings."""

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        super().reset_batch(contexts, rngs)
        self._given: dict[Run, int] = {}

    @one_blas_thread("scipy.linalg")
    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim the portfolio's next while a run is young, then the best candidate of its model."""
        self.check()
        portfolio = GreedyPortfolio()
        return [run.follow(portfolio.plan) if self._early(run) else self._next(run) for run in runs]

    def _early(self, run: Run) -> bool:
        given = self._given.setdefault(run, len(run.score))
        return len(run.score) - given < self.n_init and bool(known(run.space, tuple(run.context.prior)))


def check_first(n_init: int, least: int) -> None:
    """Refuse fewer trials of the portfolio than `least`."""
    if n_init < least:
        raise InvalidValueError(f"`n_init >= {least}` must hold, got {n_init}; the nearest is {least}.")
