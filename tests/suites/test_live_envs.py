"""Live tasks under guard, in envs: whatever a trial does, it has a status, the episode goes on, and nothing is left."""

from __future__ import annotations

import copy
import json
import math
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from processes import lasting

import hpo_gym
from hpo_gym.base.errors import InvalidValueError, UnknownNameError
from hpo_gym.problem.space.forms import read_space
from hpo_gym.suites.live import live_suite
from hpo_gym.system.jobs import guards
from hpo_gym.system.jobs.guards import Asked, Guards

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="guards need POSIX")
ID = "hpo_gym/Live-v0"
SPACE: dict[str, Any] = {"a": (0.0, 1.0), "do": ["good", "raise", "nan", "text", "exit", "hang", "eat"]}
STATUS = {
    "good": "ok", "raise": "failed", "nan": "diverged", "text": "invalid", "exit": "crashed", "hang": "timeout",
    "eat": "memoryout",
}  # fmt: skip
LINE: dict[str, Any] = {"a": (0.0, 1.0)}


def behaves(config: dict[str, Any]) -> Any:
    """As good or as bad as it is told."""
    match config["do"]:
        case "raise":
            raise ValueError("no good")
        case "nan":
            return math.nan
        case "text":
            return "0.7"
        case "exit":
            os._exit(3)
        case "hang":
            time.sleep(600)
        case "eat":
            return len(bytearray(1 << 42))
    return 1.0 + config["a"]


def noisy(config: dict[str, Any], seed: int, fidelity: float) -> float:
    """A line, and noise that the seed decides."""
    return float(config["a"] * fidelity + np.random.default_rng(seed).normal())


def action(what: str, a: float = 0.5) -> np.ndarray:
    """The action of `SPACE` that chooses this."""
    return (2.0 * read_space(SPACE).to_unit({"a": a, "do": what}) - 1.0).astype(np.float32)


