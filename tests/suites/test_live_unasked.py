"""Live tasks cost nothing unasked: each test counts the calls of the objectives.

`counted(n)` has four training, one validation and three test tasks; an objective notes its name, and fails where
`share` is at least .8. `n` evaluations of an earlier task are allowed.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import hpo_gym
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.problem import Evaluated, OnRequest, Suite, Task
from hpo_gym.suites import describe_live, from_description

ENV = "hpo_gym/HPO-v0"
NAMES = [f"d{i}" for i in range(8)]
SPLITS = {"train": NAMES[:4], "val": NAMES[4:5], "test": NAMES[5:]}
SPACE = {"depth": (1, 12), "share": (0.1, 1.0)}
CALLS: Counter[str] = Counter()
WITH_PRIOR = "ignore:Optimizers knew nothing"


@pytest.fixture(autouse=True)
def nothing_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CALLS.clear()
    monkeypatch.chdir(tmp_path)


@dataclass
class Objective:
    name: str

    def __call__(self, config: dict[str, Any]) -> float:
        CALLS[self.name] += 1
        if config["share"] >= 0.8:
            raise ValueError("too much")
        return -((config["share"] - 0.1 * int(self.name[1:])) ** 2) - config["depth"]


def counted(n: int = 0, **options: Any) -> Suite:
    objectives = {name: Objective(name) for name in NAMES}
    return hpo_gym.live_suite("Mine", SPACE, objectives, splits=SPLITS, prior_evaluations=n, **options)


def total() -> int:
    return CALLS.total()


# ---------------------------------------------------------------------- envs


@pytest.mark.parametrize("n", [0, 6])
def test_to_make_and_reset_an_env_calls_nothing_and_a_step_once(n: int) -> None:
    env = gym.make(ENV, suite=counted(n), budget=4)
    env.reset(seed=0)
    assert total() == 0
    env.action_space.seed(0)
    env.step(env.action_space.sample())
    assert total() == 1
    envs = gym.make_vec(ENV, num_envs=3, suite=counted(n), budget=4)
    envs.reset(seed=0)
    assert total() == 1
    envs.action_space.seed(0)
    envs.step(envs.action_space.sample())
    assert total() == 4


# ---------------------------------------------------------------------- optimizers
@pytest.mark.parametrize("name", ["random", "default", "gp-ei", "tpe", "ga", "cma-es", "local-search"])
def test_an_optimizer_without_memory_calls_its_trials_only(name: str) -> None:
    suite = counted(6)
    hpo_gym.rollout(name, suite.task("d6"), 4, prior=suite.prior())
    assert dict(CALLS) == {"d6": len(hpo_gym.rollout(name, suite.task("d6"), 4)) if name == "default" else 4}


@pytest.mark.parametrize("engine", ["serial", pytest.param("process", marks=pytest.mark.long)])
@pytest.mark.usefixtures("all_undrawn")
def test_a_comparison_calls_its_own_trials_only(engine: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.warns(UserWarning, match="knew nothing of 4 earlier tasks of Mine, and `portfolio` drew at random"):
        results = hpo_gym.benchmark(
            "random", logged(tmp_path), seeds=2, budget=5, out=out, engine=engine, **few(engine)
        )
    assert results.failed_cells == 0
    trials = results.trials()
    assert noted(tmp_path) == Counter(trials["task"]) and noted(tmp_path).total() == 3 * 3 * 2 * 5
    assert results.data["memory"]["suites"]["Mine"][0]["tasks"] == 0


@pytest.mark.parametrize("engine", ["serial", pytest.param("process", marks=pytest.mark.long)])
@pytest.mark.usefixtures("all_undrawn")
def test_a_comparison_makes_the_allowed_evaluations_once_for_all_workers(engine: str, tmp_path: Path) -> None:
    suite = logged(tmp_path, prior_evaluations=6)
    results = hpo_gym.benchmark("gp-warm", suite, seeds=1, budget=5, out=tmp_path / "out", engine=engine, **few(engine))
    assert results.failed_cells == 0
    own = Counter(results.trials()["task"])
    assert noted(tmp_path) - own == Counter(dict.fromkeys(SPLITS["train"], 6))
    assert results.data["memory"]["suites"]["Mine"][0]["tasks"] == 4


def few(engine: str) -> dict[str, Any]:
    return {"workers": 2} if engine == "process" else {}


def logged(folder: Path, **options: Any) -> Suite:
    """A suite whose calls are a line each in a file, from any process."""

    def objective(name: str) -> Callable[..., float]:
        def noting(config: dict[str, Any]) -> float:
            with (folder / "calls.txt").open("a") as file:
                file.write(f"{name}\n")
            return -float(config["share"]) - int(name[1:])

        return noting

    return hpo_gym.live_suite("Mine", SPACE, {name: objective(name) for name in NAMES}, splits=SPLITS, **options)


def noted(folder: Path) -> Counter[str]:
    return Counter((folder / "calls.txt").read_text().split())


# ---------------------------------------------------------------------- the check
@dataclass(frozen=True, eq=False)
class Bowl(Task):
    """A task of one's own class, with known best and worst."""

    points: list[float] = field(default_factory=list)

    def evaluate(self, x: Any, fidelity: Any, key: Any) -> Evaluated:
        self.points.extend(x[:, 0])
        return Evaluated(-((x[:, 0] - 0.5) ** 2), fidelity.copy(), np.zeros(len(x), np.int8))


