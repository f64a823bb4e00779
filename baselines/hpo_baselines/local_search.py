"""Local search with random restarts."""

from __future__ import annotations

from collections.abc import Sequence

from hpo_baselines._runs.baseline import Baseline, Choice, Run
from hpo_baselines._runs.guided import Plan, Tried, anywhere, best_start, evaluated, tenth
from hpo_gym.base import InvalidValueError
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Points


@OPTIMIZERS.register("local-search", family="no-transfer", trainable=False, asked="in turn")
class LocalSearch(Baseline):
    """First-improvement local search over configurations that differ in one hyperparameter, with random restarts.

    It starts from the best of the given points and some random configurations. The neighbours of where it stands (see
    `SearchSpace.neighbours`) are tried in random order; the first that is better is where it stands next. A neighbour
    that was tried before counts with the score it had. Where no neighbour is better, it starts again from a random
    configuration. In a pool, a neighbour that is no row stands for the nearest one that is left.

    **Reference**: Hutter, Hoos, Leyton-Brown and Stuetzle, "ParamILS: an automatic algorithm configuration framework",
    JAIR 36, 2009, https://jair.org/index.php/jair/article/view/10628, its one-exchange neighbourhood and its local
    search.

    **Differs from the paper**: an optimum is left by a random restart, not by a perturbation; ranges are searched as
    they are, by steps of a tenth, not over a few values; the default is not tried first; fewer random configurations
    at the start (the paper has ten).

    Args:
        starts: Random configurations at the start, at least 1. None: a tenth of the budget, from 1 to 10.
    """

    version = 3

    def __init__(self, starts: int | None = None) -> None:
        self.starts = starts

    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim the next neighbour of each run, or a start."""
        if self.starts is not None and self.starts < 1:
            raise InvalidValueError(f"`starts >= 1` must hold, got ({self.starts=}); the nearest is 1.")
        return [run.follow(self._plan) if run.pool is None or run.open.any() else None for run in runs]

    def _plan(self, run: Run) -> Plan[None]:
        here, tried = (yield from best_start(run, self.starts or tenth(run))), Tried(run)
        while True:
            yield from climb(run, tried, *here)
            start = None
            while start is None:
                start = yield from evaluated(run, anywhere(run))
            here = start


def climb(run: Run, tried: Tried, x: Points, score: float) -> Plan[None]:
    """Move to the first better neighbour until there is none."""
    better: tuple[Points, float] | None = (x, score)
    while better is not None:
        x, score = better
        better = None
        around = run.space.neighbours(x)
        for y in around[run.rng.permutation(len(around))]:
            (known,) = tried.scores(y[None])
            there = (yield from evaluated(run, y)) if known is None else (y, known)
            if there is not None and there[1] > score:
                better = there
                break
