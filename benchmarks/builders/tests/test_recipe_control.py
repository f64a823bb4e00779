"""The recipe of `Control`: its space, its tasks, its cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_builders.control import counts
from hpo_builders.control.material import EACH
from hpo_builders.control.space import ALGORITHMS
from hpo_builders.control.systems import SYSTEMS
from hpo_builders.order import Order
from hpo_builders.trained.control import RECIPE
from hpo_builders.training.build import build
from hpo_builders.training.cells import configurations
from hpo_gym.base import seeding
from hpo_gym.problem import SearchSpace
from hpo_gym.suites import load_suite

HERE = Path()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of 144 episodes."""
    monkeypatch.setattr(counts, "EPISODES", 144)


def configs(m: int) -> list[dict[str, Any]]:
    space = SearchSpace(RECIPE.space())
    return list(space.decode(space.snap(configurations(RECIPE, m).astype(np.float64))))


def problem(name: str, seed: int = 0) -> Any:
    return RECIPE.material.problem(RECIPE.material.entry(name), HERE, seed)


def test_the_space_has_all_algorithms_and_only_what_belongs_to_them() -> None:
    space, found = SearchSpace(RECIPE.space()), configs(RECIPE.configurations)
    assert space.d == 34 and {c["algorithm"] for c in found} == set(ALGORITHMS)
    assert found[0]["algorithm"] == "ppo" and found[0]["ppo:learning_rate"] == pytest.approx(3e-4)
    for config in found:
        own = {name.split(":")[0] for name in config if ":" in name}
        assert own == {config["algorithm"], *({config["q:features"]} if config["algorithm"] == "q" else ())}
        assert ("horizon" in config) == (config["algorithm"] != "es")
        assert ("hidden" in config) == (config["algorithm"] != "q")
        assert 8 <= len(config) <= 13
    counted = [sum(c["algorithm"] == a for c in found) for a in ALGORITHMS]
    assert min(counted) > 20


def test_every_prefix_of_the_tasks_is_diverse() -> None:
    entries = RECIPE.material.entries()
    assert len(entries) == EACH * len(SYSTEMS) == 36 and len({e.name for e in entries}) == 36
    for n in range(1, 37):
        counted = [sum(e.family == name for e in entries[:n]) for name in SYSTEMS]
        assert max(counted) - min(counted) <= 1
    sides = list(RECIPE.material.sides().values())
    assert set(RECIPE.material.sides()) == set(SYSTEMS)
    assert {side: sides.count(side) for side in ("train", "val", "test")} == {"train": 3, "val": 1, "test": 2}


def test_a_problem_is_marked_by_all_its_numbers() -> None:
    digest = RECIPE.material.digest
    assert digest(problem("acrobot-1")) == digest(problem("acrobot-1")) and len(digest(problem("acrobot-1"))) == 32
    assert len({digest(problem(n, s)) for n in ("acrobot-1", "acrobot-2", "pendulum-1") for s in (0, 1)}) == 6


@pytest.mark.parametrize("name", list(SYSTEMS))
def test_what_is_known_of_a_task_is_finite_and_hangs_on_no_order(name: str) -> None:
    entry = RECIPE.material.entry(f"{name}-2")
    reported = RECIPE.material.meta(entry, problem(entry.name), HERE)
    assert reported == RECIPE.material.meta(entry, problem(entry.name), HERE)
    assert all(value is not None and np.isfinite(value) for value in reported.values())
    assert reported["n_inputs"] == SYSTEMS[name].physics.inputs and reported["ends"] == (
        name in ("cartpole", "double-pole")
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_cell_has_the_mean_of_its_trainings(algorithm: str, short: None) -> None:
    config = next(c for c in configs(30) if c["algorithm"] == algorithm)
    got = RECIPE.train(problem("pendulum-1"), config, 7)
    assert got.score.shape == got.test_score.shape == got.cost.shape == (3,)
    assert got.repeats is not None and got.repeats.shape == (3, RECIPE.repeats)
    assert got.score.tolist() == got.repeats.mean(1).tolist()
    assert np.isnan(got.test_score[:-1]).all() and abs(got.test_score[-1] - got.score[-1]) < 0.1
    assert (got.score <= 1).all() and (np.diff(got.cost) > 0).all() and got.cost[0] > 0
    RECIPE.train(problem("pendulum-2"), configs(2)[1], 1)
    again = RECIPE.train(problem("pendulum-1"), config, 7)
    assert (again.repeats == got.repeats).all() and again.test_score[-1] == got.test_score[-1]
    assert (RECIPE.train(problem("pendulum-1"), config, 8).repeats != got.repeats).any()


def test_weights_that_are_not_finite_are_a_failure(short: None) -> None:
    config = next(c for c in configs(120) if c.get("q:features") == "rbf")
    got = RECIPE.train(problem("pendulum-0"), {**config, "q:learning_rate": 1e30, "rbf:width": 1.0}, 0)
    assert np.isneginf(got.score).all() and np.isneginf(got.test_score[-1]) and np.isnan(got.test_score[:-1]).all()
    assert got.repeats is not None and np.isnan(got.repeats).all()
    assert np.isfinite(got.cost).all() and (np.diff(got.cost) >= 0).all()


def test_a_small_build_makes_a_suite(tmp_path: Path, short: None) -> None:
    """Three tasks of which one is for training and two are for testing; seeds are kept."""
    tasks = ("cartpole-0", "acrobot-0", "double-pole-0")
    order = Order(tmp_path / "archives", tmp_path / "out", tmp_path / "work", "serial", 1, tasks=tasks, rows=3)
    build(replace(RECIPE, study=0), order)
    suite = load_suite(tmp_path / "out" / "Control")
    assert suite.table.score.shape == (3, 3, 3) and suite.table.repeats.shape == (3, 3, 3, 3)
    assert set(suite.splits["train"]) <= {"cartpole-0"} and set(suite.splits["test"]) <= {"acrobot-0", "double-pole-0"}
    assert suite.splits["val"] == ()
    third = configs(3)[2]
    number = seeding.key("train", "Control", "acrobot-0", dict(third), 0) & 0x7FFFFFFF
    alone = RECIPE.train(problem("acrobot-0"), third, number)
    assert suite.table.score[1, 2].tolist() == alone.score.astype(np.float32).tolist()
