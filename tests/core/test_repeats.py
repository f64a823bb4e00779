"""Tables with several seeds of a cell: what is served, what is reported, and that all ways to ask agree."""

import gymnasium as gym
import numpy as np
import pytest
import toys

from hpo_gym.base.errors import DamagedDataError, InvalidValueError
from hpo_gym.problem.trial import Status
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.own.suite import table_suite


def served(task, row, f):
    """What an evaluation of a cell may give."""
    t = task.table
    if t.failed[task.index, row, f]:
        return {float(t.served[task.index, row, f])}
    a = t.repeats[task.index, row, f]
    return set(a[~np.isnan(a)].astype(float).tolist())


def test_an_evaluation_gives_a_repeat_and_every_repeat_comes_as_often():
    task = toys.noisy().task("a")
    row = int(np.flatnonzero(task.measured & ~task.table.failed[task.index, :, 2])[3])
    config = task.space.from_unit(task.pool[row])
    scores = [task.run(config, 1.0, seed).score for seed in range(600)]
    expected = served(task, row, 2)
    assert set(scores) == expected
    for value in expected:
        assert abs(scores.count(value) / 600 - 1 / len(expected)) < 0.08


def test_the_same_world_gives_the_same_score_and_fidelities_and_tasks_differ():
    suite = toys.noisy()
    a, b = suite.task("a"), suite.task("b")
    keys = np.concatenate([t.cell_keys.reshape(-1) for t in (a, b)])
    assert len(np.unique(keys)) == len(keys)
    config = a.space.from_unit(a.pool[np.flatnonzero(a.measured)[0]])
    assert a.run(config, 1.0, 5) == a.run(config, 1.0, 5)


def test_a_failed_cell_is_served_as_a_failure_whatever_its_seeds():
    task = toys.noisy().task("d")
    row = int(np.flatnonzero(task.measured & task.table.failed[task.index, :, 2])[0])
    trials = [task.run(task.space.from_unit(task.pool[row]), 1.0, seed) for seed in range(20)]
    assert {t.status for t in trials} == {Status.FAILED} and len({t.score for t in trials}) == 1


def test_a_repeated_configuration_has_its_stored_score_and_another_episode_another_draw():
    env = gym.make("hpo_gym/HPO-v0", suite="ToyNoisy", codec="pool", budget=6)
    drawn = set()
    for seed in range(30):
        env.reset(seed=seed, options={"task": "a"})
        scores = {env.step(1)[4]["score"] for _ in range(4)}
        assert len(scores) == 1
        drawn |= scores
    assert len(drawn) > 1


def test_repeats_survive_the_disk(tmp_path):
    suite = toys.noisy()
    suite.save(tmp_path)
    again = load_suite(tmp_path)
    assert np.array_equal(again.table.repeats, suite.table.repeats, equal_nan=True)
    assert again.data_hash == suite.data_hash
    t, u = suite.task("g"), again.task("g")
    for row in np.flatnonzero(t.measured)[:5]:
        config = t.space.from_unit(t.pool[row])
        assert t.run(config, 1.0, 7) == u.run(config, 1.0, 7)


def with_repeats(repeats, scores=((0.5, 1.0),)):
    return table_suite("T", toys.conditional_space(), POINTS, np.array(scores), repeats=repeats)


POINTS = toys.conditional_space().sample(np.random.default_rng(0), 2)
GOOD = np.array([[[0.25, 0.75], [1.0, np.nan]]])


@pytest.mark.parametrize(
    "repeats, rule",
    [
        (GOOD[..., 0], "must be floats of shape"),
        (np.ones((1, 2, 2), int), "must be floats of shape"),
        (GOOD[:, :1], "must be floats of shape"),
        (np.where(np.isnan(GOOD), np.inf, GOOD), r"must be finite, -inf \(failed\) or NaN"),
        (np.where(GOOD == 1.0, np.nan, GOOD), "there is none"),
        (GOOD + 0.1, "must be the means of `repeats`"),
    ],
)
def test_wrong_repeats_are_refused(repeats, rule):
    with pytest.raises(InvalidValueError, match=rule):
        with_repeats(repeats)


def test_good_repeats_are_taken_and_foreign_ones_on_the_disk_are_damage(tmp_path):
    suite = with_repeats(GOOD)
    suite.save(tmp_path)
    assert load_suite(tmp_path).table.repeats.shape == (1, 2, 1, 2)
    from hpo_gym.suites.own import files as table_files

    said, arrays = table_files.read_folder(tmp_path)
    about = said.model_dump(exclude={"format", "sha256", "bytes", "checksum"}, exclude_unset=True)
    table_files.write_folder(tmp_path, about, {**arrays, "repeats": arrays["repeats"] + np.float64(1)})
    with pytest.raises(DamagedDataError, match="means of `repeats`"):
        load_suite(tmp_path)
