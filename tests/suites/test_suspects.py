"""No relatives on two sides: suspects by their scores, and which of them were looked at and are none."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest
import toys
from numpy.typing import NDArray
from scipy.stats import spearmanr
from validity.suspects import LEAST, excesses, suspects

import hpo_gym
from hpo_builders import files
from hpo_gym.problem.suite import SUITES, Suite, fold_of, split_of

CLEARED: Mapping[str, Mapping[tuple[str, str], str]] = {
    # pairs that stand out and are no relatives; of `AutoML`, where scores of versions are .02 apart, all above 4 were
    # looked at
    "AutoML": {
        ("46", "991"): "splice and car: sequences and cars, alike in columns of categories alone; scores .17 apart",
        ("46", "40975"): "as 991, the same cars; scores .25 apart",
        ("46", "23381"): "splice and dresses-sales, alike in columns of categories; scores .34 apart",
        ("953", "23381"): "as 46, the same sequences; scores .34 apart",
        ("1475", "4538"): "first-order-theorem-proving and GesturePhaseSegmentation: 6,118 proofs, 9,873 gestures",
        ("1492", "4552"): "plant-shape and BachChoralHarmony: leaves and chords, alike in 100 classes of few rows",
        ("989", "6332"): "scores .16 apart; best balanced accuracies of .999 and .846",
    },
    "FineTune": {
        ("cifar100", "emnist_byclass"): "photographs and handwriting, alike in their many classes",
        ("cifar100", "imagenet_resized_32x32"): "other photographs, alike in size and in their many classes",
    },
}
"""By the names of tasks; in `FineTune`, whose tasks are variants of data sets, of data sets."""


def _found(suite: Suite) -> set[tuple[str, ...]]:
    pairs = {(s.one, s.other) for s in suspects(suite)}
    if suite.name != "FineTune":
        return set(pairs)
    return {tuple(sorted(task.split("-", 1)[1] for task in pair)) for pair in pairs}


@pytest.mark.parametrize("name", SUITES.names())
def test_every_suspect_was_looked_at(name: str) -> None:
    """A new pair fails: join its families, or clear it here with the reason. So does a pair that is no suspect now."""
    assert _found(hpo_gym.load_suite(name)) == CLEARED.get(name, {}).keys()


@pytest.mark.long
@pytest.mark.parametrize(
    ("task", "family", "relative"),
    [
        ("29", "openml-2", "40981"),
        ("13", "openml-2", "23499"),
        ("378", "openml-2", "382"),
        ("41945", "openml-41919", "1480"),
    ],
)
def test_a_map_without_a_join_is_caught(task: str, family: str, relative: str) -> None:
    suite = hpo_gym.load_suite("AutoML")
    members = tuple(dataclasses.replace(t, family=family) if t.name == task else t for t in suite.members)
    found = suspects(dataclasses.replace(suite, members=members, splits=None))
    assert {task, relative} in [{s.one, s.other} for s in found]


# ------------------------------------------------------------------------------------------------ the statistic
def _scores(tasks: int = 40, rows: int = 120, seed: int = 0) -> NDArray[np.float64]:
    """All share a pattern, the first two another one."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(tasks, rows)) + 2 * rng.normal(size=rows)
    scores[:2] += 2 * rng.normal(size=rows)
    return scores


def _suite(scores: NDArray[np.float64], families: list[str], **options: object) -> Suite:
    tasks = [f"t{i}" for i in range(len(scores))]
    space = toys.conditional_space()
    x = space.sample(np.random.default_rng(1), scores.shape[1])
    return hpo_gym.table_suite("Planted", space, x, scores, tasks=tasks, families=families, **options)  # type: ignore[arg-type]


def _apart(count: int) -> list[str]:
    """Families of which the first two stand on two sides."""
    second = next(f"b{i}" for i in range(99) if split_of(f"b{i}") != split_of("a"))
    return ["a", second, *(f"c{i}" for i in range(count - 2))]


