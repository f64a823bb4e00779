"""Whether earlier tasks are believed: weights by evidence, tasks that do not foretell each other, no tasks at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from hpo_baselines._models.doubt import Doubt
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer import trust as trust_module
from hpo_baselines._transfer.earlier import Place
from hpo_baselines._transfer.ensemble import members_of
from hpo_baselines._transfer.incremental import IncrementalPosterior, RowProcess
from hpo_baselines._transfer.memory import memory_of
from hpo_baselines._transfer.posterior import TaskPrior
from hpo_baselines._transfer.trust import BEFORE, Trust, consistent
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Trial

SPACE = SearchSpace(ConfigurationSpace(space={"a": (0.0, 1.0), "b": (0.0, 1.0)}))
X = SPACE.snap(np.random.default_rng(0).random((60, 2)))


class Apart:
    """No two points have anything in common."""

    def __call__(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.zeros((len(a), len(b)), np.float32)

    def to_all(self, a: np.ndarray) -> np.ndarray:
        return np.zeros((len(a), 2), np.float32)


def process(mean: list[float]) -> RowProcess:
    """Two points of variance 1 and noise 1, whose task has mean 0 and scale 1."""
    prior = TaskPrior(np.array(mean), np.zeros((0, 2)), np.ones(2), 0.0, 0.0, np.ones(1), np.zeros(1))
    return RowProcess(np.array([[0.0], [1.0]]), prior, Apart(), 1.0, 1.0 - 1e-8)


def tasks(count: int = 12, seed: int = 1, x: np.ndarray = X) -> tuple[Evaluations, ...]:
    rng = np.random.default_rng(seed)
    out = []
    for i in range(count):
        y = -np.abs(x - 0.7 - 0.05 * rng.normal(size=2)).sum(1)
        out.append(Evaluations(f"t{i}", f"t{i}", x, y, np.exp(x[:, 0]), np.zeros(len(x), np.int8)))
    return tuple(out)


def asked(name: str, context: Context, count: int, cost: Any = lambda x: 1.0, score: Any = None) -> np.ndarray:
    optimizer, out = make_optimizer(name), []
    optimizer.reset(context, np.random.default_rng(0))
    for _ in range(count):
        query = optimizer.ask()
        if query is None:
            break
        x = SPACE.to_unit(query.config)
        out.append(x)
        optimizer.tell(Trial(query, -float(np.abs(x - 0.3).sum()) if score is None else score, cost=cost(x)))
    return np.array(out)


def test_weights_after_two_trials() -> None:
    # errors: none; 1 and -1; 2 and -2. Each score has a variance of 2: densities 1, exp(-1/2), exp(-2)
    right = IncrementalPosterior(process([1.0, -1.0]))
    trust = Trust(right)
    assert trust.weights() == pytest.approx(BEFORE)
    for row, y in ((0, 1.0), (1, -1.0)):
        for learner in (right, trust):
            learner.add(np.array([float(row)]), row, True, y)
    expected = np.array(BEFORE) * np.exp([0.0, -0.5, -2.0])
    assert trust.weights() == pytest.approx(expected / expected.sum())


def test_one_trial_may_not_decide() -> None:
    # a score of 40: errors 39, 40 and 41, and (39^2 - 40^2) / 4 = -19.75, (39^2 - 41^2) / 4 = -40 in logarithms
    right = IncrementalPosterior(process([1.0, -1.0]))
    trust = Trust(right)
    for learner in (right, trust):
        learner.add(np.array([0.0]), 0, True, 40.0)
    e = np.exp(-trust_module._MOST)
    expected = np.array([BEFORE[0], BEFORE[1] * e, BEFORE[2] * e])
    assert trust.weights() == pytest.approx(expected / expected.sum())


def test_evidence_is_the_density_of_the_scores() -> None:
    posterior = IncrementalPosterior(process([0.0, 0.0]))
    for row, y in ((0, 2.0), (1, -1.0)):
        posterior.add(np.array([float(row)]), row, True, y)
    assert posterior.log_evidence() == pytest.approx(-np.log(4.0 * np.pi) - (4.0 + 1.0) / 4.0)


def test_the_mirrored_process_is_that_of_a_prior_with_the_other_sign() -> None:
    memory = memory_of(SPACE, tasks(), Run(Context(SPACE, 33.0, pool=X), np.random.default_rng(0)).pool)
    assert memory is not None
    believed = members_of(memory, ("matern",), 0.05)[0].process
    other = RowProcess(X, TaskPrior.of(memory.y, memory.weight).mirrored(), believed.kernel, 0.4, 0.05)
    right, wrong = IncrementalPosterior(believed), IncrementalPosterior(other)
    for row in (3, 30, 59):
        for posterior in (right, wrong):
            posterior.add(X[row], row, True, -float(X[row].sum()))
    mirrored, everywhere = right.mirrored(), Place(X, slice(None))
    assert mirrored.log_evidence() == pytest.approx(wrong.log_evidence(), rel=1e-5)
    assert mirrored.log_acquisition(everywhere) == pytest.approx(wrong.log_acquisition(everywhere), rel=1e-4)
    assert right.log_evidence() != pytest.approx(wrong.log_evidence(), rel=0.01)


def test_tasks_whose_scores_are_mixed_up_do_not_foretell_each_other() -> None:
    rng = np.random.default_rng(2)
    pool = Run(Context(SPACE, 33.0, pool=X), rng).pool
    for kind, expected in (("as they are", True), ("flipped", True), ("shuffled", False)):
        prior = tasks()
        if kind == "flipped":
            prior = tuple(replace(e, score=-e.score) for e in prior)
        if kind == "shuffled":
            prior = tuple(replace(e, score=rng.permutation(e.score)) for e in prior)
        memory = memory_of(SPACE, prior, pool)
        assert memory is not None
        assert consistent(memory, 0.4, 0.05) is expected


@pytest.mark.long
@pytest.mark.parametrize("unit", [None, 20.0])
def test_without_a_prior_that_says_anything_it_is_bayesian_optimization(unit: float | None) -> None:
    rng = np.random.default_rng(3)
    mixed = tuple(replace(e, score=rng.permutation(e.score), cost=np.ones(len(X))) for e in tasks())
    name = "gp-ei" if unit is None else "gp-ei-per-cost"
    for prior in ((), mixed):
        known = Context(SPACE, 33.0, pool=X, prior=prior, unit=unit, starts=1)
        found = asked("transfer-time", known, 15, lambda x: float(np.exp(3.0 * x[0])))
        assert np.array_equal(found, asked(name, known, 15, lambda x: float(np.exp(3.0 * x[0]))))


def test_a_wrong_sign_is_found_out() -> None:
    flipped = tuple(replace(e, score=2.0 * e.score.mean() - e.score) for e in tasks())
    pool = Run(Context(SPACE, 33.0, pool=X), np.random.default_rng(0)).pool
    memory = memory_of(SPACE, flipped, pool)
    assert memory is not None
    right = IncrementalPosterior(members_of(memory, ("matern",), 0.05)[0].process)
    doubt = Doubt(Run(Context(SPACE, 33.0, pool=X, prior=flipped), np.random.default_rng(0)), right)
    rows = np.array([0, 7, 20, 33, 41, 58])
    y = -np.abs(X[rows] - 0.7).sum(1)
    for row, score in zip(rows.tolist(), y.tolist(), strict=True):
        for learner in (right, doubt):
            learner.add(X[row], row, True, score)
    doubt.fit(Place(X[rows], rows), y)
    assert doubt.weights[2] > 0.9
    value = doubt.value(Place(X, slice(None)), np.zeros(len(X)))
    assert np.abs(X[value.argmax()] - 0.7).sum() < 0.25
