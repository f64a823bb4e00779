"""Engines: one outcome per job, the same from every engine, whatever happens to a worker or to the driver."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from hpo_gym.base.errors import InvalidValueError, MissingExtraError, UnknownNameError
from hpo_gym.system.jobs.engines import ENGINES, Job, Outcome, run

HAS_RAY = importlib.util.find_spec("ray") is not None
needs_dask = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="the extra 'dask' is missing")
needs_ray = pytest.mark.skipif(not HAS_RAY, reason="the extra 'ray' is missing")
ENGINE_NAMES = ["serial", "process", pytest.param("dask", marks=needs_dask), pytest.param("ray", marks=needs_ray)]
SLOW_RAY = [*ENGINE_NAMES[:-1], pytest.param("ray", marks=[needs_ray, pytest.mark.slow])]  # it takes long to start


# -- jobs: at the top of the module, so that workers can import them -------------------------------------------------


def total(seed: int, n: int) -> float:
    return float(np.random.default_rng(seed).standard_normal(n).sum())


def fail(text: str) -> None:
    raise ValueError(text)


def leave() -> None:
    sys.exit(3)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(flag: str) -> str:
    if not Path(flag).exists():
        Path(flag).touch()
        die()
    return "alive"


def die_answering(flag: str) -> str:
    """Let the worker die in the middle of its answer, at the first try."""
    if not Path(flag).exists():
        Path(flag).touch()

        def half(pipe: Connection, data: bytes) -> None:
            os.write(pipe.fileno(), data[: len(data) // 2])
            die()

        Connection._send = half  # type: ignore[attr-defined]
    return "alive"


def threads() -> tuple[str | None, ...]:
    return tuple(os.environ.get(f"{name}_NUM_THREADS") for name in ("OMP", "OPENBLAS", "MKL"))


def unportable() -> Callable[[], None]:
    return lambda: None


def pid_then_wait(folder: str, spin: bool) -> None:
    Path(folder, f"pid-{os.getpid()}").touch()
    while spin:
        pass
    time.sleep(60)


def collect(jobs: list[Job], **options: object) -> dict[str, Outcome]:
    outcomes = list(run(jobs, **options))  # type: ignore[arg-type]
    assert len({o.key for o in outcomes}) == len(outcomes)
    return {o.key: o for o in outcomes}


# -- the same from every engine --------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINE_NAMES)
@pytest.mark.long
def test_every_engine_gives_the_same_outcomes(engine: str) -> None:
    jobs = [Job(f"sum-{i}", total, (i, 1000)) for i in range(8)]
    jobs += [Job("bad", fail, ("no luck",)), Job("exit", leave)]
    found = collect(jobs, engine=engine, workers=2)
    assert found.keys() == {j.key for j in jobs}
    for i in range(8):
        assert (found[f"sum-{i}"].status, found[f"sum-{i}"].value) == ("done", total(i, 1000))
    for key, text in (("bad", "ValueError: no luck"), ("exit", "SystemExit: 3")):
        assert (found[key].status, found[key].value) == ("failed", None)
        assert text in str(found[key].error)


@pytest.mark.parametrize(
    "engine", ["process", pytest.param("dask", marks=[needs_dask, pytest.mark.long]), SLOW_RAY[-1]]
)
def test_a_killed_worker_is_tried_again_and_then_crashed(engine: str, tmp_path: Path) -> None:
    jobs = [Job("once", die_once, (str(tmp_path / "flag"),)), Job("always", die)]
    jobs += [Job(f"good-{i}", total, (i, 10)) for i in range(6)]
    found = collect(jobs, engine=engine, workers=2)
    assert (found["once"].status, found["once"].value) == ("done", "alive")
    assert (found["always"].status, found["always"].value) == ("crashed", None)
    assert found["always"].error
    assert [found[f"good-{i}"].value for i in range(6)] == [total(i, 10) for i in range(6)]


@pytest.mark.long
@pytest.mark.parametrize("engine", SLOW_RAY[1:])
def test_workers_use_one_thread_and_the_driver_keeps_its_own(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    found = collect([Job("threads", threads)], engine=engine)
    assert found["threads"].value == ("1", "1", "1")
    assert (os.environ["OMP_NUM_THREADS"], os.environ.get("MKL_NUM_THREADS")) == ("7", None)


# -- options ---------------------------------------------------------------------------------------------------------


def test_wrong_options_are_refused_before_anything_runs() -> None:
    job = Job("a", fail, ("never run",))
    with pytest.raises(UnknownNameError, match="Did you mean 'process'"):
        run([job], engine="proces")
    with pytest.raises(InvalidValueError, match=r"`key` must differ.*'a'"):
        run([job, job])
    with pytest.raises(InvalidValueError, match="`timeout` needs the engine 'process'"):
        run([job], timeout=1.0)
    for options, rule in (
        ({"workers": 0}, "`workers` must be an integer >= 1"),
        ({"retries": -1}, "`retries >= 0` must hold"),
        ({"timeout": 0.0, "engine": "process"}, "`timeout` must be a finite number above 0"),
    ):
        with pytest.raises(InvalidValueError, match=rule):
            run([job], **options)
    assert set(ENGINES) == {"serial", "process", "dask", "ray"}


@pytest.mark.skipif(HAS_RAY, reason="Ray is installed")
def test_a_missing_engine_gives_its_install_command() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install 'hpo-gym\[ray\]'"):
        run([], engine="ray")


# -- processes -------------------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.timeout(60)
def test_a_worker_that_is_killed_while_it_answers_costs_its_job_a_try(tmp_path: Path) -> None:
    """The system kills what takes the most memory: that is who copies a large value."""
    jobs = [Job("large", die_answering, (str(tmp_path / "flag"),)), *(Job(f"{i}", total, (i, 10)) for i in range(4))]
    found = collect(jobs, engine="process", workers=2)
    assert [found[job.key].status for job in jobs] == ["done"] * 5
    assert found["large"].value == "alive"


@pytest.mark.long
def test_what_cannot_travel_is_that_jobs_failure() -> None:
    jobs = [Job("value", unportable), Job("argument", total, (threading.Lock(), 1)), Job("good", total, (1, 1))]
    found = collect(jobs, engine="process", workers=1)
    assert [found[k].status for k in ("value", "argument", "good")] == ["failed", "failed", "done"]
    assert "local object 'unportable" in str(found["value"].error)
    assert "pickle" in str(found["argument"].error)


@pytest.mark.long
def test_a_job_out_of_time_is_killed_and_not_tried_again() -> None:
    jobs = [Job("slow", time.sleep, (60,)), Job("good", total, (1, 1))]
    found = collect(jobs, engine="process", workers=1, timeout=6)  # imports of a new worker count
    assert (found["slow"].status, found["good"].status) == ("timeout", "done")
    assert "`timeout` = 6" in str(found["slow"].error)


@pytest.mark.long
def test_outcomes_come_as_they_finish() -> None:
    jobs = [Job("slow", time.sleep, (2.0,)), Job("fast", time.sleep, (0.0,))]
    assert [o.key for o in run(jobs, engine="process", workers=2)] == ["fast", "slow"]


def _running(folder: Path, count: int) -> list[int]:
    """Process ids of `count` workers, when they are at work."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        pids = [int(p.name.removeprefix("pid-")) for p in folder.glob("pid-*")]
        if len(pids) == count:
            return pids
        time.sleep(0.02)
    raise AssertionError(f"{count} workers did not start")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def _gone(pids: list[int], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while any(map(_alive, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(_alive, pids))


@pytest.mark.long
def test_leaving_the_iterator_early_ends_the_workers(tmp_path: Path) -> None:
    jobs = [Job("first", os.getpid), Job("wait", pid_then_wait, (str(tmp_path), False))]
    outcomes = run(jobs, engine="process", workers=1)
    assert next(outcomes).key == "first"
    pids = _running(tmp_path, 1)
    outcomes.close()  # type: ignore[attr-defined]
    assert _gone(pids, 5)


DRIVER = """
import sys
sys.path.insert(0, sys.argv[1])
from test_engines import Job, pid_then_wait, run
if __name__ == "__main__":
    jobs = [Job(str(i), pid_then_wait, (sys.argv[2], i == 0)) for i in range(4)]
    try:
        list(run(jobs, engine="process", workers=2))
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def _driver(folder: Path) -> tuple[subprocess.Popen[str], list[int]]:
    script = folder / "driver.py"
    script.write_text(DRIVER)
    command = [sys.executable, str(script), str(Path(__file__).parent), str(folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    driver = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )  # fmt: skip
    return driver, _running(folder, 2)


def _children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_killed_driver_leaves_no_child(tmp_path: Path) -> None:
    driver, pids = _driver(tmp_path)
    children = _children(driver.pid)
    assert set(pids) <= set(children)
    driver.kill()
    driver.wait()
    gone = _gone(children, 5)
    for child in filter(_alive, children):  # a failure must not leave them to spin
        os.kill(child, signal.SIGKILL)
    assert gone


@pytest.mark.long
def test_ctrl_c_ends_the_workers_and_reaches_the_caller(tmp_path: Path) -> None:
    driver, pids = _driver(tmp_path)
    os.killpg(driver.pid, signal.SIGINT)  # as a terminal does: to the workers too
    try:
        output, _ = driver.communicate(timeout=60)
        assert output == "interrupted\n"
        assert _gone(pids, 5)
    finally:  # a failure must not leave them to spin
        for pid in filter(_alive, [driver.pid, *pids]):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.long
def test_a_script_without_main_guard_is_run_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import math\nimport sys\nsys.path.insert(0, sys.argv[1])\nfrom test_engines import Job, run\n"
        "print('begun', flush=True)\n"
        "jobs = [Job(str(i), math.sqrt, (4.0,)) for i in range(4)]\n"
        "print(sorted(o.value for o in run(jobs, engine='process', workers=2)))\n"
    )
    command = [sys.executable, str(script), str(Path(__file__).parent)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["begun", "[2.0, 2.0, 2.0, 2.0]"]
