"""What a lower fidelity tells, and costs: answers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from hpo_agents._time.ladder import ladder_of, rungs_of
from hpo_gym.problem.earlier import FIDELITY, TEST, Evaluations, Measurement
from hpo_gym.problem.nearest.pool import Pool
from hpo_gym.problem.space import SearchSpace

SPACE = SearchSpace(ConfigurationSpace({"x": (0.0, 1.0)}))
X = np.array([[0.0], [0.5], [1.0]])
WIDE = np.sqrt(1.5)
FINE = np.zeros(3, np.int8)


def task(name: str, less: float, times: float = 1.0, share: float = 0.25) -> Evaluations:
    """Scores -1.22, 0 and 1.22, of standard deviation 1, `less` less at a lower fidelity; all of it `times` as wide."""
    score, cost = times * np.array([-WIDE, 0.0, WIDE]), np.exp([1.0, 2.0, 3.0])
    low = Measurement(FIDELITY, share, score - times * less, cost / 4.0, FINE)
    tested = Measurement(TEST, 1.0, score, cost, FINE)
    return Evaluations(name, name, X, score, cost, FINE, (tested, low))


def test_a_lower_fidelity_scores_less_by_the_mean_gap_and_varies_by_the_rest() -> None:
    ladder = ladder_of(SPACE, (task("a", 1.0), task("b", 3.0)), Pool(SPACE, X), (0.25, 1.0))
    np.testing.assert_allclose(ladder.gap, [[2.0, 2.0, 2.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(ladder.noise, [1.0, 0.0])
    assert ladder.sd == pytest.approx(1.0)
    assert ladder.full_score(0, 1, 0.5) == pytest.approx(2.5)


def test_gaps_are_in_standard_deviations_of_each_task_and_told_on_the_scale_of_a_usual_one() -> None:
    ladder = ladder_of(SPACE, (task("a", 2.0, 1.0), task("b", 2.0, 4.0)), Pool(SPACE, X), (0.25, 1.0))
    np.testing.assert_allclose(ladder.gap[0], 2.0)
    np.testing.assert_allclose(ladder.noise, 0.0, atol=1e-12)
    assert ladder.sd == pytest.approx(2.0), "the geometric mean of 1 and 4"
    assert ladder.full_score(0, 0, 1.0) == pytest.approx(1.0 + 2.0 * 2.0)


def test_costs_are_logarithms_less_that_of_full_evaluations() -> None:
    ladder = ladder_of(SPACE, (task("a", 1.0),), Pool(SPACE, X), (0.25, 1.0))
    np.testing.assert_allclose(ladder.log_cost, [np.array([-1, 0, 1]) - np.log(4.0), [-1, 0, 1]])
    assert ladder.mean_cost == pytest.approx(np.log((np.exp(-1) + 1 + np.exp(1)) / 3))


def test_where_no_cost_is_known_a_fidelity_costs_its_share() -> None:
    free = Evaluations("a", "a", X, np.array([1.0, 2.0, 3.0]), np.full(3, np.nan), FINE)
    ladder = ladder_of(SPACE, (free,), Pool(SPACE, X), (0.25, 1.0))
    np.testing.assert_allclose(ladder.log_cost, [[np.log(0.25)] * 3, [0.0] * 3])
    np.testing.assert_allclose(ladder.noise, [1.0, 0.0])
    np.testing.assert_allclose(ladder.gap, 0.0)


@pytest.mark.parametrize(
    ("reported", "asked", "rungs"),
    [
        ((0.5, 0.25, 0.125, 0.0625), (0.0625, 0.125, 0.25, 0.5, 1.0), (0.125, 0.25, 1.0)),
        ((1 / 3, 1 / 9), (1 / 9, 1 / 3, 1.0), (1 / 9, 1 / 3, 1.0)),
        ((0.25,), (0.25, 1.0), (0.25, 1.0)),
        ((0.5, 0.25), (0.5, 1.0), (0.5, 1.0)),
        ((), (0.5, 1.0), (1.0,)),
        ((0.5,), (1.0,), (1.0,)),
    ],
)
def test_rungs_are_near_a_ninth_and_a_third_of_what_was_measured_and_can_be_asked_for(
    reported: tuple[float, ...], asked: tuple[float, ...], rungs: tuple[float, ...]
) -> None:
    whole = task("a", 1.0)
    further = tuple(Measurement(FIDELITY, f, whole.score, whole.cost, FINE) for f in reported)
    prior = (Evaluations("a", "a", X, whole.score, whole.cost, FINE, further),)
    assert rungs_of(prior, asked) == rungs
