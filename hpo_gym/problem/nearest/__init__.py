"""Rows of a pool by nearness: the distance, and several searches for its minimum, all with equal results."""

from __future__ import annotations

import numpy as np

from hpo_gym.problem.nearest.candidates import Search
from hpo_gym.problem.nearest.dense import Dense
from hpo_gym.problem.nearest.distance import columns
from hpo_gym.problem.nearest.exact import Exact
from hpo_gym.problem.nearest.patterns import Patterns
from hpo_gym.problem.nearest.tree import Tree
from hpo_gym.problem.space import Points, SearchSpace

_TREE_FROM, _TREE_METRIC, _TREE_WIDTH = 20_000, 8, 16  # rows, metric columns, those and choices
_PATTERNS_FROM, _OF_A_PATTERN = 2_048, 64  # rows, and rows of a pattern on average


def search_of(space: SearchSpace, x: Points) -> Search:
    """Return the fastest search of the rows ``(m, d)``."""
    c = columns(space)
    few = 0 < len(c.metric) <= _TREE_METRIC and len(c.metric) + len(c.place) <= _TREE_WIDTH
    if not space.conditional:
        return Tree(space, x) if few and len(x) >= _TREE_FROM else Dense(space, x)
    if len(x) < _PATTERNS_FROM:
        return Dense(space, x)
    same = Exact(space.active(x).astype(np.float64)).group
    return Patterns(space, x, same) if len(np.unique(same)) * _OF_A_PATTERN <= len(x) else Dense(space, x)
