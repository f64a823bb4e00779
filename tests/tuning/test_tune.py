"""`tune`: what the optimizer is told, what is stored, and that a study goes on where it was stopped, however it was."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from typer.testing import CliRunner

from hpo_gym import Context, Query, Status, Trial, tune
from hpo_gym.app import app
from hpo_gym.base.errors import InvalidValueError, StateError, UnknownNameError
from hpo_gym.tuning.study import Ended
from hpo_gym.tuning.tuned import Tuned

pytestmark = pytest.mark.filterwarnings("ignore:Trial .* is no success:UserWarning")

SPACE = {"x": (0.0, 1.0), "kind": ["a", "b"]}
LIST = [{"x": 0.5, "kind": "a"}, {"x": 0.25, "kind": "b"}, {"x": 0.75, "kind": "a"}, {"x": 0.0, "kind": "a"}]


def bowl(config: dict[str, Any]) -> float:
    return float((config["x"] - 0.3) ** 2 + (config["kind"] == "b"))


class FromList:
    """Proposes a list, and keeps what it is told."""

    reported: ClassVar[list[Trial]] = []
    contexts: ClassVar[list[Context]] = []

    def __init__(self, count: int = 4) -> None:
        self.left = list(LIST[:count])

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.reported.clear()
        self.contexts.append(context)

    def ask(self) -> Query | None:
        return Query(self.left.pop(0)) if self.left else None

    def tell(self, trial: Trial) -> None:
        self.reported.append(trial)


def half(config: dict[str, Any]) -> Any:
    """2 x; at x = 0 an exception, at x = .75 no number."""
    if config["x"] == 0.0:
        raise ValueError("zero")
    return {"score": 2 * config["x"], "cost": 7.0} if config["x"] < 0.75 else None


# ---------------------------------------------------------------------- what is told and found
@pytest.mark.long
@pytest.mark.parametrize(("direction", "sign", "best"), [("maximize", 1, 0.5), ("minimize", -1, 0.25)])
@pytest.mark.smoke
def test_trials_are_told_as_they_are_and_failures_with_the_worst_before(direction: str, sign: int, best: float) -> None:
    found = tune(half, SPACE, optimizer=FromList, budget=9, direction=direction, seed=0)
    assert [t.config for t in FromList.reported] == LIST
    assert [t.status for t in FromList.reported] == [Status.OK, Status.OK, Status.INVALID, Status.FAILED]
    worst = min(sign * 1.0, sign * 0.5)
    assert [t.score for t in FromList.reported] == [sign * 1.0, sign * 0.5, worst, worst]
    assert [t.cost for t in FromList.reported][:2] == [7.0, 7.0]
    assert found.best_config == {"x": best, "kind": "a" if best == 0.5 else "b"}
    assert found.best_score == 2 * best
    assert found.ended[2].measured.reason == "the score must be a number, got None"
    assert found.ended[3].measured.reason.startswith("ValueError: zero (")
    frame = found.trials()
    assert list(frame["score"])[:2] == [1.0, 0.5] and frame["score"][2:].isna().all()
    assert list(frame["x"]) == [0.5, 0.25, 0.75, 0.0]


@pytest.mark.long
@pytest.mark.smoke
def test_without_a_success_the_reason_is_told() -> None:
    found = tune(lambda _: None, SPACE, optimizer="random", budget=2, seed=0)
    assert not found.succeeded and "must be a number" in found.summary()
    with pytest.raises(StateError, match="must be a number"):
        _ = found.best


# ---------------------------------------------------------------------- side by side, time
@pytest.mark.long
@pytest.mark.smoke
def test_trials_run_side_by_side_and_repeat_nothing(tmp_path: Path) -> None:
    def slow(config: dict[str, Any]) -> float:
        begun = time.monotonic()
        time.sleep(0.3)
        with (tmp_path / "log").open("a") as log:
            log.write(f"{begun} {time.monotonic()}\n")
        return bowl(config)

    found = tune(slow, SPACE, optimizer="gp-ei", budget=12, n_jobs=4, direction="minimize", seed=0)
    spans = np.array([list(map(float, line.split())) for line in (tmp_path / "log").read_text().splitlines()])
    beside = ((spans[:, :1] <= spans[:, 0]) & (spans[:, 0] < spans[:, 1:])).sum(0)  # running when each began
    assert len(spans) == 12 and 3 <= beside.max() <= 4
    assert sorted(e.number for e in found.ended) == list(range(12))
    assert len({json.dumps(dict(e.config)) for e in found.ended}) == 12


@pytest.mark.long
def test_time_and_memory_of_a_trial_end() -> None:
    def objective(config: dict[str, Any]) -> float:
        if config["x"] == 0.5:
            time.sleep(600)
        if config["x"] == 0.25:
            return float(len(bytearray(1 << 31)))
        return 1.0

    found = tune(objective, SPACE, optimizer=FromList, trial_timeout=0.5, memory=1 << 28, seed=0)
    assert [e.measured.status for e in found.ended] == [Status.TIMEOUT, Status.MEMORYOUT, Status.OK, Status.OK]


@pytest.mark.long
def test_after_the_timeout_no_trial_begins_and_what_runs_is_not_counted(tmp_path: Path) -> None:
    def objective(config: dict[str, Any]) -> float:
        time.sleep(0.0 if config["x"] == 0.5 else 600)
        return 1.0

    start = time.perf_counter()
    found = tune(objective, SPACE, optimizer=FromList, timeout=1.0, seed=0, out=tmp_path)
    assert time.perf_counter() - start < 20.0  # of 600
    assert [e.config["x"] for e in found.ended] == [0.5]
    assert [e.config["x"] for e in Tuned.load(tmp_path).ended] == [0.5]


# ---------------------------------------------------------------------- a budget in cost
@pytest.mark.long
def test_no_trial_begins_once_the_cost_is_spent(tmp_path: Path) -> None:
    # 7 each: 14 of 15 leave room for a third, which takes more; 21 of 21 leave none
    def objective(config: dict[str, Any]) -> dict[str, float]:
        return {"score": config["x"], "cost": 7.0}

    given: dict[str, Any] = {"optimizer": FromList, "seed": 0}
    assert [len(tune(objective, SPACE, budget_cost=c, **given).ended) for c in (1.0, 15.0, 21.0, 21.5)] == [1, 3, 3, 4]
    assert len(tune(objective, SPACE, budget_cost=21.0, budget=2, **given).ended) == 2
    first = tune(objective, SPACE, budget_cost=8.0, out=tmp_path, **given)
    more = tune(objective, SPACE, budget_cost=22.0, out=tmp_path, resume=True, **given)
    assert len(first.ended) == 2 and [e.config["x"] for e in more.ended] == [0.5, 0.25, 0.75, 0.0]


# ---------------------------------------------------------------------- stopping and going on
@pytest.mark.long
def test_a_study_goes_on_to_what_it_would_have_been(tmp_path: Path) -> None:
    whole = tune(bowl, SPACE, optimizer="gp-ei", budget=14, direction="minimize", seed=5)
    tune(bowl, SPACE, optimizer="gp-ei", budget=9, direction="minimize", seed=5, out=tmp_path)
    with pytest.raises(InvalidValueError, match="holds a study"):
        tune(bowl, SPACE, optimizer="gp-ei", budget=14, direction="minimize", seed=5, out=tmp_path)
    more = tune(bowl, SPACE, optimizer="gp-ei", budget=14, direction="minimize", out=tmp_path, resume=True)
    assert [(e.number, e.config, e.measured) for e in more.ended] == [
        (e.number, e.config, e.measured) for e in whole.ended
    ]
    assert Tuned.load(tmp_path).best_config == whole.best_config


SCRIPT = """
import sys, time
import hpo_gym

