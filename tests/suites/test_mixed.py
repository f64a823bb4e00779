"""Several suites at once: what a task is there, what is padded, and what is left out where one suite is held out."""

from __future__ import annotations

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

import hpo_gym
from hpo_gym.problem.batches import MixedBatch, MixedPool, batch_of
from hpo_gym.problem.task import PoolBatch
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.mixed import held_out, mixed
from hpo_gym.suites.tasks.function import unit_space

SPACE = ConfigurationSpace({"a": (0.0, 1.0), "b": (0.0, 1.0), "c": (0.0, 1.0)})


def narrow() -> hpo_gym.Suite:
    """Two columns, three rows, a task to learn from and one to test on."""
    x = np.array([[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]])
    scores = np.array([[1.0, 2.0, 3.0], [6.0, 5.0, 4.0]])
    return hpo_gym.table_suite(
        "Narrow", unit_space(2), x, scores, tasks=["a", "b"], families=["na", "nb"],
        splits={"train": ["a"], "test": ["b"]},
    )  # fmt: skip


def wide() -> hpo_gym.Suite:
    """Three columns, four rows of which one failed, one was not measured on b; two fidelities, costs."""
    x = np.array([[0.0, 0.0, 0.0], [0.5, 0.0, 1.0], [1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    full = np.array([[10.0, 20.0, -np.inf, 40.0], [80.0, 70.0, np.nan, 50.0]])
    scores = np.stack([full / 10.0, full], -1)
    cost = np.broadcast_to([2.0, 9.0], scores.shape)
    return hpo_gym.table_suite(
        "Wide", SPACE, x, scores, costs=cost, fidelities=(0.25, 1.0), tasks=["a", "b"], families=["wa", "nb"],
        splits={"train": ["a"], "test": ["b"]},
    )  # fmt: skip


def both() -> hpo_gym.Suite:
    return mixed([narrow(), wide()])


def test_tasks_keep_their_split_and_have_the_name_of_their_suite():
    suite = both()
    assert suite.name == "Narrow,Wide" and suite.space.d == 3
    assert [t.name for t in suite.tasks("train")] == ["Narrow/a", "Wide/a"]
    assert [t.name for t in suite.tasks("test")] == ["Narrow/b", "Wide/b"]
    assert suite.prior() == (), "no task is in the space of the suite"
    assert len({both().data_hash, mixed([wide(), narrow()]).data_hash}) == 2


def test_a_pool_holds_the_rows_of_each_and_lacks_the_last_of_the_shorter():
    batch = batch_of(both().members, 3)
    assert isinstance(batch, MixedPool) and (batch.m, batch.d, batch.one_pool, batch.complete) == (4, 3, False, False)
    assert batch.measured.tolist() == [[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 1], [1, 1, 0, 1]]
    task, rows = np.array([0, 1, 2, 3, 1]), np.array([2, 0, 1, 3, 3])
    assert batch.measured_rows(task, rows).tolist() == [2, 0, 1, 3, 2], "past the end the last row answers"
    assert batch.points(task[:4], rows[:4]).tolist() == [[1, 1, 0.5], [0, 0, 0.5], [0.5, 0, 1], [1, 0, 0]]
    instance = np.zeros(4, np.uint64)
    assert batch.evaluate(batch.base(task[:4]), rows[:4], None, instance)[0].tolist() == [3.0, 6.0, 20.0, 50.0]
    cost, status = batch.outcome(batch.base(np.array([0, 2, 2])), np.array([1, 1, 2]), np.array([1.0, 0.25, 1.0]))
    assert cost.tolist() == [1.0, 2.0, 9.0] and status.tolist() == [0, 0, 1]
    assert batch.outcome_of(2, 1, 0.25) == (2.0, 0) and batch.score_of(3 * 4, 1, instance[:1]) == 70.0
    assert batch.config(1, 2) == {"x0": 1.0, "x1": 1.0}


@pytest.mark.parametrize("codec", ["box", "pool"])
def test_an_episode_is_that_of_the_task_alone(codec):
    env = hpo_gym.HPOEnv(both(), codec=codec, budget=4)
    alone = {s.name: hpo_gym.HPOEnv(s, codec=codec, budget=4) for s in (narrow(), wide())}
    for name in ("Narrow/a", "Wide/a"):
        suite, _, task = name.partition("/")
        single = alone[suite]
        env.reset(seed=1, options={"task": name})
        single.reset(seed=1, options={"task": task})
        for row in (0, 2, 1):
            action = row if codec == "pool" else np.array([row - 1.0, row - 1.0, 0.0], np.float32)
            own = action if codec == "pool" else action[: single.action_space.shape[0]]
            _, reward, _, _, info = env.step(action)
            _, expected, _, _, known = single.step(own)
            assert reward == expected and info["config"] == known["config"]
            assert (info["status"], info["cost"]) == (known["status"], known["cost"])


def test_a_table_and_functions_are_mixed_by_points():
    suite = load_suite("SVM,Functions")
    batch = batch_of(suite.tasks("train"), suite.space.d)
    assert isinstance(batch, MixedBatch) and not isinstance(batch, PoolBatch)
    svm = next(j for j, t in enumerate(batch.tasks) if t.suite == "SVM")
    function = next(j for j, t in enumerate(batch.tasks) if t.suite == "Functions")
    task, x = np.array([svm, function]), np.full((2, batch.d), 0.3)
    at = batch.place(task, x)
    score, reported = batch.evaluate(batch.base(task), at, None, np.zeros(2, np.uint64))
    one, other = load_suite("SVM").tasks("train")[0], load_suite("Functions").tasks("train")[0]
    row = one.rows(one.space.snap(x[:1, : one.space.d]))
    assert at[0, : one.space.d].tolist() == one.pool[row[0]].tolist(), "the row that answers"
    assert score[0] == one.noise_free(one.pool[row])[0] and reported.score[1] == score[1]
    assert score[1] == pytest.approx(other.noise_free(other.space.snap(x[:1, : other.space.d]))[0])


@pytest.mark.long
def test_envs_of_several_suites_keep_the_contract():
    hpo_gym.check_suite(load_suite("SVM,MLP"))
    hpo_gym.check_env(hpo_gym.HPOEnv("SVM,MLP", budget=4), processes=False, render=False)
    hpo_gym.check_env(hpo_gym.HPOEnv("SVM,MLP", codec="pool", observer="pool", budget=4), processes=False, render=False)
    envs = hpo_gym.HPOVectorEnv(64, "SVM,MLP", autoreset_mode="SAME_STEP", budget=3)
    envs.reset(seed=0)
    envs.action_space.seed(0)
    seen = {name.split("/")[0] for _ in range(9) for name in envs.step(envs.action_space.sample())[4]["task"]}
    assert seen == {"SVM", "MLP"}


@pytest.mark.parametrize(
    "name, said",
    [("SVM,SVM", "each once"), ("SVM,", "two suites or more"), ("SVM,Trainings", "'Trainings' of kind 'training'")],
)
def test_what_cannot_be_mixed_is_refused(name, said):
    with pytest.raises(hpo_gym.InvalidValueError, match=said):
        load_suite(name)


# ---------------------------------------------------------------------------------------------- held out
def test_a_held_out_suite_gives_only_its_test_tasks():
    suite = held_out(narrow(), [wide()])
    assert suite.name == "Wide->Narrow" and [t.name for t in suite.members] == ["Wide/a", "Narrow/b"]
    assert [t.name for t in suite.tasks("train")] == ["Wide/a"] and [t.name for t in suite.tasks("test")] == [
        "Narrow/b"
    ]
    assert suite.prior() == () and suite.scale().mean == pytest.approx((10.0 + 20.0 + 40.0) / 3)
    assert held_out(wide(), [narrow()]).space == wide().space, "the widest is its own"
