"""A suite whose numbers are known by hand, and one scripted agent."""

from __future__ import annotations

import json
from typing import Any

import ConfigSpace as cs
import numpy as np

from hpo_gym.problem.space import SearchSpace
from hpo_gym.suites.own.suite import TableSuite, table_suite

SCORES = (-7.0, -1.0, 1.0, 7.0)
"""Of x = 1, 2, 3, 4: mean 0, standard deviation 5."""


def ladder(scores: tuple[float, ...] = SCORES) -> TableSuite:
    """One integer, a training task `a` and a test task `b` of these scores."""
    m = len(scores)
    space = SearchSpace(cs.ConfigurationSpace({"x": (1, m)}))
    x = (np.arange(m)[:, None] + 0.5) / m
    splits = {"train": ["a"], "val": [], "test": ["b"]}
    return table_suite("Ladder", space, x, np.array([scores, scores]), tasks=["a", "b"], splits=splits)


def answer(x: Any) -> str:
    """An answer of one rung."""
    return json.dumps({"config": {"x": x}})
