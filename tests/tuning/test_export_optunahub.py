"""Packages in the form of OptunaHub: they load offline, and try and score what our optimizers and tasks do."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import toys
import yaml

import hpo_gym
from hpo_gym.base.errors import InvalidValueError, MissingExtraError, UnknownNameError
from hpo_gym.tuning import SuiteProblem, write_problem, write_sampler

optuna = pytest.importorskip("optuna", reason="needs Optuna")
optunahub = pytest.importorskip("optunahub", reason="needs OptunaHub")
known = pytest.importorskip("optuna.testing.pytest_samplers", reason="Optuna has them since version 5")

FILES = {"__init__.py", "README.md", "LICENSE", "example.py", "requirements.txt"}
FRONT = {"author", "title", "description", "tags", "optuna_versions", "license"}

pytestmark = pytest.mark.usefixtures("quiet")


def loaded(place: Path) -> ModuleType:
    module: ModuleType = optunahub.load_local_module(
        package="/".join(place.parts[-2:]), registry_root=str(place.parents[1])
    )
    return module


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Samplers and benchmarks in one registry, not to be changed."""
    root = tmp_path_factory.mktemp("registry")
    for name in ("gp-ei", "random", "auto"):
        write_sampler(name, root)
    for name in ("SVM", "NASBench201", "Text"):
        write_problem(name, root)
    return root / "package"


# ---------------------------------------------------------------------- the tests that Optuna has
@pytest.fixture(params=["gp_ei", "random"])
def sampler(request: Any, registry: Path) -> Callable[[], Any]:
    module = loaded(registry / "samplers" / f"hpo_gym_{request.param}")
    return lambda: module.Sampler(seed=0)


@pytest.mark.long
class TestOfAnySampler(known.BasicSamplerTestCase):  # type: ignore[misc, name-defined]
    @pytest.fixture
    def sampler(self, sampler: Callable[[], Any]) -> Callable[[], Any]:
        return sampler


@pytest.mark.long
class TestOfRelativeSamplers(known.RelativeSamplerTestCase):  # type: ignore[misc, name-defined]
    @pytest.fixture
    def sampler(self, sampler: Callable[[], Any]) -> Callable[[], Any]:
        return sampler


@pytest.mark.long
class TestOfSamplersOfOneObjective(known.SingleOnlySamplerTestCase):  # type: ignore[misc, name-defined]
    @pytest.fixture
    def sampler(self, sampler: Callable[[], Any]) -> Callable[[], Any]:
        return sampler


# ---------------------------------------------------------------------- the same to the bit
Tried = list[tuple[dict[str, Any], float | None]]


def by_hub(sampler: Any, problem: Any, budget: int) -> Tried:
    study = optuna.create_study(directions=problem.directions, sampler=sampler)
    study.optimize(problem, budget)
    return [(t.params, t.value) for t in study.trials]


def by_tune(optimizer: object, task: hpo_gym.Task, budget: int, seed: int) -> Tried:
    def score(config: Mapping[str, Any]) -> float:
        trial = task.run(config)
        if trial.status is not hpo_gym.Status.OK:
            raise RuntimeError(trial.status.label)
        return trial.score

    tuned = hpo_gym.tune(
        score, task.space, optimizer=optimizer, budget=budget, seed=seed, max_failures=None, progress=False
    )
    return [(dict(e.config), e.measured.score if e.counts else None) for e in tuned.ended]


@pytest.mark.long
@pytest.mark.parametrize(("optimizer", "suite"), [("gp-ei", "SVM"), ("random", "Text"), ("gp-ei", "NASBench201")])
def test_a_study_tries_and_scores_what_the_optimizer_does_on_the_task(
    optimizer: str, suite: str, registry: Path
) -> None:
    """Conditions, clauses that forbid, and noise: the spaces of three suites."""
    problem = loaded(registry / "benchmarks" / f"hpo_gym_{suite.lower()}").Problem()
    sampler = loaded(registry / "samplers" / f"hpo_gym_{optimizer.replace('-', '_')}").Sampler
    tried = by_hub(sampler(space=problem.space, seed=3, budget=12), problem, 12)
    assert tried == by_tune(optimizer, hpo_gym.load_suite(suite).tasks("test")[0], 12, seed=3)
    assert len({str(config) for config, _ in tried}) > 6 and len({score for _, score in tried}) > 3
    others = by_hub(sampler(space=problem.space, seed=4, budget=12), problem, 12)
    assert others != tried


