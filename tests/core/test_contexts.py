"""Known answers of `Contexts`: meta-features, the oracle, and which rows and points an instance draws."""

from __future__ import annotations

import math
from typing import Any

import core_toys as toys
import numpy as np
import pytest
from core_toys import mixed

import hpo_gym
from hpo_gym.env.runs.contexts import Contexts, given_points
from hpo_gym.env.runs.view import view_of
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.nearest.pool import draw_rows
from hpo_gym.problem.prior import Scale
from hpo_gym.problem.task import pooled

GIVEN, CANDIDATES = 11, 13  # salts: commitments, as every recorded run depends on them


def instances(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint64)


def which(*numbers: int) -> np.ndarray:
    return np.array(numbers)


# ---------------------------------------------------------------------------------------------- the draw of rows
def permuted(position: int, size: int, key: int, most: int) -> int:
    """Four rounds of a Feistel network over an even number of bits, walked until it falls below `size`."""
    bits = (most - 1).bit_length()
    half = (bits + bits % 2) // 2
    low, value = (1 << half) - 1, position
    while True:
        left, right = value >> half, value & low
        for r in range(4):
            left, right = right, left ^ (mixed((key + right) % 2**64, r) & low)
        value = left << half | right
        if value < size:
            return value


def rows_by_hand(instance: int, count: int, salt: int, rows: list[int], most: int) -> list[int]:
    key = mixed(instance, salt)
    return [rows[permuted(i % len(rows), len(rows), key, most)] for i in range(count)]


def test_rows_are_a_keyed_permutation_of_those_that_were_measured() -> None:
    batch = batch_of(toys.levels().members)
    got = draw_rows(batch.measured_first, which(0, 1, 0, 1), instances(5, 5, 6, 2**64 - 1), 4, 99)
    a, b = [0, 1, 2], [0, 1, 2, 3]  # row 3 is not measured on a, and what fails is
    assert got.tolist() == [
        rows_by_hand(5, 4, 99, a, 4), rows_by_hand(5, 4, 99, b, 4), rows_by_hand(6, 4, 99, a, 4),
        rows_by_hand(2**64 - 1, 4, 99, b, 4),
    ]  # fmt: skip
    assert got.tolist() == [[2, 1, 0, 2], [2, 1, 0, 3], [2, 0, 1, 2], [3, 0, 2, 1]]
    assert got.dtype == np.int64
    for row, size in zip(got.tolist(), (3, 4, 3, 4), strict=True):
        assert len(set(row[:size])) == size  # distinct while there are enough, then from the start
        assert row[size:] == row[: 4 - size]


@pytest.mark.parametrize("m", [1, 2, 3, 5, 17, 33, 65])
def test_pools_of_any_size_are_permuted_whole(m: int) -> None:
    x = np.linspace(0, 1, m)[:, None]
    column = {**toys.COLUMN, "name": "u"}
    space = hpo_gym.SearchSpace({"hyperparameters": [column], "conditions": [], "forbiddens": []})
    batch = batch_of(hpo_gym.table_suite("Line", space, x, np.arange(m)[None] * 1.0).members)
    for instance in (0, 1, 12345):
        (got,) = draw_rows(batch.measured_first, which(0), instances(instance), m, CANDIDATES).tolist()
        assert sorted(got) == list(range(m))
        assert got == rows_by_hand(instance, m, CANDIDATES, list(range(m)), max(m, 2))


def test_unmeasured_rows_come_last() -> None:
    rows, sizes = pooled(batch_of(toys.levels().members)).measured_first
    assert rows.tolist() == [[0, 1, 2, 3], [0, 1, 2, 3]] and sizes.tolist() == [3, 4]
    gap = np.array([[[np.nan], [1.0], [np.nan], [2.0]]])
    suite = hpo_gym.table_suite("Gaps", toys.SPACE, np.array(toys.X), gap[:, :, 0])
    rows, sizes = pooled(batch_of(suite.members)).measured_first
    assert rows.tolist() == [[1, 3, 0, 2]] and sizes.tolist() == [2]


