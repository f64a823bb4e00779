"""The compiled kernel of studies does what the package's own does."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import run_batch
from hpo_gym.suites.drift import drift_with
from hpo_gym.suites.schedules import schedules_with
from hpo_gym.suites.tasks.training.recipe import Recipe
from hpo_gym.suites.tasks.training.trainings import Trainings

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"
SUITES = {
    "momentum": schedules_with,
    "adam": lambda: schedules_with(recipe=Recipe(optimizer="adam")),
    "drift": drift_with,
}


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    module = importlib.import_module("fast_trainings")
    if shutil.which(module.COMPILER) is None:
        pytest.skip("there is no C compiler")
    return module


def played(make: Any, epochs: int, rate: float = 0.02) -> Any:
    suite = make()
    tasks = suite.tasks("train")[::4]
    contexts = [Context.of(task, epochs) for task in tasks]
    rngs = [np.random.default_rng(0) for _ in tasks]
    constant: Any = make_optimizer("constant", rate=rate)
    return run_batch(constant, tasks, list(range(len(tasks))), contexts, rngs, budget=epochs, n_init=0)


@pytest.mark.parametrize("kind", SUITES)
def test_epochs_are_those_of_the_package(fast: Any, kind: str) -> None:
    own = np.array(played(SUITES[kind], 7).signals)  # `Drift` changes from the sixth on
    with fast.compiled() as there:
        found = np.array(played(SUITES[kind], 7).signals)
    assert there and np.isclose(found, own, rtol=0.02, atol=2e-3).mean() > 0.98
    assert Trainings._trained is not fast.trained


def test_validation_may_wait_for_the_last_epoch(fast: Any) -> None:
    with fast.compiled():
        own = played(schedules_with, 5).scores()
    with fast.compiled(last_only=True):
        late = played(schedules_with, 5).scores()
    assert (late[:, :4] == 0).all() and (late[:, 4] == own[:, 4]).all() and (own < 0).all()


def test_what_blows_up_has_diverged(fast: Any) -> None:
    with fast.compiled():
        scores = played(schedules_with, 3, rate=10.0).scores()
    assert (scores[:, -1] == -2.0).mean() > 0.5 and np.isfinite(scores).all()
