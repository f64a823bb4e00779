"""The genetic algorithm that starts from the greedy portfolio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo_baselines._runs.baseline import Baseline, Choice, Run
from hpo_baselines.genetic import GeneticAlgorithm
from hpo_baselines.greedy_portfolio import GreedyPortfolio, portfolio_of
from hpo_gym.optimize import OPTIMIZERS, Context


@OPTIMIZERS.register("ga-portfolio", family="transfer", trainable=False)
@dataclass(eq=False, repr=False)
class PortfolioGenetic(Baseline):
    """The genetic algorithm `ga` with the greedy portfolio of the meta-train tasks for its first population.

    The first `mu` trials are the first entries of `portfolio`, in addition to the initial design, without repeats and
    unmeasured ones. Then `ga` breeds from the best `mu` of all trials so far. Without a prior it is `ga`.

    **Reference**: start from earlier tasks' configurations: Reif, Shafait and Dengel, "Meta-learning for evolutionary
    parameter optimization of classifiers", Machine Learning 87, 2012; the portfolio and the algorithm as in
    `GreedyPortfolio` and `GeneticAlgorithm`.

    **Differs from the paper**: the first population does not depend on meta-features; its configurations complement
    each other on all tasks, instead of the best of each similar task.

    Args:
        population: `mu`. None: a quarter of the budget, from 2 to 20.
        offspring, eta, sd, tournament, crossover, mutation: As in `GeneticAlgorithm`.
    """

    version = 3

    population: int | None = None
    offspring: int = 1
    eta: float = 5.0
    sd: float = 0.15
    tournament: int = 3
    crossover: float = 1.0
    mutation: float = 1.0

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        super().reset_batch(contexts, rngs)
        self._given: dict[Run, int] = {}

    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim the portfolio's entries first, then children."""
        genetic = self._genetic()
        out: list[Choice | None] = [None] * len(runs)
        later = []
        for i, run in enumerate(runs):
            given = self._given.setdefault(run, len(run.score))
            if len(run.score) < given + genetic.mu(run) and portfolio_of(run.space, tuple(run.context.prior)):
                out[i] = run.follow(GreedyPortfolio().plan)
            else:
                later.append(i)
        for i, choice in zip(later, genetic.choose([runs[i] for i in later]), strict=True):
            out[i] = choice
        return out

    def _genetic(self) -> GeneticAlgorithm:
        genetic = GeneticAlgorithm(
            self.population, self.offspring, self.eta, self.sd, self.tournament, self.crossover, self.mutation
        )
        genetic.check()
        return genetic
