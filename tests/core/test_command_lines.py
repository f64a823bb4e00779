"""Whatever is typed: an exit code that is documented, words that say why, and no traceback.

Lines are drawn from the options of each command, with values that fit, and with rubbish. None can take long: what would
start on a shipped suite, in processes, or for many trials is always given a value that is small or refused.
"""

from __future__ import annotations

import io
import os
import random
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import toys
from reports import left_out

from hpo_gym.app import group, main
from hpo_gym.system.storage.batches import Record
from hpo_gym.system.storage.store import Store
from hpo_gym.tuning.folder import write
from hpo_gym.tuning.tuned import Tuned

RUBBISH = [
    "0", "1", "-1", "1e9", "nan", "é", "²", "-", "--", "", " ", "a:b", ":", "..", "../..", "%s", "{}", "'", "[bold]",
    "os:getcwd", "json:nosuch", ",", ",,", "a,b", "\n", "\\", "x" * 300, "\udc80", "~", "null", "no/such/place",
    "--nosuch", "-x", "--out=", "AutoMl", "file", "nosuch.py:x", ".py:", "file:x",
]  # fmt: skip
NO_ARGUMENT = {"--", "--out="}
"""Where an argument stands these give none: `validity --out=` would examine all suites that ship."""
FOLDERS = ["plain", "bad", "results", "cut", "empty", "file", "tuned", "spoilt", "torn"]
SHORT = ["random", "default", "grid", "random,default", "module:name", "ga"]
FITS: dict[str, list[str]] = {
    "suite": ["plain", "bad", "plain,plain", "empty"], "optimizers": SHORT, "split": ["test", "val", "train"],
    "fold": ["0", "4", "all", "5"], "start": ["cold", "init5"], "budget": ["1", "2", "3"], "seeds": ["1", "2"],
    "budget_cost": ["1.5", "3", "0.001"], "in_flight": ["1", "2", "0"],
    "tasks": ["1", "2", "g", "a,b"], "trainings": ["1", "2"], "engine": ["serial"], "workers": ["1", "2"],
    "out": ["new", "out", "results", "file", "plain", "new/deep", "tuned", "spoilt"],
    "name": ["random", "q-learning", "plain", "AutoML", "tuned", "spoilt", "torn"],
    "data": ["empty", "file", "plain", "no"],
    "steps": ["1", "2"], "seed": ["0", "1"], "settings": ["a=1", "alpha=0.5", "x", "levels=2"], "folder": FOLDERS,
    "folders": FOLDERS, "suites": ["plain", "bad", "empty"], "archives": ["empty", "file"], "work": ["work", "file"],
    "rows": ["1", "2"], "studies": ["a", "a,b"],
    "file": ["t.csv", "wide.csv", "file", "plain", "t.parquet", "tuned", "spoilt", "tuned/trials.csv", "pipe"],
    "optuna": ["sqlite:///no.db", "sqlite:///file", "sqlite:///", "no.db", "mysql://x"], "task": ["task", "C"],
    "score": ["score", "C", "value"], "test_score": ["score", "C"],
    "cost": ["C", "seconds"], "fidelity": ["C", "depth"], "family": ["task", "kernel"],
    "ignore": ["kernel", "C,kernel"], "keep": ["C", "number"], "decimal": [".", ","], "delimiter": [";", "tab", ","],
    "space": ["space.yaml", "space.yaml", "space.json", "file", "list.json", "bomb.yaml", "pipe"],
    "address": ["tcp://127.0.0.1:1", "auto"], "tls_ca": ["file", "no"],
    "tls_cert": ["file"], "tls_key": ["file"], "timeout": ["1", "0.5"], "shard": ["1/2", "2/2", "3/2", "0/2"],
    "objective": ["mine.py:score", "mine.py:raises", "mine.py:odd", "mine.py:nosuch", "mine:score", "json:dumps"],
    "optimizer": ["random", "ga", "grid", "plain"], "direction": ["maximize", "minimize"],
    "leave_suite_out": ["plain", "bad", "empty", "Curves"], "objectives": ["score,cost", "score", "C", "size,size"],
    "constraints": ["cost=1", "score=0.5,cost=9", "size=2", "cost=", "cost=a"], "minimize": ["C", "kernel", "C,C"],
    "maximize": ["C", "number"], "prior": ["tuned", "spoilt", "torn", "results", "file", "tuned/trials.csv", "t.csv"],
    "trial_timeout": ["1", "0.5"], "memory": ["1", "0.5", "train", "train+val"], "jobs": ["1", "2"],
    "max_failures": ["0", "1", "2"], "hpob": ["plain", "empty", "file", "no"],
    "agent": [*SHORT, "transfer-mix", "q-learning"], "seconds": ["0", "0.01"],
    "store": FOLDERS, "csv": ["new.csv", "new.txt", "no/new.csv"], "parquet": ["new.parquet", "t.parquet"],
    "entries": ["file", "plain", "empty", "no"], "card": ["space.yaml", "file", "bomb.yaml", "pipe"],
    "protocol": ["quick-v1", "tables-v1", "quick-v2", "file", "space.yaml", "bomb.yaml"],
    "answers": ["file", "-", "t.csv"], "id": ["a"], "history": ["0", "2"], "form": ["plain", "compact", "table"],
    "standard": ["list", "svm-quik", "file"], "behaviour": ["random", "ga", "random:.5,ga:.5", "replay", "grid", "x:1"],
    "episodes": ["1", "2"], "of": ["set", "results", "tuned", "plain", "file", "empty"],
    "observer": ["last", "summary", '{"name": "history"}', "{"], "codec": ["box", "pool", "move", '{"name": "box"}'],
    "reward": ["score", "regret", "final"], "failures": ["worst", "fail", "drop"], "idle": ["1", "60"],
    "picture": ["new.svg", "new.gif", "file/new.svg", "no/new.svg"],
}  # fmt: skip
ALWAYS = {  # what would take long by default
    "bench": ("suite", "optimizers", "budget", "seeds", "engine"), "train": ("suite", "steps"),
    "build": ("archives", "engine"), "validity": ("suites",), "import": ("out",), "tune": ("objective", "budget"),
    "demo": ("agent", "suite"), "pack": ("card", "out"),
    "tasks": ("suite", "episodes"), "collect": ("suite", "episodes", "engine"),
}  # fmt: skip
MINE = """
def score(c):
    return {"score": c["rate"], "constraints": [c["rate"] - 0.5]}


def raises(c):
    return {}[0]


def odd(c):
    if c["rate"] < 0.4:
        raise OSError("no file \\udcff")
    return 1.7e308 if c["kind"] == "a" else -1.7e308
"""
ROWS = [(task, c, kernel) for task in "ab" for c in (0.1, 1.0) for kernel in ("rbf", "p")]
CSV = "task,C,kernel,score\n" + "".join(f"{t},{c},{k},{c * len(k)}\n" for t, c, k in ROWS)


