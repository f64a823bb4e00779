"""Known answers of the store: the bytes of blocks and rows, the checksums, and which damage gets which error.

The literals are commitments of the file format.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym.base.errors import DamagedDataError, HPOGymError, InvalidValueError, StateError, StorageFullError
from hpo_gym.system.storage.batches import Record, unpack_batch
from hpo_gym.system.storage.blocks import LARGEST, pack, unpack
from hpo_gym.system.storage.store import Store, verify

ROWS = {"row": np.array([2, 0], "<i8")}
HEAD = b'[["row", "<i8", [2]]]'
BLOCK = struct.pack("<I", 21) + HEAD + b"\x02" + 7 * b"\x00" + 8 * b"\x00"


def checksum(*values: object) -> bytes:
    """Type, length and text of each value, hashed to 16 bytes."""
    state = hashlib.blake2b(digest_size=16)
    for value in values:
        data = value if isinstance(value, bytes) else str(value).encode()
        state.update(type(value).__name__.encode() + str(len(data)).encode() + b":" + data)
    return state.digest()


def read(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What another program reads from the file."""
    connection = sqlite3.connect(path)
    rows = connection.execute(query).fetchall()
    connection.close()
    return rows


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.sqlite"


@pytest.fixture
def three(path: Path) -> Path:
    """A closed store of three batches of a cell each, and one text."""
    with Store(path) as store:
        for n, name in enumerate(("aa", "bb", "cc")):
            store.put(Record(name, {"n": n}, ROWS))
        store.meta_set("protocol", "p")
    return path


# ---------------------------------------------------------------------------------------------- blocks
def test_a_block_is_a_header_and_little_endian_values_compressed() -> None:
    assert zlib.decompress(pack(ROWS)) == BLOCK
    assert zlib.decompress(pack({"row": np.array([2, 0], ">i8")})) == BLOCK
    several = {"b": np.array([[True], [False]]), "a": np.array([1.5, -0.0], "f4"), "t": np.array("é")}
    head = b'[["a", "<f4", [2]], ["b", "|b1", [2, 1]], ["t", "<U1", []]]'
    values = b"\x00\x00\xc0\x3f\x00\x00\x00\x80" + b"\x01\x00" + b"\xe9\x00\x00\x00"
    assert zlib.decompress(pack(several)) == struct.pack("<I", len(head)) + head + values
    assert zlib.decompress(pack({})) == b"\x02\x00\x00\x00[]"


def test_text_of_no_length_takes_the_room_of_one_letter() -> None:
    none = np.zeros(1, [("t", "U0"), ("b", "S0")])
    assert none["t"].dtype.itemsize == none["b"].dtype.itemsize == 0
    head = b'[["b", "|S1", [1]], ["t", "<U1", [1]]]'
    block = zlib.decompress(pack({"t": none["t"], "b": none["b"]}))
    assert block == struct.pack("<I", len(head)) + head + b"\x00" + 4 * b"\x00"


DAMAGED = {
    "no zlib": b"no block",
    "cut": pack(ROWS)[:-3],
    "nothing": b"",
    "no length": zlib.compress(b"ab"),
    "no JSON": zlib.compress(struct.pack("<I", 3) + b"{{{"),
    "deep JSON": zlib.compress(struct.pack("<I", 99_999) + 99_999 * b"["),
    "a header of numbers": zlib.compress(struct.pack("<I", 3) + b"[1]"),
    "no type": zlib.compress(struct.pack("<I", 17) + b'[["x", "%", [1]]]' + bytes(8)),
    "objects": zlib.compress(struct.pack("<I", 18) + b'[["x", "|O", [1]]]' + bytes(8)),
    "fewer values than stated": zlib.compress(struct.pack("<I", 19) + b'[["x", "<f8", [2]]]' + bytes(8)),
}


@pytest.mark.parametrize("block", DAMAGED.values(), ids=DAMAGED)
def test_what_is_no_block_is_damage(block: bytes) -> None:
    with pytest.raises(DamagedDataError, match="A block must"):
        unpack(block)


