"""NSGA-II by the library `pymoo`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hpo_baselines._runs.baseline import Choice, Run
from hpo_baselines._runs.guided import evaluated
from hpo_baselines._runs.several import SeveralObjectives, VectorRun
from hpo_gym.base import InvalidValueError
from hpo_gym.optimize import OPTIMIZERS, Context
from hpo_gym.problem import Points

_BARREN = 50  # generations without a child that can be tried, until the run goes on at random
_LEAST = 4  # members of a population, at least: parents are drawn in pairs of pairs


@OPTIMIZERS.register("nsga2", family="multi-objective", extra="moo", trainable=False)
class NSGA2(SeveralObjectives):
    """A genetic algorithm whose survivors are those of the first fronts, the least crowded of the last one.

    pymoo's `NSGA2` with its own operators, asked and told generation by generation, over the unit cube of the space.
    The first population is random. A child that was tried before is left out of its generation; in a pool, one that is
    no row stands for the nearest row that is left, and is that row from then on.

    **Reference**: Deb, Pratap, Agarwal and Meyarivan, "A fast and elitist multiobjective genetic algorithm: NSGA-II",
    IEEE Transactions on Evolutionary Computation 6, 2002; pymoo: Blank and Deb, "pymoo: Multi-Objective Optimization in
    Python", IEEE Access 8, 2020, https://github.com/anyoptimization/pymoo (Apache-2.0).

    **Differs from the paper**: every column is a real number in [0, 1], a category the share of the range that it has;
    no configuration is tried twice. A failure is below all successes so far in every objective.

    Args:
        objectives: See `SeveralObjectives`.
        population: Members. None: a quarter of the budget, from 4 to 20.
        offspring: Children of a generation. None: as many.
    """

    def __init__(
        self, objectives: Sequence[str] | None = None, population: int | None = None, offspring: int | None = None
    ) -> None:
        super().__init__(objectives)
        self.population, self.offspring = population, offspring

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin `n` new runs."""
        for name, least in (("population", _LEAST), ("offspring", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise InvalidValueError(f"`{name} >= {least}` must hold, got {value}; the nearest is {least}.")
        super().reset_batch(contexts, rngs)

    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim first trials at random, later ones from each run's own population."""
        return [run.uniform() if len(run.score) < self._members(run) else run.follow(self._plan) for run in runs]

    def _members(self, run: Run) -> int:
        return self.population or int(np.clip(run.context.budget // 4, _LEAST, 20))

    def _plan(self, run: Run) -> Iterator[Choice]:
        """Children, generation after generation; ends where none is left that was not tried."""
        assert isinstance(run, VectorRun)
        first, seed = np.array(run.x), int(run.rng.integers(2**31))
        algorithm = _Algorithm(first, -run.vectors(), self._members(run), self.offspring, seed)
        barren = 0
        while barren < _BARREN:
            x: list[Points] = []
            at: list[int] = []
            for child in run.space.snap(algorithm.ask()):
                if not run.space.legal(child[None])[0]:
                    continue
                reported = yield from evaluated(run, child)
                if reported is not None:
                    x.append(reported[0])
                    at.append(len(run.score) - 1)
            barren = 0 if at else barren + 1
            if at:
                algorithm.tell(np.array(x), -run.vectors()[at])


class _Algorithm:
    """pymoo's algorithm after its first population.

    Args:
        x, f: Points ``(m, d)`` of trials and their objectives ``(m, o)``, minimised.
        size, offspring: Of a population, and of a generation; None: as many.
    """

    def __init__(self, x: Points, f: np.ndarray, size: int, offspring: int | None, seed: int) -> None:
        from pymoo.algorithms.moo.nsga2 import NSGA2 as Library
        from pymoo.core.population import Population
        from pymoo.core.problem import Problem

        self._problem = Problem(n_var=x.shape[1], n_obj=f.shape[1], xl=0.0, xu=1.0)
        self._library: Any = Library(pop_size=size, n_offsprings=offspring, sampling=Population.new(X=x))
        self._library.setup(self._problem, termination=("n_gen", 2**31), seed=seed, verbose=False)
        self._library.ask()
        self.tell(x, f)

    def ask(self) -> Points:
        """Return a generation of children, ``(b, d)``; none if it breeds nothing new."""
        children = self._library.ask()
        return np.empty((0, self._problem.n_var)) if children is None else np.asarray(children.get("X"), np.float64)

    def tell(self, x: Points, f: np.ndarray) -> None:
        """Let what was evaluated compete with the population."""
        from pymoo.core.evaluator import Evaluator
        from pymoo.core.population import Population
        from pymoo.problems.static import StaticProblem

        reported = Population.new(X=x)
        Evaluator().eval(StaticProblem(self._problem, F=f), reported)
        self._library.tell(infills=reported)
