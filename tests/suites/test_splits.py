"""Splits by family and by suite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import toys

import hpo_gym
from hpo_builders.flat import LEAST, expected_random_regret
from hpo_gym.problem.suite import SUITES, split_of
from hpo_gym.problem.table import TableTask
from hpo_gym.suites.apart import check_apart
from hpo_gym.suites.load import leave_suite_out


def test_the_shares_are_about_60_15_25_and_the_folds_about_equal() -> None:
    suite = hpo_gym.load_suite("AutoML")
    families = {t.family for t in suite.members}
    shares = [sum(split_of(f) == split for f in families) / len(families) for split in ("train", "val", "test")]
    assert shares == pytest.approx([0.60, 0.15, 0.25], abs=0.03)
    folds = [suite.tasks("test", k) for k in range(5)]
    used = [t for t in suite.members if suite.split(t) is not None]
    assert sorted(t.name for fold in folds for t in fold) == sorted(t.name for t in used)
    assert all(0.13 < len(fold) / len(used) < 0.26 for fold in folds)


@pytest.mark.parametrize("name", SUITES.names())
def test_flat_tasks_and_no_others_are_left_out_of_splits_and_folds(name: str) -> None:
    suite = hpo_gym.load_suite(name)
    if suite.kind != "table" or name in ("FineTune", "ToyGappy", "ToyPlain", "ToyRagged", "ToyNoisy"):
        pytest.skip("no table, a toy, or flat by the range of scores")
    for task in suite.members:
        assert isinstance(task, TableTask)
        left_out = expected_random_regret(task.remembered().score) < LEAST
        assert (suite.split(task) is None) == left_out
        assert all((suite.split(task, fold) is None) == left_out for fold in range(5))


def test_a_data_set_has_one_family_under_all_its_names() -> None:
    """OpenML ids are task names of several suites; names of data sets and of image sets are in the map of families."""
    known = json.loads((Path(hpo_gym.__file__).parent / "data" / "families.json").read_text("utf-8"))["families"]
    by_id: dict[str, str] = {}
    for name in ("AutoML", "Curves", "Pipelines", "MLPGrid"):
        for task in hpo_gym.load_suite(name).members:
            assert by_id.setdefault(task.name, task.family) == task.family, (name, task.name)
            assert known.get(f"openml:{task.name}", task.family) == task.family, (name, task.name)
    for name in ("SVM", "Linear", "Boosting", "MLP", "Studies"):
        for task in hpo_gym.load_suite(name).members:
            assert known[f"data:{task.name}"] == task.family, (name, task.name)
    images = {t.name.split("-", 1)[1]: t.family for t in hpo_gym.load_suite("FineTune").members}
    nets = {t.name: t.family for t in hpo_gym.load_suite("NASBench201").members}
    assert images["cifar10"] == nets["cifar10"] and images["cifar100"] == nets["cifar100"]
    assert images["imagenette"] == nets["imagenet16-120"]
    for name, i in (("vehicle", 54), ("car", 40975), ("segment", 40984), ("phoneme", 1489), ("german", 31)):
        assert known[f"data:{name}"] == known[f"openml:{i}"], name


def test_a_suite_is_held_out() -> None:
    split = leave_suite_out("AutoML", ["Functions"])
    assert {t.suite for t in split.train} == {t.suite for t in split.val} == {"Functions"}
    assert split.test == hpo_gym.load_suite("AutoML").tasks("test")
    with pytest.raises(hpo_gym.InvalidValueError, match="held out"):
        leave_suite_out("AutoML", ["Functions", "AutoML"])


def test_relatives_of_a_test_task_are_left_out_of_other_suites() -> None:
    space = toys.conditional_space()
    x, scores = toys.plain().table.x, toys.plain().table.score[:3, :, 0]
    splits = {"train": ["a", "b"], "test": ["c"]}
    one = hpo_gym.table_suite("One", space, x, scores, tasks=list("abc"), families=["p", "q", "r"], splits=splits)
    two = hpo_gym.table_suite("Two", space, x, scores, tasks=list("abc"), families=["r", "s", "t"], splits=splits)
    assert [t.family for t in leave_suite_out(one, [two]).train] == ["s"]
    with pytest.raises(hpo_gym.SplitError, match="One/c and Two/a are of the family 'r'"):
        check_apart(one.tasks("test"), two.tasks("train"))
