"""`meta-knn`: what the meta-features of a task say of its best configurations, by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from hpo_baselines._transfer.meta_distance import MetaTask
from hpo_baselines.meta_knn import near_portfolio
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.nearest.pool import Pool
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Status, Trial

SPACE = SearchSpace(ConfigurationSpace(space={"a": (0.0, 1.0), "b": (0.0, 1.0)}))
FOUR = SPACE.snap(np.array([[0.1, 0.2], [0.4, 0.8], [0.6, 0.1], [0.9, 0.7]]))
ONE, TWO, THREE = [1.0, 0.0, 0.0, 0.8], [0.0, 1.0, 0.0, 0.8], [0.0, 0.0, 1.0, 0.8]
THIRDS, TENTHS = 1 / (3 * np.log(3)), 1 / (3 * np.log(10))  # a third of the ranks further, a task counts 1/3, 1/10

NAME = "meta-knn"


def earlier(name: str, score: Any, meta: Mapping[str, float | None], x: np.ndarray = FOUR) -> Evaluations:
    y = np.asarray(score, float)
    return Evaluations(name, name, x, y, np.ones(len(y)), np.zeros(len(y), np.int8), meta_features=meta)


def three(*meta: Mapping[str, float | None], scores: Sequence[Any] = (ONE, TWO, THREE)) -> tuple[Evaluations, ...]:
    return tuple(earlier(f"t{i}", y, m) for i, (y, m) in enumerate(zip(scores, meta, strict=True)))


RISING = three({"n": 1.0}, {"n": 2.0}, {"n": 3.0})  # ranks 1/6, 1/2 and 5/6


def rows(
    name: str, prior: Sequence[Evaluations], meta: Mapping[str, float | None], count: int = 4,
    x: np.ndarray | None = FOUR, available: np.ndarray | None = None, **options: Any,
) -> list[int]:  # fmt: skip
    """The rows of `x` that are asked for."""
    optimizer, out = make_optimizer(name, **options), []
    context = Context(SPACE, 33.0, pool=x, prior=prior, meta_features=meta, available=available)
    optimizer.reset(context, np.random.default_rng(0))
    table = FOUR if x is None else x
    for _ in range(count):
        query = optimizer.ask()
        if query is None:
            break
        out.append(int(np.flatnonzero((table == SPACE.to_unit(query.config)).all(1))[0]))
        optimizer.tell(Trial(query, 0.0))
    return out


# ---------------------------------------------------------------------- meta-knn
@pytest.mark.parametrize(
    ("k", "bandwidth", "order"),
    [
        (1, THIRDS, [2, 3, 1, 0]),  # weights 1, 1/3, 1/9: after row 2 the last row lifts .8 (1/3 + 1/9), row 1 1/3
        (1, TENTHS, [2, 1, 0, 3]),  # weights 1, 1/10, 1/100: .8 (11/100) < 1/10, then .8 (1/100) < 1/100
        (2, THIRDS, [2, 1, 0, 3]),
        (3, THIRDS, [2, 1, 0, 3]),
        (9, THIRDS, [2, 1, 0, 3]),
        (0, THIRDS, [3, 2, 1, 0]),  # .8 (13/9) > 1
        (0, TENTHS, [2, 1, 0, 3]),  # .8 (111/100) < 1
    ],
)
def test_the_best_of_the_nearest_come_first_and_then_what_helps_near_tasks(
    k: int, bandwidth: float, order: list[int]
) -> None:
    assert rows("meta-knn", RISING, {"n": 3.0}, k=k, bandwidth=bandwidth) == order
    assert rows("meta-knn", RISING, {"n": 3.0}, x=None, k=k, bandwidth=bandwidth) == order


def test_of_two_features_the_mean_decides() -> None:
    """Ranks 1/6, 1/2, 5/6 and 5/6, 1/2, 1/6; the task has 5/6 and 1/2: distances 1/2, 1/6 and 1/6."""
    prior = three({"n": 1.0, "p": 9.0}, {"n": 2.0, "p": 8.0}, {"n": 3.0, "p": 7.0})
    assert rows("meta-knn", prior, {"n": 3.0, "p": 8.0}, k=3) == [1, 2, 0, 3]
    assert rows("meta-knn", prior, {"n": 3.0}, k=3) == [2, 1, 0, 3]


def test_of_equally_near_tasks_the_earlier_one_in_the_prior_comes_first() -> None:
    assert rows("meta-knn", RISING, {"n": 2.0}, k=3) == [1, 0, 2, 3]
    assert rows("meta-knn", RISING[::-1], {"n": 2.0}, k=3) == [1, 2, 0, 3]


def test_a_task_that_shares_no_feature_is_the_farthest() -> None:
    """Ranks 1/4 and 3/4 of 1: distances 3/4 and 1/4, and 1 of the task between them."""
    prior = three({"n": 1.0}, {"n": None, "p": 2.0}, {"n": 3.0})
    assert rows("meta-knn", prior, {"n": 100.0}, k=3) == [2, 0, 1, 3]


def test_failures_are_no_best_and_what_was_not_measured_is_none_either() -> None:
    score = np.array([0.5, np.nan, 9.0, 0.6])
    task = Evaluations("t", "t", FOUR, score, np.ones(4), np.array([0, 0, Status.FAILED, 0], np.int8), (), {"n": 1.0})
    assert rows("meta-knn", (task,), {"n": 1.0}, count=1) == [3]


def test_rows_that_were_not_measured_on_the_task_are_skipped() -> None:
    available = np.array([True, True, False, True])
    assert rows("meta-knn", RISING, {"n": 3.0}, available=available, bandwidth=THIRDS) == [3, 1, 0]


def test_what_is_near_is_found_once_for_a_task() -> None:
    task = MetaTask(SPACE, RISING, Pool(SPACE, FOUR), (("n", 1.0),))
    one, two = (near_portfolio(replace(task, features=(("n", value),)), 1, 0.1) for value in (1.0, 2.0))
    assert one is near_portfolio(replace(task, prior=(*RISING,)), 1, 0.1)
    assert one is not two


@pytest.mark.parametrize("meta", [{}, {"n": None}, {"n": np.nan}, {"other": 3.0}])
def test_without_a_feature_in_common_it_is_the_portfolio(meta: Mapping[str, float | None]) -> None:
    assert rows(NAME, RISING, meta) == rows("portfolio", RISING, {})
    silent = three({}, {"n": None}, {})
    assert rows(NAME, silent, {"n": 3.0}) == rows("portfolio", silent, {})
