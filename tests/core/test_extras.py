"""Dependencies: what pyproject.toml asks for, what messages name, and what the code imports are the same."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from hpo_gym.base.registry import EXTRAS

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IMPORT_NAMES = {"scikit-learn": "sklearn", "pyyaml": "yaml", "configspace": "ConfigSpace"}
BY_GYMNASIUM = {"classic-control": ["pygame"], "other": ["moviepy", "cv2"]}  # its extras, and what its wrappers import
FOR_PEOPLE = {"test", "dev", "docs", "all"}  # tools and unions of extras: no code asks for them


def import_name(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)[0].lower()
    return IMPORT_NAMES.get(name, name.replace("-", "_"))


def import_names(requirement: str) -> list[str]:
    if extras := re.match(r"gymnasium\[(.+)\]", requirement):
        return [name for extra in extras[1].split(",") for name in BY_GYMNASIUM[extra]]
    return [import_name(requirement)]


OPTIONAL = {k: v for k, v in PROJECT["optional-dependencies"].items() if k not in FOR_PEOPLE}


def test_messages_know_the_extras_of_the_project():
    assert {extra: sorted(n for need in needs for n in import_names(need)) for extra, needs in OPTIONAL.items()} == {
        extra: sorted(needs) for extra, needs in EXTRAS.items()
    }


# ---------------------------------------------------------------------------------------------- without POSIX
WITHOUT_POSIX = """
import asyncio, ctypes, importlib.abc, multiprocessing.connection, os, signal, sqlite3, subprocess, sys, tempfile
import multiprocessing.popen_spawn_posix, multiprocessing.resource_tracker, shutil, platform, typing, pathlib
import fcntl as flocks, types

def locking(handle, mode, size):
    assert os.lseek(handle, 0, os.SEEK_CUR) > os.fstat(handle).st_size, "nobody can read what is locked"
    try:
        flocks.flock(handle, flocks.LOCK_EX | flocks.LOCK_NB)
    except BlockingIOError:
        raise PermissionError(13, "Permission denied") from None

sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=locking)
HIDDEN = {"fcntl", "resource", "termios", "pwd", "grp", "tty", "pty", "syslog", "readline"}

class Hide(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hide())
for name in HIDDEN:
    sys.modules.pop(name, None)
THERE = {"SIGINT", "SIGTERM", "SIGABRT", "SIGFPE", "SIGILL", "SIGSEGV", "SIG_DFL", "SIG_IGN"}
for name in dir(signal):
    if name.startswith(("SIG", "ITIMER", "pthread_", "sigwait", "setitimer", "alarm")) and name not in THERE:
        delattr(signal, name)
for name in ("fork", "forkpty", "pwrite", "pread", "sched_getaffinity", "killpg", "setsid", "wait3", "wait4", "nice"):
    if hasattr(os, name):
        delattr(os, name)
"""


def without_posix(code: str, cwd: Path) -> subprocess.CompletedProcess:
    """Run code where the modules, signals and calls that Windows lacks are hidden."""
    path = os.pathsep.join(map(str, (ROOT, ROOT / "agents", ROOT / "baselines")))
    command = [sys.executable, "-c", WITHOUT_POSIX + code]
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.long
def test_everything_but_stores_and_builds_is_imported_without_posix(tmp_path):
    skipped = ("hpo_gym.__main__", "hpo_gym.sb3")
    names = [".".join(p.relative_to(ROOT).with_suffix("").parts) for p in (ROOT / "hpo_gym").rglob("*.py")]
    mine = [n.removesuffix(".__init__") for n in names if n not in skipped]
    done = without_posix(f"import importlib\nfor name in {sorted(mine)}: importlib.import_module(name)", tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.long
def test_an_env_a_rollout_and_a_suite_of_your_own_work_without_posix(tmp_path):
    code = """
import gymnasium as gym, hpo_gym
env = gym.make("hpo_gym/Functions-v0")
env.reset(seed=0)
assert len(env.step(env.action_space.sample())) == 5
vector = gym.make_vec("hpo_gym/AutoML-v0", num_envs=2)
vector.reset(seed=0)
vector.step(vector.action_space.sample())
pathlib.Path("t.csv").write_text("C,score\\n0.1,1\\n0.5,2\\n")
hpo_gym.suite_from_csv("t.csv").save("mine")
assert hpo_gym.load_suite("mine").members[0].best == 2
agent = hpo_gym.make_optimizer("random")
print(len(hpo_gym.rollout(agent, hpo_gym.load_suite("AutoML").tasks("test")[0], budget=3, seed=0)))
"""
    done = without_posix(code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "3\n"


BENCH = ("--suite", "SVM", "--optimizers", "random", "--tasks", "1", "--seeds", "1", "--budget", "2", "--out", "b")
TUNE = ("mine.py:score", "--space", "space.yaml", "--optimizer", "random", "--budget", "2")


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["list"], 0, "AutoML"),
        (["info", "AutoML"], 0, "AutoML"),
        (["verify"], 0, "0 damaged"),
        (["import", "t.csv", "--out", "mine"], 0, "1 task"),
        (["bench", *BENCH, "--engine", "serial"], 0, "random"),
        (["bench", *BENCH], 2, "The engine 'process' needs Linux or macOS"),
        (["tune", *TUNE, "--no-guard"], 0, "2 trials -> hpo-gym-tuned"),
        (["tune", *TUNE], 2, "A guard needs Linux or macOS"),
    ],
)
def test_a_command_works_or_says_in_words_that_it_needs_posix(arguments, code, said, tmp_path):
    (tmp_path / "t.csv").write_text("C,score\n0.1,1\n0.5,2\n")
    (tmp_path / "mine.py").write_text("def score(config):\n    return config['x']\n")
    (tmp_path / "space.yaml").write_text("x: {low: 0, high: 1}\n")
    call = f"\nsys.argv = ['hpo-gym', *{arguments}]\nfrom hpo_gym.app import main\nmain()"
    done = without_posix(call, tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_a_study_without_a_guard_is_stored_locked_and_resumed_without_posix(tmp_path):
    code = """
import hpo_gym
from hpo_gym.system import Store, is_written

def score(config):
    writing.append(is_written(pathlib.Path("study/tune.sqlite")))
    try:
        with Store("study/tune.sqlite"):
            print("two writers")
    except hpo_gym.HPOGymError as fault:
        refused.append(str(fault))
    with Store("study/tune.sqlite", write=False) as store:
        print(len(store.cells()), "begun")
    return config["x"]

writing, refused = [], []
given = dict(optimizer="random", seed=0, guard=False, out="study", progress=False)
first = hpo_gym.tune(score, {"x": (0.0, 1.0)}, budget=2, **given)
more = hpo_gym.tune(score, {"x": (0.0, 1.0)}, budget=3, resume=True, **given)
assert writing == [True] * 3 and not is_written(pathlib.Path("study/tune.sqlite"))
assert len(refused) == 3 and "must have one writer" in refused[0], refused
assert [e.config for e in more.ended][:2] == [e.config for e in first.ended]
assert len(hpo_gym.Tuned.load("study").ended) == 3
"""
    done = without_posix(code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 begun\n2 begun\n3 begun\n"
