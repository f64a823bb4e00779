"""Settings of the genetic algorithm: their space, their worth on tasks, and their own evolution."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_baselines._runs.baseline import Choice, Run
from hpo_baselines._transfer.tables import Prior
from hpo_baselines.genetic import GeneticAlgorithm
from hpo_baselines.genetic_portfolio import PortfolioGenetic
from hpo_gym.optimize import Context
from hpo_gym.problem import Query, SearchSpace, Trial, relative_regret

if TYPE_CHECKING:
    from hpo_gym.problem import Task

Settings = dict[str, Any]

STARTS = ("random", "portfolio")
_USUAL = {"population": 8, "offspring": 1, "eta": 5.0, "sd": 0.15, "tournament": 3, "crossover": 1.0, "mutation": 1.0}
USUAL: tuple[Settings, ...] = tuple({"start": start, **_USUAL} for start in STARTS)
"""The usual settings, start and reference of the search: those of `ga` and `ga-portfolio` at a budget of 33."""


@dataclass(frozen=True)
class Sizes:
    """Size of the search: settings on meta-train tasks, then finalists on held-out ones."""

    candidates: int
    tasks: int
    finalists: int
    held: int

    def within(self, runs: int) -> Sizes:
        """Return sizes of at most `runs` runs in all, shrunk in proportion."""
        total = self.candidates * self.tasks + self.finalists * self.held
        if runs >= total:
            return self
        share = float(max(runs, 0) / total) ** 0.5
        tasks, held = max(1, int(self.tasks * share)), int(self.held * share)
        finalists = int(self.finalists * share)
        return Sizes(max(0, min(self.candidates, (runs - finalists * held) // tasks)), tasks, finalists, held)


@dataclass(frozen=True, eq=False)
class Arena:
    """Tasks that settings are tried on, each with the prior that its context has, in the same runs for all settings."""

    tasks: Sequence[Task]
    tables: Prior
    priors: Sequence[Prior]
    budget: int
    seed: int = 0

    def drawn(self, count: int, rng: np.random.Generator) -> Arena:
        """Return an arena of `count` of the tasks and a seed, drawn."""
        rows = np.sort(rng.permutation(len(self.tasks))[:count]).tolist()
        chosen = ([self.tasks[i] for i in rows], tuple(self.tables[i] for i in rows), [self.priors[i] for i in rows])
        return Arena(*chosen, self.budget, int(rng.integers(2**63)))

    def regret(self, settings: Mapping[str, Any]) -> float:
        """Mean over tasks and trials of the normalised regret of the best so far."""
        contexts = [Context.of(t, self.budget, prior) for t, prior in zip(self.tasks, self.priors, strict=True)]
        genetic = genetic_of(settings)
        genetic.reset_batch(contexts, [np.random.default_rng([self.seed, i]) for i in range(len(contexts))])
        runs, total = genetic._runs, 0.0
        best, top, bottom = np.full(len(runs), -np.inf), [t.best for t in self.tasks], [t.worst for t in self.tasks]
        for _ in range(self.budget):
            for i, choice in enumerate(genetic.choose(runs)):
                if choice is not None:
                    score = self._score(i, runs[i], choice)
                    runs[i].reported(runs[i].point(choice), score)
                    best[i] = max(best[i], score)
            total += float(relative_regret(best, top, bottom).mean())
        return total / self.budget

    def _score(self, i: int, run: Run, choice: Choice) -> float:
        if self.tasks[i].pool is not None:
            assert isinstance(choice, int)
            return float(self.tables[i].score[choice])
        return float(self.tasks[i].noise_free(run.point(choice)[None])[0])


def evolve(arena: Arena, count: int, rng: np.random.Generator) -> list[tuple[float, Settings]]:
    """Try `count` settings by the genetic algorithm, the usual ones first; each with its regret, least first."""
    space, tried = settings_space(), list[tuple[float, Settings]]()
    outer = GeneticAlgorithm()
    outer.reset(Context(space, float(max(1, count))), rng)
    for i in range(count):
        query = Query(USUAL[i]) if i < len(USUAL) else outer.ask()
        if query is None:
            break
        tried.append((arena.regret(query.config), dict(query.config)))
        outer.tell(Trial(query, -tried[-1][0]))
    return sorted(tried, key=lambda one: one[0])


def choose_finalist(tried: Sequence[tuple[float, Settings]], held: Arena, finalists: int) -> Settings:
    """Return, of the best settings and the usual ones, those of the least regret on held-out tasks; of equals, the
    first."""
    if not tried:
        return USUAL[0]
    if not held.tasks or not finalists:
        return tried[0][1]
    usual = [s for _, s in tried if s in USUAL][:finalists]
    last = [s for _, s in tried if s not in USUAL][: finalists - len(usual)]
    return min(last + usual, key=held.regret)


def genetic_of(settings: Mapping[str, Any]) -> GeneticAlgorithm:
    """Return the genetic algorithm of some settings."""
    own = {name: value for name, value in settings.items() if name != "start"}
    return PortfolioGenetic(**own) if settings["start"] == "portfolio" else GeneticAlgorithm(**own)


@functools.cache
def settings_space() -> SearchSpace:
    """Return the search space of the genetic algorithm's settings."""
    from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

    space = ConfigurationSpace()
    space.add(Categorical("start", list(STARTS)), Integer("population", (2, 32), log=True))
    space.add(Integer("offspring", (1, 8), log=True), Float("eta", (0.5, 50.0), log=True))
    space.add(Float("sd", (0.02, 0.6), log=True), Integer("tournament", (1, 6)))
    space.add(Float("crossover", (0.0, 1.0)), Float("mutation", (0.2, 5.0), log=True))
    return SearchSpace(space)
