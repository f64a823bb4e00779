"""`tune(guard=False)`: the trials of a guard, in the caller's process."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym import Status, tune
from hpo_gym.base.errors import InvalidValueError, StateError
from hpo_gym.system.storage.store import Store
from hpo_gym.tuning.tuned import Tuned

pytestmark = pytest.mark.filterwarnings("ignore:Trial .* is no success:UserWarning")

SPACE = {"x": (0.0, 1.0), "kind": ["a", "b"]}
FAULTS = (ValueError, TimeoutError, MemoryError, SystemExit, StopIteration, KeyError)


def first(*x: float) -> dict[str, Any]:
    """Arguments that try these values of `x`, in this order, and no others."""
    return {"init": [{"x": value, "kind": "a"} for value in x], "budget": len(x), "optimizer": "random", "seed": 0}


def any_outcome(config: dict[str, Any], seed: int) -> Any:
    """An outcome of each kind, by `x`; it draws from global generators, and spoils its configuration."""
    x = config.pop("x")
    if x < 0.2:
        raise FAULTS[int(30 * x)]("bad")
    drawn = x + random.random() + np.random.random() + seed / 2**32  # noqa: NPY002
    if x < 0.3:
        return float("nan")
    return {"score": drawn, "cost": x, "constraints": [x - 0.8]} if x < 0.5 else steps(drawn)


def steps(score: float) -> Iterator[tuple[int, Any]]:
    for step in range(1, 10):
        yield step, {"score": score * step, "constraints": [score - 2.5]}


# ---------------------------------------------------------------------- as under guard
@pytest.mark.long
@pytest.mark.parametrize("optimizer", ["random", "gp-ei"])
def test_the_stored_trials_are_those_of_a_guard(optimizer: str, tmp_path: Path) -> None:
    stored = []
    for guard in (True, False):
        out = tmp_path / str(guard)
        tune(any_outcome, SPACE, optimizer=optimizer, budget=30, max_failures=None, seed=3, guard=guard, out=out)
        with Store(out / "tune.sqlite", write=False) as store:
            stored.append([json.dumps([record.cell, dict(record.identity)]) for record in store.records()])
    assert stored[0] == stored[1] and len(stored[0]) == 30
    kinds = {e.measured.status for e in Tuned.load(out).ended}
    assert optimizer != "random" or kinds >= {Status.OK, Status.FAILED, Status.DIVERGED, Status.STOPPED}


def test_it_runs_in_this_process_and_may_hold_what_cannot_travel() -> None:
    lock, seen = threading.Lock(), list[int]()

    def objective(config: dict[str, Any]) -> float:
        with lock:
            seen.append(os.getpid())
        return float(config["x"])

    with pytest.raises(InvalidValueError, match="cannot"):
        tune(objective, SPACE, **first(0.5))
    assert tune(objective, SPACE, **first(0.5, 0.25), guard=False).best_score == 0.5
    assert seen == [os.getpid()] * 2


def test_generators_and_the_working_directory_of_the_caller_are_as_before(tmp_path: Path) -> None:
    def objective(_: Any) -> float:
        os.chdir(tmp_path)
        return float(np.random.random() + random.random())  # noqa: NPY002

    before, folder = random.getstate(), Path.cwd()
    numbers = np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002
    two, again = (tune(objective, SPACE, **first(0.5, 0.5), guard=False).ended for _ in range(2))
    assert random.getstate() == before and Path.cwd() == folder
    assert np.random.get_state()[1].tolist() == numbers  # type: ignore[index]  # noqa: NPY002
    assert [e.measured.score for e in two] == [e.measured.score for e in again]
    assert two[0].measured.score != two[1].measured.score, "each trial has a seed of its own"


# ---------------------------------------------------------------------- steps
def test_a_stopped_trial_is_left_and_its_generator_closed() -> None:
    log = list[str]()

    def objective(config: dict[str, Any]) -> Iterator[tuple[int, float]]:
        try:
            for step in (1, 2, 3):
                log.append(f"{config['x']} {step}")
                yield step, config["x"]
        finally:
            log.append("closed")

    ended = tune(objective, SPACE, **first(0.5, 0.25, 0.75), guard=False).ended
    # of two at step 1 the best goes on; of three one does: .75
    assert log == ["0.5 1", "0.5 2", "0.5 3", "closed", "0.25 1", "closed", "0.75 1", "0.75 2", "0.75 3", "closed"]
    assert [e.measured.status for e in ended] == [Status.OK, Status.STOPPED, Status.OK]
    assert ended[1].steps == ((1, 0.25),)


def test_after_the_timeout_the_trial_that_runs_ends_first_and_one_in_steps_at_its_next(tmp_path: Path) -> None:
    def slow(config: dict[str, Any]) -> float:
        time.sleep(0.1)
        return 1.0

    def in_steps(config: dict[str, Any]) -> Iterator[tuple[int, float]]:
        for step in range(1, 100):
            (tmp_path / str(step)).touch()
            yield step, slow(config)

    assert len(tune(slow, SPACE, **first(0.5, 0.25), timeout=0.05, guard=False).ended) == 1
    found = tune(in_steps, SPACE, **first(0.5, 0.25), timeout=0.05, guard=False, out=tmp_path / "study")
    assert not found.ended and not (tmp_path / "2").exists(), "it is cut off at its first step, and not counted"


# ---------------------------------------------------------------------- ends
def test_ctrl_c_in_a_trial_ends_the_tuning_which_goes_on_with_that_trial(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pressed, ran = [True], list[float]()

    def objective(config: dict[str, Any]) -> float:
        ran.append(config["x"])
        if config["x"] == 0.5 and pressed:
            pressed.clear()
            raise KeyboardInterrupt
        return float(config["x"])

    given = {**first(0.25, 0.5, 0.75), "guard": False, "out": tmp_path}
    state = random.getstate()
    with pytest.raises(KeyboardInterrupt):
        tune(objective, SPACE, **given)
    assert "stopped: After 1 trial: 0.25, " in capsys.readouterr().err
    assert random.getstate() == state
    assert tune(objective, SPACE, **given, resume=True).best_score == 0.75
    assert ran == [0.25, 0.5, 0.5, 0.75], "only the interrupted trial ran again"


DIES = """
import os, sys, hpo_gym

def objective(config):
    print(config["x"], flush=True)
    if config["x"] == 0.5 and "die" in sys.argv:
        os._exit(7)
    return config["x"]

init = [{"x": 0.25}, {"x": 0.5}, {"x": 0.75}]
hpo_gym.tune(objective, {"x": (0.0, 1.0)}, init=init, budget=3, optimizer="random", seed=0, out="study", resume=True,
             guard=False)
"""


@pytest.mark.long
def test_a_trial_that_ends_the_process_ends_the_tuning_and_nothing_else(tmp_path: Path) -> None:
    line = [sys.executable, "-c", DIES]
    died = subprocess.run([*line, "die"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert died.returncode == 7 and died.stdout == "0.25\n0.5\n"
    assert [e.config["x"] for e in Tuned.load(tmp_path / "study").ended] == [0.25]
    more = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert more.stdout == "0.5\n0.75\n"


# ---------------------------------------------------------------------- what is refused
def test_without_fork_a_guard_is_refused_with_the_argument_that_helps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(os, "fork")
    with pytest.raises(StateError, match=r"A guard needs Linux or macOS.*`guard=False` \(`--no-guard`"):
        tune(lambda _: 1.0, SPACE, budget=1, out=tmp_path / "study")
    assert not (tmp_path / "study").exists()
    assert tune(lambda _: 1.0, SPACE, **first(0.5), guard=False).best_score == 1.0