@pytest.mark.parametrize("levels", [(1.0,), (0.5, 1.0), (0.1, 0.2, 0.4, 1.0)])
def test_a_check_of_a_suite_calls_each_task_at_most_20_times(levels: tuple[float, ...]) -> None:
    hpo_gym.check_suite(counted(9, fidelities=levels))
    assert set(CALLS) == set(NAMES) and max(CALLS.values()) <= 20
    space = hpo_gym.live_suite("S", {"u": (0.0, 1.0)}, {"t": len}).space
    bowl = Bowl("a", "a", "Own", space, 0.0, -0.25, levels)
    suite = Suite("Own", space, (bowl,), "live", splits={"train": ["a"]}, data_hash="own")
    hpo_gym.check_suite(suite)
    assert 8 <= len(bowl.points) <= 20
    bowl.points.clear()
    gym.make(ENV, suite=suite, budget=2).reset(seed=0)
    assert not bowl.points and suite.prior() == ()


# ---------------------------------------------------------------------- failures by hand
FAILS, GOOD, BETTER = {"depth": 2, "share": 0.9}, {"depth": 5, "share": 0.5}, {"depth": 3, "share": 0.5}
"""On d5, whose best share is .5: a failure, -5 and -3."""


class Script:
    """Asks for given configurations."""

    def __init__(self, *configs: dict[str, Any]) -> None:
        self.configs = configs

    def reset(self, context: hpo_gym.Context, rng: np.random.Generator) -> None:
        self.left = list(self.configs)

    def ask(self) -> hpo_gym.Query | None:
        return hpo_gym.Query(self.left.pop(0)) if self.left else None

    def tell(self, trial: hpo_gym.Trial) -> None:
        pass


