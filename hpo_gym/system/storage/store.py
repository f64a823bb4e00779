"""The store: one SQLite file with batches of cells for rows, each with a checksum.

Content acknowledged by `put` outlives a killed process, and damage is named, never returned. Three checks, smallest
first: a row holds the checksum of its columns; the `seal` row holds one digest over all rows, so that a lost row shows;
the lock file beside the store holds the number of acknowledged writes, so that a lost write-ahead log shows.

Batches are only added: of the cells with one hash, the last written counts. A store of schema 1 has a row for each cell
in a table `cells`; it is read as it is, and gets its first batch, and schema 2, with its next write.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TypeVar

from hpo_gym.base import DamagedDataError, HPOGymError, InvalidValueError, StateError, StorageFullError, beside
from hpo_gym.system.storage.batches import Record, pack_batch, unpack_batch
from hpo_gym.system.storage.blocks import unpack
from hpo_gym.system.storage.posix import lock, unlock

Row = tuple[object, ...]
T = TypeVar("T")

SYNCHRONOUS = "FULL"
"""A commit is on the disk, not in the system's memory: `PRAGMA synchronous` of SQLite."""

SCHEMA = 2
_BY_CELL = 1  # the schema of stores with a row for each cell
_COLUMNS = "cell, checksum, status, error, identity, measured, payload"  # of its table
_EMPTY = (0, bytes(16))
_APPLICATION = 0x48504F47  # "HPOG", in the file's header
_WIDTH = 1 << 32  # more than the cells of a batch
_NAMED = 3  # cells of a damaged batch
_HELD = 16  # batches in memory, while cells are read
_SEALED = {"cells": "cell, checksum", "batches": "batch, cells, checksum", "meta": "key, checksum"}
_BATCHES = """
CREATE TABLE batches (batch INTEGER PRIMARY KEY NOT NULL, checksum BLOB NOT NULL, cells TEXT NOT NULL,
    payload BLOB NOT NULL)
"""  # the payload last: a scan need not read it
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, checksum BLOB NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE seal (one INTEGER PRIMARY KEY CHECK (one = 1), writes INTEGER NOT NULL, digest BLOB NOT NULL,
    checksum BLOB NOT NULL);