def children() -> list[int]:
    """Processes that this one has started by `spawn`, but for the tracker of its resources."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"spawn_main" in command:
                found.append(int(pid))
    return found


def left(mark: str) -> list[int]:
    """Processes that are still there after a while: those that a marked one started by `spawn`, and their trials."""
    return lasting(f"LIVE_OWNER={mark}", lambda c: b"spawn_main" in c or c.endswith(b"time.sleep(600)\0"))


# ---------------------------------------------------------------------- failures
def test_a_trial_that_fails_in_any_way_has_its_status_and_the_episode_goes_on() -> None:
    env: Any = gym.make(ID, objective=behaves, space=SPACE, budget=9, trial_timeout=1.0, memory=1 << 28)
    env.reset(seed=0)
    wanted = ["good", *(what for what in STATUS if what != "good"), "good", "good"]
    steps = [env.step(action(what, 0.1 * i)) for i, what in enumerate(wanted)]
    env.close()
    assert [step[4]["status"] for step in steps] == [STATUS[what] for what in wanted]
    assert [step[2] for step in steps] == [False] * 8 + [True]
    assert [step[1] for step in steps[:7]] == pytest.approx([1.0] * 7)  # failures are served the worst so far
    assert [step[1] for step in steps[7:]] == pytest.approx([1.7, 1.8], abs=1e-6)
    assert steps[-1][4]["incumbent"]["do"] == "good" and steps[-1][4]["incumbent_score"] == pytest.approx(1.8)
    (fault,) = env.unwrapped.suite.members[0].faults
    assert re.fullmatch(r"ValueError: no good \(.*test_live_envs\.py:\d+, in behaves\)", fault)


# ---------------------------------------------------------------------- what an objective tells
@pytest.mark.long
def test_a_mapping_tells_cost_and_test_score_and_a_loss_is_negated() -> None:
    def objective(config: dict[str, Any]) -> dict[str, float]:
        if config["a"] > 0.9:
            raise ValueError
        return {"score": config["a"], "cost": 7.5, "test_score": 2 * config["a"]}

    x = np.array([[0.25], [0.5], [1.0]])
    for guard in (False, True):
        (task,) = live_suite("Told", LINE, {"t": objective}, loss=True, guard=guard).members
        out = task.evaluate(x, np.ones(3), np.zeros(3, np.uint64))
        assert out.score.tolist() == [-0.25, -0.5, -np.inf] and out.cost.tolist() == [7.5, 7.5, 1.0]
        tested = task.test_scores(x)
        assert tested is not None and tested.tolist() == [-0.5, -1.0, -1.0]  # a failure has the worst of the others
        assert task.test_scores(x[2:]) is None
        task.close()
    (plain,) = live_suite("Plain", LINE, {"t": lambda config: config["a"]}).members
    assert plain.test_scores(x) is None


@pytest.mark.long
def test_an_objective_is_prepared_once_where_its_trials_begin() -> None:
    class Counts:
        prepared = 0

        def prepare(self) -> None:
            type(self).prepared += 1

        def __call__(self, config: dict[str, Any]) -> float:
            return float(self.prepared)

    objective = Counts()
    (task,) = live_suite("Prepared", LINE, {"t": objective}, guard=True).members
    out = task.evaluate(np.full((3, 1), 0.5), np.ones(3), np.zeros(3, np.uint64))
    task.close()
    assert out.score.tolist() == [1.0] * 3 and Counts.prepared == 0


@pytest.mark.long
def test_global_generators_are_seeded_by_what_the_task_knows() -> None:
    """Without a parameter `seed` a configuration has one score; with it, one for each key."""

    def draws(config: dict[str, Any]) -> float:
        import random

        return random.random()

    (task,) = live_suite("Draws", LINE, {"t": draws}, guard=True).members
    score = task.evaluate(np.full((2, 1), 0.5), np.ones(2), np.arange(2, dtype=np.uint64)).score
    task.close()
    assert score[0] == score[1]


# ---------------------------------------------------------------------- vector envs
@pytest.mark.long
def test_four_runs_by_two_jobs_are_four_single_runs() -> None:
    made: dict[str, Any] = {"objective": noisy, "space": LINE, "budget": 3, "fidelities": (0.5, 1.0)}
    made |= {"codec": {"name": "box", "fidelity": True}}
    many = gym.make_vec(ID, num_envs=4, n_jobs=2, **made)
    many.action_space.seed(0)
    actions = [many.action_space.sample() for _ in range(3)]
    seeds = [3, 4, 5, 6]
    first, _ = many.reset(seed=seeds)
    steps = [many.step(a) for a in actions]
    assert many.unwrapped.kernel.batch.tasks[0].runner.count == 2
    many.close()
    one: Any = gym.make(ID, **made)
    for i, seed in enumerate(seeds):
        assert np.array_equal(one.reset(seed=seed)[0], first[i])
        for chosen, (obs, reward, over, _, info) in zip(actions, steps, strict=True):
            alone = one.step(chosen[i])
            assert np.array_equal(alone[0], obs[i]) and alone[1:3] == (reward[i], over[i])
            assert (alone[4]["score"], alone[4]["cost"]) == (info["score"][i], info["cost"][i])
            if alone[2]:
                break
    one.close()
    assert not children()


# ---------------------------------------------------------------------- nothing is left
def test_close_ends_all_processes_and_a_step_after_it_starts_them_anew() -> None:
    env: Any = gym.make(ID, objective=noisy, space=LINE, budget=4)
    env.reset(seed=0)
    env.step(np.zeros(1, np.float32))
    assert len(children()) == 1
    for _ in range(2):
        env.close()
        assert not children()
    assert np.isfinite(env.step(np.zeros(1, np.float32))[1]) and len(children()) == 1
    del env
    assert not children(), "an env that nobody holds has no processes"


def test_an_exception_on_the_way_ends_all_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> Any:
        raise KeyboardInterrupt

    env: Any = gym.make(ID, objective=behaves, space=SPACE, budget=4)
    env.reset(seed=0)
    with monkeypatch.context() as patched:
        patched.setattr(guards, "first_of", interrupt)
        with pytest.raises(KeyboardInterrupt):
            env.step(action("hang"))
    assert not children()
    assert env.step(action("good"))[4]["status"] == "ok"
    env.close()


SCRIPT = """import gymnasium as gym
import os, signal, subprocess, sys, threading, time
import numpy as np, hpo_gym

def objective(config):
    if config["a"] > 0.9:
        subprocess.Popen((sys.executable, "-c", "import time; time.sleep(600)"), start_new_session=True)
        open("begun", "w").close()
        time.sleep(600)
    return 1.0

def die():
    while not os.path.exists("begun"):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)

