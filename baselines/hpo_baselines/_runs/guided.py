"""Plans with regard to scores: a generator proposes, learns the result, and continues.

`Run.follow` takes such a plan like any other. A repeated proposal is skipped, so a plan asks `evaluated` whether its
own was evaluated.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

import numpy as np

from hpo_baselines._runs.baseline import Choice, Run
from hpo_gym.problem import Points, keys

T = TypeVar("T")
Plan = Generator[Choice, None, T]
"""Proposals, and a result for the plan that asked for them."""


def evaluated(run: Run, choice: Choice) -> Plan[tuple[Points, float] | None]:
    """Propose a choice; the point that was evaluated ``(d,)`` and its score, or None where it was skipped.

    In a pool, the point is that of the row that stood for the choice.
    """
    before = len(run.score)
    yield choice
    return (run.x[-1], run.score[-1]) if len(run.score) > before else None


def anywhere(run: Run) -> Choice:
    """Return the next of the run's random configurations; in a pool, an untried one."""
    return next((c for c in run.stream if not isinstance(c, int) or run.open[c]), 0)


def best_reported(run: Run) -> tuple[Points, float]:
    """Return the best trial so far; of equals the earliest."""
    at = run.score.index(max(run.score))
    return run.x[at], run.score[at]


def best_start(run: Run, count: int) -> Plan[tuple[Points, float]]:
    """Evaluate random configurations, at least one unless there are given points; the best trial so far."""
    for _ in range(count):
        yield from evaluated(run, anywhere(run))
    while not run.score:
        yield from evaluated(run, anywhere(run))
    return best_reported(run)


def tenth(run: Run) -> int:
    """Return the usual number of random configurations before a search from the best of them."""
    return int(np.clip(run.context.budget // 10, 1, 10))


class Tried:
    """The scores of a run's trials."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._score: dict[bytes, float] = {}
        self._reported = 0

    def scores(self, x: Points) -> list[float | None]:
        """Return the scores of canonical points ``(n, d)``, None for untried ones."""
        run = self._run
        if self._reported < len(run.score):
            new = [keys(point[None])[0] for point in run.x[self._reported :]]
            self._score.update(zip(new, run.score[self._reported :], strict=True))
            self._reported = len(run.score)
        return [self._score.get(key) for key in keys(x)]
