"""`hpo-gym train`: what it leaves, how it goes on, and that the bench takes it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import hpo_gym
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.bench.runner import benchmark
from hpo_gym.optimize.learning.folders import ABOUT, WEIGHTS

SMALL = {"steps": 400, "candidates": 8}


pytestmark = pytest.mark.usefixtures("all_undrawn")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "mine"
    hpo_gym.train("q-learning", "SVM", settings=SMALL, out=folder)
    return folder


def test_a_training_says_what_it_was(trained: Path) -> None:
    about = json.loads((trained / "training.json").read_text())
    assert (about["optimizer"], about["settings"], about["seed"]) == ("q-learning", SMALL, 0)
    assert about["suites"] == {"SVM": hpo_gym.load_suite("SVM").data_hash}
    assert about["made_of"]["suites"].keys() == {"SVM"} and about["made_of"]["optimizers"].keys() == {"q-learning"}
    assert type(hpo_gym.load(trained)).__name__ == "QLearning"


def test_a_folder_that_holds_a_training_is_not_overwritten(trained: Path) -> None:
    before = (trained / ABOUT).read_bytes()
    with pytest.raises(InvalidValueError, match=r"`resume=True` \(`--resume`\)"):
        hpo_gym.train("q-learning", "SVM", settings=SMALL, out=trained, seed=1)
    assert (trained / ABOUT).read_bytes() == before
    hpo_gym.train("q-learning", "SVM", settings=SMALL, out=trained, resume=True)
    assert (trained / ABOUT).read_bytes() == before


class Learner:
    """Learns nothing, in three turns of two CPU seconds; `stop` is the turn after which it is interrupted."""

    seen = frozenset[str]()

    def __init__(self, clock: list[float], stop: int) -> None:
        self.clock, self.stop = clock, stop

    def train(self, tasks: Any, rng: Any, *, validation: Any = (), steps: int | None = None) -> None:
        raise AssertionError

    def train_in(self, folder: Path, tasks: Any, rng: Any, *, progress: Any, **rest: Any) -> list[list[float]]:
        for turn in range(3):
            self.clock[0] += 2.0
            progress(turn + 1, 3, "")
            self.clock[0] += 0.5  # not written down: less than a second
            progress(turn + 1, 3, "")
            if turn + 1 == self.stop:
                raise KeyboardInterrupt
        return []

    def save(self, folder: Path) -> None: ...

    def load(self, folder: Path) -> None:
        raise AssertionError


def test_what_a_training_took_counts_the_processes_that_were_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("hpo_gym.optimize.learning.train.time", SimpleNamespace(process_time=lambda: clock[0]))
    for _ in range(2):  # of 5 seconds, 4.5 are written down
        with pytest.raises(KeyboardInterrupt):
            hpo_gym.train(Learner(clock, 2), "SVM", out=tmp_path, resume=True)
        clock[0] += 1000.0  # another process
    hpo_gym.train(Learner(clock, 0), "SVM", out=tmp_path, resume=True)
    assert json.loads((tmp_path / "training.json").read_text())["cpu_seconds"] == 4.5 + 4.5 + 7.5
    assert [path.name for path in tmp_path.iterdir()] == ["training.json"]
    hpo_gym.train(Learner(clock, 0), "SVM", out=tmp_path, resume=True)
    assert json.loads((tmp_path / "training.json").read_text())["cpu_seconds"] == 16.5 + 7.5


@pytest.mark.long
def test_the_bench_takes_a_folder_and_refuses_what_it_was_trained_on(trained: Path, tmp_path: Path) -> None:
    results = benchmark([str(trained), "random"], "SVM", budget=3, seeds=1, tasks=3, out=tmp_path / "test")
    assert results.failed_cells == 0
    assert "mine" in results.data["protocol"]["optimizers"]
    refused = benchmark(str(trained), "SVM", split="val", budget=3, seeds=1, out=tmp_path / "fold", fold=1)
    assert refused.failed_cells > 0
    assert any("trained on its family" in error for error in refused.errors)
    with pytest.raises(InvalidValueError, match=r"give .* none"):
        benchmark([{"name": str(trained), "candidates": 3}], "SVM", out=tmp_path / "settings")


def _killed_after_a_checkpoint(words: list[str], folder: Path) -> None:
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 200
        while not list((folder / "checkpoints").glob("00000[1-9]")) and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)


@pytest.mark.long
def test_a_killed_training_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("stable_baselines3")
    words = [sys.executable, "-m", "hpo_gym", "train", "a2c", "--suite", "SVM", "--steps", "60000", "--quiet"]
    words += ["--set", "segments=30", "--set", "patience=30", "--out"]
    subprocess.run([*words, str(tmp_path / "whole")], check=True, timeout=250)
    _killed_after_a_checkpoint([*words, str(tmp_path / "killed")], tmp_path / "killed")
    assert not (tmp_path / "killed" / ABOUT).exists()
    subprocess.run([*words, str(tmp_path / "killed"), "--resume"], check=True, timeout=250)
    for file in (ABOUT, WEIGHTS):
        assert (tmp_path / "killed" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()
    curves = [json.loads((tmp_path / name / "training.json").read_text())["curve"] for name in ("whole", "killed")]
    assert curves[0] == curves[1]
