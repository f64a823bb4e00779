"""Whatever an objective does with processes of its own works in a trial as it does outside, and leaves nothing."""

from __future__ import annotations

import multiprocessing
import multiprocessing.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from left_behind import left_in_memory, left_running
from ordinary_objectives import LONG, ORDINARY, executor, joblib_workers, manager, nested

import hpo_gym
from hpo_gym import Status
from hpo_gym.system.jobs.guard import Guard, Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc and /dev/shm tell what is left")


SPACE = {"x": (0.0, 1.0)}


# ---------------------------------------------------------------------- in all places where trials are run
@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    with Guard(lambda config: ORDINARY[config["name"]](config)) as guard:
        yield guard
    assert not left_running()


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.long] * (o in LONG)) for n, o in ORDINARY.items()])
def test_what_an_objective_does_with_processes_works_and_leaves_nothing(guard: Guard, name: str) -> None:
    verdict = guard.run({"name": name}, limits=Limits(seconds=200))
    assert verdict.status is Status.OK, verdict.measured.reason + verdict.output
    assert verdict.measured.score == 6.0
    assert not left_running(guard.pid)
    assert not left_in_memory(re.findall("in memory: (.+)", verdict.output))
    again = guard.run({"name": name}, limits=Limits(seconds=200))
    assert again.measured.score == 6.0, "the next trial too"


@pytest.mark.long
def test_sockets_of_managers_go_with_the_guard() -> None:
    def objective(config: dict[str, Any]) -> float:
        print(multiprocessing.util.get_temp_dir(), end="")
        return manager(config)

    with Guard(objective) as guard:
        place = Path(guard.run({}).output.splitlines()[0])
        assert place.is_dir()
    assert not place.exists()


@pytest.mark.long
@pytest.mark.parametrize("objective", [joblib_workers, executor, nested])
def test_it_works_in_a_tuning(objective: Any) -> None:
    known = left_running()  # the guard of the others, perhaps
    found = hpo_gym.tune(objective, SPACE, optimizer="random", budget=2, n_jobs=2, trial_timeout=200, seed=0)
    assert [e.measured.score for e in found.ended] == [6.0, 6.0], [e.measured.reason for e in found.ended]
    assert not left_running(*known)
