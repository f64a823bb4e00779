"""The store: what is acknowledged stays, whatever is stored or happens to the file; answers: `test_store_answers`."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from hpo_gym.base.errors import DamagedDataError, HPOGymError, StorageFullError
from hpo_gym.system.storage.batches import Record
from hpo_gym.system.storage.blocks import pack, unpack
from hpo_gym.system.storage.store import Store, verify

Array = NDArray[np.generic]
SCORES = {"score": np.linspace(0.0, 1.0, 33), "row": np.arange(33)}


def same(a: Mapping[str, Array], b: Mapping[str, Array]) -> bool:
    """Bit for bit, NaN payloads too."""
    return a.keys() == b.keys() and all(
        a[k].dtype == b[k].dtype and a[k].shape == b[k].shape and a[k].tobytes() == b[k].tobytes() for k in a
    )


def equal(a: Record | None, b: Record) -> bool:
    rest = ("cell", "identity", "status", "error", "measured")
    return a is not None and all(getattr(a, k) == getattr(b, k) for k in rest) and same(a.arrays, b.arrays)


def sample(i: int) -> Record:
    scores = np.random.default_rng(i).random(200)  # does not compress: several pages
    return Record(f"{i:08x}", {"task": "é", "replicate": i}, {"score": scores}, measured={"seconds": 0.5 * i})


# -- round trips ---------------------------------------------------------------------------------------------------

texts = st.text(max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
codes = st.sampled_from(["?", "i1", "u2", "<i4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c16", "<U3", "S4"])
array = hnp.arrays(codes.map(np.dtype), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
arrays = st.dictionaries(texts, array, max_size=4)


@pytest.mark.long
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(arrays)
def test_arrays_survive_a_block_bit_for_bit(value: dict[str, Array]) -> None:
    assert same(unpack(pack(value)), value)
    assert pack(dict(reversed(value.items()))) == pack(value)


@pytest.mark.long
@settings(max_examples=50, deadline=None)
@given(
    identity=st.dictionaries(texts, json_values, max_size=4),
    value=arrays,
    status=st.sampled_from(["done", "failed"]),
    error=st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    measured=st.dictionaries(texts, json_values, max_size=3),
)
def test_a_cell_survives_the_file(
    identity: dict[str, object], value: dict[str, Array], status: str, error: str | None, measured: dict[str, object]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        record = Record("00ff", identity, value, status, error, measured)
        with Store(Path(folder, "s.sqlite")) as store:
            store.put_many([record])
        with Store(Path(folder, "s.sqlite"), write=False) as store:
            assert equal(store.get("00ff"), record)
            assert store.verify() == []


# -- opening -------------------------------------------------------------------------------------------------------


def _make_text(path: Path) -> None:
    path.write_text("These are notes, not a store. " * 100)


def _make_other(path: Path) -> None:
    other = sqlite3.connect(path)
    other.executescript("CREATE TABLE cells (cell TEXT); INSERT INTO cells VALUES ('ab');")
    other.close()


@pytest.mark.parametrize(("make", "message"), [(_make_text, "not a database"), (_make_other, "not a store")])
@pytest.mark.parametrize("write", [True, False])
def test_a_foreign_file_is_refused_and_left_alone(tmp_path: Path, make, message: str, write: bool) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "s.sqlite"
    make(path)
    before = path.read_bytes()
    with pytest.raises(DamagedDataError, match=message), Store(path, write=write):
        pass
    assert path.read_bytes() == before


READ = """
import os, sys
from hpo_gym.system.storage.store import Store
if os.getuid() == 0:
    os.setuid(65534)  # root may write anywhere
with Store(sys.argv[1], write=False) as store:
    print(sorted(store.cells()), store.get("ab").identity["n"], store.verify())
try:
    with Store(sys.argv[1]) as store:
        print("written")
except Exception as fault:
    print(type(fault).__name__, fault)
