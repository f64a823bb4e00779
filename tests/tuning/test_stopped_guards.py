"""A guard that its trial stops, as a debugger may: wherever trials are run, limits hold and the next go on."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from left_behind import left_running

import hpo_gym
from hpo_gym import Status
from hpo_gym.system.jobs.guard import Limits
from hpo_gym.system.jobs.guards import Asked, Guards

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what is left")
SPACE = {"x": (0.0, 1.0)}
AFTER = 1.0


def stops_its_guard(config: dict[str, Any]) -> float:
    if config["x"] > 0.5:
        os.kill(os.getppid(), signal.SIGSTOP)
        time.sleep(600)
    return float(config["x"])


@pytest.mark.long
def test_a_tuning_goes_on() -> None:
    first = [{"x": 0.25}, {"x": 0.75}, {"x": 0.5}]
    with pytest.warns(UserWarning, match="did not answer"):
        found = hpo_gym.tune(stops_its_guard, SPACE, init=first, budget=3, n_jobs=2, trial_timeout=0.5, seed=0)
    by_x = {e.config["x"]: e for e in found.ended}
    assert {x: e.measured.status for x, e in by_x.items()} == {0.25: Status.OK, 0.75: Status.TIMEOUT, 0.5: Status.OK}
    assert by_x[0.75].seconds < 0.5 + AFTER
    assert not left_running()


@pytest.mark.long
def test_a_tuning_ends_by_its_own_time_where_a_trial_has_no_limit() -> None:
    start = time.perf_counter()
    found = hpo_gym.tune(stops_its_guard, SPACE, init=[{"x": 0.75}], budget=1, timeout=1.0, seed=0)
    assert time.perf_counter() - start < 10.0  # of 600
    assert not found.ended and not left_running()


def test_an_episode_goes_on() -> None:
    suite = hpo_gym.live_suite("Own", SPACE, {"task": stops_its_guard}, guard=True, trial_timeout=0.5)
    with contextlib.closing(gym.make("hpo_gym/Live-v0", suite=suite, split="test", budget=2)) as env:
        env.reset(seed=0)
        infos = [env.step(np.array([x], dtype=np.float32))[4] for x in (0.5, -0.5)]
        assert [info["status"] for info in infos] == ["timeout", "ok"]
    assert not left_running()


@pytest.mark.long
def test_trials_side_by_side_go_on() -> None:
    guards = Guards(2)
    asked = [Asked(stops_its_guard, {"x": x}, limits=Limits(0.5)) for x in (0.75, 1.0, 0.25, 0.5)]
    statuses = [verdict.status for verdict in guards.run(asked)]
    guards.close()
    assert statuses == [Status.TIMEOUT, Status.TIMEOUT, Status.OK, Status.OK]
    assert not left_running()


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_a_search_goes_on() -> None:
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    from hpo_gym.tuning.search_cv import HPOGymSearchCV

    rng = np.random.default_rng(0)
    search = HPOGymSearchCV(
        _estimator(), {"x": [0.25, 0.75]}, optimizer="grid", budget=2, cv=2, random_state=0, trial_timeout=1.0
    )
    search.fit(rng.normal(size=(20, 2)), np.tile([0, 1], 10))
    scores = search.cv_results_["mean_test_score"]
    assert np.isnan(scores).tolist() == [x > 0.5 for x in search.cv_results_["param_x"]]
    assert not left_running()


def _estimator() -> Any:
    from sklearn.dummy import DummyClassifier

    class StopsItsGuard(DummyClassifier):
        def __init__(self, x: float = 0.0) -> None:
            super().__init__()
            self.x = x

        def fit(self, *data: Any) -> Any:
            stops_its_guard({"x": self.x})
            return super().fit(*data)

    return StopsItsGuard()
