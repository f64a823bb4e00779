"""`Population`: methods that breed the next trial from the run's own, all runs of one space together."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from hpo_baselines._runs.baseline import Baseline, Choice, Run, claim_nearest
from hpo_gym.problem import Points, SearchSpace

_ATTEMPTS = 4  # children bred anew while they are repeats or forbidden


class Population(Baseline):
    """The first `size` trials are the initial design and random ones; each later one is a child of earlier ones.

    A repeated child is bred anew, up to three times; then the run takes a random configuration, in a pool the nearest
    untried row. In a pool, a child outside it stands for the nearest remaining row.
    """

    @abstractmethod
    def size(self, run: Run) -> int:
        """Members of the run's population; refuses impossible options."""

    @abstractmethod
    def children(self, space: SearchSpace, runs: Sequence[Run]) -> Points:
        """One child of each run, canonical, ``(n, d)``; drawn anew at each call."""

    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim first trials at random, later ones by breeding."""
        out: list[Choice | None] = [None] * len(runs)
        spaces: dict[SearchSpace, list[int]] = {}
        for i, run in enumerate(runs):
            if len(run.score) < self.size(run):
                out[i] = run.uniform()
            elif run.pool is None or run.open.any():
                spaces.setdefault(run.space, []).append(i)
        for space, members in spaces.items():
            for i, choice in zip(members, self._breed(space, [runs[i] for i in members]), strict=True):
                out[i] = choice
        return out

    def _breed(self, space: SearchSpace, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim a child for each run."""
        out: list[Choice | None] = [None] * len(runs)
        child = np.empty((len(runs), space.d))
        todo, stray = list(range(len(runs))), list[int]()
        for _ in range(_ATTEMPTS):
            if not todo:
                break
            child[todo] = self.children(space, [runs[i] for i in todo])
            again = []
            for i, fine in zip(todo, space.legal(child[todo]).tolist(), strict=True):
                if runs[i].pool is not None and not _is_row(runs[i], child[i]):
                    stray.append(i)
                else:
                    out[i] = runs[i].take_exact(child[i]) if fine else None
                    again += [i] if out[i] is None else []
            todo = again
        stray += todo
        for i, choice in zip(stray, claim_nearest([runs[i] for i in stray], child[stray]), strict=True):
            out[i] = choice
        return out


def quarter(run: Run, least: int) -> int:
    """Return the usual size of a population: a quarter of the budget, from `least` to 20."""
    return int(np.clip(run.context.budget // 4, least, 20))


def _is_row(run: Run, x: Points) -> bool:
    row = run.exact(x)
    return row >= 0 and bool(run.available[row])