env = gym.make("hpo_gym/Live-v0", objective=objective, space={"a": (0.0, 1.0)})
env.reset(seed=0)
env.step(np.zeros(1, np.float32))
"""
THEN = {
    "ends": "",
    "raises": "raise KeyError('late')",
    "is killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "is killed in a trial": "threading.Thread(target=die).start(); env.step(np.ones(1, np.float32))",
    "is killed and has a fork": "os.fork() or time.sleep(30) or os._exit(0); os.kill(os.getpid(), signal.SIGKILL)",
}


@pytest.mark.parametrize("how", THEN)
@pytest.mark.long
def test_nothing_outlives_an_owner_that(how: str, tmp_path: Path) -> None:
    mark = f"{how.replace(' ', '-')}-{os.getpid()}"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "LIVE_OWNER": mark}
    with (tmp_path / "reported").open("w") as reported:
        command = [sys.executable, "-c", SCRIPT + THEN[how]]
        owner = subprocess.run(
            command, cwd=tmp_path, env=environment, stderr=reported, timeout=60, start_new_session=True, check=False
        )  # fmt: skip
    wanted = {"ends": 0, "raises": 1}.get(how, -signal.SIGKILL)
    assert owner.returncode == wanted, (tmp_path / "reported").read_text()
    assert left(mark) == []


@pytest.mark.long
def test_a_forked_child_has_guards_of_its_own_and_leaves_its_parents() -> None:
    mine = Guards(1)

    def parent(config: dict[str, Any]) -> float:
        return float(os.getppid())

    ours = mine.run([Asked(parent, {})])[0].measured.score
    read, write = os.pipe()
    if (pid := os.fork()) == 0:
        count = mine.count
        theirs = mine.run([Asked(parent, {})])[0].measured.score
        mine.close()
        os.write(write, json.dumps([count, theirs]).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    count, theirs = json.loads(os.read(read, 1000))
    assert count == 0 and theirs != ours
    assert mine.run([Asked(parent, {})])[0].measured.score == ours
    mine.close()


def _in_a_daemon(pipe: Any) -> None:
    mine = Guards(1)
    (verdict,) = mine.run([Asked(pid_of_parent, {})])
    mine.close()
    pipe.send((verdict.status.label, multiprocessing.current_process().daemon))


def pid_of_parent(config: dict[str, Any]) -> float:
    return float(os.getppid())


@pytest.mark.long
def test_a_daemon_may_have_guards_as_workers_of_dask_do() -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    daemon = context.Process(target=_in_a_daemon, args=(theirs,), daemon=True)
    daemon.start()
    assert ours.recv() == ("ok", True)
    daemon.join()


def test_copies_and_pickles_have_guards_of_their_own() -> None:
    env: Any = gym.make(ID, objective=noisy, space=LINE, budget=4, n_jobs=3)
    env.reset(seed=0)
    env.step(np.zeros(1, np.float32))
    rewards = []
    for other in (copy.deepcopy(env), pickle.loads(pickle.dumps(env))):  # noqa: S301 - our own bytes
        runner = other.unwrapped.suite.members[0].runner
        assert (runner.count, runner.n_jobs) == (0, 3)
        rewards.append(other.step(np.ones(1, np.float32))[1])
        other.close()
    assert len(children()) == 1
    assert [env.step(np.ones(1, np.float32))[1]] * 2 == rewards
    env.close()


# ---------------------------------------------------------------------- contracts


@pytest.mark.parametrize("engine", ["serial", pytest.param("process", marks=pytest.mark.long)])
@pytest.mark.filterwarnings("ignore:.* trials on Crash failed")
@pytest.mark.usefixtures("undrawn")
@pytest.mark.long
def test_a_guarded_suite_is_compared_by_every_engine(engine: str, tmp_path: Path) -> None:
    suite = live_suite("Crash", SPACE, {"t": behaves}, guard=True, trial_timeout=0.5, memory=1 << 28)
    options: dict[str, Any] = {} if engine == "serial" else {"workers": 1}
    results = hpo_gym.benchmark("random", suite, out=tmp_path, budget=5, seeds=2, engine=engine, **options)
    assert results.failed_cells == 0
    trials = results.trials()
    assert [STATUS[config["do"]] for config in trials["config"]] == list(trials["status"])
    assert len(set(trials["status"])) > 3
    suite.members[0].close()
    assert not children()


# ---------------------------------------------------------------------- keywords
@pytest.mark.parametrize(
    ("keywords", "error", "said"),
    [
        ({"objective": noisy}, InvalidValueError, "`space` must be given with an objective"),
        ({"space": LINE}, InvalidValueError, "`space` must be given with an objective"),
        ({"objective": noisy, "space": LINE, "suite": "x"}, InvalidValueError, "must not both be given"),
        ({"objective": 3, "space": LINE}, InvalidValueError, "must be functions, got 3"),
        ({"objectiv": noisy}, UnknownNameError, "Did you mean 'objective'"),
        ({"task": "digits-smv"}, UnknownNameError, "Did you mean 'digits-svm'"),
        ({"task": 5}, InvalidValueError, "`task` must be a name, got 5"),
        ({"task": "digits-svm", "threads": 2}, InvalidValueError, "`threads` is an argument of an objective"),
        ({"suite": "SVM"}, InvalidValueError, "`suite` must be a Suite"),
        ({"task": "digits-svm", "n_jobs": 0}, InvalidValueError, "`n_jobs` must be an integer >= 1, got 0"),
        ({"objective": noisy, "space": LINE, "trial_timeout": -1}, InvalidValueError, "`seconds` must be a finite"),
        ({"objective": noisy, "space": LINE, "cost": "euro"}, UnknownNameError, "cost 'euro'"),
        ({"objective": noisy, "space": LINE, "guard": False, "memory": 9}, InvalidValueError, "needs `guard=True`"),
        ({"objective": noisy, "space": LINE, "guard": False, "trial_timeout": 1}, InvalidValueError, "`trial_timeout`"),
        ({"objective": noisy, "space": LINE, "guard": False, "threads": 2}, InvalidValueError, "`threads` needs"),
        ({"objective": noisy, "space": LINE, "guard": 1}, InvalidValueError, "`guard` must be True or False, got 1"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_what_does_not_go_together_is_refused(make: Any, keywords: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        make(ID, **keywords)


def test_what_cannot_travel_to_a_guard_is_refused_before_the_first_trial() -> None:
    lock = __import__("threading").Lock()
    with pytest.raises(InvalidValueError, match="must be able to travel"):
        gym.make(ID, objective=lambda config: lock, space=LINE)
