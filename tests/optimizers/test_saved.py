"""Files of trained optimizers: what was written is read, and nothing else."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpo_gym
from hpo_gym.base.errors import DamagedDataError, InvalidValueError, StorageFullError, UnknownNameError
from hpo_gym.optimize.learning.folders import ABOUT, ARRAYS, WEIGHTS, read_about, shipped
from hpo_gym.optimize.learning.saved import read_saved, write_saved
from hpo_gym.suites.load import load_suite
from hpo_gym.system.storage.whole import checksum

THINGS = {"q": np.arange(6.0).reshape(2, 3), "n": np.array([1, 2]), "t": np.arange(6.0).reshape(2, 3).T}
SAYS: dict[str, Any] = {"version": 3, "settings": {"a": 1}, "suites": ["SVM", "my own"], "seen": ["f"]}


def changed(folder: Path, **about: Any) -> None:
    """The file with other words, as somebody writes it who knows the checksum."""
    head = json.loads((folder / ABOUT).read_text()) | about
    del head["checksum"]
    (folder / ABOUT).write_text(json.dumps({**head, "checksum": checksum(head)}))


@pytest.mark.parametrize("weights", [False, True])
def test_what_was_written_is_read(tmp_path: Path, weights: bool) -> None:
    if weights:
        pytest.importorskip("safetensors")
    for folder in ("a", "b"):
        write_saved(tmp_path / folder, "thing", SAYS, THINGS, weights=weights)
    about, arrays = read_saved(tmp_path / "a", "thing", 3)
    assert SAYS.items() <= about.items()
    assert about["data"] == {"SVM": load_suite("SVM").data_hash}
    assert arrays.keys() == THINGS.keys()
    for name, value in THINGS.items():
        np.testing.assert_array_equal(arrays[name], value)
        assert arrays[name].dtype == value.dtype
    for file in (ABOUT, WEIGHTS if weights else ARRAYS):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("which", [0, 1])
def test_every_flipped_bit_and_every_cut_is_found(tmp_path: Path, weights: bool, which: int) -> None:
    if weights:
        pytest.importorskip("safetensors")
    write_saved(tmp_path, "thing", SAYS, THINGS, weights=weights)
    path = tmp_path / (ABOUT, WEIGHTS if weights else ARRAYS)[which]
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for i in rng.choice(8 * len(whole), 150, replace=False):
        data = bytearray(whole)
        data[i // 8] ^= 1 << (i % 8)
        path.write_bytes(data)
        with pytest.raises(DamagedDataError, match=path.name.replace(".", r"\.")):
            read_saved(tmp_path, "thing", 3)
    for end in rng.choice(len(whole) - 1, 50, replace=False):
        path.write_bytes(whole[:end])
        with pytest.raises(DamagedDataError):
            read_saved(tmp_path, "thing", 3)
    path.unlink()
    with pytest.raises(DamagedDataError, match="missing"):
        read_saved(tmp_path, "thing", 3)


def test_another_optimizer_version_or_format_is_refused(tmp_path: Path) -> None:
    write_saved(tmp_path, "thing", SAYS, THINGS)
    with pytest.raises(DamagedDataError, match=r"must be \('other', 3\)"):
        read_saved(tmp_path, "other", 3)
    with pytest.raises(DamagedDataError, match=r"must be \('thing', 4\)"):
        read_saved(tmp_path, "thing", 4)
    changed(tmp_path, arrays="../arrays.npz")
    with pytest.raises(DamagedDataError, match="`arrays`"):
        read_saved(tmp_path, "thing", 3)
    changed(tmp_path, format=2)
    with pytest.raises(DamagedDataError, match="`format` must be 1"):
        read_about(tmp_path)


def test_a_full_disk_leaves_what_was_saved_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_saved(tmp_path, "thing", SAYS, THINGS)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(StorageFullError, match=r"arrays\.npz could not be written"):
        patch.setattr(os, "fsync", full)
        write_saved(tmp_path, "thing", SAYS, {"q": np.zeros(2)})
    assert read_saved(tmp_path, "thing", 3)[1].keys() == THINGS.keys()
    assert sorted(p.name for p in tmp_path.iterdir()) == [ARRAYS, ABOUT]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, bad: float) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    name, source = next((read_about(p)["optimizer"], p) for n, p in shipped().items() if n.startswith("ppo-pool"))
    about = read_about(source)
    arrays = {k: v.copy() for k, v in read_saved(source, name, about["version"])[1].items()}
    write_saved(tmp_path / "same", name, about, arrays, weights=True)
    assert hpo_gym.load(tmp_path / "same")
    arrays[max(arrays)].flat[-1] = bad
    write_saved(tmp_path / "bad", name, about, arrays, weights=True)
    with pytest.raises(DamagedDataError, match="must be finite, got NaN or infinity"):
        hpo_gym.load(tmp_path / "bad")


def test_load_knows_folders_and_shipped_names_only(tmp_path: Path) -> None:
    agent: Any = hpo_gym.make_optimizer("q-learning", steps=400, candidates=8)
    suite = load_suite("SVM")
    agent.train(suite.tasks("train"), np.random.default_rng(0))
    agent.save(tmp_path)
    loaded: Any = hpo_gym.load(tmp_path)
    task = suite.tasks("test")[0]
    assert type(loaded) is type(agent)
    assert hpo_gym.rollout(loaded, task, 5).configs == hpo_gym.rollout(agent, task, 5).configs
    for wrong in ("no-such", tmp_path / "no-such"):
        with pytest.raises(InvalidValueError, match="must be one of"):
            hpo_gym.load(wrong)
    changed(tmp_path, optimizer="os")
    with pytest.raises(UnknownNameError, match="no registered optimizer"):
        hpo_gym.load(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(shipped()))
def test_what_is_shipped_loads_and_tunes_a_test_task(name: str) -> None:
    head = read_about(shipped()[name])
    optimizer: Any = hpo_gym.load(name)
    suite = load_suite(head["suites"][0])
    task = suite.tasks("test")[0]
    assert task.family not in optimizer.seen
    assert len(hpo_gym.rollout(optimizer, task, 4, prior=suite.prior())) == 4
    trained = {t.family for split in ("train", "val") for s in head["suites"] for t in load_suite(s).tasks(split)}
    assert optimizer.seen <= trained
