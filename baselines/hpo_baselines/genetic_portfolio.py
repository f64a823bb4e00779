"""The genetic algorithm that starts from the greedy portfolio."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpo_baselines._runs.baseline import Choice, Run
from hpo_baselines.genetic import GeneticAlgorithm
from hpo_baselines.greedy_portfolio import GreedyPortfolio, portfolio_of
from hpo_gym.optimize import OPTIMIZERS, Context


@OPTIMIZERS.register("ga-portfolio", family="transfer", trainable=False)
class PortfolioGenetic(GeneticAlgorithm):
    """The genetic algorithm `ga` with the greedy portfolio of the meta-train tasks for its first population.

    The first `mu` trials are the first entries of `portfolio`, in addition to the initial design, without repeats and
    unmeasured ones. Then `ga` breeds from the best `mu` of all trials so far. Without a prior it is `ga`.

    **Reference**: start from earlier tasks' configurations: Reif, Shafait and Dengel, "Meta-learning for evolutionary
    parameter optimization of classifiers", Machine Learning 87, 2012; the portfolio and the algorithm as in
    `GreedyPortfolio` and `GeneticAlgorithm`.

    **Differs from the paper**: the first population does not depend on meta-features; its configurations complement
    each other on all tasks, instead of the best of each similar task.

    The settings are those of `GeneticAlgorithm`.
    """

    version = 3

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        super().reset_batch(contexts, rngs)
        self._given: dict[Run, int] = {}

    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim the portfolio's entries first, then children."""
        self.check()
        out: list[Choice | None] = [None] * len(runs)
        later = []
        for i, run in enumerate(runs):
            given = self._given.setdefault(run, len(run.score))
            if len(run.score) < given + self.mu(run) and portfolio_of(run.space, tuple(run.context.prior)):
                out[i] = run.follow(GreedyPortfolio().plan)
            else:
                later.append(i)
        for i, choice in zip(later, super().choose([runs[i] for i in later]), strict=True):
            out[i] = choice
        return out