@pytest.mark.long
def test_a_block_is_made_no_larger_than_it_may_be() -> None:
    head = struct.pack("<I", 32) + b'[["x", "|b1", [200000000]]]     '
    huge = zlib.compress(head + bytes(200_000_000))
    assert len(huge) < 200_000
    tracemalloc.start()
    with pytest.raises(DamagedDataError, match=f"at most {LARGEST} bytes"):
        unpack(huge)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.5 * LARGEST  # 200 MB and more without the bound, and another 200 MB of arrays
    with pytest.raises(InvalidValueError, match=f"at most {LARGEST} bytes"):
        pack({"x": np.zeros(LARGEST, bool)})


def test_a_column_that_is_not_what_its_head_says_is_damage() -> None:
    head = (
        b'{"status":["done"],"error":[null],"identity":[{},[{}]],"measured":[{},[{}]],'
        b'"columns":[["x","<f8",[[2]],COUNT]]}'
    )
    for body in (bytes(8), bytes(1_000_000)):
        packed = zlib.compress(body)
        start = zlib.compress(head.replace(b"COUNT", str(len(packed)).encode()))
        (one,) = unpack_batch(["aa"], struct.pack("<I", len(start)) + start + packed)
        with pytest.raises(DamagedDataError, match="A block must"):
            one.arrays["x"]
    for block in (b"", b"abc", struct.pack("<I", 3) + b"abc"):
        with pytest.raises(DamagedDataError, match="A block must"):
            unpack_batch(["aa"], block)


@pytest.mark.parametrize(
    "bad", [np.array([None]), np.array([1], "M8[s]"), np.array([1.0], np.longdouble), np.array([1j], np.clongdouble)]
)
def test_what_has_no_form_of_its_own_on_every_machine_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(InvalidValueError, match="`arrays` must hold booleans, numbers or text, got 'x'"):
        pack({"x": bad})


# ---------------------------------------------------------------------------------------------- what is in the file
def test_a_new_store_holds_its_schema_and_the_number_of_its_batches(path: Path) -> None:
    with Store(path):
        pass
    assert read(path, "SELECT * FROM meta") == [("batches", checksum("batches", "0"), "0")]
    assert read(path, "PRAGMA application_id") == [(0x48504F47,)] and read(path, "PRAGMA user_version") == [(1,)]
    assert read(path, "SELECT count(*) FROM batches") == [(0,)]
    lock = path.with_name("s.sqlite.lock")
    assert lock.read_text() == "made\n" and lock.stat().st_mode & 0o133 == 0  # nobody's to run or to share


def parts(block: bytes) -> tuple[Any, list[bytes]]:
    """Head and columns of a batch, decompressed."""
    (length,) = struct.unpack_from("<I", block)
    head, at, bodies = json.loads(zlib.decompress(block[4 : 4 + length])), 4 + length, []
    for *_, size in head["columns"]:
        bodies.append(zlib.decompress(block[at : at + size]))
        at += size
    assert at == len(block)
    return head, bodies


def test_a_row_is_a_batch_its_checksum_its_cells_and_their_block(path: Path) -> None:
    wide = {"row": np.array([[7], [8]], "<i8"), "cost": np.array([0.5], "<f4")}
    shared = {"name": "é"}
    with Store(path) as store:
        store.put(Record("ab12", {"b": 1, "a": "é"}, ROWS, measured={"s": 0.5}))
        store.put_many(
            [
                Record("cd", {"r": 0, "o": shared, "k": True}, ROWS, measured={"v": "1"}),
                Record("ef", {"r": 1, "o": shared, "k": 1}, wide, measured={"v": "1", "s": 2}),
                Record("01", {"r": 2, "o": shared, "k": 1}, {}, "failed", "boom", {"v": "1"}),
            ]
        )
    one, three = read(path, "SELECT batch, cells, payload, checksum FROM batches ORDER BY batch")
    assert (one[:2], three[:2]) == ((1, "ab12"), (2, "cd\nef\n01"))
    for row in (one, three):
        assert row[3] == checksum(*row[:3])
    head, bodies = parts(one[2])
    assert head == {
        "status": ["done"], "error": [None], "identity": [{"a": "é", "b": 1}, [{}]], "measured": [{"s": 0.5}, [{}]],
        "columns": [["row", "<i8", [[2]], len(zlib.compress(BLOCK[25:], 3))]],
    }  # fmt: skip
    assert bodies == [BLOCK[25:]]
    head, bodies = parts(three[2])
    assert head["status"] == ["done", "done", "failed"] and head["error"] == [None, None, "boom"]
    assert head["identity"] == [{"o": shared}, [{"r": 0, "k": True}, {"r": 1, "k": 1}, {"r": 2, "k": 1}]]
    assert head["measured"] == [{"v": "1"}, [{}, {"s": 2}, {}]]
    assert [c[:3] for c in head["columns"]] == [["cost", "<f4", [None, [1], None]], ["row", "<i8", [[2], [2, 1], None]]]
    assert bodies == [struct.pack("<f", 0.5), struct.pack("<4q", 2, 0, 7, 8)]
    assert checksum("ab12", None, 7).hex() == "5660c30e4ab96cedae0c20a34b3ab396"  # of "str4:ab12NoneType4:Noneint1:7"


