"""The command line: contracts of its output, exit codes, and no traceback whatever is typed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import toys

from hpo_gym import app
from hpo_gym.app._commands import group
from hpo_gym.checks import shipped
from hpo_gym.optimize.protocol import OPTIMIZERS
from hpo_gym.problem.suite import SUITES
from hpo_gym.suites.load import load_suite

HERE = Path(__file__).parents[1]
CSV = (
    "task,C,kernel,score\na,0.1,rbf,0.5\na,1.0,poly,0.6\nb,0.1,rbf,0.7\nb,1.0,poly,0.2\nc,0.1,rbf,0.7\nc,1.0,poly,0.1\n"
)
TINY = ["--budget", "3", "--seeds", "1", "--engine", "serial", "--quiet"]


class Ran(NamedTuple):
    """What became of a command line."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """Run a command line in this process, in an empty folder."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def go(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["hpo-gym", *arguments])
        with pytest.raises(SystemExit) as stop:
            app.main()
        captured = capsys.readouterr()
        return Ran(int(stop.value.code or 0), captured.out, captured.err)

    yield go
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def suite_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite in a folder, not to be changed."""
    path = tmp_path_factory.mktemp("cli") / "plain"
    toys.plain().save(path)
    return path


def damage(path: Path) -> None:
    """Flip a bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


# ---------------------------------------------------------------------- list, info


@pytest.mark.long
@pytest.mark.smoke
def test_list_keeps_its_contract(run: Run) -> None:
    data = json.loads(run("list", "--json").out)
    for suite in data["suites"]:
        assert list(suite) == ["name", "id", "kind", "sets", "tasks", "families", "configurations", "dimensions",
                               "fidelities", "conditional", "licence"]  # fmt: skip
        loaded = load_suite(suite["name"])
        assert suite["id"] == f"hpo_gym/{suite['name']}-v0"
        assert suite["sets"] == [one["name"] for one in data["sets"] if suite["name"] in one["suites"]]
        assert suite["families"] == len({task.family for task in loaded.tasks("test")})
        assert suite["tasks"] == {split: len(loaded.tasks(split)) for split in ("train", "val", "test")}
        assert suite["configurations"] is None or suite["configurations"] > 0
        assert suite["dimensions"] == loaded.space.d
        assert suite["fidelities"][-1] == 1.0
        assert suite["conditional"] is loaded.space.conditional
    for optimizer in data["optimizers"]:
        assert list(optimizer) == ["name", "kind", "family", "trainable", "extra", "installed"]
        assert optimizer["kind"] in ("agent", "baseline")
        assert isinstance(optimizer["family"], str), f"{optimizer['name']} must state its family"
        assert isinstance(optimizer["trainable"], bool)
        assert isinstance(optimizer["installed"], bool)


@pytest.mark.long
@pytest.mark.parametrize("name", [*(n for n in SUITES.names() if not n.startswith("Toy")), *OPTIMIZERS.names()])
def test_info_knows_every_name(name: str, run: Run) -> None:
    reported, data = run("info", name), run("info", name, "--json")
    assert reported.code == data.code == 0
    facts = json.loads(data.out)
    assert facts["name"] == name
    if name in SUITES.entries():
        assert len(facts["hyperparameters"]) == facts["dimensions"]
        assert facts["licence"]
    else:
        assert "Reference" in facts["description"] or not facts["installed"]
    assert name in reported.out


# ---------------------------------------------------------------------- verify