"""


class Store:
    """A store, open within a `with` block; one writer at a time, readers at any time.

    Raises (all calls):
        DamagedDataError: The file is no store, or contradicts its checksums.
        StateError: Another process writes to this store, or the store is not open.
        StorageFullError: The disk is full; earlier content is intact.
    """

    def __init__(self, path: str | Path, *, write: bool = True, name: str | None = None) -> None:
        """Name the file; `with` opens it, or makes it if `write` and there is none.

        Args:
            write: Take the writer's lock. Without it the file may lie in a read-only folder.
            name: Identifier of a new store, 16 hexadecimal digits; random by default.
        """
        self.path, self.write, self._name = Path(path), write, name
        self._connection: sqlite3.Connection | None = None
        self._lock: int | None = None
        self._seal = _EMPTY
        self._schema = SCHEMA
        self._forget()

    def __enter__(self) -> Store:
        self._open(check=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and give the writer's lock back; closing twice is allowed."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        if self._lock is not None:
            unlock(self._lock)
            os.close(self._lock)
        self._connection = self._lock = None
        self._forget()

    def put(self, record: Record) -> None:
        """Store a cell, in place of one with the same hash; when this returns, it is on the disk."""
        self.put_many([record])

    def put_many(self, records: Iterable[Record]) -> None:
        """Store cells as one batch, in one transaction: all of them or, when it raises, none."""
        records = list(records)
        for record in records:
            if not (record.cell.isascii() and record.cell.isprintable() and record.cell):
                raise InvalidValueError(f"`cell` must be a hash in hex, got {record.cell!r}.")
        if records:
            self._write(partial(self._append, "\n".join(r.cell for r in records), pack_batch(records)))

    def get(self, cell: str) -> Record | None:
        """Read a cell, None where there is none.

        Raises:
            DamagedDataError: Its batch does not match its checksum; the message names the cell.
        """
        with self._wrapped(f"cell {cell!r} of {self.path}"):
            at = self._places().get(cell)
            if at is None:
                return None
            batch, place = divmod(at, _WIDTH)
            try:
                found = self._batch(batch)[place]
            except DamagedDataError as fault:
                raise DamagedDataError(f"Cell {cell!r} cannot be read. {fault}") from fault
        if found.cell != cell:
            raise DamagedDataError(f"{self.path} is damaged: asked for cell {cell!r}, it finds {found.cell!r}.")
        return found

    def cells(self) -> set[str]:
        """Hashes of all cells, checked against the seal."""
        return self._checked()[0]

    def fingerprint(self) -> str:
        """Return a digest of all rows, unique to this store and its copies."""
        return self._checked()[1][1].hex()

    def records(self) -> Iterator[Record]:
        """Yield all cells in the order of their hashes; the stored bytes are in memory meanwhile, compressed."""
        yield from sorted(self.written(), key=lambda record: record.cell)

    def written(self) -> Iterator[Record]:
        """Return all cells, checked against the seal, in the order of writing; the last version of a replaced one."""
        self.cells()
        with self._wrapped(str(self.path)):
            places = dict(self._places())
            for number in sorted({at // _WIDTH for at in places.values()}):
                for place, record in enumerate(self._batch(number)):
                    if places.get(record.cell) == number * _WIDTH + place:
                        yield record

    def meta_set(self, key: str, value: str) -> None:
        """Store a text, such as the protocol's JSON, under a key."""
        self.meta_put({key: value})

    def meta_put(self, texts: Mapping[str, str]) -> None:
        """Store texts by key, all or none."""

        def put() -> None:
            for key, value in texts.items():
                self._replace(key, value)

        self._write(put)

    def meta_get(self, key: str) -> str | None:
        """Read the text under a key, None where there is none."""
        with self._wrapped(f"meta {key!r} of {self.path}"):
            row = self._db.execute("SELECT key, checksum, value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        if row[0] != key or row[1] != _checksum((key, row[2])):
            raise DamagedDataError(f"meta {key!r} of {self.path} does not match its checksum.")
        return str(row[2])

    def verify(self) -> list[str]:
        """Read everything and list the damage, one sentence per fault."""
        lost: list[str] = []
        self._attempt("The structure", self._integrity, lost)
        self._attempt("The seal", self._checked, lost)
        for _ in self.intact(lost):
            pass
        for key in self._attempt("The list of texts", self._keys, lost) or ():
            self._attempt(f"meta {key!r}", partial(self.meta_get, key), lost)
        return lost

    def intact(self, lost: list[str], also: Iterable[int] = ()) -> Iterator[Record]:
        """Yield what can be read of the cells, with their arrays, in the order of writing.

        Args:
            lost: Gets a sentence for each part that cannot be read.
            also: Numbers of batches to ask for where they cannot be listed.
        """
        with suppress(HPOGymError, sqlite3.Error, UnicodeError):
            self._places()  # so that a lost batch can name its cells
        rows = self._attempt("The list of cells", self._old_rows, lost) or {}
        batches = self._attempt("The list of batches", self._batch_numbers, lost)
        for number in (*rows, *(also if batches is None else batches)):
            name = f"Cell {rows[number]!r}" if number in rows else f"Batch {number}"
            yield from self._attempt(name, partial(self._whole_batch, number), lost) or ()

    # -- opening ---------------------------------------------------------------------------------------------------

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StateError(f"A store must be open: `with Store({str(self.path)!r}) as store:`.")
        return self._connection

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(self.path.name + ".lock")

    def _open(self, *, check: bool) -> None:
        if self._connection is not None:
            raise StateError(f"A store must be opened once, {self.path} is open.")
        if not self.write and not self.path.is_file():
            raise InvalidValueError(f"`path` must be a store, got {str(self.path)!r}, which is no file.")
        try:
            if self.write:
                self._take_lock()
            with self._wrapped(str(self.path)):
                self._connect()
                self._read_format()
            if check:
                _, self._seal = self._checked()
        except BaseException:
            self.close()
            raise

    def _take_lock(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o644)
            lock(self._lock)
        except BlockingIOError as fault:
            raise StateError(f"A store must have one writer: another one holds {self._lock_path}.") from fault
        except OSError as fault:
            raise StateError(f"{self.path} cannot be written to ({fault}); read it by `write=False`.") from fault
        if not self.path.exists():
            os.ftruncate(self._lock, 0)  # the count of a store that was removed

    def _connect(self) -> None:
        uri = self.path.resolve().as_uri()
        if self.write:
            self._connection = sqlite3.connect(f"{uri}?mode=rwc", uri=True, isolation_level=None, timeout=1.0)
            self._db.execute(f"PRAGMA synchronous={SYNCHRONOUS}")
            return
        wal = self.path.with_name(self.path.name + "-wal")
        logged = wal.exists() and wal.stat().st_size > 0  # a writer is at work, or was killed: leave its files alone
        mode = "ro" if logged else "rw"  # "rw" tidies up SQLite's own files on closing
        self._connection = sqlite3.connect(f"{uri}?mode={mode}", uri=True, isolation_level=None, timeout=5.0)
        try:
            self._db.execute("PRAGMA query_only=1")
            self._db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
        except sqlite3.OperationalError as fault:
            if logged or _code(fault) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise
            self._db.close()  # a folder without write permission, where nobody writes
            self._connection = sqlite3.connect(f"{uri}?mode=ro&immutable=1", uri=True, isolation_level=None)

    def _read_format(self) -> None:
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        empty = tables == application == 0 and not self._ledger()[1]
        if empty and self.write:
            self._create()
        elif empty and self._lock_path.exists():
            raise InvalidValueError(
                f"{self.path} holds nothing yet: whoever began it was stopped before its first cell."
            )
        elif application != _APPLICATION:
            raise DamagedDataError(f"{self.path} is not a store of hpo-gym, or its header is damaged.")
        if self.write:
            self._db.execute("PRAGMA journal_mode=WAL")
        version = self.meta_get("schema")
        if version not in (str(SCHEMA), str(_BY_CELL)):
            later = ": a later one wrote it" if (version or "").isdigit() else ""
            raise DamagedDataError(
                f"{self.path} has schema {version}, this version of hpo-gym reads {_BY_CELL} and {SCHEMA}{later}."
            )
        self._schema = int(version)

    def _create(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        with self._transaction():
            for statement in (*_TABLES.split(";"), _BATCHES):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA application_id={_APPLICATION}")
            self._db.execute("INSERT INTO seal VALUES (1, 0, '', '')")
            self._seal = _EMPTY
            self._replace("schema", str(SCHEMA))
            self._replace("id", self._name or os.urandom(8).hex())
        self._acknowledge()

    # -- writing ---------------------------------------------------------------------------------------------------

    def _write(self, change: Callable[[], None]) -> None:
        if not self.write:
            raise StateError(f"A store opened with `write=False` must not be written to: {self.path}.")
        before = self._seal, self._schema
        try:
            with self._wrapped(str(self.path)), self._transaction():
                change()
        except BaseException:
            self._seal, self._schema = before
            raise
        self._acknowledge()

    def _acknowledge(self) -> None:
        """Move committed writes from the log to the file, so that the file alone is the store, and note the count."""
        with suppress(sqlite3.OperationalError):  # a reader is in the way: the log keeps it
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if self._lock is not None:
            with suppress(OSError):  # a witness only; it may lag behind
                os.lseek(self._lock, 0, os.SEEK_SET)
                os.write(self._lock, f"{self.meta_get('id')} {self._seal[0]:012d}\n".encode())

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute(
                "UPDATE seal SET writes = ?, digest = ?, checksum = ?", (*self._seal, _checksum(self._seal))
            )
            self._db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise

    def _replace(self, key: str, value: str) -> None:
        old = self._db.execute("SELECT key, checksum FROM meta WHERE key = ?", (key,)).fetchone()
        row = (key, _checksum((key, value)), value)
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", row)
        self._count("meta", old, row[:2])

    def _append(self, cells: str, payload: bytes) -> None:
        if self._schema == _BY_CELL:
            self._db.execute(_BATCHES)
            self._replace("schema", str(SCHEMA))
            self._schema = SCHEMA
        (last,) = self._db.execute("SELECT max(batch) FROM batches").fetchone()
        batch = 1 if last is None else last + 1
        checksum = _checksum((batch, cells, payload))
        self._db.execute("INSERT INTO batches VALUES (?, ?, ?, ?)", (batch, checksum, cells, payload))
        self._count("batches", None, (batch, cells, checksum))
        self._version = -1

    def _count(self, table: str, old: Row | None, new: Row) -> None:
        """Put a row in place of another one, or of none, in the seal."""
        writes, digest = self._seal
        for row in (old, new):
            digest = digest if row is None else _xor(digest, _checksum((table, *row)))
        self._seal = (writes + 1, digest)

    # -- reading ---------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._rows: dict[int, str] = {}  # cells of schema 1, a batch each, by numbers below 0
        self._known: dict[str, int] = {}
        self._seen, self._version = 0, -1  # the last batch whose cells are known, and the file's version then
        self._held: dict[int, Sequence[Record]] = {}

    def _tables(self) -> list[str]:
        """Return the tables with rows; a lost one shows by the seal."""
        found = {name for (name,) in self._db.execute("SELECT name FROM sqlite_master")}
        return [table for table in _SEALED if table in found or table == "meta"]

    def _places(self) -> dict[str, int]:
        """Return the place of each cell: the number of its batch times `_WIDTH`, plus its position there."""
        (version,) = self._db.execute("PRAGMA data_version").fetchone()  # another one where somebody else has written
        if version != self._version:
            for number, cell in self._old_rows().items():
                self._known.setdefault(cell, number * _WIDTH)
            if "batches" in self._tables():
                new = self._db.execute("SELECT batch, cells FROM batches WHERE batch > ? ORDER BY batch", (self._seen,))
                for batch, cells in new:
                    self._known.update((cell, batch * _WIDTH + i) for i, cell in enumerate(str(cells).split("\n")))
                    self._seen = batch
        self._version = version
        return self._known

    def _old_rows(self) -> Mapping[int, str]:
        """Return the cells of schema 1; they are listed once, since only writers of that schema add to them."""
        if not self._rows and "cells" in self._tables():
            cells = [str(cell) for (cell,) in self._db.execute("SELECT cell FROM cells ORDER BY cell")]
            self._rows = dict(enumerate(cells, -len(cells)))
        return self._rows

    def _batch_numbers(self) -> list[int]:
        """Numbers of all batches."""
        if "batches" not in self._tables():
            return []
        return [int(row[0]) for row in self._db.execute("SELECT batch FROM batches ORDER BY batch")]

    def _keys(self) -> list[str]:
        return [str(key) for (key,) in self._db.execute("SELECT key FROM meta ORDER BY key")]

    def _batch(self, number: int) -> Sequence[Record]:
        """Return a batch after comparing its checksum."""
        if number not in self._held:
            batch = self._read_batch(number)
            while len(self._held) >= _HELD:
                del self._held[next(iter(self._held))]
            self._held[number] = batch
        return self._held[number]

    def _whole_batch(self, number: int) -> Sequence[Record]:
        """Return a batch after reading all its arrays, itself compressed."""
        for record in self._read_batch(number):
            dict(record.arrays)
        return self._read_batch(number)

    def _read_batch(self, number: int) -> Sequence[Record]:
        if number in self._rows:
            return [self._read_row(self._rows[number])]
        query = "SELECT batch, cells, payload, checksum FROM batches WHERE batch = ?"
        row = self._db.execute(query, (number,)).fetchone()
        if row is None or row[3] != _checksum(row[:3]) or not isinstance(row[2], bytes):
            cells = [repr(cell) for cell, at in self._known.items() if at // _WIDTH == number]
            named = ", ".join(cells[:_NAMED]) + (f" and {len(cells) - _NAMED} more" if len(cells) > _NAMED else "")
            raise DamagedDataError(f"Batch {number} of {self.path} (cell {named}) does not match its checksum.")
        return unpack_batch(str(row[1]).split("\n"), row[2])

    def _read_row(self, cell: str) -> Record:
        row = self._db.execute(f"SELECT {_COLUMNS} FROM cells WHERE cell = ?", (cell,)).fetchone()
        if row is None or row[1] != _checksum((row[0], *row[2:])) or not isinstance(row[-1], bytes):
            raise DamagedDataError(f"Cell {cell!r} of {self.path} does not match its checksum.")
        found, _, status, error, *texts, payload = row
        identity, measured = (MappingProxyType(json.loads(str(text))) for text in texts)
        arrays, error = MappingProxyType(unpack(payload)), None if error is None else str(error)
        return Record(str(found), identity, arrays, str(status), error, measured)

    # -- checking --------------------------------------------------------------------------------------------------

    def _checked(self) -> tuple[set[str], tuple[int, bytes]]:
        """Return the cells and the seal after checking that they agree."""
        store, acknowledged = self._ledger()  # before the tables: it may only lag behind
        with self._wrapped(str(self.path)):
            self._db.execute("BEGIN")
            try:
                rows = {t: self._db.execute(f"SELECT {_SEALED[t]} FROM {t}").fetchall() for t in self._tables()}
                seals = self._db.execute("SELECT writes, digest, checksum FROM seal").fetchall()
            finally:
                self._db.execute("COMMIT")
        digest = _EMPTY[1]
        for table, found in rows.items():
            for row in found:
                digest = _xor(digest, _checksum((table, *row)))
        seal = seals[0][:2] if len(seals) == 1 and seals[0][2] == _checksum(seals[0][:2]) else None
        if seal is None or seal[1] != digest:
            raise DamagedDataError(f"{self.path} is damaged: its rows do not match its seal; rows are lost or changed.")
        if acknowledged > seal[0] and store == self.meta_get("id"):
            raise DamagedDataError(
                f"{self.path} is damaged: it holds {seal[0]} writes and {acknowledged} were acknowledged; "
                f"its log is cut or it is an older copy. To go on with what is left, remove {self._lock_path}."
            )
        cells = {str(cell) for cell, _ in rows.get("cells", ())}
        return cells.union(*(str(text).split("\n") for _, text, _ in rows.get("batches", ()))), seal

    def _integrity(self) -> None:
        found = [str(text) for (text,) in self._db.execute("PRAGMA integrity_check(20)").fetchall()]
        if found != ["ok"]:
            raise DamagedDataError(f"{self.path} is damaged: " + "; ".join(found))

    def _attempt(self, what: str, read: Callable[[], T], lost: list[str]) -> T | None:
        """Return the result of `read`; None where the file cannot be read, and `lost` gets the reason."""
        try:
            with self._wrapped(f"{what} of {self.path}"):
                return read()
        except HPOGymError as fault:
            lost.append(str(fault))
        except Exception as fault:  # bytes that match their checksum and are no batch
            lost.append(f"{what} of {self.path} cannot be read: {fault!r}")
        return None

    def _ledger(self) -> tuple[str, int]:
        """Return the record in the lock file: a store's id and its number of acknowledged writes."""
        try:
            store, count = self._lock_path.read_text().split()
            return store, int(count)
        except (OSError, ValueError):
            return "", 0

    @contextmanager
    def _wrapped(self, what: str) -> Iterator[None]:
        """Translate errors of SQLite for the caller."""
        try:
            yield
        except (sqlite3.Error, UnicodeError) as fault:
            raise _explained(fault, what) from fault


def store_of(folder: Path) -> Path:
    """Return the store in a folder of results; raise `InvalidValueError` if there is none."""
    path = folder / "store.sqlite"
    if not path.is_file():
        near = beside(folder)
        raise InvalidValueError(f"`{folder}` must hold a store.sqlite, as `hpo-gym bench --out` writes it.{near}")
    return path


def is_written(path: Path) -> bool:
    """Return whether a process holds the writer's lock of a store, which is not written to."""
    try:
        with path.with_name(path.name + ".lock").open("rb") as file:
            lock(file.fileno(), shared=True)
    except BlockingIOError:
        return True
    except FileNotFoundError:  # a copy
        return False
    return False


def verify(path: str | Path) -> list[str]:
    """List the damage in a store that may not even open, one sentence per fault."""
    store = Store(path, write=False)
    try:
        store._open(check=False)
        return store.verify()
    except HPOGymError as fault:
        return [str(fault)]
    finally:
        store.close()


def _checksum(values: Row) -> bytes:
    """Digest of typed values: text, bytes, integers and None never collide."""
    state = hashlib.blake2b(digest_size=16)
    for value in values:
        data = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
        state.update(f"{type(value).__name__}{len(data)}:".encode() + data)
    return state.digest()


def _xor(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a, "little") ^ int.from_bytes(b, "little")).to_bytes(16, "little")


def _code(fault: BaseException) -> int:
    return int(getattr(fault, "sqlite_errorcode", 0)) & 0xFF  # the primary one


def _explained(fault: BaseException, what: str) -> HPOGymError:
    code = _code(fault)
    extended = int(getattr(fault, "sqlite_errorcode", 0))
    reading = extended in (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ)
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and not reading):
        return StorageFullError(f"{what} could not be written ({fault}); what was stored before is intact.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StateError(f"{what} is locked by another program ({fault}).")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return StateError(
            f"{what} could not be opened ({fault}); if its folder is read-only, copy it with its -wal file."
        )
    if isinstance(fault, UnicodeEncodeError):
        return InvalidValueError(f"Text must be valid Unicode, got {fault.object!r}.")
    if isinstance(fault, sqlite3.ProgrammingError):
        return StateError(f"{what}: {fault}")
    return DamagedDataError(f"{what} is damaged ({fault}).")
