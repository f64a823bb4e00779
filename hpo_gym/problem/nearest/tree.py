"""The nearest rows among many in few dimensions: a k-d tree, exact in float64."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from hpo_gym.base import Floats, Ints
from hpo_gym.problem.nearest.candidates import Candidates, Shut
from hpo_gym.problem.nearest.dense import Dense
from hpo_gym.problem.nearest.distance import ROUNDED, parts
from hpo_gym.problem.space import Points, SearchSpace

_LEAF = 48
_NEIGHBOURS = (2, 16, 128)


class Tree:
    """Search the rows ``(m, d)`` that a k-d tree cannot rule out; all of them where very many are equally near.

    The space must have no conditions. A choice is a corner of a simplex with edges of length 1.
    """

    def __init__(self, space: SearchSpace, x: Points) -> None:
        from scipy.spatial import cKDTree

        self._space, self._x = space, x
        at = self._coordinates(x)
        options: dict[str, Any] = {"leafsize": _LEAF, "balanced_tree": False, "compact_nodes": False}
        self._ids: Ints = np.asarray(cKDTree(at, **options).indices, np.int64)
        self._tree = cKDTree(at[self._ids], **options)  # what is in one leaf is in one place: twice as fast

    def find(self, x: Points, shut: Shut | None) -> Candidates:
        """Return every row that could be the nearest, see `Search.find`."""
        at, todo, found = self._coordinates(x), np.arange(len(x)), []
        for k in (k for k in _NEIGHBOURS if k <= len(self._ids)):
            apart, places = self._tree.query(at.take(todo, 0), k)
            apart, rows = apart * apart, self._ids.take(places)
            last = apart[:, -1].copy()
            if shut is not None:
                np.copyto(apart, np.inf, where=shut.some(todo).at(rows))
            most = apart.min(1) + ROUNDED
            done = last > most
            point, near = ((apart <= most[:, None]) & done[:, None]).nonzero()
            found.append(Candidates(todo.take(point), rows[point, near], apart[point, near]))
            todo = todo[~done]
            if not todo.size:
                return Candidates.of(found)
        rest = self._dense.find(x.take(todo, 0), None if shut is None else shut.some(todo))
        return Candidates.of([*found, Candidates(todo.take(rest.point), rest.row, rest.value)])

    @functools.cached_property
    def _dense(self) -> Dense:
        return Dense(self._space, self._x)

    def _coordinates(self, x: Points) -> Floats:
        _, value, chosen = parts(self._space, x)
        return np.concatenate([value, chosen * 0.5**0.5], 1) if chosen.shape[1] else value