def commands() -> dict[str, Any]:
    """All but `serve`, which keeps the streams of its process: `tests/serve` starts it as a child."""
    return {name: command for name, command in group().commands.items() if name != "serve"}


def line(rng: random.Random) -> list[str]:
    """One random command line."""
    name = rng.choice(list(commands()))
    if rng.random() < 0.03:
        return rng.choices([*RUBBISH, name, "--help", "--version"], k=rng.randrange(4))
    words: list[str] = []
    for parameter in commands()[name].params:
        needed = parameter.name in ALWAYS.get(name, ()) or (parameter.required and rng.random() < 0.95)
        if parameter.name != "help" and (needed or rng.random() < 0.2):
            words += _given(parameter, rng)
    if rng.random() < 0.25:
        words.insert(rng.randrange(len(words) + 1), rng.choice([*RUBBISH, "--help", "--quiet"]))
    return [name, *words]


def _given(parameter: Any, rng: random.Random) -> list[str]:
    flag = getattr(parameter, "is_flag", False)
    fits = [""] if flag else FITS[parameter.name]  # an option that is new needs values that fit
    value = rng.choice(fits if rng.random() < 0.75 else RUBBISH)
    if parameter.param_type_name == "argument":
        value = "-" if value in NO_ARGUMENT else value
        return [value, *([rng.choice(fits)] if rng.random() < 0.1 else [])]
    option = rng.choice([*parameter.opts, *parameter.secondary_opts])
    return [option] if flag else rng.choice([[option, value], [option, value], [f"{option}={value}"]])


