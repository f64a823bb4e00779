"""The nearest rows among all: one matrix product."""

from __future__ import annotations

import numpy as np

from hpo_gym.problem.nearest.candidates import Candidates, Shut
from hpo_gym.problem.nearest.distance import columns, of_points, of_rows, parts
from hpo_gym.problem.nearest.scan import scan, slack_of
from hpo_gym.problem.space import Points, SearchSpace


class Dense:
    """Compare all rows ``(m, d)``, by the factors of the distance that can rank them."""

    def __init__(self, space: SearchSpace, x: Points) -> None:
        self._space = space
        rows = of_rows(space, parts(space, x)).T.copy()
        always = 1 + np.setdiff1d(np.arange(space.d), space.children)
        rows[0] += rows[always].sum(0)  # of the points, these are all 1
        rows[always] = 0.0
        self._differ = np.flatnonzero(np.ptp(rows, axis=1)) if rows.shape[1] else np.arange(len(rows))
        if not space.conditional:
            values = np.arange(1 + space.d + parts(space, x[:0]).value.shape[1], len(rows))
            self._differ = np.append(0, values)
        self._slack = slack_of(rows[self._differ]) if len(columns(space).metric) else None
        self._rows = rows[self._differ].astype(np.float32)

    def find(self, x: Points, shut: Shut | None) -> Candidates:
        """Return every row that could be the nearest, see `Search.find`."""
        if self._space.conditional:
            points = of_points(self._space, parts(self._space, x), np.float32).take(self._differ, 1)
        else:
            _, value, chosen = parts(self._space, x)
            points = np.concatenate([np.ones((len(x), 1)), value, chosen], 1, dtype=np.float32)
        return scan(points, self._rows, self._slack, shut)