@pytest.mark.long
def test_a_failure_of_the_task_is_a_failed_trial_to_both(tmp_path: Path) -> None:
    toys.gappy().save(tmp_path / "gappy")
    problem = loaded(write_problem(str(tmp_path / "gappy"), tmp_path / "new")).Problem(task="g")
    sampler = loaded(write_sampler("random", tmp_path / "new")).Sampler(space=problem.space, seed=0)
    tried = by_hub(sampler, problem, 20)
    assert tried == by_tune("random", toys.gappy().task("g"), 20, seed=0)
    assert {score is None for _, score in tried} == {True, False}


@pytest.mark.long
def test_a_trained_agent_in_a_folder_goes_along(tmp_path: Path) -> None:
    agent = hpo_gym.load("q-learning-automl")
    agent.save(tmp_path / "mine")  # type: ignore[attr-defined]
    place = write_sampler(str(tmp_path / "mine"), tmp_path / "new")
    shutil.rmtree(tmp_path / "mine")
    assert sorted(p.name for p in (place / "trained").iterdir()) == ["arrays.npz", "optimizer.json"]
    task = hpo_gym.load_suite("AutoML").tasks("test")[0]
    tried = by_hub(loaded(place).Sampler(space=task.space, seed=1, budget=8), SuiteProblem("AutoML"), 8)
    assert tried == by_tune("q-learning-automl", task, 8, seed=1)


# ---------------------------------------------------------------------- the problem
@pytest.mark.long
def test_a_problem_is_one_of_optunahub(registry: Path) -> None:
    module = loaded(registry / "benchmarks" / "hpo_gym_svm")
    problem, suite = module.Problem(), hpo_gym.load_suite("SVM")
    assert isinstance(problem, optunahub.benchmarks.BaseProblem) and problem.task.name == suite.tasks("test")[0].name
    assert [d.name for d in problem.directions] == ["MAXIMIZE"]
    assert tuple(problem.search_space) == suite.space.names
    name = suite.tasks("train")[1].name
    config = {**suite.space.default}
    assert module.Problem(task=name).evaluate(config) == suite.task(name).run(config).score
    with pytest.raises(UnknownNameError, match=rf"No task in suite 'SVM': '{name}x'\. Did you mean '{name}'"):
        module.Problem(task=f"{name}x")
    with pytest.raises(InvalidValueError, match=r"`params` must have a value inside the space for each of \['C'\]"):
        problem.evaluate({k: v for k, v in config.items() if k != "C"})


def test_a_trial_has_the_active_hyperparameters_alone() -> None:
    problem = SuiteProblem(toys.plain(), seed=5)
    kernels = {"linear": {"C", "kernel", "scale"}, "rbf": {"C", "kernel", "scale", "gamma"}}
    for kernel, names in kernels.items():
        study = optuna.create_study(directions=problem.directions)
        study.enqueue_trial({"kernel": kernel})
        study.optimize(problem, 1)
        assert set(study.trials[0].params) == names
        assert study.best_value == problem.task.run(study.best_params).score


def test_the_seed_is_that_of_the_noise() -> None:
    suite = toys.noisy()
    config = suite.space.from_unit(suite.task("g").pool[0])  # type: ignore[index]
    scores = [SuiteProblem(suite, "g", seed).evaluate(config) for seed in range(20)]
    runs = [suite.task("g").run(config, seed=seed) for seed in range(20)]
    np.testing.assert_array_equal(scores, [r.score if r.status is hpo_gym.Status.OK else np.nan for r in runs])
    assert len(set(scores)) > 1