def furnish(folder: Path, results: Path) -> None:
    """Everything that a line may name."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    toys.plain().save(folder / "plain")
    shutil.copytree(folder / "plain", folder / "bad")
    data = (folder / "bad" / "table.npz").read_bytes()
    (folder / "bad" / "table.npz").write_bytes(data[: len(data) // 2])
    shutil.copytree(results, folder / "results")
    shutil.copytree(results, folder / "cut")
    whole = (folder / "cut" / "store.sqlite").read_bytes()
    (folder / "cut" / "store.sqlite").write_bytes(whole[: len(whole) // 2])
    for name in ("tuned", "spoilt", "torn"):
        shutil.copytree(results.with_name("tuned"), folder / name)
    with Store(folder / "spoilt" / "tune.sqlite") as store:
        store.put(Record("00000001", {"trial": 1, "config": {"rate": "a"}}, {}))
    shutil.copytree(results.with_name("set"), folder / "set")
    whole = (folder / "torn" / "tune.sqlite").read_bytes()
    (folder / "torn" / "tune.sqlite").write_bytes(whole[: len(whole) // 2])
    (folder / "empty").mkdir()
    (folder / "file").write_text("no such thing\n")
    (folder / "t.csv").write_text(CSV)
    (folder / "wide.csv").write_text(CSV.replace(",", ";"))
    (folder / "t.parquet").write_bytes(b"PAR1")
    (folder / "space.json").write_text('{"hyperparameters": [1]}')
    (folder / "list.json").write_text("[1, 2]")
    (folder / "space.yaml").write_text("rate: {low: 0.1, high: 1, log: true}\nkind: [a, b]\n")
    (folder / "mine.py").write_text(MINE)
    (folder / "bomb.yaml").write_text(
        "x0: &l0 [a, b]\n" + "".join(f"x{i + 1}: &l{i + 1} [{', '.join([f'*l{i}'] * 10)}]\n" for i in range(8))
    )
    os.mkfifo(folder / "pipe")


@contextmanager
def typed() -> Iterator[None]:
    """What a person of `play` types: each trial is the first that is offered."""
    before, sys.stdin = sys.stdin, io.StringIO("1\n1\n" * 100)
    try:
        yield
    finally:
        sys.stdin = before


def call(words: list[str]) -> tuple[int, str, str]:
    """Run a line in this process."""
    sys.argv = ["hpo-gym", *words]
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stop, typed():
        main()
    out.flush()
    return int(stop.value.code or 0), out.buffer.getvalue().decode(), err.getvalue()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a comparison, not to be changed."""
    import hpo_gym

    folder = tmp_path_factory.mktemp("lines") / "results"
    with left_out():
        hpo_gym.benchmark(["random"], toys.plain(), budget=2, seeds=1, tasks=1, engine="serial", out=folder)
    space = {"rate": (0.1, 1.0, "log"), "kind": ["a", "b"]}
    tuned = folder.with_name("tuned")
    hpo_gym.tune(lambda c: c["rate"], space, optimizer="random", budget=3, seed=0, out=tuned, progress=False)
    write(Tuned.load(tuned), tuned)
    hpo_gym.collect("random", "ToyPlain", 2, out=folder.with_name("set"), engine="serial", progress=False)
    return folder


@pytest.fixture
def here(undrawn: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", [])
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield tmp_path / "here"
    signal.signal(signal.SIGTERM, before)


def check(seed: int, lines: int, here: Path, results: Path) -> None:
    rng = random.Random(seed)
    for i in range(lines):
        if i % 10 == 0:
            furnish(here, results)
        words = line(rng)
        try:
            code, out, err = call(words)
        except BaseException as fault:
            raise AssertionError(f"hpo-gym {shlex.join(words)!r} raised {fault!r}") from fault
        said = f"hpo-gym {shlex.join(words)!r} gave {code}: {err}"
        assert code in (0, 1, 2, 3), said
        assert "Traceback (most recent call last):" not in err.splitlines(), said
        assert code == 0 or (out + err).strip(), said


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_a_line_of_300_gives_no_traceback(seed: int, here: Path, results: Path) -> None:
    check(seed, 30, here, results)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(100, 120))
def test_a_line_of_10000_gives_no_traceback(seed: int, here: Path, results: Path) -> None:
    check(seed, 500, here, results)
