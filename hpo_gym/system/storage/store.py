"""The store: one SQLite file with batches of cells for rows, each with a checksum.

Content acknowledged by `put` outlives a killed process, and damage is named, never returned: SQLite's journal undoes an
interrupted write, a row holds the checksum of its columns, and their number is stored, so that a lost one shows.

Batches are only added: of the cells with one hash, the last written counts.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from hpo_gym.base import DamagedDataError, HPOGymError, InvalidValueError, StateError, StorageFullError, beside
from hpo_gym.system.storage.batches import Record, pack_batch, unpack_batch
from hpo_gym.system.storage.posix import lock, unlock

T = TypeVar("T")

SYNCHRONOUS = "FULL"
"""A commit is on the disk, not in the system's memory: `PRAGMA synchronous` of SQLite."""

SCHEMA = 1
_APPLICATION = 0x48504F47  # "HPOG", in the file's header
_COUNT = "batches"  # the key of the number of batches
_NAMED = 3  # cells of a damaged batch
_HELD = 16  # batches in memory, while cells are read
_PATIENCE = 30.0  # seconds for another process to finish its reading or writing
_TABLES = """
CREATE TABLE batches (batch INTEGER PRIMARY KEY NOT NULL, checksum BLOB NOT NULL, cells TEXT NOT NULL,
    payload BLOB NOT NULL);
CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, checksum BLOB NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
"""  # the payload last: a scan need not read it


