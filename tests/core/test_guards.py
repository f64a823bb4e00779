"""Guards side by side: when verdicts come, when the next trial begins, and what loading may do."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hpo_gym.base.errors import InvalidValueError
from hpo_gym.problem.trial import Status
from hpo_gym.system.jobs.guard import Guard, GuardStep, Limits, Verdict
from hpo_gym.system.jobs.guards import Asked, Guards

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="guards need POSIX")


def wait_for(paths: list[Path], patience: float = 60.0) -> None:
    until = time.monotonic() + patience
    while not all(path.exists() for path in paths):
        if time.monotonic() > until:
            raise AssertionError(f"{paths} must come")
        time.sleep(0.005)


def meet(config: dict[str, Any]) -> float:
    """Say that it is here, then wait for others."""
    folder = Path(config["folder"])
    (folder / f"{config['name']}.pid").write_text(str(os.getpid()))
    (folder / config["name"]).touch()
    wait_for([folder / name for name in config["others"]])
    return float(os.getpid())


def asked(folder: Path, name: str, *others: str) -> Asked:
    return Asked(meet, {"folder": str(folder), "name": name, "others": list(others)})


@pytest.mark.long
def test_a_verdict_is_told_when_its_trial_ends(tmp_path: Path) -> None:
    guards, order = Guards(2), []
    for i, verdict in guards.events([asked(tmp_path, "first", "told"), asked(tmp_path, "second")]):
        assert isinstance(verdict, Verdict) and verdict.measured.score > 0
        order.append(i)
        (tmp_path / "told").touch()
    assert order == [1, 0]
    found = guards.run([asked(tmp_path, "first", "third"), asked(tmp_path, "second"), asked(tmp_path, "third")])
    assert len({verdict.measured.score for verdict in found}) == 3 and guards.count == 2
    guards.close()


@pytest.mark.long
def test_the_next_trial_begins_before_the_caller_is_told(tmp_path: Path) -> None:
    guards = Guards(1)
    reported = guards.events([asked(tmp_path, "first"), asked(tmp_path, "second")])
    assert next(reported)[0] == 0
    wait_for([tmp_path / "second"])
    assert [i for i, _ in reported] == [1]
    guards.close()


@pytest.mark.long
def test_leaving_early_ends_all_trials(tmp_path: Path) -> None:
    guards = Guards(2)
    trials = [asked(tmp_path, "first"), asked(tmp_path, "second", "never"), asked(tmp_path, "third", "never")]
    for _ in guards.events(trials):
        wait_for([tmp_path / "second", tmp_path / "third"])
        break
    assert guards.count == 0
    for name in ("second", "third"):
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / f"{name}.pid").read_text()), 0)
    assert guards.run([asked(tmp_path, "fourth")])[0].measured.score > 0
    guards.close()


def in_steps(config: dict[str, Any]) -> Iterator[tuple[int, float]]:
    for step, seconds in enumerate(config["seconds"]):
        time.sleep(seconds)
        yield step, step / 2


@pytest.mark.long
def test_seconds_may_be_those_of_each_step() -> None:
    guards, slow, hangs = Guards(1), {"seconds": [0.25] * 3}, {"seconds": [0.0, 60.0]}
    trials = [Asked(in_steps, config, limits=Limits(0.6, per_step=True)) for config in (slow, hangs)]
    reported = list(guards.events(trials))
    assert [(i, news) for i, news in reported if isinstance(news, GuardStep)] == [
        (0, GuardStep(0, 0.0)), (0, GuardStep(1, 0.5)), (0, GuardStep(2, 1.0)), (1, GuardStep(0, 0.0)),
    ]  # fmt: skip
    assert [(i, news.status) for i, news in reported if isinstance(news, Verdict)] == [
        (0, Status.OK),
        (1, Status.TIMEOUT),
    ]
    assert guards.run([Asked(in_steps, slow, limits=Limits(0.6))])[0].status is Status.TIMEOUT
    guards.close()


class LoadsBesideAnother:
    """Can be loaded where another guard loads it at the same time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        (self.folder / str(os.getpid())).touch()
        until = time.monotonic() + 60
        while len(list(self.folder.iterdir())) < 2:
            assert time.monotonic() < until
            time.sleep(0.005)

    def __call__(self, config: dict[str, Any]) -> float:
        return 1.0


@pytest.mark.long
def test_guards_load_side_by_side(tmp_path: Path) -> None:
    guards = Guards(2)
    objective = LoadsBesideAnother(tmp_path)
    assert [v.measured.score for v in guards.run([Asked(objective, {})] * 2)] == [1.0, 1.0]
    guards.close()


class Unloadable:
    """Cannot be prepared, in one way or another."""

    def __init__(self, way: str) -> None:
        self.way = way

    def prepare(self) -> None:
        if self.way == "raises":
            raise OSError("cannot be loaded")
        if self.way == "dies":
            os._exit(1)

    def __call__(self, config: dict[str, Any]) -> float:
        return 1.0


@pytest.mark.long
@pytest.mark.parametrize("way, what", [("raises", "(?s)loadable .* cannot be loaded"), ("dies", "ends the process")])
def test_what_cannot_be_loaded_is_refused_and_no_guard_is_left(way: str, what: str) -> None:
    guards = Guards(2)
    with pytest.raises(InvalidValueError, match=what):
        guards.run([Asked(Unloadable(way), {})] * 2)
    assert guards.count == 0


@pytest.mark.long
def test_a_guard_that_is_not_waited_for_must_load_in_time() -> None:
    guard = Guard(_Slow(), patience=0.05, wait=False)
    guard.start({})
    assert guard.loading and guard.read(0) is None
    with pytest.raises(InvalidValueError, match=r"must be loaded within 0\.05 s"):
        guard.read(600)
    assert not guard.loading


class _Slow:
    def __call__(self, config: dict[str, Any]) -> float:
        return 1.0

    def __reduce__(self) -> Any:
        return _slowly, ()


def _slowly() -> _Slow:
    time.sleep(0.5)
    return _Slow()
