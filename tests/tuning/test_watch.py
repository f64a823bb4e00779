"""`hpo-gym report --watch`: the page of a tuning while it runs, also where that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hpo_gym.base import InvalidValueError
from hpo_gym.problem import read_space
from hpo_gym.system import is_written
from hpo_gym.tuning.folder import watch
from hpo_gym.tuning.stored_study import FILE, opened
from hpo_gym.tuning.study import StudyPlan

SPACE = {"x": (0.0, 1.0)}
RELOADS = '<meta http-equiv="refresh" content="5">'
TUNES = """
import time
from pathlib import Path
import hpo_gym

def objective(config):
    with open("log", "a") as log:
        log.write("x")
    while not Path(f"go{len(Path('log').read_text())}").exists():
        time.sleep(0.05)
    return config["x"]

hpo_gym.tune(objective, {"x": (0.0, 1.0)}, optimizer="random", budget=3, seed=0, out="k", progress=False)
"""


def plan() -> StudyPlan:
    return StudyPlan(read_space(SPACE).to_json(), "random", {}, "maximize", 0, "")


def test_a_writer_is_seen_and_not_disturbed(tmp_path: Path) -> None:
    assert not is_written(tmp_path / FILE)
    with opened(tmp_path, plan(), resume=False) as study:
        assert is_written(tmp_path / FILE)
        study.begin({"x": 0.5})
    assert not is_written(tmp_path / FILE)


def test_without_a_writer_the_page_is_written_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="must hold a study"):
        watch(tmp_path, print)
    with opened(tmp_path, plan(), resume=False):
        pass
    said: list[str] = []
    assert not watch(tmp_path, said.append).ended and not said
    assert RELOADS not in (tmp_path / "report.html").read_text("utf-8")


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Processes in the folder, killed at the end."""
    begun: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        how: dict[str, Any] = {"cwd": tmp_path, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        begun.append(subprocess.Popen([sys.executable, *words], **how))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def wait(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 200
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.long
@pytest.mark.parametrize("ends", ["itself", "kill", "ctrl-c"])
def test_the_page_follows_a_tuning_and_is_whole_however_it_ends(
    tmp_path: Path, started: Callable[..., subprocess.Popen[str]], ends: str
) -> None:
    html, store = tmp_path / "k" / "report.html", tmp_path / "k" / FILE

    def shows(trials: int) -> bool:
        return html.exists() and f"After {trials} trial" in html.read_text("utf-8")

    (tmp_path / "go1").touch()
    tunes = started("-c", TUNES)
    wait(lambda: store.exists() and is_written(store) and (tmp_path / "log").exists())
    watches = started("-m", "hpo_gym", "report", "k", "--watch")
    for trials in (1, 2):
        wait(lambda n=trials: shows(n) or watches.poll() is not None)  # type: ignore[misc]
        assert RELOADS in html.read_text("utf-8") and tunes.poll() is None
        (tmp_path / "go2").touch()
    if ends == "itself":
        (tmp_path / "go3").touch()
    if ends == "kill":
        tunes.kill()
    if ends == "ctrl-c":
        watches.send_signal(signal.SIGINT)
    said, fault = watches.communicate(timeout=200)
    assert watches.returncode == (130 if ends == "ctrl-c" else 0), fault
    text = html.read_text("utf-8")
    assert RELOADS not in text and text.startswith("<!doctype html>") and text.rstrip().endswith("</html>")
    assert " trials: k" + os.sep in said and (ends == "ctrl-c") == ("stopped" in fault)
    if ends == "itself":
        assert "After 3 trials: " in said and "<h1>After 3 trials: " in text
        assert (tmp_path / "k" / "trials.csv").exists()
    assert (tunes.poll() is None) == (ends == "ctrl-c"), "the tuning goes on"
