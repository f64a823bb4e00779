"""Short lists of configurations: the same everywhere, different on every task, none tried twice."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import toys  # noqa: F401 - registers its suites

import hpo_gym
from hpo_gym.env.listed import draw_listed

VIEW: dict[str, Any] = {"codec": "candidates", "observer": "candidates"}


@pytest.mark.parametrize("name", ["AutoML", "Functions", "SVM"])
def test_two_numbers_never_mean_one_configuration_on_a_task(name: str) -> None:
    for split in ("train", "val", "test"):
        kernel = gym.make(f"hpo_gym/{name}-v0", split=split, **VIEW).unwrapped.kernel  # type: ignore[attr-defined]
        places = kernel.parts.codec.listed.at(kernel.contexts.batch)
        for rows in places:
            assert len(np.unique(rows, axis=0)) == len(rows) == 128


@pytest.mark.parametrize("name", ["AutoML", "Functions", "SVM"])
def test_who_repeats_one_action_tries_another_configuration_each_time(name: str) -> None:
    env = gym.make(f"hpo_gym/{name}-v0", budget=33, **VIEW)
    env.reset(seed=0)
    tried = {str(env.step(5)[-1]["config"]) for _ in range(33)}
    assert len(tried) == 33


def test_numbers_that_share_a_row_of_a_small_task_are_tried_together() -> None:
    env: Any = gym.make("hpo_gym/HPO-v0", suite="ToyRagged", budget=3, **VIEW)
    env.reset(seed=0)
    kernel = env.unwrapped.kernel
    rows = kernel.parts.codec.listed.at(kernel.contexts.batch)[kernel.runs.task[0]]
    assert len(np.unique(rows)) < len(rows), "the list is longer than the task"
    obs, *_ = env.step(7)
    same = rows == rows[7]
    assert same.sum() > 1 and np.array_equal(obs[2 + len(rows) :] > 0, same)
    assert np.array_equal(~kernel.parts.codec.masks(kernel.contexts, kernel.runs, untried=True)[0], same)


def test_the_list_is_the_same_on_every_split_and_begins_with_the_default() -> None:
    suite = hpo_gym.load_suite("Functions")
    x = draw_listed(suite, None, 16).x
    assert np.array_equal(x[0], suite.space.default_x) and np.array_equal(draw_listed(suite, None, 128).x[:1], x[:1])
    env: Any = gym.make("hpo_gym/Functions-v0", split="test", codec={"name": "candidates", "count": 16})
    assert np.array_equal(env.unwrapped.kernel.parts.codec.listed.x, x)


def test_a_count_out_of_range_is_refused() -> None:
    with pytest.raises(hpo_gym.InvalidValueError, match="`2 <= count <= 4096` must hold, got 1"):
        gym.make("hpo_gym/SVM-v0", codec={"name": "candidates", "count": 1})


def test_a_policy_with_candidates_is_judged_on_the_list_of_its_training(tmp_path: Any) -> None:
    sb3 = pytest.importorskip("stable_baselines3", reason="needs: pip install 'hpo-gym[rl]'")
    model = sb3.PPO("MlpPolicy", gym.make("hpo_gym/SVM-v0", **VIEW), n_steps=33, batch_size=33, seed=0)
    found = hpo_gym.benchmark(
        {"mine": model}, "SVM", tasks=2, seeds=1, budget=8, out=tmp_path, report=False, progress=False
    )
    trials = found.trials().query("optimizer == 'mine'")
    suite = hpo_gym.load_suite("SVM")
    listed = {str(suite.space.from_unit(x)) for x in draw_listed(suite, None, 128).x}
    assert found.failed_cells == 0 and len(trials) == 16
    assert {str(c) for c in trials["config"]} <= listed
    assert trials.groupby("task")["config"].apply(lambda c: c.map(str).nunique()).tolist() == [8, 8]