def objective(config):
    with open("log", "a") as log:
        log.write("x\\n")
    time.sleep(0.01)
    return (config["x"] - 0.3) ** 2

hpo_gym.tune(objective, {"x": (0.0, 1.0)}, optimizer="ga", budget=40, direction="minimize", seed=2, out="study",
             resume=True, progress=lambda done, total, what: print(done, flush=True))
"""
IN_STEPS = SCRIPT.replace(
    """    return (config["x"] - 0.3) ** 2
""",
    """    for step in range(1, 10):
        yield step, {"score": (config["x"] - 0.3) ** 2 + 1 / step, "constraints": [0.25 - config["x"]]}
""",
)
HERE = SCRIPT.replace("resume=True", "resume=True, guard=False")
KILLED = [
    pytest.param(5, marks=pytest.mark.long),
    pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(1200)]),
]


@pytest.mark.parametrize("moments", KILLED)
@pytest.mark.parametrize(
    ("script", "ends"),
    [(SCRIPT, {Status.OK}), (IN_STEPS, {Status.OK, Status.STOPPED, Status.INFEASIBLE}), (HERE, {Status.OK})],
    ids=["whole", "in steps", "no guard"],
)
def test_no_trial_is_lost_or_run_twice_when_it_is_killed(
    tmp_path: Path, moments: int, script: str, ends: set[Status]
) -> None:
    (tmp_path / "whole").mkdir()
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path / "whole", check=True, stdout=subprocess.DEVNULL)
    whole = [_outcome(e) for e in Tuned.load(tmp_path / "whole" / "study").ended]
    assert len(whole) == 40 and {measured.status for _, measured, _ in whole} == ends
    rng, kills, cut_off = np.random.default_rng(0), 0, 0
    place = tmp_path / "0"
    place.mkdir()
    for number in range(1, 10_000):
        process = subprocess.Popen([sys.executable, "-c", script], cwd=place, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        first = process.stdout.readline()
        if not first:
            break
        seen = [first, *(process.stdout.readline() for _ in range(rng.integers(8)))]  # so that a busy machine gets on
        time.sleep(float(rng.uniform(0.0, 0.15)))
        process.send_signal(signal.SIGKILL)
        reported = list(map(int, "".join([*seen, process.stdout.read()]).split()))
        process.wait()
        kills += 1
        stored = Tuned.load(place / "study").ended
        assert len(stored) >= reported[-1], "what was told to have ended is stored"
        assert [_outcome(e) for e in stored] == whole[: len(stored)]
        cut_off += 1
        if len(stored) == 40:
            ran = (place / "log").read_text().count("x")
            assert 40 <= ran <= 40 + cut_off, "only what was cut off ran again"
            if kills >= moments:
                return
            cut_off, place = 0, tmp_path / str(number)
            place.mkdir()
    raise AssertionError(f"the script ended by itself after {kills} kills")


def _outcome(ended: Ended) -> tuple[Any, ...]:
    """What of a trial does not depend on the clock."""
    return ended.config, ended.measured, ended.steps


@pytest.mark.long
@pytest.mark.parametrize("script", [SCRIPT, HERE], ids=["guard", "no guard"])
def test_ctrl_c_leaves_nothing_running_and_the_study_goes_on(tmp_path: Path, script: str) -> None:
    script = script.replace("time.sleep(0.01)", "time.sleep(0.2)")
    process = subprocess.Popen(
        [sys.executable, "-c", script, "hpo-gym-ctrl-c"], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert process.stdout is not None
    for _ in range(3):
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=20)[1]
    deadline = time.monotonic() + 5
    children = Path(f"/proc/{process.pid}")
    while children.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    before = (tmp_path / "log").read_text()
    time.sleep(0.5)
    assert (tmp_path / "log").read_text() == before, "no trial runs on"
    assert 2 <= len(Tuned.load(tmp_path / "study").ended) <= 4


# ---------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"space": {"x": (1.0, 0.0)}}, "nearest is"), ({"space": 3}, "must be a SearchSpace"),
        ({"optimizer": "gp-eu"}, "gp-ei"),
        pytest.param({"optimizer": "ppo"}, "must be trained", marks=pytest.mark.long),
        ({"optimizer": {"name": "gp-ei", "n_innit": 3}}, "n_init"),
        ({"budget": 0}, "`budget`"), ({"budget": 2.5}, "`budget`"), ({"n_jobs": 0}, "`n_jobs`"),
        *(({"budget_cost": wrong}, "`budget_cost`") for wrong in (0, -1.0, math.nan, math.inf, "1", True)),
        ({"direction": "min"}, "nearest is 'minimize'"), ({"init": 3}, "`init`"),
        ({"init": {"x": 2.0, "kind": "a"}}, "nearest is 1"), ({"init": {"z": 1}}, "z"),
        ({"init": LIST, "budget": 3}, "at most `budget`"),
        ({"prior": 3}, "`prior`"), ({"prior": "OTHER"}, "must have a hyperparameter of the space"),
        ({"timeout": 0}, "`timeout`"), ({"trial_timeout": math.nan}, "`seconds`"), ({"memory": -1}, "`memory`"),
        ({"seed": -1}, "`seed`"), ({"seed": 1.5}, "`seed`"),
        ({"belief": {"y": ("normal", 0, 1)}}, "'x'"), ({"belief": {"x": ("normal", 0)}}, "`belief` of 'x'"),
        ({"belief": {"x": ("normal", 0, 1)}, "optimizer": "tpe"}, "'tpe' does not"),
        ({"meta_features": {"rows": "many"}}, "`meta_features`"), ({"stopping": 3}, "a `Halving`"),
        ({"optimizer": {"name": "auto", "n_init": 3}}, "must be named to be given settings"),
        ({"guard": False, "trial_timeout": 1}, "`trial_timeout` needs `guard=True`, got 1 with `guard=False`"),
        ({"guard": False, "memory": 1e9}, "`memory` needs `guard=True`"), ({"guard": "no"}, "`guard` must be True or"),
        ({"guard": False, "n_jobs": 2}, "`n_jobs` needs `guard=True`"), ({"prior": "no.csv"}, "`prior` must be there"),
        ({"prior": "sqlite:///no.db"}, "must be there|must hold"), ({"out": "a\0b"}, "(?s)`out` must be .*null"),
        ({"out": "a" * 400}, "(?s)`out` must be a folder.*too long"), ({"out": 5}, "`out` must be .*or None, got 5"),
        ({"objective": 5}, "`objective` must be a function"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_wrong_arguments_are_refused_before_the_first_trial(
    arguments: dict[str, Any], match: str, tmp_path: Path
) -> None:
    def objective(_: Any) -> float:
        (tmp_path / "ran").touch()
        return 1.0

    if arguments.get("prior") == "OTHER":
        arguments = {"prior": tune(lambda _: 1.0, {"y": (0.0, 1.0)}, optimizer="random", budget=1, seed=0)}
    if arguments.get("optimizer") == "ppo":
        pytest.importorskip("torch", reason="needs torch")
    given = {"objective": objective, "space": SPACE, "optimizer": "random", "out": tmp_path / "study", **arguments}
    with pytest.raises((InvalidValueError, UnknownNameError), match=match):
        tune(given.pop("objective"), given.pop("space"), **given)
    assert not (tmp_path / "ran").exists() and not (tmp_path / "study").exists()


@pytest.mark.parametrize("change", ["seed", "direction", "optimizer", "space", "prior", "init", "belief"])
@pytest.mark.long
def test_the_folder_of_another_study_is_refused(tmp_path: Path, change: str) -> None:
    given: dict[str, Any] = {"space": SPACE, "optimizer": "gp-ei", "seed": 0, "direction": "maximize"}
    given |= {"belief": {"x": ("normal", 0.5, 0.25)}}
    tune(bowl, given["space"], **{k: v for k, v in given.items() if k != "space"}, budget=1, out=tmp_path)
    tune(bowl, resume=True, **given, budget=2, out=tmp_path)
    other = {
        "seed": 1, "direction": "minimize", "optimizer": "gp-warm", "belief": {"x": ("normal", 0.6, 0.25)},
        "space": {**SPACE, "more": (0, 1)},
        "prior": tune(bowl, SPACE, optimizer="random", budget=2, seed=3), "init": LIST[:1],
    }  # fmt: skip
    given = {**given, change: other[change]}
    with pytest.raises(InvalidValueError, match=f"another `{change}`"):
        tune(bowl, given.pop("space"), **given, budget=3, out=tmp_path, resume=True)
    assert len(Tuned.load(tmp_path).ended) == 2


@pytest.mark.smoke
def test_what_holds_no_study_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="must hold a study"):
        Tuned.load(tmp_path)


# ---------------------------------------------------------------------- command line, public face
@pytest.mark.long
def test_the_command_line_tunes_stores_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("def loss(config):\n    return (config['rate'] - 0.01) ** 2 + 0.1 * config['depth']\n")
    Path("space.yaml").write_text("rate: {low: 1.0e-4, high: 1, log: true}\ndepth: {low: 1, high: 8}\n")
    line = ["tune", "mine.py:loss", "--space", "space.yaml", "--direction", "minimize", "--optimizer", "random"]
    ran = CliRunner().invoke(app, [*line, "--budget", "3", "--seed", "1"], catch_exceptions=False)
    assert ran.exit_code == 0 and "3 trials -> hpo-gym-tuned" in ran.output
    assert ran.output.startswith("After 3 trials: ")
    ran = CliRunner().invoke(app, [*line, "--budget", "5", "--resume"], catch_exceptions=False)
    assert ran.exit_code == 0 and "5 trials" in ran.output
    assert len(Path("hpo-gym-tuned/trials.csv").read_text().splitlines()) == 6
    assert Path("hpo-gym-tuned/tune.svg").read_text().startswith("<?xml")
    assert Path("hpo-gym-tuned/report.html").read_text("utf-8").startswith("<!doctype html>")
    for change, match in ((["mine.py:lost"], "loss"), (["mine.py"], "module:name"), (["none.py:loss"], "none.py")):
        ran = CliRunner().invoke(app, ["tune", *change, "--space", "space.yaml"])
        assert isinstance(ran.exception, UnknownNameError) and match in str(ran.exception)
