"""Whatever an objective does with processes of its own works in a trial as it does outside, and leaves nothing."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from left_behind import left_in_memory, left_running
from ordinary_objectives import LONG, ORDINARY, executor, joblib_workers, manager, nested

import hpo_gym
from hpo_gym import Status
from hpo_gym.system.jobs.guard import Guard, Limits
from hpo_gym.tuning.search_cv import HPOGymSearchCV

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc and /dev/shm tell what is left")


SPACE = {"x": (0.0, 1.0)}


# ---------------------------------------------------------------------- in all places where trials are run
@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    with Guard(lambda config: ORDINARY[config["name"]](config)) as guard:
        yield guard
    assert not left_running()


@pytest.fixture
def known() -> list[int]:
    """What runs before a test: the guard of the others, perhaps."""
    return left_running()


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
def test_it_works_in_a_tuning(objective: Any, known: list[int]) -> None:
    found = hpo_gym.tune(objective, SPACE, optimizer="random", budget=2, n_jobs=2, trial_timeout=200, seed=0)
    assert [e.measured.score for e in found.ended] == [6.0, 6.0], [e.measured.reason for e in found.ended]
    assert not left_running(*known)


@pytest.mark.long
@pytest.mark.parametrize("objective", [joblib_workers, executor, nested])
def test_it_works_in_an_env(objective: Any, known: list[int]) -> None:
    suite = hpo_gym.live_suite("Own", SPACE, {"task": objective}, guard=True, trial_timeout=200)
    with contextlib.closing(gym.make("hpo_gym/Live-v0", suite=suite, split="test", budget=2)) as env:
        env.reset(seed=0)
        *_, info = env.step(env.action_space.sample())
        assert info["score"] == 6.0, info
    assert not left_running(*known)


@pytest.mark.long
def test_it_works_in_a_search_with_limits(known: list[int]) -> None:
    ensemble = pytest.importorskip("sklearn.ensemble", reason="needs scikit-learn")
    data = pytest.importorskip("sklearn.datasets").make_classification(60, random_state=0)
    stacked = ensemble.StackingClassifier([("forest", ensemble.RandomForestClassifier(4, random_state=0))], n_jobs=2)
    space = {"cv": (2, 3)}
    given: dict[str, Any] = {"optimizer": "random", "budget": 2, "cv": 2, "random_state": 0}
    free = HPOGymSearchCV(stacked, space, **given).fit(*data)
    limited = HPOGymSearchCV(stacked, space, **given, trial_timeout=200).fit(*data)
    assert limited.best_score_ == free.best_score_ > 0.5
    assert not left_running(*known)
