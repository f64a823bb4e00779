"""What is remembered of earlier tasks: test scores, lower fidelities and costs, as further measurements."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from hpo_baselines._transfer import memory
from hpo_baselines._transfer.costs import log_cost_of
from hpo_baselines._transfer.memory import Memory, memory_of
from hpo_gym.problem.earlier import FIDELITY, TEST, Evaluations, Measurement
from hpo_gym.problem.nearest.pool import Pool
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.table import halves
from hpo_gym.suites.own.suite import TableSuite, table_suite
from hpo_gym.tuning.matching import matched

SPACE = SearchSpace(ConfigurationSpace(space={"a": (0.0, 1.0)}))
X = SPACE.snap(np.array([[0.1], [0.5], [0.9]]))
POOL = Pool(SPACE, X)


def earlier(name: str, score: Any, cost: Any = None, further: tuple[Measurement, ...] = (), x: Any = X) -> Evaluations:
    y = np.asarray(score, float)
    costs = np.ones(len(y)) if cost is None else np.asarray(cost, float)
    return Evaluations(name, name, x, y, costs, np.zeros(len(y), np.int8), further)


def measurement(name: str, score: Any, fidelity: float = 1.0) -> Measurement:
    y = np.asarray(score, float)
    return Measurement(name, fidelity, y, np.ones(len(y)), np.zeros(len(y), np.int8))


def remembered(*prior: Evaluations, pool: Pool | None = POOL, **weights: float) -> Memory:
    found = memory_of(SPACE, prior, pool, **weights)
    assert found is not None
    return found


# ---------------------------------------------------------------------- what tables hand on
def three_levels() -> TableSuite:
    scores = np.array([[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, -np.inf, -np.inf]]], np.float32)
    test = np.full((1, 3, 3), np.nan)
    test[0, :, 2] = [0.25, 0.55, -np.inf]
    costs = np.array([[[1.0, 2.0, 4.0]] * 3])
    split = {"train": ["task-0"]}
    levels = [0.25, 0.5, 1.0]
    return table_suite("Levels", SPACE, X, scores, test_scores=test, costs=costs, fidelities=levels, splits=split)


def test_a_table_hands_on_test_scores_lower_fidelities_and_costs() -> None:
    (e,) = three_levels().prior()
    assert [(m.name, m.fidelity) for m in e.further] == [(TEST, 1.0), (FIDELITY, 0.5), (FIDELITY, 0.25)]
    test, half, quarter = e.further
    assert test.score == pytest.approx([0.25, 0.55, 0.25])  # the failure has the worst
    assert half.score == pytest.approx([0.2, 0.5, 0.2])
    assert quarter.score == pytest.approx([0.1, 0.4, 0.7])
    assert [m.status.tolist() for m in e.further] == [[0, 0, 1], [0, 0, 1], [0, 0, 0]]
    assert [m.cost[0] for m in e.further] == [4.0, 2.0, 1.0]
    assert e.score == pytest.approx([0.3, 0.6, 0.3])


def test_rows_that_were_not_measured_are_nan_in_every_measurement() -> None:
    scores = np.array([[[0.1, 0.2], [np.nan, 0.5], [0.7, 0.8]]])
    suite = table_suite(
        "Gap", SPACE, X, scores, test_scores=scores, fidelities=[0.5, 1.0], splits={"train": ["task-0"]}
    )
    (e,) = suite.prior()
    for score in (e.score, *(m.score for m in e.further)):
        assert np.isnan(score).tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("levels", "places"),
    [((1.0,), []), ((1 / 9, 1 / 3, 1.0), [1, 0]), ((0.25, 0.5, 0.75, 1.0), [1, 0]), ((0.6, 1.0), []),
     (tuple(i / 50 for i in range(1, 51)), [24, 11, 5, 2, 0])],
)  # fmt: skip
def test_lower_fidelities_are_at_most_half_of_the_one_before(levels: tuple[float, ...], places: list[int]) -> None:
    assert halves(levels) == places


def test_parts_and_copies_keep_further_measurements_and_meta_features() -> None:
    e = earlier("t", [1.0, 2.0, 3.0], further=(measurement(TEST, [4.0, 5.0, 6.0]),))
    e = replace(e, meta_features={"n": 3.0})
    part = e.part(np.array([2, 0]))
    assert part.further[0].score.tolist() == [6.0, 4.0]
    assert part.x.tolist() == X[[2, 0]].tolist()
    copy = deepcopy(e)  # as on its way to a worker
    assert copy.further[0].name == TEST
    assert copy.further[0].score.tolist() == [4.0, 5.0, 6.0]
    other = SearchSpace(ConfigurationSpace(space={"a": (0.0, 0.6), "b": (0.0, 1.0)}))
    (moved,) = matched([e], SPACE, other).tasks
    assert moved.further[0].score.tolist() == [4.0, 5.0, 6.0]
    for other_form in (part, copy, moved, e.by(e.further[0])):
        assert other_form.meta_features == {"n": 3.0}


# ---------------------------------------------------------------------- what is remembered
def test_each_measurement_counts_as_a_task_with_its_weight() -> None:
    further = (
        measurement(TEST, [4.0, 5.0, 7.0]),
        measurement(FIDELITY, [0.0, 2.0, 1.0], 0.5),
        measurement(FIDELITY, [9, 9, 8], 0.25),
    )
    found = remembered(earlier("a", [1.0, 2.0, 3.0], further=further), earlier("b", [3.0, 2.0, 1.0]))
    assert found.y.tolist() == [[1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [4.0, 5.0, 7.0], [0.0, 2.0, 1.0]]
    assert found.weight.tolist() == [1.0, 1.0, 1.0, 0.5]
    assert found.tasks == 2
    assert found.z.tolist() == pytest.approx(np.array([[0, 0.5, 1], [1, 0.5, 0], [0, 1 / 3, 1], [0, 1, 0.5]]))
    without = remembered(earlier("a", [1.0, 2.0, 3.0], further=further), test=0.0, fidelity=0.0)
    assert without.y.tolist() == [[1.0, 2.0, 3.0]]


def test_gaps_are_filled_by_measurements_of_their_own_kind() -> None:
    a = earlier("a", [1.0, 2.0, np.nan], further=(measurement(TEST, [0.0, 10.0, np.nan]),))
    b = earlier("b", [1.0, 2.0, 3.0], further=(measurement(TEST, [10.0, 0.0, 5.0]),))
    found = remembered(a, b)
    usual = (3.0 - 2.0) / np.std([1.0, 2.0, 3.0])  # only b knows the last point
    assert found.y[0, 2] == pytest.approx(1.5 + 0.5 * usual)
    assert found.y[2, 2] == pytest.approx(5.0)


def test_costs_are_means_of_centred_logarithms() -> None:
    a = earlier("a", [1.0, 2.0, 3.0], np.exp([0.0, 1.0, 2.0]))  # centred -1, 0, 1
    b = earlier("b", [1.0, 2.0, 3.0], 7.0 * np.exp([0.0, 0.0, 3.0]))  # centred -1, -1, 2
    assert remembered(a, b).log_cost == pytest.approx([-1.0, -0.5, 1.5])


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_a_cost_that_is_not_positive_and_finite_is_unknown(bad: float) -> None:
    a = earlier("a", [1.0, 2.0, 3.0], [1.0, bad, np.exp(2.0)])
    none = earlier("none", [1.0, 2.0, 3.0], [bad, bad, bad])
    assert log_cost_of(SPACE, (a, none), POOL) == pytest.approx([-1.0, 0.0, 1.0])
    assert log_cost_of(SPACE, (none,), POOL).tolist() == [0.0, 0.0, 0.0]
    assert log_cost_of(SPACE, (earlier("same", [1.0, 2.0, 3.0], [5.0, 5.0, bad]),), POOL).tolist() == [0.0, 0.0, 0.0]


def test_tasks_of_other_points_are_remembered_by_their_surrogates() -> None:
    rng = np.random.default_rng(0)
    prior, usual = [], []
    for i in range(3):
        x = SPACE.snap(rng.random((60, 1)))
        rising = x[:, 0]
        usual.append(2.0 * rising.mean())
        prior.append(earlier(f"t{i}", rising, np.exp(2.0 * rising), (measurement(TEST, -rising),), x))
    found = remembered(*prior)
    assert found.y[:3, 0] == pytest.approx(np.full(3, 0.1), abs=0.05)
    assert found.y[3:, 0] == pytest.approx(np.full(3, -0.1), abs=0.05)
    assert found.log_cost == pytest.approx(np.array([0.2, 1.0, 1.8]) - np.mean(usual), abs=0.05)
    alone = remembered(*prior, pool=None)
    assert alone.y.shape == (6, len(alone.pool.x))
    assert len(alone.pool.x) > 500


# ---------------------------------------------------------------------- a pool that is cut
def test_a_large_pool_with_gaps_keeps_the_portfolio_and_the_best_of_each_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_KEPT", 4)
    monkeypatch.setattr(memory, "_FIRST", 1)
    x = SPACE.snap(np.linspace(0.0, 1.0, 8)[:, None])
    a = earlier("a", [0.0, 1.0, 0.9, 0.8, np.nan, 0.1, 0.2, 0.3], x=x)
    b = earlier("b", [0.0, 0.1, 0.2, 0.3, 0.4, 0.9, 0.8, 1.0], x=x)
    # the portfolio begins with row 3 (mean .55), 2 (.55), 1 (.55), 7 (.65): row 7; then 1 of a, 7 of b, 2 of a, 5 of b
    found = remembered(a, b, pool=Pool(SPACE, x))
    assert found.kept is not None
    assert found.kept.tolist() == [1, 2, 5, 7]
    assert found.y.tolist() == [[1.0, 0.9, 0.1, 0.3], [0.1, 0.2, 0.9, 1.0]]
    assert found.rest is not None
    assert found.rest[4] == pytest.approx((3.3 / 7 + 0.4) / 2)  # a's mean where it has a gap
    whole = remembered(replace(a, score=np.nan_to_num(a.score)), b, pool=Pool(SPACE, x))
    assert whole.kept is None
