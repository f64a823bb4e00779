"""Earlier tasks say nothing of a hyperparameter that counts in another unit, and what they say why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym import load_suite, tune
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.problem.space.forms import read_space
from hpo_gym.tuning.earlier import earlier_tasks
from hpo_gym.tuning.spaces import read_file
from hpo_gym.tuning.tuned import Tuned

GAMMA = {"low": 0.001, "high": 1000.0, "log": True, "unit": "multiple of scale"}
OURS = {"C": (0.01, 100.0, "log"), "gamma": (1e-4, 1.0, "log"), "kernel": ["rbf", "sigmoid"]}


def columns(tasks: Any, space: Any) -> set[str]:
    """The hyperparameters that earlier tasks say something of."""
    names = read_space(space).names
    return {name for name, there in zip(names, ~np.isnan(tasks.tasks[0].x).all(0), strict=True) if there}


def test_the_gamma_of_the_suite_is_no_gamma_of_scikit_learn() -> None:
    suite = load_suite("SVM")
    assert {h.name: h.unit for h in suite.space.hyperparameters if h.unit} == {
        "gamma": "multiple of scale", "epsilon": "standard deviations of the target",
    }  # fmt: skip
    match = r"`prior`, SVM: `gamma` there is in 'multiple of scale' and of no stated unit in the space, .* say so: {low"
    with pytest.warns(UserWarning, match=match):
        tasks = earlier_tasks(suite, read_space(OURS))
    assert columns(tasks, OURS) == {"C", "kernel"}


@pytest.mark.long
def test_a_unit_is_kept_by_a_study_on_the_disk_and_by_a_suite_of_it(tmp_path: Path) -> None:
    space = {"gamma": GAMMA, "k": (1, 4)}
    tuned = tune(lambda c: -c["k"], space, optimizer="random", budget=3, seed=0, out=tmp_path / "a", progress=False)
    tuned.suite().save(tmp_path / "suite")
    for prior in (tuned, tmp_path / "a", Tuned.load(tmp_path / "a"), tuned.suite(), load_suite(tmp_path / "suite")):
        assert columns(earlier_tasks(prior, read_space(space)), space) == {"gamma", "k"}
        bare = {"gamma": (0.001, 1000.0, "log"), "k": (1, 4)}
        with pytest.warns(UserWarning, match="multiple of scale"):
            assert columns(earlier_tasks(prior, read_space(bare)), bare) == {"k"}


def test_ranges_in_yaml(tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text("gamma: {low: 0.001, high: 1000, log: true, unit: multiple of scale}\n")
    (gamma,) = read_file(file).hyperparameters
    assert (gamma.low, gamma.high, gamma.log, gamma.unit) == (0.001, 1000.0, True, "multiple of scale")
    for text, match in (
        ("n: [4, 64, log]", "a range is {low: 4, high: 64, log: true}"),
        ("n: {min: 4, max: 64}", "write {low: 4, high: 64}"),
        ("n: {low: 1e-4, high: 1}", "YAML reads 1.0e-4 as a number"),
        (f"n: {{low: 0, high: {10**400}}}", "finite bounds"),
    ):  # fmt: skip
        file.write_text(text)
        with pytest.raises(InvalidValueError, match=match):
            read_file(file)