@pytest.mark.long
@pytest.mark.parametrize("how", ["changed", "missing", "manifest"])
def test_verify_names_what_is_damaged_of_what_is_shipped(
    how: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.json").write_text("{}")
    sha = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    (tmp_path / "manifest.json").write_text(json.dumps({"a.json": {"sha256": sha, "bytes": 2}}))
    monkeypatch.setattr(shipped, "DATA", tmp_path)
    assert run("verify").code == 0
    if how == "changed":
        (tmp_path / "a.json").write_text("{} ")
    elif how == "missing":
        (tmp_path / "a.json").unlink()
    else:
        (tmp_path / "manifest.json").write_text("[1]")
    done = run("verify")
    assert done.code == 3
    assert done.out.startswith("damaged: ")


@pytest.mark.parametrize("file", ["suite.json", "table.npz"])
def test_verify_and_all_readers_refuse_a_damaged_suite(file: str, run: Run, suite_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(suite_folder, tmp_path / "suite")
    assert run("verify", "suite").code == 0
    damage(tmp_path / "suite" / file)
    assert run("verify", "suite").code == 3
    for command in (["info", "suite"], ["bench", "--suite", "suite", *TINY]):
        done = run(*command)
        assert done.code == 3
        assert done.err.startswith("error: ")


# ---------------------------------------------------------------------- import
@pytest.mark.long
def test_import_makes_a_suite_that_can_be_benched(run: Run, undrawn: None, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(CSV)
    done = run("import", "mine.csv", "--out", "mine")
    assert done.code == 0
    assert "- C: 0.1 to 1" in done.out
    assert "3 tasks" in done.out
    suite = load_suite(tmp_path / "mine")
    assert [t.name for t in suite.members] == ["a", "b", "c"]
    split = next(s for s in ("test", "val") if suite.tasks(s)) if suite.tasks("test") or suite.tasks("val") else None
    if split is not None and suite.tasks("train"):
        assert run("bench", "--suite", "mine", "--split", split, "--optimizers", "random", *TINY).code == 0


@pytest.mark.smoke
def test_import_takes_columns_of_every_role(run: Run, tmp_path: Path) -> None:
    lines = ["task,origin,C,seed,epoch,error,test_error,seconds"]
    for task, origin in (("a", "x"), ("b", "x"), ("c", "y")):
        lines += [f"{task},{origin},{c},{c},{e},{c / e},{2 * c / e},{c * e}" for c in (0.1, 0.4) for e in (1, 4)]
    (tmp_path / "mine.csv").write_text("\n".join(lines))
    options = "--score error --loss --test-score test_error --cost seconds --fidelity epoch --family origin"
    done = run("import", "mine.csv", "--out", "mine", *options.split(), "--ignore", "seed", "--name", "Own")
    assert done.code == 0 and "- C: 0.1 to 0.4\n" in done.out, done
    suite = load_suite(tmp_path / "mine")
    assert suite.name == "Own" and suite.space.names == ("C",)
    assert [t.family for t in suite.members] == ["x", "x", "y"] and suite.members[0].fidelities == (0.25, 1.0)
    table, rows = suite.table, suite.members[0].pool[:, 0].argsort()
    assert table.score[0, rows].tolist() == [[-0.1, -0.025], [-0.4, -0.1]]
    assert table.test_score[0, rows].tolist() == [[-0.2, -0.05], [-0.8, -0.2]]
    assert table.cost[0, rows].tolist() == [[0.1, 0.4], [0.4, 1.6]]


@pytest.mark.parametrize(
    ("text", "options", "code", "message"),
    [
        (CSV, ["--score", "scor"], 2, "Did you mean 'score'"),
        (CSV.replace("0.5", "high"), [], 2, "line 2"),
        ("", [], 2, "must have a header"),
        (CSV, ["--space", "mine.csv"], 3, "must be the JSON of a ConfigSpace"),
        (CSV, ["--space", "list.json"], 3, "must be the JSON of a ConfigSpace"),
        (CSV, ["--space", "nowhere.json"], 2, "No such file"),
        (CSV, ["--space", "deep.json"], 3, "must be the JSON of a ConfigSpace"),
        (CSV, ["--space", "forbids.json"], 3, "No hyperparameter (of a forbidden clause) 'D'"),
        (CSV, ["--ignore", "C, kernal"], 2, "No column in mine.csv: 'kernal'"),
        (CSV, ["--family", "origin"], 2, "'origin'"),
        (CSV.replace("0.5", "1e400"), [], 2, "line 2"),
        (CSV.replace("0.5", "-1e400"), [], 2, "at most 1e+300"),
        (CSV.replace("0.1", "-1e308").replace("1.0", "1e308"), [], 2, "'C' must hold numbers of at most 1e+300"),
        (CSV.replace("0.1", "1" * 400), [], 2, "'C' must hold numbers of at most 1e+300"),
    ],
)
def test_import_names_what_is_wrong(
    text: str, options: list[str], code: int, message: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "mine.csv").write_text(text)
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    column = {"type": "uniform_float", "name": "C", "lower": 0.1, "upper": 1.0, "default_value": 0.5, "log": False}
    clause = {"type": "EQUALS", "name": "D", "value": 0.5}
    (tmp_path / "forbids.json").write_text(json.dumps({"hyperparameters": [column], "forbiddens": [clause]}))
    done = run("import", "mine.csv", "--out", "mine", *options)
    assert (done.code, message in done.err) == (code, True), done
    assert not (tmp_path / "mine").exists()


@pytest.mark.long
def test_import_reads_studies_of_optuna(run: Run, tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna", reason="needs the extra 'optuna'")
    for name in ("a", "b"):
        study = optuna.create_study(study_name=name, storage="sqlite:///study.db")
        for x in (0.25, 0.5):
            study.enqueue_trial({"x": x})
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    done = run("import", "--optuna", "sqlite:///study.db", "--out", "mine", "--cost", "duration")
    assert (done.code, done.out.splitlines()[1]) == (0, "- x: 0 to 1")
    suite = load_suite(tmp_path / "mine")
    assert [(t.name, t.best, t.worst) for t in suite.members] == [("a", -0.25, -0.5), ("b", -0.25, -0.5)]
    assert run("import", "--optuna", "sqlite:///study.db", "--studies", "b", "--out", "one").code == 0
    assert [t.name for t in load_suite(tmp_path / "one").members] == ["b"]
    for words, message in (
        (["--studies", "c"], "No study 'c'"),
        (["--cost", "durations"], "Did you mean 'duration'"),
        (["--hyperparameters", "x"], "`--hyperparameters` must go with a file"),
        (["--loss"], "`--loss` must go with a file"),
        (["study.db"], "must be given a file or --optuna, one of them"),
    ):
        done = run("import", "--optuna", "sqlite:///study.db", "--out", "two", *words)
        assert (done.code, message in done.err) == (2, True), done
    for address, message in (("sqlite:///no.db", "No such file"), ("study.db", "the nearest is 'sqlite:///study.db'")):
        done = run("import", "--optuna", address, "--out", "two")
        assert (done.code, message in done.err) == (2, True), done
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "one", "study.db"]
    done = run("import", "mine.csv", "--studies", "a", "--out", "two")
    assert (done.code, "`--studies` must go with --optuna" in done.err) == (2, True)


# ---------------------------------------------------------------------- bench and report
@pytest.mark.long
@pytest.mark.smoke
def test_bench_prints_a_table_and_report_makes_it_anew(run: Run, suite_folder: Path, tmp_path: Path) -> None:
    done = run("bench", "--suite", str(suite_folder), "--optimizers", "random", "--out", "out", *TINY[:-1])
    assert done.code == 0
    for name in ("random", "default", "portfolio", "Plain", "out/report.html"):
        assert name in done.out
    said, page = done.out.splitlines()[0], (tmp_path / "out" / "report.html").read_text("utf-8")
    assert " leads with " in said or " finds in " in said
    assert f"<h1>{said}</h1>" in page
    first = (tmp_path / "out" / "results.json").read_bytes()
    assert "timings" in json.loads(first)
    assert run("report", "out", "--quiet") == (0, "", "")
    assert (tmp_path / "out" / "results.json").read_bytes() == first
    assert run("report", "out", "--no-timings", "--quiet").code == 0
    bare = {p.name: p.read_bytes() for p in (tmp_path / "out").glob("*.*") if "store" not in p.name}
    assert "timings" not in json.loads(bare["results.json"])
    assert run("report", "out", "--no-timings", "--quiet").code == 0
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").glob("*.*") if "store" not in p.name} == bare


@pytest.mark.long
def test_failed_cells_give_exit_code_one_unless_allowed(
    run: Run, undrawn: None, suite_folder: Path, tmp_path: Path
) -> None:
    methods = {"reset": "pass", "ask": "raise OSError('boom')", "tell": "pass"}
    lines = [f"    def {name}(self, *args):\n        {body}\n" for name, body in methods.items()]
    text = "class Broken:\n" + "".join(lines)
    (tmp_path / "users_own.py").write_text(text)
    command = ["bench", "--suite", str(suite_folder), "--optimizers", "users_own:Broken", *TINY]
    done = run(*command, "--out", "a")
    assert done.code == 1
    assert done.err.startswith("2 cells failed; the first: Broken on g (0)")
    assert "OSError: boom" in done.err
    assert run(*command, "--out", "b", "--allow-failures").code == 0
    assert run("report", "a", "--quiet").code == 1
    assert run("report", "a", "--quiet", "--allow-failures").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--suite", "AutoLM"], "Did you mean 'AutoML'"),
        (["--suite", "."], "must hold suite.json"),
        (["--suite", ","], "At least one suite"),
        (["--optimizers", "random:Random"], "must make an optimizer"),
        (["--split", "tset"], "Did you mean 'test'"),
        (["--start", "inti5"], "Did you mean 'init5'"),
        (["--fold", "²"], "No fold '²'"),
        (["--budget", "x"], "Invalid value for '--budget'"),
        (["--tasks", "0"], "`tasks` must be"),
        (["--seed", "1"], "--seeds"),
        (["--out"], "requires an argument"),
        (["--out", "file"], "error: "),
        (["extra"], "unexpected extra argument"),
    ],
)
def test_a_wrong_bench_is_refused_with_what_is_near(
    arguments: list[str], message: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    done = run("bench", *(["--quiet"] if arguments != ["--out"] else []), *arguments)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "hpo-gym-results").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lst"], "lst"),
        (["list", "--jsn"], "--json"),
        (["info"], "Missing argument"),
        (["info", "AutoM"], "Did you mean 'AutoML'"),
        (["info", "json:loads"], "Optimizer 'loads' must be made by its settings {} alone"),
        (["report"], "`hpo-gym-results` must hold a store.sqlite"),
        (["import", "x.csv"], "--out"),
        (["import", "x.csv", "--out", "y"], "No such file"),
    ],
)
def test_a_wrong_command_line_is_refused_with_what_is_near(arguments: list[str], message: str, run: Run) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err