def test_cells_of_one_batch_come_back_each_as_it_was(path: Path) -> None:
    given = [
        Record("aa", {"k": True, "f": 1.0, "z": 0.0}, {"x": np.zeros((0, 3)), "y": np.array(3.0)}),
        Record("bb", {"k": 1, "f": 1, "z": -0.0}, {"x": np.ones((2, 3)), "y": np.array([1, 2])}),
        Record("cc", {"k": 1}, {}, "failed", "why", {"s": None}),
    ]
    with Store(path) as store:
        store.put_many(given)
        for record in given:
            got = store.get(record.cell)
            assert got is not None
            assert (got.status, got.error, dict(got.measured)) == (record.status, record.error, dict(record.measured))
            assert repr(sorted(got.identity.items())) == repr(sorted(record.identity.items()))  # True is not 1
            assert list(got.arrays) == sorted(record.arrays)
            for name, array in record.arrays.items():
                np.testing.assert_array_equal(got.arrays[name], array, strict=True)


def test_what_is_written_is_on_the_disk_and_cannot_be_changed(to_the_disk: None, path: Path) -> None:
    with Store(path) as store:
        assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        store.put(Record("ab", {"task": "t"}, ROWS, status="failed", error="e", measured={"s": 2}))
        got = store.get("ab")
        assert got is not None
        assert (got.cell, got.status, got.error) == ("ab", "failed", "e")
        assert (dict(got.identity), dict(got.measured)) == ({"task": "t"}, {"s": 2})
        assert got.arrays["row"].tolist() == [2, 0]
        for mapping in (got.identity, got.measured, got.arrays):
            with pytest.raises(TypeError):
                mapping["x"] = 1  # type: ignore[index]
        assert store.get("cd") is None and store.meta_get("none") is None
    with Store(path, write=False) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._db.execute("DELETE FROM meta")


def test_an_error_that_is_no_unicode_is_written_with_escapes(path: Path) -> None:
    with Store(path) as store:
        store.put(Record("ab", {}, {}, status="failed", error="a\udc80"))
    ((payload,),) = read(path, "SELECT payload FROM batches")
    assert parts(payload)[0]["error"] == ["a\\udc80"]


# ---------------------------------------------------------------------------------------------- going on
def test_a_store_that_is_opened_again_goes_on_where_it_ended(three: Path) -> None:
    with Store(three) as store:
        assert store.cells() == {"aa", "bb", "cc"} and store.meta_get("protocol") == "p"
        before = store.fingerprint()
        store.put(Record("dd", {}, {}))
        assert store.fingerprint() != before
    with Store(three) as store:
        assert store.cells() == {"aa", "bb", "cc", "dd"} and store.verify() == []


def test_a_write_that_fails_half_way_leaves_nothing_and_the_next_one_succeeds(three: Path) -> None:
    change(three, "CREATE TRIGGER no BEFORE INSERT ON meta WHEN NEW.value = '4' BEGIN SELECT RAISE(ABORT, 'no'); END")
    with Store(three) as store:
        with pytest.raises(DamagedDataError, match="is damaged"):
            store.put_many([Record("dd", {}), Record("ee", {})])
        store._db.execute("DROP TRIGGER no")
        assert store.cells() == {"aa", "bb", "cc"} and store.verify() == []
        store.put(Record("dd", {}, {}))
        assert store.cells() == {"aa", "bb", "cc", "dd"} and store.verify() == []


