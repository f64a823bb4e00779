"""`OpenStudy`: ask and tell on a stored study, with the guards of `tune`, also across a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hpo_gym import OpenStudy, Status, tune
from hpo_gym.base import InvalidValueError, StateError, UnknownNameError
from hpo_gym.tuning.tuned import Tuned

SPACE = {"x": (0.0, 1.0), "kind": ["a", "b"]}


def run(study: OpenStudy, trials: int = 99) -> None:
    while trials and (asked := study.ask()) is not None:
        number, config = asked
        study.tell(number, config["x"])
        trials -= 1


def test_one_at_a_time_it_is_tune(tmp_path: Path) -> None:
    with OpenStudy(SPACE, optimizer="random", budget=4, seed=3, out=tmp_path) as study:
        run(study, 2)
    with OpenStudy(SPACE, optimizer="random", budget=4, out=tmp_path, resume=True) as study:
        run(study)
        assert study.ask() is None and study.pending == {}
        mine = study.tuned
    theirs = tune(lambda c: c["x"], SPACE, optimizer="random", budget=4, seed=3, stopping=False)
    assert [e.config for e in mine.ended] == [e.config for e in theirs.ended]
    assert mine.best_score == theirs.best_score and mine.plan == theirs.plan
    assert [e.config for e in Tuned.load(tmp_path).ended] == [e.config for e in mine.ended]


def test_several_are_pending_at_a_time_and_told_in_any_order() -> None:
    with OpenStudy(SPACE, optimizer="gp-ei", budget=3, seed=0) as study:
        asked = [study.ask() for _ in range(4)]
        assert asked[3] is None and [one[0] for one in asked if one] == [0, 1, 2]
        configs = list(study.pending.values())
        assert configs == [one[1] for one in asked if one] and len({c["x"] for c in configs}) == 3
        study.tell(2, {"score": 0.5, "cost": 3.0, "constraints": [1.0]}, seconds=7.0)
        study.tell(0, float("nan"))
        study.fail(1, "out of memory")
        ended = study.tuned.ended
    assert [e.number for e in ended] == [2, 0, 1]
    assert [e.measured.status for e in ended] == [Status.INFEASIBLE, Status.DIVERGED, Status.FAILED]
    assert (ended[0].cost, ended[0].seconds, ended[2].measured.reason) == (3.0, 7.0, "out of memory")
    assert study.tuned.failures() == ["1 diverged: the score must be finite, got nan", "1 failed: out of memory"]


@pytest.mark.parametrize(
    ("number", "result", "match"),
    [
        (0, "0.5", "`result` must be a score, .*must be a number, got '0.5'"),
        (0, None, "must be a number, got None"),
        (0, {"loss": 1.0}, "'loss'"),
        (0, {"score": 1.0, "cost": -1.0}, "the cost must be finite and not negative"),
        (1, 0.5, r"`number` must be of a pending trial, one of \[0\], got 1\."),
        (-1, 0.5, "`number`"),
        (True, 0.5, "`number`"),
    ],
)
def test_what_is_no_result_is_refused_and_the_trial_stays_pending(number: int, result: Any, match: str) -> None:
    with OpenStudy(SPACE, optimizer="random", seed=0) as study:
        study.ask()
        with pytest.raises(InvalidValueError, match=match):
            study.tell(number, result)
        assert list(study.pending) == [0] and not study.tuned.ended
        with pytest.raises(InvalidValueError, match="`seconds`"):
            study.tell(0, 1.0, seconds=-1.0)
        study.tell(0, 1.0)
        with pytest.raises(InvalidValueError, match=r"one of \[\], got 0, which was told"):
            study.tell(0, 1.0)


def test_an_argument_is_refused_as_by_tune(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="`direction` must be one of"):
        OpenStudy(SPACE, direction="min")
    with pytest.raises(UnknownNameError, match="No keyword of `OpenStudy` 'stopping'"):
        OpenStudy(SPACE, stopping=True)  # type: ignore[call-arg]
    with OpenStudy(SPACE, optimizer="random", seed=0, out=tmp_path) as study:
        with pytest.raises(StateError, match="one writer"):
            OpenStudy(SPACE, optimizer="random", seed=0, out=tmp_path, resume=True)
        study.ask()
    with pytest.raises(InvalidValueError, match="holds a study"):
        OpenStudy(SPACE, optimizer="random", seed=0, out=tmp_path)
    with pytest.raises(StateError, match="must be open"):
        study.tell(0, 1.0)


CRASHES = """
import os, signal, sys
from hpo_gym import OpenStudy
with OpenStudy({"x": (0.0, 1.0), "kind": ["a", "b"]}, optimizer="random", budget=4, seed=3, out="k", resume=True) as s:
    for _ in range(2):
        number, config = s.ask()
        s.tell(number, config["x"])
    s.ask()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.long
def test_a_trial_asked_for_before_a_kill_comes_back(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", CRASHES], cwd=tmp_path, env=os.environ, check=False)
    assert ran.returncode == -signal.SIGKILL
    with OpenStudy(SPACE, optimizer="random", budget=4, out=tmp_path / "k", resume=True) as study:
        ((number, config),) = study.pending.items()
        assert number == 2 and study.ask() == (2, config)
        new = study.ask()
        assert new is not None and new[0] == 3 and study.ask() is None, "each once"
        study.tell(2, config["x"])
    with OpenStudy(SPACE, optimizer="random", budget=4, out=tmp_path / "k", resume=True) as study:
        study.tell(3, 0.0)  # by a process that did not ask for it
        assert study.ask() is None
    whole = OpenStudy(SPACE, optimizer="random", budget=3, seed=3)
    run(whole)
    assert [e.config for e in Tuned.load(tmp_path / "k").ended][:3] == [e.config for e in whole.tuned.ended]