# ---------------------------------------------------------------------------------------------- given points
def test_given_rows_are_the_first_of_a_draw_by_the_world() -> None:
    batch = batch_of(toys.levels().members)
    got = given_points(batch, which(0, 1), instances(5, 5), 2)
    a, b = rows_by_hand(5, 2, GIVEN, [0, 1, 2], 4), rows_by_hand(5, 2, GIVEN, [0, 1, 2, 3], 4)
    assert got.tolist() == [[a[0], b[0]], [a[1], b[1]]] == [[2, 3], [1, 1]]
    more = given_points(batch, which(0, 1), instances(5, 5), 3)
    assert more[:2].tolist() == got.tolist()  # fewer are the first of more


def test_given_points_off_a_table_are_uniform_by_the_world() -> None:
    batch = batch_of(toys.slopes().members)
    got = given_points(batch, which(0, 1), instances(5, 6), 2)
    assert got.shape == (2, 2, 2)
    for i, instance in enumerate((5, 6)):
        keys = [mixed(instance, (GIVEN << 32) + j) for j in range(4)]
        u = [((key >> 11) + 0.5) * 2.0**-53 for key in keys]
        assert got[:, i].ravel().tolist() == pytest.approx(u, abs=2.0**-32)  # the grid of floats
    assert got[0, 0].tolist() == pytest.approx([0.9370228271, 0.8754412776], abs=1e-9)


# ---------------------------------------------------------------------------------------------- contexts
def contexts(suite: Any, **more: Any) -> Contexts:
    return Contexts(suite.space, view_of(batch_of(suite.members)), 3.0, **more)


def test_candidates_are_drawn_by_the_world_with_a_salt_of_their_own() -> None:
    given = contexts(toys.square(), candidates=3)
    got = given.rows(which(0, 1), instances(5, 7))
    assert got.tolist() == [rows_by_hand(w, 3, CANDIDATES, [0, 1, 2, 3], 4) for w in (5, 7)] == [[3, 0, 2], [1, 2, 0]]


def test_candidates_follow_the_world_where_some_runs_begin_anew_or_go_to_another_task() -> None:
    given = contexts(toys.square(), candidates=3)
    drawn = {(t, w): rows_by_hand(w, 3, CANDIDATES, [0, 1, 2, 3], 4) for t in (0, 1) for w in (5, 7, 9)}
    task, instance = which(0, 1, 0), instances(5, 7, 9)
    first = given.rows(task, instance)
    assert first.tolist() == [drawn[0, 5], drawn[1, 7], drawn[0, 9]]
    assert given.rows(task, instance) is first and not first.flags.writeable
    instance[1] = 9  # the arrays of runs are written in place
    assert given.rows(task, instance).tolist() == [drawn[0, 5], drawn[1, 9], drawn[0, 9]]
    task[0], instance[0] = 1, 7
    assert given.rows(task, instance).tolist() == [drawn[1, 7], drawn[1, 9], drawn[0, 9]]
    assert given.rows(task[:2], instance[:2]).tolist() == [drawn[1, 7], drawn[1, 9]]
    assert first.tolist() == [drawn[0, 5], drawn[1, 7], drawn[0, 9]]


def test_meta_features_are_standardised_logarithms_and_flags() -> None:
    meta = [{"rows": 9.0, "skew": -3.0}, {"rows": None, "skew": 1.0, "other": 5.0}, {}]
    scores = np.ones((3, 4)) * [[0.0], [1.0], [2.0]] + np.arange(4)
    suite = hpo_gym.table_suite("Meta", toys.SPACE, np.array(toys.X), scores, meta_features=meta)
    scale = Scale(meta_names=("rows", "skew"), meta_mean=(math.log(10), 0.0), meta_sd=(2.0, math.log(2)))
    got = contexts(suite, scale=scale).meta
    assert got.dtype == np.float32
    assert got.tolist() == pytest.approx(
        np.array([[0, -2, 1, 1], [0, 1, 0, 1], [0, 0, 0, 0]]), abs=1e-6
    )  # log 10 is the mean; -log 4 is -2 log 2; log 2 is one deviation
    wider = Scale(meta_names=("rows",), meta_mean=(math.log(10) - 1.0,), meta_sd=(0.5,))
    assert contexts(suite, scale=wider).meta.tolist() == [[2, 1], [0, 0], [0, 0]]


def test_defaults_are_plain() -> None:
    given = contexts(toys.square())
    assert (given.candidates, given.n_init, given.horizon, given.fidelities) == (None, 0, 0, (1.0,))
    assert given.scale == Scale(0.0, 1.0, 1.0, (), (), ())
    assert given.meta.shape == (2, 0)
