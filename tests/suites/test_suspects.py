"""No relatives on two sides: suspects by their scores, and which of them were looked at and are none."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest
import toys
from numpy.typing import NDArray
from scipy.stats import spearmanr
from validity.suspects import LEAST, suspects

import hpo_gym
from hpo_gym.problem.suite import SUITES, Suite, split_of

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


def test_planted_relatives_are_found_and_strangers_are_not() -> None:
    scores = _scores()
    (found,) = suspects(_suite(scores, _apart(40)))
    assert (found.one, found.other) == ("t0", "t1")
    assert found.excess >= LEAST
    assert found.correlation == pytest.approx(spearmanr(scores[0], scores[1]).statistic)
    assert found.gap == pytest.approx(np.abs(scores[0] - scores[1]).mean(), rel=1e-5)  # a table is of float32
    assert suspects(_suite(scores, _apart(40)), least=found.excess + 0.01) == ()


# ------------------------------------------------------------------------------------------------ one map


def test_no_family_is_in_two_splits_or_folds() -> None:
    side: dict[str, tuple[str, tuple[str | None, ...]]] = {}
    for name in SUITES.names():
        suite = hpo_gym.load_suite(name)
        for task in suite.members:
            if (split := suite.split(task)) is not None:
                sides = split, tuple(suite.split(task, fold) for fold in range(5))
                assert side.setdefault(task.family, sides) == sides, (name, task.name)