def test_records_are_made_before_anything_is_written(three: Path) -> None:
    with Store(three) as store:
        for bad, rule in (
            (Record("dd", {}, status="bad"), "`status` must be 'done' or 'failed', got 'bad'"),
            (Record("", {}), "`cell` must be a hash in hex, got ''"),
            (Record("é", {}), "`cell` must be a hash in hex"),
            (Record("a\n", {}), "`cell` must be a hash in hex"),
            (Record("dd", {"x": float("inf")}), "must be JSON, without NaN"),
            (Record("dd", {}, measured={"x": {1}}), "must be JSON, without NaN"),
        ):
            with pytest.raises(InvalidValueError, match=rule):
                store.put_many([Record("dd", {}), bad])
        assert store.cells() == {"aa", "bb", "cc"}


def test_one_writer_at_a_time_and_a_store_is_opened_once(three: Path) -> None:
    store = Store(three)
    with store:
        with (
            pytest.raises(StateError, match=r"one writer: another one holds .*s\.sqlite\.lock"),
            Store(three),
        ):
            pass
        with pytest.raises(StateError, match="must be opened once"):
            store.__enter__()
        assert store.cells() == {"aa", "bb", "cc"}  # it is still open
    store.close()
    with pytest.raises(StateError, match="A store must be open"):
        store.cells()
    with store:  # and can be opened again
        assert len(store.cells()) == 3


def test_a_store_that_could_not_be_opened_gives_its_lock_back(three: Path) -> None:
    change(three, "PRAGMA application_id=7")
    for _ in range(2):
        with pytest.raises(DamagedDataError, match="not a store"), Store(three):
            pass


def test_a_reader_needs_a_file_and_writes_nothing(three: Path, tmp_path: Path) -> None:
    with Store(three, write=False) as reader:
        for write in (lambda: reader.put(Record("dd", {}, {})), lambda: reader.meta_set("k", "v")):
            with pytest.raises(StateError, match="opened with `write=False` must not be written to"):
                write()
        assert [r.cell for r in reader.records()] == ["aa", "bb", "cc"]
    none = tmp_path / "none" / "deep" / "s.sqlite"
    with pytest.raises(InvalidValueError, match="which is no file"), Store(none, write=False):
        pass
    assert not none.parent.exists()
    with Store(none):  # a writer makes its folder
        pass
    assert none.is_file()
    with (
        pytest.raises(StateError, match=r"cannot be written to .* read it by"),
        Store(three / "s.sqlite"),
    ):
        pass


def test_what_a_killed_writer_left_is_undone_by_a_reader_too(three: Path, tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.mkdir()
    with Store(three) as store, store._transaction():
        store._db.execute("PRAGMA cache_size=1")
        store._db.execute("UPDATE batches SET payload = randomblob(20000)")  # spills into the file before its commit
        for file in (three, three.with_name("s.sqlite-journal")):
            shutil.copy(file, left)
        store._db.execute("ROLLBACK")
        store._db.execute("BEGIN")
    assert (left / "s.sqlite").stat().st_size > three.stat().st_size
    with Store(left / "s.sqlite", write=False) as reader:
        assert [r.identity["n"] for r in reader.records()] == [0, 1, 2] and reader.verify() == []
    assert [file.name for file in left.iterdir()] == ["s.sqlite"]


# ---------------------------------------------------------------------------------------------- damage
@pytest.mark.parametrize("change_to", ["payload = x'00'", "payload = 'text'", "checksum = x'00'", "cells = 'bz'"])
def test_a_changed_column_is_named_and_the_other_batches_are_served(three: Path, change_to: str) -> None:
    with Store(three) as store:
        assert store.cells() == {"aa", "bb", "cc"}
        store.get("aa")
        change(three, f"UPDATE batches SET {change_to} WHERE batch = 2")
        with pytest.raises(DamagedDataError, match=r"^Cell 'bb' cannot be read. Batch 2 of .* \(cell 'b[bz]'\)"):
            store.get("bb")
        other = store.get("cc")
        assert other is not None and other.identity["n"] == 2
    faults = verify(three)
    assert sum("Batch 2 of" in fault for fault in faults) == 1
    assert not any("'aa'" in fault for fault in faults)


def test_a_payload_that_is_no_bytes_is_damage_even_where_its_checksum_fits(three: Path) -> None:
    fits = checksum(2, "bb", "text")
    change(three, f"UPDATE batches SET payload = 'text', checksum = x'{fits.hex()}' WHERE batch = 2")
    assert any("Batch 2" in fault for fault in verify(three))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM batches WHERE batch = 1",
        "DELETE FROM batches WHERE batch = 3",
        "UPDATE batches SET batch = 9 WHERE batch = 2",
        "DROP TABLE batches",
        "UPDATE meta SET value = '2' WHERE key = 'batches'",
        "UPDATE meta SET checksum = x'00' WHERE key = 'batches'",
        "DELETE FROM meta WHERE key = 'batches'",
    ],
)
def test_a_batch_that_is_lost_is_told_by_their_number(three: Path, statement: str) -> None:
    change(three, statement)
    for write in (True, False):
        with pytest.raises(DamagedDataError, match=r"damaged|does not match its checksum"), Store(three, write=write):
            pass
    assert verify(three) != []