WRONG = {
    "bench": (
        ["--suite", "mine.py:suite", "--tasks", "nosuch"],
        ["--suite", "mine.py:suite", "--optimizers", "cosine"],
        ["--suite", "plain", "--constraints", "nosuch=1"],
        ["--suite", "plain", "--objectives", "nosuch"],
        ["--suite", "plain", "--shard", "9/8"],
    ),
    "build": (["nosuch"], ["SVM", "--archives", "nowhere"], ["SVM", "--tasks", "families"]),
    "collect": (
        ["--suite", "plain", "--codec", "nosuch"],
        ["--suite", "plain", "--behaviour", "cosine", "--engine", "serial"],
        ["--standard", "nosuch"],
    ),
    "import": (["nowhere.csv"], ["mine.csv", "--score", "nosuch"]),
    "leaderboard": (["nowhere"], ["mine.csv"]),
    "merge": (["nowhere"], ["plain", "plain"]),
    "pack": (["plain", "--card", "nowhere"], ["nowhere", "--card", "nowhere"]),
    "reference": (["nowhere"],),
    "serve": (
        ["--mcp", "--objective", "mine.py:nosuch", "--space", "space.yaml"],
        ["--mcp", "--objective", "mine.py:score", "--space", "nowhere.yaml"],
    ),
    "tasks": (["--suite", "nosuch"], ["--suite", "plain", "--behaviour", "nosuch"]),
    "train": (
        ["q-learning", "--suite", "nosuch"],
        ["q-learning", "--suite", "plain", "--set", "steps=-3"],
        ["q-learning", "--suite", "plain", "--set", "reward=nosuch"],
    ),
    "tune": (
        ["mine.py:score", "--space", "space.yaml", "--optimizer", "nosuch"],
        ["mine.py:score", "--space", "space.yaml", "--optimizer", "cosine"],
        ["mine.py:score", "--space", "space.yaml", "--no-guard", "--jobs", "2"],
    ),
    "validity": (["nosuch"],),
}
"""Wrong calls of each command that has `--out`; of `plain` a suite's folder."""


