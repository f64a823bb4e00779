"""Whatever an objective does, its trial has a verdict in time, and nothing of it is left running."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bad_objectives import BAD, SLOW
from left_behind import left_in_memory, left_running

from hpo_gym.base.errors import InvalidValueError, StateError
from hpo_gym.problem.trial import Status
from hpo_gym.system.jobs.guard import Guard, GuardStep, Limits, Verdict, first_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="guards need POSIX")
AFTER = 1.0  # seconds after the limit


def limits(name: str) -> Limits:
    """Those of a trial of a bad objective: short where it must run into them."""
    return Limits(seconds=0.5 if BAD[name].status is Status.TIMEOUT else 30.0, memory=1 << 28)


@pytest.fixture(scope="module")
def any_objective() -> Iterator[Guard]:
    with Guard(lambda config: BAD[config["name"]].objective(config)) as guard:
        yield guard


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.long] * (name in SLOW)) for name in BAD])
def test_a_bad_objective_has_its_verdict_in_time_and_leaves_nothing(any_objective: Guard, name: str) -> None:
    start = time.perf_counter()
    verdict = any_objective.run({"name": name}, limits=limits(name))
    spent = time.perf_counter() - start
    assert verdict.status is BAD[name].status, verdict
    assert re.search(BAD[name].reason, verdict.measured.reason), verdict.measured.reason
    assert verdict.status is not Status.TIMEOUT or spent < 0.5 + AFTER
    assert not left_running(any_objective.pid)
    assert not left_in_memory(re.findall("in memory: (.+)", verdict.output))
    if verdict.status is Status.OK:
        assert verdict.measured.score == 1.0
    good = any_objective.run({"name": "goes_elsewhere"})
    assert good.status is Status.OK, "the next trial is as if nothing had happened"


@pytest.mark.long
@pytest.mark.parametrize("size", [2, 8])
def test_several_guards_side_by_side_give_the_same_verdicts(size: int) -> None:
    known = left_running()
    todo, reported = list(BAD), {}
    guards = [Guard(lambda config: BAD[config["name"]].objective(config)) for _ in range(size)]
    busy: dict[Any, tuple[Guard, str]] = {}
    while todo or busy:
        for guard in guards:
            if todo and guard.pipe not in busy:
                guard.start({"name": todo[-1]}, limits=limits(todo[-1]))
                busy[guard.pipe] = guard, todo.pop()
        for guard in first_of(guard for guard, _ in busy.values()):
            pipe = guard.pipe
            name, news = busy[pipe][1], guard.read(0)
            if isinstance(news, GuardStep):
                guard.answer(go=True)
            elif isinstance(news, Verdict):
                reported[name] = news
                del busy[pipe]
    for guard in guards:
        guard.close()
    assert not left_running(*known)
    for name, verdict in reported.items():
        assert verdict.status is BAD[name].status, (name, verdict)
        assert re.search(BAD[name].reason, verdict.measured.reason), (name, verdict.measured.reason)
    assert set(reported) == set(BAD)


@pytest.mark.long
def test_a_mapping_has_score_cost_and_constraints_and_what_is_printed_is_kept() -> None:
    def objective(config: dict[str, Any], seed: int) -> dict[str, Any]:
        print("hello", config["x"], seed)
        print("trouble", file=sys.stderr)
        return {"score": np.float32(0.5), "cost": 2, "constraints": [-1.0, 0.25]}

    with Guard(objective) as guard:
        guard.start({"x": "a"}, named={"seed": 7})
        verdict = guard.read()
    assert isinstance(verdict, Verdict)
    assert (verdict.measured.score, verdict.measured.cost, verdict.measured.constraints) == (0.5, 2.0, (-1.0, 0.25))
    assert "hello a 7\n" in verdict.output and "trouble\n" in verdict.output


@pytest.mark.long
def test_the_end_of_a_long_output_is_kept() -> None:
    def objective(_: Any) -> float:
        print("x" * 500_000, end="the end")
        return 1.0

    with Guard(objective) as guard:
        verdict = guard.run({})
    assert verdict.output.endswith("xthe end") and len(verdict.output) == 65_536


@pytest.mark.long
def test_steps_are_told_and_the_owner_may_end_them() -> None:
    def objective(config: dict[str, Any]) -> Iterator[tuple[int, Any]]:
        for epoch in range(1, 6):
            yield epoch, {"score": epoch / 10, "cost": epoch}

    with Guard(objective) as guard:
        guard.start({})
        for epoch in (1, 2, 3):
            assert guard.read() == GuardStep(epoch, epoch / 10)
            guard.answer(go=epoch < 3)
        verdict = guard.read()
        assert isinstance(verdict, Verdict) and verdict.status is Status.OK
        assert (verdict.measured.score, verdict.measured.cost) == (0.3, 3.0)
        assert guard.run({}).measured.score == 0.5


@pytest.mark.long
def test_trials_do_not_draw_the_same_and_a_seed_draws_the_same() -> None:
    def objective(_: Any) -> float:
        import random

        return float(np.random.random() + random.random())  # noqa: NPY002

    with Guard(objective) as guard:
        one, again, other = (guard.run({}, seed=seed).measured.score for seed in (1, 1, 2))
    assert one == again != other


@pytest.mark.long
def test_what_cannot_be_loaded_elsewhere_is_refused() -> None:
    class Unloadable:
        def __call__(self, _: Any) -> float:
            return 1.0

        def __reduce__(self) -> Any:
            return _cannot, ()

    with pytest.raises(InvalidValueError, match="loadable in another process"):
        Guard(Unloadable())
    lock = __import__("threading").Lock()
    with pytest.raises(InvalidValueError, match="travel"):
        Guard(lambda _: lock)
    with pytest.raises(InvalidValueError, match="`seconds` must be a finite number above 0"):
        Limits(seconds=0)


def _cannot() -> Any:
    raise OSError("cannot be loaded")


@pytest.mark.long
def test_one_trial_at_a_time() -> None:
    known = left_running()
    with Guard(BAD["hangs"].objective) as guard:
        with pytest.raises(StateError, match="start"):
            guard.read()
        guard.start({})
        with pytest.raises(StateError, match="one trial at a time"):
            guard.start({})
    assert not left_running(*known)


@pytest.mark.long
def test_nothing_outlives_an_owner_that_is_killed(tmp_path: Path) -> None:
    script = """