def test_what_is_no_store_of_this_schema_is_refused(three: Path) -> None:
    for statement, rule in (
        ("application_id=7", "is not a store of hpo-gym"),
        ("user_version=2", "has schema 2, .* 1"),
    ):
        change(three, f"PRAGMA {statement}")
        for write in (True, False):
            with pytest.raises(DamagedDataError, match=rule), Store(three, write=write):
                pass
        change(three, f"PRAGMA application_id={0x48504F47}")


def test_an_empty_file_is_a_new_store_unless_its_lock_knows_of_one(path: Path) -> None:
    path.touch()
    with Store(path) as store:
        assert store.cells() == set()
    path.write_bytes(b"")
    for write in (True, False):
        with pytest.raises(DamagedDataError, match="is not a store of hpo-gym"), Store(path, write=write):
            pass
    path.unlink()
    with Store(path) as store:  # removed on purpose
        assert store.cells() == set()


def test_a_broken_page_is_told(three: Path) -> None:
    data = bytearray(three.read_bytes())
    (size,) = struct.unpack(">H", data[16:18])
    data[size : size + 200] = 200 * b"\xff"  # the first page after the header's
    three.write_bytes(data)
    assert verify(three) != []
    with pytest.raises(HPOGymError), Store(three):
        pass


def test_what_only_sqlites_own_check_finds_is_told(three: Path) -> None:
    change(three, "PRAGMA writable_schema=1", "UPDATE sqlite_master SET sql = replace(sql, 'value TEXT NOT NULL', "
           "'value TEXT NOT NULL CHECK (value = 1)') WHERE name = 'meta'")  # fmt: skip
    assert any("CHECK constraint failed in meta" in fault for fault in verify(three))


def test_text_that_is_no_unicode_is_refused(three: Path) -> None:
    with Store(three) as store, pytest.raises(InvalidValueError, match="Text must be valid Unicode"):
        store.meta_set("k", "a\udc80")
    assert verify(three) == []


def test_no_file_is_a_fault(tmp_path: Path) -> None:
    (fault,) = verify(tmp_path / "none.sqlite")
    assert "which is no file" in fault


# ---------------------------------------------------------------------------------------------- several hands
def test_a_reader_sees_what_is_written_while_it_reads(three: Path) -> None:
    with Store(three) as store, Store(three, write=False) as reader:
        assert reader.get("dd") is None
        store.put_many([Record("dd", {"n": 3}), Record("aa", {"n": 4})])
        for hand in (reader, store):
            assert [r.identity["n"] for r in hand.records()] == [4, 1, 2, 3]
            assert [r.cell for r in hand.written()] == ["bb", "cc", "dd", "aa"]


