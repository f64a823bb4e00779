"""The greedy portfolio is that of its statement, whatever is missing or failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hpo_baselines.greedy_portfolio import normalised, portfolio_of
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Status, Trial

SPACE = SearchSpace(ConfigurationSpace(space={"a": (0.0, 1.0), "b": (0.0, 1.0)}))


def reference(y: np.ndarray, budget: int) -> list[int]:
    """The statement: each next configuration minimises the mean over tasks of the normalised regret so far."""
    low, high = y.min(1, keepdims=True), y.max(1, keepdims=True)
    z = (y - low) / np.where(high > low, high - low, 1.0)
    best, left, fb, order = np.zeros(len(z)), list(range(z.shape[1])), z.mean(0), []
    for _ in range(min(budget + 8, z.shape[1])):
        g = np.maximum(best[:, None], z[:, left]).mean(0)
        j = left[int(np.lexsort((-fb[left], -np.round(g, 10)))[0])]
        order.append(j)
        left.remove(j)
        best = np.maximum(best, z[:, j])
    return order


def grid(m: int) -> np.ndarray:
    return SPACE.snap(np.stack([np.linspace(0.0, 1.0, m), np.linspace(1.0, 0.3, m)], 1))


def evaluations(name: str, x: np.ndarray, score: Any, status: Any = None) -> Evaluations:
    y = np.asarray(score, float)
    codes = np.zeros(len(y), np.int8) if status is None else np.asarray(status, np.int8)
    return Evaluations(name, name, x, y, np.ones(len(y)), codes)


def prior_of(y: Any, x: np.ndarray | None = None) -> tuple[Evaluations, ...]:
    y = np.asarray(y, float)
    shared = grid(y.shape[1]) if x is None else x
    return tuple(evaluations(f"t{i}", shared, row) for i, row in enumerate(y))


def asked(prior: Sequence[Evaluations], pool: np.ndarray | None, count: int, **more: Any) -> np.ndarray:
    """The first points that are asked for."""
    optimizer = make_optimizer("portfolio")
    optimizer.reset(Context(SPACE, float(count), pool=pool, prior=prior, **more), np.random.default_rng(0))
    out = []
    for _ in range(count):
        query = optimizer.ask()
        if query is None:
            break
        out.append(SPACE.to_unit(query.config))
        optimizer.tell(Trial(query, 0.0))
    return np.array(out).reshape(-1, SPACE.d)


def rows_of(points: np.ndarray, pool: np.ndarray) -> list[int]:
    return [int(np.flatnonzero((pool == p).all(1))[0]) for p in points]


@pytest.mark.parametrize("seed", range(10))
def test_the_order_is_that_of_the_statement(seed: int) -> None:
    y = np.random.default_rng(seed).normal(size=(12, 60))
    assert rows_of(asked(prior_of(y), grid(60), 41), grid(60)) == reference(y, 33)


tables = hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 12)), elements=st.integers(0, 3).map(float))


@pytest.mark.long
@settings(max_examples=100, deadline=None)
@given(tables)
def test_ties_are_broken_as_in_the_statement(y: np.ndarray) -> None:
    portfolio = portfolio_of(SPACE, prior_of(y))
    assert portfolio is not None
    assert [portfolio.entry(i) for i in range(y.shape[1])] == reference(y, y.shape[1])


def test_after_the_greedy_entries_the_rest_come_by_their_mean() -> None:
    y = np.random.default_rng(0).normal(size=(3, 400))
    portfolio = portfolio_of(SPACE, prior_of(y))
    assert portfolio is not None
    order = [portfolio.entry(i) for i in range(400)]
    assert sorted(order) == list(range(400))
    assert (np.diff(portfolio._mean[order[256:]]) <= 0).all()


def test_failures_are_worst_and_missing_scores_are_the_mean() -> None:
    e = evaluations("t", grid(5), [2.0, 4.0, -99.0, np.nan, 3.0], [0, 0, Status.FAILED, 0, 0])
    assert normalised(e).tolist() == [0.0, 1.0, 0.0, 0.375, 0.5]


def test_rows_that_were_not_measured_on_the_task_are_skipped() -> None:
    y = np.random.default_rng(1).normal(size=(5, 20))
    available = np.ones(20, bool)
    order = reference(y, 20)
    available[[order[0], order[2]]] = False
    found = rows_of(asked(prior_of(y), grid(20), 10, available=available), grid(20))
    assert found == [r for r in order if available[r]][:10]


def test_tasks_of_another_width_or_without_a_success_are_left_out() -> None:
    y = np.random.default_rng(4).normal(size=(3, 10))
    wide = evaluations("wide", np.full((10, 3), 0.5), np.arange(10.0))
    failed = evaluations("failed", grid(10), np.full(10, -1.0), np.ones(10))
    unmeasured = evaluations("unmeasured", grid(10), np.full(10, np.nan))
    x = asked((*prior_of(y), wide, failed, unmeasured), grid(10), 5)
    assert rows_of(x, grid(10)) == reference(y, 5)[:5]


def test_the_portfolio_of_a_prior_is_made_once() -> None:
    prior = prior_of(np.random.default_rng(5).normal(size=(3, 10)))
    assert portfolio_of(SPACE, prior) is portfolio_of(SPACE, (*prior,))
    assert portfolio_of(SPACE, prior) is not portfolio_of(SPACE, prior[1:])
