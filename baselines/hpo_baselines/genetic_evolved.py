"""The genetic algorithm with settings found by a genetic algorithm on the meta-train tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hpo_baselines._runs.baseline import Baseline, Choice, Run
from hpo_baselines._runs.genetic_settings import (
    USUAL,
    Arena,
    Settings,
    Sizes,
    choose_finalist,
    evolve,
    genetic_of,
    settings_space,
)
from hpo_baselines._runs.trained import Trained
from hpo_baselines._transfer.tables import evaluations_of, priors_without
from hpo_baselines.genetic import GeneticAlgorithm
from hpo_gym.base import whole_fields
from hpo_gym.optimize import OPTIMIZERS, Arrays, Context

if TYPE_CHECKING:
    from hpo_gym.problem import Task

_PARTS = 3  # of the meta-train families; a task's portfolio is made from the other parts


@OPTIMIZERS.register("ga-evolved", family="evolutionary", trainable=True)
class EvolvedGenetic(Trained, Baseline):
    """An evolved optimizer: a genetic algorithm over the settings of the genetic algorithm itself.

    **Training**. The outer `ga` tunes a search space of settings: population, offspring, distribution index, step of
    mutation, size of the tournament, shares of crossover and mutation, and whether the first population is random or
    the greedy portfolio. The worth of a setting is its result on some meta-train tasks, the same tasks and seeds for
    all settings: the mean over tasks and trials of the normalised regret. The portfolio of a task in training is made
    without that task's family. The finalists are the best settings and the usual ones; the least regret on validation
    tasks decides, without such tasks that on the meta-train tasks.

    **Choice**. That of `ga` or of `ga-portfolio` with the settings found.

    **Reference**: Grefenstette, "Optimization of control parameters for genetic algorithms", IEEE Transactions on
    Systems, Man, and Cybernetics 16, 1986.

    **Differs from the paper**: real and mixed settings instead of bit strings, a portfolio as a start, and held-out
    tasks decide among the finalists.

    Args:
        candidates: Number of settings to try, the usual two among them.
        tasks: Meta-train tasks for each, at most; as many validation tasks for finalists.
        budget: Trials of a run.
        finalists: Settings to try on the validation tasks, besides the usual two.

    Attributes:
        found: The settings, None before `train` or `load`.
    """

    version = 3
    smoke: ClassVar[Mapping[str, Any]] = {"candidates": 6, "tasks": 2, "budget": 6, "finalists": 2}
    name = "ga-evolved"
    found: Settings | None = None
    _inner: GeneticAlgorithm

    def __init__(self, candidates: int = 80, tasks: int = 64, budget: int = 33, finalists: int = 4) -> None:
        self.candidates, self.tasks, self.budget, self.finalists = candidates, tasks, budget, finalists

    # ------------------------------------------------------------------ training
    def learn(
        self, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator, steps: int | None
    ) -> None:
        """Search for settings. A step is a trial: fewer are fewer settings on fewer tasks; tables for the portfolio are
        read besides.
        """
        whole_fields(self, 1, *self.settings)
        per, held = min(self.tasks, len(tasks)), min(self.tasks, len(validation))
        full = Sizes(self.candidates, per, self.finalists + len(USUAL), held)
        sizes = full if steps is None else full.within(steps // self.budget)
        tables = evaluations_of(tasks, rng)
        priors = priors_without(tables, rng, _PARTS)
        inner = Arena(tasks, tables, priors, self.budget).drawn(sizes.tasks, rng)
        tried = evolve(inner, sizes.candidates, rng)
        known = evaluations_of(validation, rng)
        outer = Arena(validation, known, [tables] * len(known), self.budget).drawn(sizes.held, rng)
        self.found = choose_finalist(tried, outer, sizes.finalists)
        self._runs = ()

    # ------------------------------------------------------------------ choosing
    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin `n` new runs.

        Raises:
            StateError: Neither trained nor loaded.
        """
        self._inner = genetic_of(self._needed(self.found, "reset"))
        self._inner.reset_batch(contexts, rngs)
        self._runs = self._inner._runs

    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim the choices of the genetic algorithm with the settings found."""
        return self._inner.choose(runs)

    # ------------------------------------------------------------------ files
    def about(self) -> dict[str, Any]:
        about = {**super().about(), "found": self.found}
        return {key: about[key] for key in ("version", "settings", "found", "suites", "seen")}  # of no one search space

    def restore(self, about: Mapping[str, Any], arrays: Arrays) -> None:
        settings_space().to_unit(about["found"])  # refuses what is out of range
        self.found = dict(about["found"])