def test_of_two_cells_of_a_batch_with_one_hash_the_later_counts(path: Path) -> None:
    with Store(path) as store:
        store.put_many([Record("aa", {"n": 1}), Record("bb", {"n": 2}), Record("aa", {"n": 3})])
        assert [(r.cell, r.identity["n"]) for r in store.records()] == [("aa", 3), ("bb", 2)]
        assert [(r.cell, r.identity["n"]) for r in store.written()] == [("bb", 2), ("aa", 3)]
        assert store.verify() == []


class Broken:
    """A connection that answers every query by an error, or by one row."""

    def __init__(self, fault: Exception | None = None, row: tuple[object, ...] | None = None) -> None:
        self.fault, self.row = fault, row

    def execute(self, *_: object) -> Broken:
        if self.fault is not None:
            raise self.fault
        return self

    def fetchone(self) -> tuple[object, ...] | None:
        return self.row

    def close(self) -> None:
        raise sqlite3.ProgrammingError("closed twice")


def fault_of(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    fault = kind("told by SQLite")
    fault.sqlite_errorcode = code
    return fault


TOLD = "(told by SQLite)"
UNWRITTEN = StorageFullError, f"WHAT could not be written {TOLD}; what was stored before is intact."
DAMAGED = DamagedDataError, f"WHAT is damaged {TOLD}."
LOCKED = StateError, f"WHAT is locked by another program {TOLD}."
CLOSED = StateError, f"WHAT could not be opened {TOLD}; if its folder is read-only, copy all its files."


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        (fault_of(sqlite3.SQLITE_FULL), UNWRITTEN),
        (fault_of(sqlite3.SQLITE_IOERR), UNWRITTEN),
        (fault_of(sqlite3.SQLITE_IOERR_WRITE), UNWRITTEN),
        (fault_of(sqlite3.SQLITE_IOERR_READ), DAMAGED),
        (fault_of(sqlite3.SQLITE_IOERR_SHORT_READ), DAMAGED),
        (fault_of(sqlite3.SQLITE_BUSY), LOCKED),
        (fault_of(sqlite3.SQLITE_LOCKED), LOCKED),
        (fault_of(sqlite3.SQLITE_BUSY_SNAPSHOT), LOCKED),
        (fault_of(sqlite3.SQLITE_CANTOPEN), CLOSED),
        (fault_of(sqlite3.SQLITE_READONLY), CLOSED),
        (fault_of(sqlite3.SQLITE_PERM), CLOSED),
        (fault_of(sqlite3.SQLITE_CORRUPT, sqlite3.DatabaseError), DAMAGED),
        (sqlite3.ProgrammingError("of another thread"), (StateError, "WHAT: of another thread")),
        (
            UnicodeEncodeError("utf-8", "a\udc80", 1, 2, "no"),
            (InvalidValueError, r"Text must be valid Unicode, got 'a\udc80'."),
        ),
    ],
)
def test_an_error_of_the_file_says_what_it_means_for_the_caller(
    three: Path, fault: Exception, meaning: tuple[type[Exception], str]
) -> None:
    kind, words = meaning
    with Store(three) as store:
        whole = store._connection
        store._connection = Broken(fault)  # type: ignore[assignment]
        with pytest.raises(kind) as raised:
            store.meta_get("id")
        assert type(raised.value) is kind and str(raised.value) == words.replace("WHAT", f"meta 'id' of {three}")
        store._connection = whole


def test_another_cell_than_was_asked_for_is_damage(three: Path) -> None:
    with Store(three) as store:
        whole = store._connection
        assert store.get("bb") is not None
        store._known["aa"] = store._known["bb"]
        with pytest.raises(DamagedDataError, match="asked for cell 'aa', it finds 'bb'"):
            store.get("aa")
        store._connection = Broken(row=("batches", checksum("batches", "x"), "x"))  # type: ignore[assignment]
        with pytest.raises(DamagedDataError, match="meta 'protocol' of"):
            store.meta_get("protocol")
        store._connection = whole


def test_a_store_closes_whatever_its_connection_says(three: Path) -> None:
    with Store(three) as store:
        assert store._connection is not None
        store._connection.close()
        store._connection = Broken()  # type: ignore[assignment]
    with Store(three) as again:  # its lock was given back
        assert len(again.cells()) == 3