@pytest.mark.parametrize(
    ("loss", "failed", "first"), [(False, None, 0.0), (False, -9.5, -9.5), (True, 9.5, -9.5), (True, 0.0, 0.0)]
)
@pytest.mark.filterwarnings("ignore:.* trials on Mine failed", WITH_PRIOR)
def test_a_failure_has_the_worst_score_of_its_run_and_before_any_success_the_stated_one_or_0(
    loss: bool, failed: float | None, first: float, tmp_path: Path
) -> None:
    """Of a loss, -5 and -3 are scores of 5 and 3."""
    sign = -1.0 if loss else 1.0
    configs, scores = (FAILS, BETTER, FAILS, GOOD, FAILS), [first, -3 * sign, -3 * sign, -5 * sign, -5 * sign]
    scores[4] = min(scores[1], scores[3])
    for splits in (SPLITS, {"test": NAMES[5:]}):
        suite = hpo_gym.live_suite(
            "Mine", SPACE, {n: Objective(n) for n in NAMES}, splits=splits, loss=loss, failed=failed
        )
        actions = [(2 * suite.space.to_unit(config) - 1).astype(np.float32) for config in configs]
        one = hpo_gym.HPOEnv(suite, split="test", task="d5", budget=5)
        one.reset(seed=0)
        steps = [one.step(action)[4] for action in actions]
        assert [info["score"] for info in steps] == pytest.approx(scores, abs=1e-6)
        best = [first, *np.maximum.accumulate(scores[1:])]
        assert [info["incumbent_score"] for info in steps] == pytest.approx(best, abs=1e-6)
        many = hpo_gym.HPOVectorEnv(2, suite, split="test", task="d5", budget=5, autoreset_mode="DISABLED")
        many.reset(seed=0)
        beside = [many.step(np.stack([action, action])) for action in actions]
        assert [b[4]["score"][1] for b in beside] == pytest.approx(scores, abs=1e-6)
        history = hpo_gym.rollout(Script(*configs), suite.task("d5"), 5, prior=suite.prior())
        assert list(history.scores) == pytest.approx(scores) and suite.scale().floor == first
        assert set(CALLS) == {"d5"}, "nobody asked"
        out = tmp_path / str(len(splits))
        chosen = {"script": Script(*configs), "ga": "ga"}  # by ask and tell, and in a batch
        results = hpo_gym.benchmark(chosen, suite, seeds=3, budget=5, tasks=["d5"], out=out, engine="serial")
        trials = results.trials()
        by_run: dict[Any, list[Any]] = {}
        for who, run, status, score in zip(
            trials["optimizer"], trials["replicate"], trials["status"], trials["score"], strict=True
        ):
            by_run.setdefault((who, run), []).append((status, score))
        assert [score for _, score in by_run["script", 0]] == pytest.approx(scores)
        begun = {(who, trial[0]) for (who, _), (trial, *_) in by_run.items() if trial[0] != "ok"}
        assert {who for who, _ in begun} > {"script"}, "an optimizer in a batch began with a failure, too"
        assert {trial[1] for trial, *_ in by_run.values() if trial[0] != "ok"} == {first}
        again = from_description(json.loads(json.dumps(describe_live(suite))))
        assert again.members[0].failed == (None if failed is None else first) and again.data_hash == suite.data_hash
    assert counted().data_hash != counted(failed=0.0).data_hash


# ---------------------------------------------------------------------- what is allowed: said, shown, stored, resumed
def test_evaluations_are_announced_with_their_number_before_they_begin(caplog: pytest.LogCaptureFixture) -> None:
    said: list[str] = []

    def objective(config: dict[str, Any]) -> float:
        said[:] = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
        return 1.0

    suite = hpo_gym.live_suite("Loud", SPACE, {"t": objective}, splits={"train": ["t"]}, prior_evaluations=7)
    assert suite.prior()[0].score.tolist() == [1.0] * 7
    where = Path.cwd() / "hpo-gym-prior" / "evaluations.sqlite"
    assert said == [f"Loud, `prior_evaluations=7`: 7 evaluations of the earlier task 't' begin, stored in {where}."]


def test_what_is_stored_is_not_evaluated_again_by_anybody() -> None:
    first = [e.score.tolist() for e in counted(5).prior()]
    assert dict(CALLS) == dict.fromkeys(SPLITS["train"], 5)
    again = [e.score.tolist() for e in counted(5).prior()]
    assert again == first and total() == 20
    more = counted(8).prior()
    assert [e.score[:3].tolist() for e in more] == [f[:3] for f in first] and total() == 32, "3 more of each"
    fewer = [e.score.tolist() for e in counted(2).prior()]
    assert fewer == [f[:2] for f in first] and total() == 32
    _ = counted(2, version=2).prior()[0].score
    assert total() == 34, "another version is another code"
    _ = counted(2, loss=True).prior()[0].score
    _ = counted(2, prior_folder="elsewhere").prior()[0].score
    assert total() == 38


