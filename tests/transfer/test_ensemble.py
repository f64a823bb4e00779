"""Weights of two earlier tasks in an ensemble by the order of trials, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpo_baselines._transfer.ensemble import Ensemble
from hpo_baselines._transfer.memory import Memory
from hpo_gym.problem import Pool
from hpo_gym.suites.tasks.function import unit_space

X = np.array([[0.0], [0.5], [1.0]])


def ensemble() -> Ensemble:
    """One that has learnt a full evaluation of each row: the first task agrees, the second has a pair the other way
    round."""
    y = np.array([[0.0, 1.0, 2.0], [0.0, 2.0, 1.0]])
    made = Ensemble(Memory(Pool(unit_space(1), X), y, np.ones(2), np.zeros(3), 2), (), temperature=1 / 3)
    for row, score in enumerate((1.0, 2.0, 3.0)):
        made.learn(X[row], row, score)
    return made


def ratio(made: Ensemble) -> float:
    """Weight of the second task, were the first one 1."""
    first, second = made.weights()
    return float(second / first)


def test_a_task_weighs_less_by_the_share_of_pairs_in_another_order() -> None:
    assert ratio(ensemble()) == pytest.approx(math.exp(-3 * 1 / 3))


def test_evaluations_of_one_row_are_compared() -> None:
    """No task has an order of a row with itself, so the new pair is against both."""
    again = ensemble()
    again.learn(X[0], 0, 1.5)
    assert ratio(again) == pytest.approx(math.exp(-3 * (2 / 6 - 1 / 6)))
