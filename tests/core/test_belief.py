"""Densities that an expert gives: values by hand, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer

from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.space.belief import Belief


def space() -> SearchSpace:
    made = ConfigurationSpace()
    kernel, degree = Categorical("kernel", ["rbf", "poly", "linear"]), Integer("degree", (2, 9))
    made.add(Float("C", (0.01, 100.0), log=True), Float("gamma", (0.0, 1.0)), kernel, degree)
    made.add(EqualsCondition(degree, kernel, "poly"))
    return SearchSpace(made)


SPACE = space()
CONFIGS = [
    {"C": 1.0, "gamma": 0.5, "kernel": "rbf"},
    {"C": math.e**2, "gamma": 0.75, "kernel": "poly", "degree": 4},
    {"C": 0.01, "gamma": 0.0, "kernel": "linear"},
]
X = SPACE.encode(CONFIGS)


@pytest.mark.parametrize(
    ("densities", "expected"),
    [
        ({"C": ("lognormal", 1.0, 2.0)}, [0.0, -0.5, -0.5 * (math.log(0.01) / 2) ** 2]),
        ({"gamma": ("normal", 0.5, 0.25)}, [0.0, -0.5, -2.0]),
        ({"gamma": ("uniform", 0.4, 0.8)}, [0.0, 0.0, -20.0]),
        ({"kernel": {"rbf": 3, "poly": 1}}, [0.0, math.log(1 / 3), -20.0]),
        ({"degree": ("normal", 3, 1)}, [0.0, -0.5, 0.0]),  # inactive without "poly"
        ({"gamma": ("normal", 0.5, 0.25), "kernel": {"poly": 2, "linear": 1}}, [-20.0, -0.5, -2.0 + math.log(0.5)]),
    ],
)
def test_log_densities_by_hand(densities, expected):
    assert Belief(SPACE, densities).log_density(X) == pytest.approx(expected, abs=1e-6)


def test_inactive_values_say_nothing():
    same = np.repeat(SPACE.encode([CONFIGS[0]]), 5, 0)
    assert Belief(SPACE, {"degree": ("normal", 9, 0.1)}).log_density(same).tolist() == [0.0] * 5
