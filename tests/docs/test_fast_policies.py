"""The compiled kernel of policies in training does what the package's own does, and learns."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym.problem.batches import batch_of
from hpo_gym.suites.policies import policies_with
from hpo_gym.suites.tasks.policies.physics import PHYSICS
from hpo_gym.suites.tasks.policies.policy import Policies, returns, size
from hpo_gym.suites.tasks.policies.setup import Setup

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"
pytestmark = pytest.mark.long


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    module = importlib.import_module("fast_policies")
    if shutil.which(module.COMPILER) is None:
        pytest.skip("there is no C compiler")
    return module


def trained(runs: Any, rate: float, sigma: float, stages: int = 20) -> Any:
    for _ in range(stages):
        runs.train(np.full(runs.m, rate), np.full(runs.m, sigma))
    return runs


def test_returns_are_those_of_the_package(fast: Any) -> None:
    of = fast.batch("tuned", 2, 0)
    runs = fast.Policies(of)
    runs.weights[:, :90] += np.random.default_rng(0).normal(0, 0.5, (runs.m, 90))
    found = runs._returns(runs.weights)
    for i in range(runs.m):
        physics = PHYSICS[fast.KINDS[of.kind[i]]]
        weights = np.tile(runs.weights[i, : size(physics), None], (1, 16))
        states = runs._starts[i].reshape(2, 6, 8).transpose(1, 0, 2).reshape(6, 16)
        rows = 6 if physics is PHYSICS["reacher"] else physics.drawn
        constants = np.repeat(of.constants[i, : len(physics.constants), None], 16, 1)
        policies = Policies(physics, weights, np.ones(16, np.float32))
        own = returns(policies, states[:rows], constants, steps=100, effort=0.5)
        assert found[i] == pytest.approx(own.mean(), abs=2e-3)


def test_an_evolution_strategy_is_as_good_as_the_package_s(fast: Any) -> None:
    suite = policies_with(Setup(decades=0.0))
    made: Any = batch_of(suite.tasks("train"))
    made = made.progress(72, 20)
    made.begin(None, np.arange(72) % 36, np.arange(72).astype(np.uint64))
    x = np.tile(suite.space.default_x, (72, 1))
    for _ in range(20):
        own = made.advance(x, None).score
    of = fast.batch("tuned", 80, 0, tasks=4).part(np.arange(9 * 80))
    found = of.by_kind(trained(fast.Strategies(of, 0.0), 0.3, 0.3).scores())
    kinds = np.repeat([0, 1, 2], 12)
    assert found == pytest.approx([own.reshape(2, 36)[:, kinds == k].mean() for k in range(3)], abs=0.07)
