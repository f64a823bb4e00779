"""What a long call tells: a bar where a person looks, callbacks, the log."""

from __future__ import annotations

import io
import logging
import sys
from pathlib import Path
from typing import Any

import pytest
from toys import plain

import hpo_gym
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.system.jobs.progress import Callback, reporter

SMALL: dict[str, Any] = {"budget": 3, "seeds": 2, "tasks": 2, "engine": "serial"}


pytestmark = pytest.mark.usefixtures("all_undrawn")


class Heard(Callback):
    """Keeps all that it hears."""

    def __init__(self) -> None:
        self.all: list[Any] = []

    def begun(self, what: str) -> None:
        self.all.append(("begun", what))

    def advanced(self, done: int, total: int, what: str) -> None:
        self.all.append((done, total))

    def ended(self, result: Any) -> None:
        self.all.append(("ended", result))


@pytest.mark.long
def test_a_comparison_tells_its_beginning_each_step_and_its_results(tmp_path: Path) -> None:
    heard, steps = Heard(), list[tuple[int, int, str]]()
    results = hpo_gym.benchmark(
        "random", plain(), out=tmp_path, callbacks=[heard], progress=lambda *reported: steps.append(reported), **SMALL
    )
    (_, what), *between, (word, result) = heard.all
    assert what == "3 optimizers on Plain" and word == "ended" and result is results
    assert between[0][1] == between[-1][0] == 12  # 3 optimizers x 2 tasks x 2 seeds
    assert [step[:2] for step in steps] == between


@pytest.mark.long
def test_a_training_tells_its_curve(tmp_path: Path) -> None:
    heard = Heard()
    curve = hpo_gym.train(
        "ppo-bare", "SVM", steps=2_000, settings={"segments": 2, "runs": 8}, out=tmp_path, callbacks=[heard]
    )
    assert heard.all[0] == ("begun", "training ppo-bare") and heard.all[-1] == ("ended", curve) and len(curve) >= 2


def test_the_log_has_beginning_tenths_and_end(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "hpo_gym"), reporter(False, [], "counting", "sheep") as tell:
        for i in range(1, 41):
            tell(i, 40, "")
        tell.said = "all there"
    said = [r.getMessage() for r in caplog.records]
    assert said[0] == "counting: begun" and said[-1] == "counting: done. all there"
    assert said[1:-1] == [f"counting: {i} of 40 sheep" for i in range(4, 41, 4)]


@pytest.mark.long
def test_failed_cells_are_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hpo_gym.benchmark("bench_optimizers:Crasher", plain(), out=tmp_path, **SMALL)
    warned = [r for r in caplog.records if r.levelno == logging.WARNING and r.name == "hpo_gym"]
    assert len(warned) == 1 and warned[0].getMessage().startswith("4 cells failed")


class Terminal(io.StringIO):
    """Says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.long
@pytest.mark.parametrize(
    ("progress", "terminal", "shown"),
    [(None, True, True), (None, False, False), (False, True, False), (True, True, True)],
)
def test_a_bar_is_shown_where_a_person_looks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, progress: bool | None, terminal: bool, shown: bool
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    results = hpo_gym.benchmark("random", plain(), out=tmp_path, progress=progress, **SMALL)
    text = stream.getvalue()
    assert ("cells/s" in text, repr(results) in text) == (shown, shown)


@pytest.mark.parametrize(("keyword", "value"), [("progress", 3), ("callbacks", [print])])
def test_what_cannot_be_told_is_refused_before_anything_runs(tmp_path: Path, keyword: str, value: Any) -> None:
    with pytest.raises(InvalidValueError, match=f"`{keyword}` must"):
        hpo_gym.benchmark("random", plain(), out=tmp_path, **SMALL, **{keyword: value})
