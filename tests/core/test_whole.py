"""Files and folders are written whole or not at all, whatever happens to who writes them."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hpo_gym.base.errors import InvalidValueError, StorageFullError
from hpo_gym.system.storage import whole
from hpo_gym.system.storage.whole import checksum, sealed, sha256, whole_files, whole_folder, write_files

OLD, NEW = {"a": b"old", "b": b"old too"}, {"a": b"new", "b": b"new too"}


def there(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def put_files(home: Path, contents: dict[str, bytes]) -> None:
    write_files(home / "here", contents)


def put_folder(home: Path, contents: dict[str, bytes]) -> None:
    with whole_folder(home / "here") as part:
        for name, data in contents.items():
            (part / name).write_bytes(data)


Put = Callable[[Path, dict[str, bytes]], None]
both = pytest.mark.parametrize("put", [put_files, put_folder])


@both
def test_what_is_written_takes_the_place_of_what_was_there(tmp_path: Path, put: Put) -> None:
    for contents in (OLD, NEW):
        put(tmp_path, contents)
        assert there(tmp_path / "here") == contents
        assert [p.name for p in tmp_path.iterdir()] == ["here"]


def test_a_folder_that_is_written_anew_keeps_no_file_of_before(tmp_path: Path) -> None:
    put_folder(tmp_path, {**OLD, "c": b"gone"})
    put_folder(tmp_path, NEW)
    assert there(tmp_path / "here") == NEW


def test_an_error_while_writing_leaves_all_as_it_was(tmp_path: Path) -> None:
    put_files(tmp_path, OLD)
    for begin in (lambda: whole_files(tmp_path / "here", "a", "b"), lambda: whole_folder(tmp_path / "here")):
        with pytest.raises(ZeroDivisionError), begin() as parts:
            first = parts[0] if isinstance(parts, list) else parts / "a"
            first.write_bytes(b"half")
            raise ZeroDivisionError
        assert there(tmp_path) == {f"here/{name}": data for name, data in OLD.items()}


@both
@pytest.mark.parametrize("step", ["_sync", "replace", "rename"])
def test_a_fault_of_any_step_leaves_files_that_are_whole(
    tmp_path: Path, put: Put, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first, second, .. call of a step fails, until all of them succeed."""
    put(tmp_path, OLD)
    owner = whole if step == "_sync" else Path
    real = getattr(owner, step)
    for failing in range(9):
        left = failing

        def once(*args: object) -> object:
            nonlocal left
            left -= 1
            if left == -1:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*args)

        with monkeypatch.context() as patch:
            patch.setattr(owner, step, once)
            with suppress(StorageFullError):
                put(tmp_path, NEW)
        found = there(tmp_path / "here")
        assert found.keys() == OLD.keys()
        assert all(data in (OLD[name], NEW[name]) for name, data in found.items())
        assert put is put_files or found in (OLD, NEW)
        assert [p.name for p in tmp_path.iterdir()] == ["here"]
    assert left >= 0 and found == NEW, "no call of the last round failed"


@both
def test_a_full_disk_is_named_with_what_could_not_be_written(
    tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFullError, match=r"here.* could not be written .*No space left.*intact"):
        put(tmp_path, NEW)


def test_files_and_folders_are_flushed_before_they_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[tuple[str, bool]] = []
    real = os.fsync

    def watched(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        flushed.append((path.relative_to(tmp_path).as_posix(), (tmp_path / "here").exists()))
        real(handle)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("the names of open files are read from /proc")
    monkeypatch.setattr(os, "fsync", watched)
    put_folder(tmp_path, NEW)
    part = f".here.{os.getpid()}.part"
    assert sorted(flushed[:2]) == [(f"{part}/a", False), (f"{part}/b", False)]
    assert flushed[2:] == [(part, False), (".", True)]
    flushed.clear()
    put_files(tmp_path, NEW)
    assert [name for name, _ in flushed] == [f"here/.{name}.{os.getpid()}.part" for name in "ab"] + ["here"]


@both
def test_what_a_killed_process_left_is_cleared_away_and_what_others_write_is_not(tmp_path: Path, put: Put) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    home = tmp_path / "here" if put is put_files else tmp_path
    name = "a" if put is put_files else "here"
    home.mkdir(exist_ok=True)
    stays = [f".{name}.{os.getppid()}.part", f".{name}.notes.part", f".other.{gone.pid}.part"]
    for left in (*stays, f".{name}.{gone.pid}.part", f".{name}.{os.getpid()}.part"):
        (home / left).write_bytes(b"half of what was to be")
    put(tmp_path, NEW)
    assert sorted(p.name for p in home.iterdir() if p.suffix == ".part") == sorted(stays)
    assert {k: v for k, v in there(tmp_path / "here").items() if not k.startswith(".")} == NEW


KILLED = """
import sys
from pathlib import Path
from hpo_gym.system.storage.whole import whole_folder, write_files
home = Path(sys.argv[1])
for i in range(10**6):
    write_files(home, {"file": b"%06d" % i * 50_000})
    with whole_folder(home / "folder") as part:
        for name in "abc":
            (part / name).write_bytes(b"%06d" % i * 10_000)
    print(i, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("late", [0.0, 0.002, 0.005, 0.01, 0.02, 0.03])
def test_nobody_reads_half_of_what_a_killed_process_wrote(tmp_path: Path, late: float) -> None:
    """Killed at some moment after the second round."""
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == [b"0\n", b"1\n"]
        time.sleep(late)
        os.kill(process.pid, signal.SIGKILL)
    file, folder = (tmp_path / "file").read_bytes(), there(tmp_path / "folder")
    assert int(file[:6]) >= 1 and file == file[:6] * 50_000, "what was acknowledged stays"
    if folder:  # else it was killed as the new one took the place of the old one
        assert folder.keys() == set("abc")
        (number,) = {data[:6] for data in folder.values()}
        assert int(number) >= 1 and all(data == number * 10_000 for data in folder.values())
    write_files(tmp_path, {"file": b""})
    with whole_folder(tmp_path / "folder"):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_a_checksum_is_that_of_the_values(tmp_path: Path) -> None:
    data = {"b": [1, 2.5], "a": {"x": None}}
    (tmp_path / "x").write_bytes(sealed(data))
    assert sealed(data) == b'{\n "b": [\n  1,\n  2.5\n ],\n "a": {\n  "x": null\n },\n "checksum": "%s"\n}\n' % (
        checksum(data).encode()
    )
    assert sealed(data, sort_keys=True).startswith(b'{\n "a"')
    assert checksum({"a": {"x": None}, "b": [1, 2.5], "checksum": "other"}) == checksum(data)
    assert checksum({**data, "b": [1, 2]}) != checksum(data)
    assert sha256(tmp_path / "x") != checksum(data)
    for bad in ({"a": {1, 2}}, {"a": float("nan")}):
        with pytest.raises(InvalidValueError, match="plain JSON"):
            sealed(bad)


def test_names_with_dots_and_folders_that_are_missing(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    home = tmp_path / "x" / "y"
    write_files(home, {"runs.v1.json": b"1"})
    (home / f".runs.v1.json.{gone.pid}.part").write_bytes(b"half")
    write_files(home, {"runs.v1.json": b"2"})
    assert there(tmp_path) == {"x/y/runs.v1.json": b"2"}
