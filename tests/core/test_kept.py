"""Scores that earlier tasks foretell are kept on the disk: the same bits with and without, and damage is only time."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpo_gym
from hpo_baselines._transfer import kept, surrogate
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.space.forms import read_space

SPACE: SearchSpace = read_space({"a": (0.0, 1.0), "b": (0.0, 1.0)})
X = SPACE.sample(np.random.default_rng(9), 50)


def tasks(count: int = 3, points: int = 200) -> tuple[Evaluations, ...]:
    """Tasks that were measured at points of their own; each call makes new objects of the same numbers."""
    found = []
    for i in range(count):
        rng = np.random.default_rng(i)
        x = SPACE.sample(rng, points)
        y = -((x - rng.random(2)) ** 2).sum(1)
        found.append(Evaluations(f"t{i}", f"t{i}", x, y, np.ones(points), np.zeros(points, np.int8)))
    return tuple(found)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, in which everything is kept, however quick it is."""
    monkeypatch.setenv(kept.ENVIRONMENT, str(tmp_path / "kept"))
    monkeypatch.setattr(surrogate, "DEAR", 0.0)
    return tmp_path / "kept"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks whose surrogate was made."""
    names, real = list[str](), surrogate.surrogate_of
    monkeypatch.setattr(surrogate, "surrogate_of", lambda space, e: names.append(e.name) or real(space, e))
    return names


# ---------------------------------------------------------------------- what is kept, and when it is read
def test_what_is_read_has_the_bits_of_what_was_computed(home: Path, made: list[str]) -> None:
    first = surrogate.table_at(SPACE, tasks(), X)
    assert made == ["t0", "t1", "t2"] and len(list(home.iterdir())) == 1
    made.clear()
    again = surrogate.table_at(SPACE, tasks(), X)
    alone = np.stack([surrogate.Surrogate(SPACE, e)(X) for e in tasks()])
    assert made == [] and again.tobytes() == first.tobytes() == alone.tobytes()


@pytest.mark.parametrize("change", ["score", "status", "x", "points", "order", "space", "code", "library"])
def test_what_follows_from_something_else_is_computed_anew(
    change: str, home: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known, x, space = list(tasks()), X, SPACE
    surrogate.table_at(space, known, x)
    made.clear()
    if change == "score":
        known[1] = replace(known[1], score=np.nextafter(known[1].score, 1.0))
    elif change == "status":
        known[1] = replace(known[1], status=np.arange(200, dtype=np.int8) % 2)
    elif change == "x":
        known[1] = replace(known[1], x=known[1].x[::-1].copy())
    elif change == "points":
        x = X[:49]
    elif change == "order":
        known = known[::-1]
    elif change == "space":
        space = read_space({"a": (0.0, 1.0), "b": (0.0, 2.0)})
    elif change == "code":
        monkeypatch.setattr(surrogate, "_code", lambda: "another")
    else:
        monkeypatch.setattr(surrogate, "libraries", lambda: ["openblas 0 another"])
    surrogate.table_at(space, known, x)
    assert len(made) == 3


@pytest.mark.long
@pytest.mark.parametrize("optimizer", ["transfer-mix", "transfer-time"])
def test_a_tuning_proposes_the_same_with_and_without(optimizer: str, home: Path, monkeypatch: Any) -> None:
    def proposed() -> list[dict[str, Any]]:
        space, prior = {"a": (0.0, 1.0), "b": (0.0, 1.0)}, list(tasks())
        found = hpo_gym.tune(
            lambda c: c["a"], space, optimizer=optimizer, prior=prior, budget=2, seed=0, progress=False
        )
        return [dict(ended.config) for ended in found.ended]

    fresh, read = proposed(), proposed()
    assert list(home.iterdir())
    monkeypatch.setenv(kept.ENVIRONMENT, "")
    assert fresh == read == proposed()


# ---------------------------------------------------------------------- damage
def damages() -> dict[str, Any]:
    def objects(data: bytes) -> bytes:
        stream = io.BytesIO()
        np.save(stream, np.array([{}], object), allow_pickle=True)
        return hashlib.sha256(stream.getvalue()).digest() + stream.getvalue()

    def other(data: bytes) -> bytes:
        stream = io.BytesIO()
        np.save(stream, np.zeros((3, 49)))
        return hashlib.sha256(stream.getvalue()).digest() + stream.getvalue()

    return {
        "empty": lambda data: b"", "cut": lambda data: data[:-1], "flipped": lambda data: data[:-9] + b"\0" + data[-8:],
        "longer": lambda data: data + b"\0" * 99_999, "objects": objects, "another shape": other,
    }  # fmt: skip


@pytest.mark.parametrize("damage", damages())
def test_what_is_damaged_is_said_and_computed_anew(damage: str, home: Path, made: list[str], caplog: Any) -> None:
    first = surrogate.table_at(SPACE, tasks(), X)
    (path,) = home.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damages()[damage](whole))
    made.clear()
    with caplog.at_level(logging.WARNING, "hpo_gym"):
        again = surrogate.table_at(SPACE, tasks(), X)
    assert len(made) == 3 and again.tobytes() == first.tobytes() and path.read_bytes() == whole
    assert [record.message for record in caplog.records] == [f"{path} is damaged; it is computed and written anew."]


def test_where_nothing_can_be_written_nothing_is_lost_but_time(home: Path) -> None:
    home.write_text("a file in the place of the folder")
    assert surrogate.table_at(SPACE, tasks(), X).shape == (3, 50)


def test_old_files_make_room_for_new_ones(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 40_000)
    for i in range(5):
        kept.write(f"n{i}", np.full(400, float(i)))  # 3,360 bytes each
    home.joinpath("mine.txt").write_text("x" * 99_999)
    for i in range(5):
        os.utime(home / f"n{i}.kept", (i, i))
    read = kept.read("n0", (400,))
    assert read is not None and read[0] == 0.0  # it is the youngest now
    monkeypatch.setattr(kept, "MOST", 12_000)
    kept._make_room(home)
    assert sorted(path.name for path in home.iterdir()) == ["mine.txt", "n0.kept", "n3.kept", "n4.kept"]
    kept.write("large", np.zeros(200))  # 1,600 bytes are more than a tenth of 12,000
    assert kept.read("large", (200,)) is None


@pytest.mark.long
def test_whoever_is_killed_leaves_a_whole_array_or_none(tmp_path: Path) -> None:
    code = """
import numpy as np
from hpo_baselines._transfer import kept
print("go", flush=True)
while True:
    kept.write("a", np.arange(1e5))
"""
    environment = {**os.environ, kept.ENVIRONMENT: str(tmp_path)}
    for wait in np.linspace(0.01, 0.2, 8):
        one = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)
        assert one.stdout is not None and one.stdout.readline() == b"go\n"
        time.sleep(wait)
        one.send_signal(signal.SIGKILL)
        one.wait()
        data = b"" if not (tmp_path / "a.kept").exists() else (tmp_path / "a.kept").read_bytes()
        assert not data or hashlib.sha256(data[32:]).digest() == data[:32]


def test_an_empty_name_keeps_nothing_and_none_is_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(kept.ENVIRONMENT, "")
    assert kept.folder() is None
    monkeypatch.delenv(kept.ENVIRONMENT)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    if sys.platform == "linux":
        assert kept.folder() == Path("/somewhere/hpo-gym")
