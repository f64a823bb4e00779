"""The desk of one's own objective, in this process: long trials, and the end."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from ladder import answer

from hpo_gym.base.errors import InvalidValueError, StateError
from hpo_gym.serve import tuning_desk
from hpo_gym.serve.tuning_desk import TuningDesk

SPACE = {"x": (1, 9)}


def begun(desk: TuningDesk) -> threading.Thread:
    owner = threading.Thread(target=desk.run, daemon=True)
    owner.start()
    return owner


@pytest.mark.long
def test_a_long_trial_returns_as_running_and_its_outcome_is_in_the_history(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tuning_desk, "PATIENCE", 0.1)

    def slow(config: dict[str, int]) -> float:
        time.sleep(0.7)
        return float(config["x"])

    desk = TuningDesk(slow, SPACE, budget=2)
    owner = begun(desk)
    assert [m["type"] for m in desk.begin()] == ["reset", "ask"]
    assert desk.propose(answer(4)) == [{"type": "running"}]
    with pytest.raises(StateError, match="running"):
        desk.propose(answer(5))
    until = time.monotonic() + 20
    while (told := desk.history())[-1]["type"] == "running" and time.monotonic() < until:
        time.sleep(0.05)
    assert [(m["type"], m.get("score")) for m in told] == [("trial", 4.0), ("ask", None)]
    monkeypatch.setattr(tuning_desk, "PATIENCE", 20.0)
    assert desk.propose('{"stop": true}')[-1]["type"] == "bye"
    owner.join(20)
    with pytest.raises(StateError, match=r"After \d trials?: 4, "):
        desk.propose(answer(5))


@pytest.mark.long
def test_a_desk_that_is_closed_between_trials_ends_without_a_report(tmp_path: Path):
    desk = TuningDesk(lambda config: float(config["x"]), SPACE, budget=3, out=tmp_path / "out", seed=0)
    owner = begun(desk)
    trial, asked = desk.propose(answer(4))  # without `begin`, too
    assert (trial["score"], asked["trial"]) == (4.0, 2)
    desk.close()
    owner.join(20)
    assert not owner.is_alive() and not (tmp_path / "out" / "report.html").exists()
    again = TuningDesk(lambda config: float(config["x"]), SPACE, budget=3, out=tmp_path / "out", seed=0, resume=True)
    owner = begun(again)
    assert [m["type"] for m in again.begin()] == ["reset", "trial", "ask"]
    again.close()
    owner.join(20)


def test_arguments_that_tune_refuses_are_refused_by_the_owner_call(tmp_path: Path):
    desk = TuningDesk(lambda config: 0.0, SPACE, direction="up", out=tmp_path / "out")
    with pytest.raises(InvalidValueError, match="direction"):
        desk.run()