class Store:
    """A store, open within a `with` block; one writer at a time, readers at any time.

    Raises (all calls):
        DamagedDataError: The file is no store, or contradicts its checksums.
        StateError: Another process writes to this store, or the store is not open.
        StorageFullError: The disk is full; earlier content is intact.
    """

    def __init__(self, path: str | Path, *, write: bool = True) -> None:
        """Name the file; `with` opens it, or makes it if `write` and there is none.

        Args:
            write: Take the writer's lock. Without it the file may lie in a read-only folder.
        """
        self.path, self.write = Path(path), write
        self._connection: sqlite3.Connection | None = None
        self._lock: int | None = None
        self._forget()

    def __enter__(self) -> Store:
        self._open()
        try:
            self.cells()
        except BaseException:
            self.close()
            raise
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
        if not records:
            return
        cells, payload = "\n".join(record.cell for record in records), pack_batch(records)
        with self._transaction():
            batch = self._count() + 1
            row = (batch, _checksum(batch, cells, payload), cells, payload)
            self._db.execute("INSERT INTO batches VALUES (?, ?, ?, ?)", row)
            self._replace(_COUNT, str(batch))

    def get(self, cell: str) -> Record | None:
        """Read a cell, None where there is none.

        Raises:
            DamagedDataError: Its batch does not match its checksum; the message names the cell.
        """
        with self._wrapped(f"cell {cell!r} of {self.path}"):
            at = self._places().get(cell)
            if at is None:
                return None
            try:
                found = self._batch(at[0])[at[1]]
            except DamagedDataError as fault:
                raise DamagedDataError(f"Cell {cell!r} cannot be read. {fault}") from fault
        if found.cell != cell:
            raise DamagedDataError(f"{self.path} is damaged: asked for cell {cell!r}, it finds {found.cell!r}.")
        return found

    def cells(self) -> set[str]:
        """Hashes of all cells; no batch is missing."""
        with self._wrapped(str(self.path)):
            return set(self._places())

    def fingerprint(self) -> str:
        """Return a digest of all rows: another one after each change."""
        with self._wrapped(str(self.path)):
            rows = self._db.execute(
                "SELECT batch, checksum FROM batches UNION ALL SELECT key, checksum FROM meta ORDER BY 1"
            ).fetchall()
        return _checksum(*(value for row in rows for value in row)).hex()

    def records(self) -> Iterator[Record]:
        """Yield all cells in the order of their hashes; the stored bytes are in memory meanwhile, compressed."""
        yield from sorted(self.written(), key=lambda record: record.cell)

    def written(self) -> Iterator[Record]:
        """Yield all cells in the order of writing; the last version of a replaced one."""
        with self._wrapped(str(self.path)):
            places = dict(self._places())
            for number in sorted({batch for batch, _ in places.values()}):
                for i, record in enumerate(self._batch(number)):
                    if places.get(record.cell) == (number, i):
                        yield record

    def meta_set(self, key: str, value: str) -> None:
        """Store a text, such as the protocol's JSON, under a key."""
        self.meta_put({key: value})

    def meta_put(self, texts: Mapping[str, str]) -> None:
        """Store texts by key, all or none."""
        with self._transaction():
            for key, value in texts.items():
                self._replace(key, value)

    def meta_get(self, key: str) -> str | None:
        """Read the text under a key, None where there is none."""
        with self._wrapped(f"meta {key!r} of {self.path}"):
            row = self._db.execute("SELECT key, checksum, value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        if row[0] != key or row[1] != _checksum(key, row[2]):
            raise DamagedDataError(f"meta {key!r} of {self.path} does not match its checksum.")
        return str(row[2])

    def verify(self) -> list[str]:
        """Read everything and list the damage, one sentence per fault."""
        lost: list[str] = []
        self._attempt("The structure", self._integrity, lost)
        for _ in self.intact(lost):
            pass
        for key in self._attempt("The list of texts", self._keys, lost) or ():
            self._attempt(f"meta {key!r}", partial(self.meta_get, key), lost)
        return lost

    def intact(self, lost: list[str]) -> Iterator[Record]:
        """Yield what can be read of the cells, with their arrays, in the order of writing.

        Args:
            lost: Gets a sentence for each part that cannot be read.
        """
        listed = self._attempt("The list of batches", self._batch_numbers, lost) or set()
        count = self._attempt("The number of batches", self._count, lost) or 0
        for number in sorted(listed | set(range(1, count + 1))):
            yield from self._attempt(f"Batch {number}", partial(self._whole_batch, number), lost) or ()

    # -- opening ---------------------------------------------------------------------------------------------------

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StateError(f"A store must be open: `with Store({str(self.path)!r}) as store:`.")
        return self._connection

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(self.path.name + ".lock")

    def _open(self) -> None:
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
            os.ftruncate(self._lock, 0)  # of a store that was removed

    def _connect(self) -> None:
        uri = f"{self.path.resolve().as_uri()}?mode={'rwc' if self.write else 'rw'}"  # a reader may undo a killed write
        self._connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_PATIENCE)
        self._db.execute(f"PRAGMA synchronous={SYNCHRONOUS}" if self.write else "PRAGMA query_only=1")

    def _read_format(self) -> None:
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (application,), (schema,) = (
            self._db.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
        )
        if tables == application == 0 and not self._made():
            if not self.write and self._lock_path.exists():
                raise InvalidValueError(
                    f"{self.path} holds nothing yet: whoever began it was stopped before its first cell."
                )
            if self.write:
                self._create()
                return
        if application != _APPLICATION:
            raise DamagedDataError(f"{self.path} is not a store of hpo-gym, or its header is damaged.")
        if schema != SCHEMA:
            raise DamagedDataError(f"{self.path} has schema {schema}, this version of hpo-gym reads {SCHEMA}.")

    def _create(self) -> None:
        with self._transaction():
            for statement in _TABLES.split(";"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA application_id={_APPLICATION}")
            self._db.execute(f"PRAGMA user_version={SCHEMA}")
            self._replace(_COUNT, "0")
        if self._lock is not None:
            os.write(self._lock, b"made\n")

    def _made(self) -> bool:
        """Return whether the lock file says that there has been a store."""
        return self._lock_path.exists() and self._lock_path.stat().st_size > 0

    # -- writing ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if not self.write:
            raise StateError(f"A store opened with `write=False` must not be written to: {self.path}.")
        with self._wrapped(str(self.path)):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    def _replace(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", (key, _checksum(key, value), value))

    # -- reading ---------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._known: dict[str, tuple[int, int]] = {}
        self._seen = 0  # the last batch whose cells are known
        self._held: dict[int, Sequence[Record]] = {}

    def _places(self) -> dict[str, tuple[int, int]]:
        """Return the place of each cell: the number of its batch, and its position there."""
        count = self._count()  # first: a writer may add another one meanwhile
        query = "SELECT batch, cells FROM batches WHERE batch > ? ORDER BY batch"
        for batch, cells in self._db.execute(query, (self._seen,)).fetchall():
            if batch != self._seen + 1:
                break
            self._known.update((cell, (batch, i)) for i, cell in enumerate(str(cells).split("\n")))
            self._seen = batch
        if self._seen < count:
            raise DamagedDataError(f"{self.path} is damaged: batch {self._seen + 1} of {count} is lost.")
        return self._known

    def _count(self) -> int:
        """Return the number of batches."""
        said = self.meta_get(_COUNT)
        if said is None:
            raise DamagedDataError(f"{self.path} is damaged: its number of batches is lost.")
        return int(said)

    def _batch_numbers(self) -> set[int]:
        return {int(row[0]) for row in self._db.execute("SELECT batch FROM batches")}

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
        query = "SELECT batch, cells, payload, checksum FROM batches WHERE batch = ?"
        row = self._db.execute(query, (number,)).fetchone()
        if row is None:
            raise DamagedDataError(f"Batch {number} of {self.path} is lost.")
        cells = str(row[1]).split("\n")
        if row[3] != _checksum(*row[:3]) or not isinstance(row[2], bytes):
            named = ", ".join(map(repr, cells[:_NAMED]))
            more = f" and {len(cells) - _NAMED} more" if len(cells) > _NAMED else ""
            raise DamagedDataError(f"Batch {number} of {self.path} (cell {named}{more}) does not match its checksum.")
        return unpack_batch(cells, row[2])

    # -- checking --------------------------------------------------------------------------------------------------

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
        store._open()
        return store.verify()
    except HPOGymError as fault:
        return [str(fault)]
    finally:
        store.close()


def _checksum(*values: object) -> bytes:
    """Digest of typed values: text, bytes, integers and None never collide."""
    state = hashlib.blake2b(digest_size=16)
    for value in values:
        data = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
        state.update(f"{type(value).__name__}{len(data)}:".encode() + data)
    return state.digest()


def _explained(fault: BaseException, what: str) -> HPOGymError:
    extended = int(getattr(fault, "sqlite_errorcode", 0))
    code = extended & 0xFF  # the primary one
    reading = extended in (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ)
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and not reading):
        return StorageFullError(f"{what} could not be written ({fault}); what was stored before is intact.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StateError(f"{what} is locked by another program ({fault}).")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return StateError(f"{what} could not be opened ({fault}); if its folder is read-only, copy all its files.")
    if isinstance(fault, UnicodeEncodeError):
        return InvalidValueError(f"Text must be valid Unicode, got {fault.object!r}.")
    if isinstance(fault, sqlite3.ProgrammingError):
        return StateError(f"{what}: {fault}")
    return DamagedDataError(f"{what} is damaged ({fault}).")
