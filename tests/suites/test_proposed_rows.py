"""Rows that an optimizer proposed by a task's own scores: known of it as an earlier task, and never its candidates."""

from __future__ import annotations

import json
from pathlib import Path

import ConfigSpace as cs
import numpy as np
import pytest

from hpo_gym.base import DamagedDataError
from hpo_gym.problem import Status
from hpo_gym.suites.own.constrained import constrained
from hpo_gym.suites.own.files import checksum
from hpo_gym.suites.own.suite import TableSuite, load_folder, table_suite

X = [[[0.1], [0.5], [0.9], [0.3]], [[0.2], [0.6], [0.8], [0.4]]]
SCORES = [[1.0, 2.0, 3.0, 9.0], [2.0, 1.0, 4.0, 8.0]]


def saved(folder: Path, proposed: int, **change: object) -> Path:
    """A folder of two tasks of four rows, the last `proposed` of them no candidates."""
    whole = table_suite(
        "Own", cs.ConfigurationSpace({"a": (0.0, 1.0)}), [np.array(x) for x in X], SCORES, tasks=["one", "two"],
        test_scores=[[-s for s in row] for row in SCORES], costs=[[1.0, 2.0, 3.0, 4.0]] * 2,
        splits={"train": ["one"], "test": ["two"]},
    )  # fmt: skip
    whole.save(folder)
    said = {**json.loads((folder / "suite.json").read_text()), "proposed": proposed, **change}
    (folder / "suite.json").write_text(json.dumps({**said, "checksum": checksum(said)}))
    return folder


def test_candidates_best_and_answers_are_without_what_was_proposed(tmp_path: Path) -> None:
    suite = load_folder(saved(tmp_path, 1))
    two = suite.task("two")
    assert two.pool is not None and two.pool[:, 0] == pytest.approx([0.2, 0.6, 0.8], abs=1e-6)
    assert (two.best, two.worst) == (4.0, 1.0)
    assert two.run({"a": 0.4}).score == 2.0, "the nearest candidate answers, 0.4 is none"
    assert two.evaluations().score.tolist() == [2.0, 1.0, 4.0]


def test_an_earlier_task_is_known_by_all_of_its_rows(tmp_path: Path) -> None:
    (known,) = load_folder(saved(tmp_path, 2)).prior()
    assert known.x[:, 0] == pytest.approx([0.1, 0.5, 0.9, 0.3], abs=1e-6)
    assert known.score.tolist() == SCORES[0] and known.cost.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert known.status.tolist() == [Status.OK] * 4
    assert known.further[0].score.tolist() == [-1.0, -2.0, -3.0, -9.0]


def test_a_suite_with_such_rows_is_kept_as_it_was(tmp_path: Path) -> None:
    suite = load_folder(saved(tmp_path / "a", 1))
    suite.save(tmp_path / "b")
    again = load_folder(tmp_path / "b")
    assert again.data_hash == suite.data_hash != load_folder(saved(tmp_path / "c", 2)).data_hash
    assert json.loads((tmp_path / "b" / "suite.json").read_text())["proposed"] == 1
    assert again.prior()[0].score.tolist() == SCORES[0]


def test_constraints_hold_for_what_was_proposed_too(tmp_path: Path) -> None:
    suite = constrained(load_folder(saved(tmp_path, 1)), {"cost": 2.5})
    assert suite.prior()[0].status.tolist() == [Status.OK, Status.OK, Status.INFEASIBLE, Status.INFEASIBLE]


def test_a_part_of_the_tasks_keeps_their_rows(tmp_path: Path) -> None:
    part = load_folder(saved(tmp_path, 1)).table.part([1])
    assert part.proposed is not None and part.proposed.score[:, :, 0].tolist() == [[8.0]]


@pytest.mark.parametrize("count", [4, 7])
def test_candidates_must_be_left(tmp_path: Path, count: int) -> None:
    with pytest.raises(DamagedDataError, match=f"`proposed` must be rows of larger pools.*got {count} of 4 rows each"):
        load_folder(saved(tmp_path, count))


def test_a_pool_that_tasks_share_has_none(tmp_path: Path) -> None:
    shared = table_suite("Shared", cs.ConfigurationSpace({"a": (0.0, 1.0)}), X[0], SCORES)
    assert isinstance(shared, TableSuite)
    shared.save(tmp_path)
    said = {**json.loads((tmp_path / "suite.json").read_text()), "proposed": 1}
    (tmp_path / "suite.json").write_text(json.dumps({**said, "checksum": checksum(said)}))
    with pytest.raises(DamagedDataError, match="got 1 of one for all tasks"):
        load_folder(tmp_path)