@pytest.mark.long
def test_excess_is_what_a_slow_version_says() -> None:
    scores = _scores(104, 60)
    scores[3, :20] = scores[7, 10:30] = np.nan
    found = excesses(scores)
    k = len(scores)
    ranks = np.zeros(scores.shape)
    for i in range(k):
        there = ~np.isnan(scores[i])
        own = np.array(
            [np.sum(scores[i, there] < v) + (np.sum(scores[i, there] == v) + 1) / 2 for v in scores[i, there]]
        )
        ranks[i, there] = (own - own.mean()) / own.std()
    values, vectors = np.linalg.eigh(ranks.T @ ranks)
    for pattern in vectors[:, np.argsort(values)[::-1][: max(1, k // 50)]].T:
        ranks = ranks - np.outer(ranks @ pattern, pattern)
    left = np.full((k, k), np.nan)
    for i in range(k):
        for j in range(k):
            both = ~np.isnan(scores[i]) & ~np.isnan(scores[j])
            if i != j:
                left[i, j] = np.corrcoef(ranks[i, both], ranks[j, both])[0, 1]
    for i, j in [(0, 1), (3, 7), (3, 5), (20, 90)]:
        by_task = []
        for a, b in ((i, j), (j, i)):
            others = [left[a, c] for c in range(k) if c != a]
            middle = np.median(others)
            by_task.append((left[a, b] - middle) / (1.4826 * np.median(np.abs(np.array(others) - middle))))
        assert found[i, j] == found[j, i] == pytest.approx(min(by_task))


def test_planted_relatives_are_found_and_strangers_are_not() -> None:
    scores = _scores()
    (found,) = suspects(_suite(scores, _apart(40)))
    assert (found.one, found.other) == ("t0", "t1")
    assert found.excess >= LEAST
    assert found.correlation == pytest.approx(spearmanr(scores[0], scores[1]).statistic)
    assert found.gap == pytest.approx(np.abs(scores[0] - scores[1]).mean(), rel=1e-5)  # a table is of float32
    assert suspects(_suite(scores, _apart(40)), least=found.excess + 0.01) == ()


def test_relatives_on_one_side_are_no_suspects() -> None:
    assert suspects(_suite(_scores(), ["a", "a", *_apart(40)[2:]])) == ()


def test_relatives_in_one_split_but_two_folds_are_suspects() -> None:
    names = [f"b{i}" for i in range(99)]
    second = next(n for n in names if split_of(n) == split_of("a") and fold_of(n) != fold_of("a"))
    assert len(suspects(_suite(_scores(), ["a", second, *_apart(40)[2:]]))) == 1


def test_tasks_of_no_split_are_no_suspects() -> None:
    splits = {"train": [f"t{i}" for i in range(2, 40)], "test": ["t1"]}
    assert suspects(_suite(_scores(), [f"f{i}" for i in range(40)], splits=splits)) == ()


def test_a_constant_task_and_a_small_suite_have_no_suspects() -> None:
    scores = _scores()
    scores[5] = 1.0
    scores[6] = 1.0
    assert [(s.one, s.other) for s in suspects(_suite(scores, _apart(40)))] == [("t0", "t1")]
    assert suspects(_suite(scores[:29], _apart(29))) == ()


# ------------------------------------------------------------------------------------------------ one map
def test_the_families_of_all_suites_are_those_of_the_map() -> None:
    """Ids and names that the map does not hold have one family in all suites."""
    known = files.read_json(files.DATA / "families.json")["families"]
    seen: dict[str, str] = {}
    for suite in ("AutoML", "Curves", "MLPGrid", "Pipelines"):
        for task in hpo_gym.load_suite(suite).members:
            family = known.get(f"openml:{task.name}", task.family)
            assert task.family == family == seen.setdefault(task.name, family), (suite, task.name)
    for suite in ("SVM", "Linear", "Boosting", "MLP", "Studies"):
        for task in hpo_gym.load_suite(suite).members:
            assert task.family == known[f"data:{task.name}"], (suite, task.name)


def test_no_family_is_in_two_splits_or_folds() -> None:
    side: dict[str, tuple[str, tuple[str | None, ...]]] = {}
    for name in SUITES.names():
        suite = hpo_gym.load_suite(name)
        for task in suite.members:
            if (split := suite.split(task)) is not None:
                sides = split, tuple(suite.split(task, fold) for fold in range(5))
                assert side.setdefault(task.family, sides) == sides, (name, task.name)
