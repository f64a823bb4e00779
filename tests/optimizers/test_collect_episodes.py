"""Episodes in a folder: what is written is read, and what is cut, changed, unfinished or of other data is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import toys

import hpo_gym
from hpo_gym import DamagedDataError, Episodes, InvalidValueError
from hpo_gym.problem import Status

SEEDS = np.array([2**64 - 1, 7], np.uint64)


def two(at: object = ((3, 0, 5), (1, -1, -1)), suite: str = "ToyPlain") -> Episodes:
    """An episode of three trials, and one of a single trial."""
    nan = np.nan
    return Episodes(
        hpo_gym.load_suite(suite), {"suite": suite, "split": "train"}, ("b", "a"), np.array([0, 1]), SEEDS,
        np.array(["random", "ga"]), np.array([3, 1]), np.array(at),
        np.array([[1.0, 1.0, 1.0], [0.5, 1.0, 1.0]]), np.array([[0.1, 0.25, -1 / 3], [1.0, nan, nan]]),
        np.array([[1.0, nan, 2.0], [0.5, nan, nan]]), np.array([[0, 1, 0], [0, 0, 0]], np.int8), np.array([1.5, 1 / 3]),
    )  # fmt: skip


def test_a_line_says_what_was_played_and_what_came_of_it() -> None:
    first, second = (json.loads(line) for line in two().lines())
    assert first == {
        "suite": "Plain", "task": "b", "family": "b", "seed": 2**64 - 1, "behaviour": "random", "at": [3, 0, 5],
        "scores": [0.1, 0.25, -1 / 3], "costs": [1.0, None, 2.0], "return": 1.5,
        "status": ["ok", Status(1).label, "ok"],
    }  # fmt: skip
    assert second == {
        "suite": "Plain", "task": "a", "family": "a", "seed": 7, "behaviour": "ga", "at": [1], "fidelity": [0.5],
        "scores": [1.0], "costs": [0.5], "return": 1 / 3,
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["rows", "points"])
def test_what_is_saved_is_read_to_the_bit(tmp_path: Path, kind: str) -> None:
    episodes = two()
    if kind == "points":
        x = np.random.default_rng(0).random((2, 3, 3))
        x[1, 1:] = np.nan
        episodes = replace(two(x, "ToyFormulas"), tasks=("levy-d3-s1", "sphere-d2-s0"))
    episodes.save(tmp_path)
    read = Episodes.read(tmp_path)
    assert read.tasks == episodes.tasks
    assert read.spec == episodes.spec
    assert len(read) == 2
    for name in ("task", "seed", "behaviour", "count", "at", "fidelity", "score", "cost", "status", "returns"):
        a, b = getattr(read, name), getattr(episodes, name)
        np.testing.assert_array_equal(a, b, name)
        assert a.dtype.kind == b.dtype.kind, name


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_cut_lines_are_refused(tmp_path: Path, cut: int) -> None:
    two().save(tmp_path)
    path = tmp_path / "episodes.jsonl"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DamagedDataError, match="cut or changed"):
        Episodes.read(tmp_path)


def test_a_changed_description_is_refused(tmp_path: Path) -> None:
    two().save(tmp_path)
    path = tmp_path / "episodes.json"
    path.write_text(path.read_text().replace('"train"', '"test"'))
    with pytest.raises(DamagedDataError, match="`checksum` must be"):
        Episodes.read(tmp_path)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    two().save(tmp_path)
    path = tmp_path / "episodes.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(DamagedDataError, match="`format` must be 1, got 2: newer ones need a newer hpo-gym"):
        Episodes.read(tmp_path)


def test_other_data_of_the_suite_are_refused(tmp_path: Path) -> None:
    replace(two(), suite=replace(toys.plain(), data_hash="0" * 64)).save(tmp_path)
    with pytest.raises(InvalidValueError, match="`data_hash` of 'Plain' must be that of the episodes, 00000000"):
        Episodes.read(tmp_path)