def test_a_suite_in_a_folder_is_copied(tmp_path: Path) -> None:
    toys.plain().save(tmp_path / "plain")
    place = write_problem(str(tmp_path / "plain"), tmp_path / "new")
    shutil.rmtree(tmp_path / "plain")
    assert {p.name for p in place.iterdir()} == {*FILES, "suite"}
    problem = loaded(place).Problem(task="h")
    config = problem.space.default
    assert problem.evaluate(config) == toys.plain().task("h").run(config).score


# ---------------------------------------------------------------------- the folder
@pytest.mark.long
def test_a_package_has_the_files_and_the_head_of_the_registry(registry: Path) -> None:
    places = sorted(registry.glob("*/*"))
    assert [p.name for p in places] == [
        "hpo_gym_nasbench201", "hpo_gym_svm", "hpo_gym_text", "hpo_gym_auto", "hpo_gym_gp_ei", "hpo_gym_random",
    ]  # fmt: skip
    for place in places:
        assert {p.name for p in place.iterdir() if p.name != "__pycache__"} == FILES
        _, head, text = (place / "README.md").read_text().split("---\n", 2)
        front = yaml.safe_load(head)
        assert set(front) == FRONT and place.parent.name[:-1] in front["tags"]
        assert front["optuna_versions"] == [optuna.__version__] and front["license"] == "MIT License"
        assert (place / "LICENSE").read_text().startswith("MIT License")
        assert " ".join((place / "LICENSE").read_text().split()) == " ".join(
            (Path(__file__).parents[2] / "LICENSE").read_text().split()
        )
        assert "$" not in text
        ast.parse(text.split("```python\n")[1].split("```")[0])
    assert (registry / "samplers/hpo_gym_gp_ei/requirements.txt").read_text() == "hpo-gym[optuna]>=0.1.0\n"


@pytest.mark.long
@pytest.mark.parametrize("package", ["samplers/hpo_gym_random", "benchmarks/hpo_gym_svm"])
def test_an_example_runs_by_itself(package: str, registry: Path, tmp_path: Path) -> None:
    command = [sys.executable, registry / package / "example.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "'kernel'" in done.stdout


def test_other_packages_of_a_registry_are_left_alone_and_its_own_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "package" / "samplers" / "other").mkdir(parents=True)
    place = write_sampler("random", tmp_path)
    (place / "README.md").write_text("mine")
    with pytest.raises(InvalidValueError, match=r"must be new or empty, .*hpo_gym_random is not"):
        write_sampler("random", tmp_path)
    assert (place / "README.md").read_text() == "mine"
    assert {p.name for p in place.parent.iterdir()} == {"other", "hpo_gym_random"}


@pytest.mark.long
@pytest.mark.parametrize(
    ("optimizer", "error", "message"),
    [
        ("gp-ie", UnknownNameError, "Did you mean 'gp-ei'"),
        ("ppo", InvalidValueError, "`optimizer` must be trained, 'ppo' is not"),
        ("cosine", InvalidValueError, "trials that stand alone, 'cosine' is a schedule"),
        ("ppo-drift", InvalidValueError, "trials that stand alone, 'ppo-drift' is a schedule"),
        ("toys:Toy", InvalidValueError, "must be registered, or trained and in a folder, got 'toys:Toy'"),
    ],
)
def test_an_optimizer_that_cannot_be_a_sampler_is_refused(
    optimizer: str, error: type[Exception], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Toy:
        def reset(self, *_: object) -> None: ...
        def ask(self) -> None: ...
        def tell(self, _: object) -> None: ...

    monkeypatch.setattr(toys, "Toy", Toy, raising=False)
    with pytest.raises(error, match=message):
        write_sampler(optimizer, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.long
def test_a_suite_that_cannot_be_a_problem_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'SVM'"):
        write_problem("SVN", tmp_path / "new")
    with pytest.raises(InvalidValueError, match="trials that stand alone, those of 'Schedules' do not"):
        write_problem("Schedules", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_without_optuna_the_message_is_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    from hpo_gym import tuning

    monkeypatch.delattr(tuning, "write_sampler")
    monkeypatch.setattr("hpo_gym.base.registry._importable", lambda package: package != "optuna")
    with pytest.raises(MissingExtraError, match=r"pip install 'hpo-gym\[optuna\]'"):
        _ = tuning.write_sampler
