"""A guard that its trial stops, as a debugger may: wherever trials are run, limits hold and the next go on."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

import pytest
from left_behind import left_running

import hpo_gym
from hpo_gym import Status

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