def test_values_are_those_of_the_function_and_a_failure_has_the_worst_of_the_others() -> None:
    e = counted(40).prior()[0]
    suite = counted()
    assert isinstance(e, OnRequest) and total() == 0
    expected = [
        -(c["share"] ** 2) - c["depth"] if c["share"] < 0.8 else None
        for c in suite.space.decode(suite.space.spread(40))
    ]
    worst = min(v for v in expected if v is not None)
    assert e.score.tolist() == pytest.approx([worst if v is None else v for v in expected])
    assert e.status.tolist() == [int(v is None) for v in expected] and 0 < sum(e.status) < 40
    assert e.cost.tolist() == [1.0] * 40 and total() == 40
    assert repr(e) == "OnRequest('d0', 40 points)"
    assert e.part(np.arange(3)).score.tolist() == e.score[:3].tolist()


KILLED = """
    import os, signal, sys
    from pathlib import Path
    import hpo_gym

    def objective(config):
        with open("calls.txt", "a") as file:
            file.write("x")
        if len(Path("calls.txt").read_text()) == int(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGKILL)
        return config["share"]

    suite = hpo_gym.live_suite(
        "Killed", {"share": (0.1, 1.0)}, {"t": objective}, splits={"train": ["t"]}, prior_evaluations=9
    )
    print(len(suite.prior()[0].score))
"""


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_killed_process_loses_only_the_evaluation_under_way(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(textwrap.dedent(KILLED))

    def run(at: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(script), str(at)], cwd=tmp_path, capture_output=True, text=True)

    first = run(5)
    assert first.returncode == -signal.SIGKILL and "9 evaluations of the earlier task 't' begin" in first.stderr
    second = run(0)
    assert second.returncode == 0 and second.stdout == "9\n"
    assert "5 evaluations of the earlier task 't' begin" in second.stderr and "4 of 't' are taken" in second.stderr
    assert len((tmp_path / "calls.txt").read_text()) == 10, "nine, and the one that was under way"


def reads(folder: str) -> None:
    os.chdir(folder)
    assert len(logged(Path(folder), prior_evaluations=6).prior()[0].score) == 6


@pytest.mark.long
def test_processes_that_ask_at_once_evaluate_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    several = [context.Process(target=reads, args=(str(tmp_path),)) for _ in range(3)]
    for one in several:
        one.start()
    for one in several:
        one.join()
    assert [one.exitcode for one in several] == [0, 0, 0] and noted(tmp_path) == {"d0": 6}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked there")
def test_a_child_that_an_objective_leaves_behind_holds_up_nobody() -> None:
    children: list[int] = []

    def objective(config: dict[str, Any]) -> float:
        if not children:
            children.append(os.fork())
            if not children[0]:
                signal.pause()  # has the open files of its parent, the lock of the archive among them
        return 1.0

    two = {"t": objective, "u": objective}
    suite = hpo_gym.live_suite("Forks", {"a": (0.0, 1.0)}, two, splits={"train": list(two)}, prior_evaluations=2)
    try:
        signal.alarm(60)  # rather than to wait for ever
        assert [e.score.tolist() for e in suite.prior()] == [[1.0, 1.0]] * 2
    finally:
        signal.alarm(0)
        os.kill(children[0], signal.SIGKILL)
        os.waitpid(children[0], 0)


@pytest.mark.parametrize("n", [-1, 10_001, 2.5, "3", None, True])
def test_a_number_out_of_range_is_refused(n: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"`prior_evaluations` must be"):
        counted(n)