"""


@pytest.mark.long
def test_a_store_is_read_in_a_folder_without_write_permission() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Store(folder / "s.sqlite") as store:
            store.put(Record("ab", {"n": 7}, SCORES))
        (folder / "s.sqlite.lock").chmod(0o444)
        (folder / "s.sqlite").chmod(0o444)
        folder.chmod(0o555)
        command = [sys.executable, "-c", READ, str(folder / "s.sqlite")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        files = sorted(p.name for p in folder.iterdir())
        folder.chmod(0o755)
    assert done.stdout.startswith("['ab'] 7 []\nStateError"), done.stdout + done.stderr
    assert "cannot be written to" in done.stdout
    assert files == ["s.sqlite", "s.sqlite.lock"]


# -- faults --------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_named_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        store.put_many([sample(i) for i in range(3)])
        (pages,) = store._db.execute("PRAGMA page_count").fetchone()
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StorageFullError, match=r"s\.sqlite could not be written"):
            store.put_many([sample(i) for i in range(3, 30)])
        assert len(store.cells()) == 3
        store._db.execute("PRAGMA max_page_count = 100000")
        store.put_many([sample(3)])
        assert store.verify() == []
    with Store(path, write=False) as reader:
        assert all(equal(r, sample(i)) for i, r in enumerate(reader.records()))


WRITER = """
import sys
import numpy as np
from hpo_gym.system import Record, Store
with Store(sys.argv[1]) as store:
    i = len(store.cells())
    while True:
        store.put(Record(f"{i:08x}", {"i": i}, {"score": np.random.default_rng(i).random(200)}))
        print(i, flush=True)
        i += 1
"""


def _kill_writers(path: Path, rounds: int) -> None:
    rng = random.Random(0)
    acknowledged = 0
    for _ in range(rounds):
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.05))
        child.send_signal(signal.SIGKILL)
        lines = [first, *child.stdout.read().splitlines()]
        child.wait()
        assert int(lines[0]) >= acknowledged
        acknowledged = int(lines[-1]) + 1
        assert verify(path) == []
        with Store(path, write=False) as store:
            assert len(store.cells()) >= acknowledged
    with Store(path) as store:
        for i, record in enumerate(store.records()):
            assert record.cell == f"{i:08x}"
            assert same(record.arrays, {"score": np.random.default_rng(i).random(200)})


@pytest.mark.long
def test_a_killed_writer_loses_no_acknowledged_cell(tmp_path: Path) -> None:
    _kill_writers(tmp_path / "s.sqlite", 10)


@pytest.mark.slow
def test_a_writer_killed_200_times_loses_no_acknowledged_cell(tmp_path: Path) -> None:
    _kill_writers(tmp_path / "s.sqlite", 200)


CELLS = 12


def _image(folder: Path) -> Path:
    folder.mkdir()
    with Store(folder / "s.sqlite") as store:
        for i in range(CELLS):
            store.put_many([sample(i)])
        store.meta_set("protocol", "p")
    return folder


def _outcome(path: Path) -> str:
    """Read everything: "named" (damage is told) or "intact"; anything else fails."""
    try:
        with Store(path, write=False) as store:
            records = list(store.records())
            assert store.meta_get("protocol") == "p"
    except HPOGymError:
        assert verify(path) != []
        with suppress(HPOGymError), Store(path) as store:  # a writer may open it only if no cell is lost
            assert len(store.cells()) == CELLS
        return "named"
    assert len(records) == CELLS
    assert all(equal(r, sample(i)) for i, r in enumerate(records))
    return "intact"


def _damage_all(folder: Path, n: int) -> None:
    image, rng = _image(folder / "image"), random.Random(n)
    whole = (image / "s.sqlite").read_bytes()
    assert _outcome(image / "s.sqlite") == "intact"
    outcomes = set()
    for i in range(2 * n):
        copy = folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(image, copy)
        at = rng.randrange(len(whole))
        flipped = whole[:at] + bytes([whole[at] ^ (1 << rng.randrange(8))]) + whole[at + 1 :]
        (copy / "s.sqlite").write_bytes(whole[:at] if i % 2 else flipped)
        outcomes.add((i % 2, _outcome(copy / "s.sqlite")))
    assert {(0, "named"), (1, "named")} <= outcomes and (1, "intact") not in outcomes


@pytest.mark.long
def test_a_cut_or_flipped_store_is_named_or_intact(tmp_path: Path) -> None:
    _damage_all(tmp_path, 20)


@pytest.mark.slow
def test_a_store_damaged_at_800_places_is_named_or_intact(tmp_path: Path) -> None:
    _damage_all(tmp_path, 400)