import os, signal, subprocess, sys, time
from hpo_gym.system.jobs.guard import Guard

def objective(_):
    for new in (False, True):
        subprocess.Popen((sys.executable, "-c", "import time; time.sleep(600)"), start_new_session=new)
    open("begun", "w").close()
    time.sleep(600)

guard = Guard(objective)
guard.start({})
while not os.path.exists("begun"):
    guard.read(0.01)
os.kill(os.getpid(), signal.SIGKILL)
"""
    owner = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path)
    assert owner.wait(60) == -signal.SIGKILL
    deadline = time.monotonic() + 5
    while left_running(owner=owner.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left_running(owner=owner.pid)


@pytest.mark.long
def test_no_file_of_the_owner_is_open_in_a_trial() -> None:
    def objective(_: Any) -> float:
        return float(len(list(Path("/proc/self/fd").iterdir())))

    if not Path("/proc/self/fd").exists():
        pytest.skip("the system does not tell")
    with Guard(objective) as guard:
        assert guard.run({}).measured.score == 3 + 2 + 1 + 1, (
            "standard streams, two pipes, the end of one that shows whether the owner lives, and the folder itself"
        )


# ---------------------------------------------------------------------- the owner's own time
def _stops_its_guard(config: dict[str, Any]) -> Iterator[tuple[int, float]]:
    yield 1, 0.5
    if config["stops"]:
        os.kill(os.getppid(), signal.SIGSTOP)
        time.sleep(600)
    yield 2, 1.0


@pytest.mark.long
def test_a_guard_that_is_stopped_in_a_step_ends_in_time_and_the_next_trial_goes_on() -> None:
    known = left_running()
    with Guard(_stops_its_guard) as guard:
        for per_step in (False, True):
            start = time.perf_counter()
            verdict = guard.run({"stops": True}, limits=Limits(0.3, per_step=per_step))
            assert verdict.status is Status.TIMEOUT and "did not answer" in verdict.measured.reason
            assert time.perf_counter() - start < 0.3 + AFTER + (5.0 if per_step else 0.0), "the second starts a guard"
            assert not left_running(*known)
        assert guard.run({"stops": False}, limits=Limits(30.0)).measured.score == 1.0


@pytest.mark.long
def test_read_waits_no_longer_than_it_is_told_for_a_guard_that_is_stopped() -> None:
    known = left_running()
    with Guard(_stops_its_guard) as guard:
        guard.start({"stops": True}, limits=Limits(60.0))
        assert guard.read(10.0) == GuardStep(1, 0.5)
        guard.answer(go=True)
        assert guard.read(0.1) is None and first_of([guard], 0.1) == []
        assert 50.0 < guard.left < 61.0
        start = time.perf_counter()
    assert time.perf_counter() - start < 3.0, "a process that is stopped is not waited for"
    assert not left_running(*known)


@pytest.mark.parametrize("closed", [(0, 1, 2), *(pytest.param(c, marks=pytest.mark.long) for c in [(0,), (1, 2)])])
def test_a_process_without_standard_streams_runs_trials(tmp_path: Path, closed: tuple[int, ...]) -> None:
    script = f"""
import os
for number in {closed}:
    os.close(number)
from hpo_gym.system.jobs.guard import Guard

with Guard(lambda config: config["x"]) as guard:
    found = [guard.run({{"x": x}}).measured.score for x in (1.0, 2.0)]
open("found", "w").write(str(found))
"""
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=False, timeout=60, stderr=subprocess.DEVNULL)
    assert (tmp_path / "found").read_text() == "[1.0, 2.0]"


@pytest.mark.long
def test_files_that_imports_opened_stay_open_in_trials(tmp_path: Path) -> None:
    with Guard(_Writes(tmp_path / "log")) as guard:
        assert [guard.run({}).status for _ in range(2)] == [Status.OK, Status.OK]
    assert (tmp_path / "log").read_text() == "trial\ntrial\n"


class _Writes:
    """Opens a file where it is loaded, and writes to it in each trial."""

    def __init__(self, path: Path) -> None:
        self.path, self.file = path, path.open("a")

    def __call__(self, config: dict[str, Any]) -> float:
        print("trial", file=self.file, flush=True)
        return 1.0

    def __reduce__(self) -> Any:
        return _Writes, (self.path,)