@pytest.mark.long
@pytest.mark.parametrize(
    "command", [name for name, one in group().commands.items() if "out" in {p.name for p in one.params}]
)
def test_a_refused_command_leaves_nothing_behind(command: str, run: Run, suite_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(suite_folder, tmp_path / "plain")
    (tmp_path / "mine.csv").write_text(CSV)
    (tmp_path / "space.yaml").write_text("x: [0.0, 1.0]\n")
    (tmp_path / "mine.py").write_text("import toys\n\nsuite = toys.plain\n\ndef score(c):\n    return c['x']\n")
    before = {*tmp_path.rglob("*")}
    for words in WRONG[command]:
        done = run(command, *words, "--out", "made/out")
        left = {path for path in tmp_path.rglob("*") if "__pycache__" not in path.parts} - before
        assert (done.code in (2, 3), left) == (True, set()), (words, done)


@pytest.mark.parametrize("arguments", [[], ["bench"]])
def test_the_help_lists_all_under_headings(arguments: list[str], run: Run) -> None:
    """Every command, and every option of bench, stands once, under one of a few headings."""
    _, *parts = re.split(r"^(?=\S.*:$)", run(*arguments, "--help").out, flags=re.MULTILINE)
    found = [name for part in parts for name in re.findall(r"^  (-h, --help|[\w-]+)(?= )", part, re.MULTILINE)]
    command = group().commands["bench"] if arguments else group()
    known = [f"--{name}" for name in vars(command).get("commands", {})]
    options = [param.opts[-1] for param in command.params]
    assert sorted(f"--{name.split('--')[-1]}" for name in found) == sorted([*known, *options, "--help"])
    assert 4 <= len(parts) <= 8 and max(part.count("\n  --") for part in parts) <= 13


# ---------------------------------------------------------------------- stopped
def _process(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(HERE), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "hpo_gym", *arguments]
    return subprocess.Popen(
        command, cwd=cwd, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a shell's background ignores it
    )  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_bench_says_how_to_go_on(
    how: signal.Signals, code: int, run: Run, undrawn: None, suite_folder: Path, tmp_path: Path
) -> None:
    slow = ["--optimizers", "bench_optimizers:Slow", "--engine", "serial"]
    arguments = ["bench", "--suite", str(suite_folder), "--out", "out", "--quiet", *slow]
    process = _process(*arguments, "--seeds", "900", cwd=tmp_path)
    deadline = time.monotonic() + 60
    while not (tmp_path / "out" / "store.sqlite").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(how)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "add --resume to go on" in err
    assert "Traceback" not in err
    assert run("verify", "out").code == 0
    sys.path.insert(0, str(HERE))
    assert run(*arguments, "--resume", "--seeds", "2").code == 0


@pytest.mark.long
def test_a_reader_that_goes_away_is_no_error() -> None:
    script = f"{sys.executable} -m hpo_gym list | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == ""
