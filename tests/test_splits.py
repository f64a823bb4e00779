"""Splits by family and by suite."""

from __future__ import annotations

import pytest
import toys

import hpo_gym
from hpo_gym.splits import Split, check_apart, leave_suite_out
from hpo_gym.suite import SUITES, split_of


def test_no_family_stands_on_two_sides_of_any_two_suites() -> None:
    """One split for all suites: what trains in one is never tested in another, where the split is by hash."""
    side: dict[str, str] = {}
    for name in SUITES.names():
        suite = hpo_gym.load_suite(name)
        for split in ("train", "val", "test"):
            for task in suite.tasks(split):
                assert side.setdefault(task.family, split) == split, (name, task.name)


def test_the_shares_are_about_60_15_25_and_the_folds_about_equal() -> None:
    suite = hpo_gym.load_suite("AutoML")
    families = {t.family for t in suite.members}
    shares = [sum(split_of(f) == split for f in families) / len(families) for split in ("train", "val", "test")]
    assert shares == pytest.approx([0.60, 0.15, 0.25], abs=0.03)
    folds = [suite.tasks("test", k) for k in range(5)]
    assert sorted(t.name for fold in folds for t in fold) == sorted(t.name for t in suite.members)
    assert all(0.14 < len(fold) / len(suite.members) < 0.26 for fold in folds)


def test_folds_turn_each_part_into_test_and_val_once() -> None:
    suite = hpo_gym.load_suite("AutoML")
    for k in range(5):
        assert suite.tasks("val", k) == suite.tasks("test", (k + 1) % 5)
        Split(suite.tasks("train", k), suite.tasks("val", k), suite.tasks("test", k))


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
