"""The folder of a table suite: `suite.json` describes it, `table.npz` holds the arrays.

Both are checked before use. A file that was cut, changed or written by something else gives a `DamagedDataError`, never
a wrong number. Arrays are stored uncompressed: none is larger than the archive; no name in a file becomes a path.

Most tables lack the array `objectives` ``(k, m, o)`` with descriptions of its columns in `suite.json`, and its keys
`fidelity`, the sizes behind fidelities, `constraints`, `starts`, rows of initial designs, `order`, the key of the order
in which agents see the rows, and `proposed`, how many last rows of each task are known of it as an earlier task only.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from hpo_gym.base import DamagedDataError, InvalidValueError, blame, name_checked
from hpo_gym.problem import Table
from hpo_gym.system import checksum, rule_of, sealed, sha256, whole_files

FORMAT = 1
SUITE, TABLE = "suite.json", "table.npz"
OBJECTIVES, PROPOSED = "objectives", "proposed"
ABOUT = ("title", "description", "score", "cost", "licence", "source", "preprocessing", "built", "titles")
"""Keys of what `hpo-gym info` shows of a table suite; `titles` are those of tasks, by name."""
_OPTIONAL = (OBJECTIVES, "fidelity", "constraints", PROPOSED, "starts", "order")  # keys that most lack
_LIMIT = {SUITE: 256 << 20, TABLE: 16 << 30}  # bytes; a larger file is none of ours


def _printable(text: str) -> str:
    if not text.isprintable():
        raise InvalidValueError("it must be printable text")
    return text


def _ascending(shares: Sequence[float]) -> Sequence[float]:
    if not (shares[0] > 0 and shares[-1] == 1 and all(a < b for a, b in itertools.pairwise(shares))):
        raise InvalidValueError("`0 < fidelities <= 1` must ascend and end in 1")
    return shares


Name = Annotated[str, Field(min_length=1), AfterValidator(_printable)]
Hex = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Metric(BaseModel):
    """Meaning of a number in the table; more keys may come.

    `cumulative`, of a cost: whether one training passes through all fidelities, so that costs include the lower ones.
    """

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)
    name: str = ""
    unit: str = ""
    cumulative: bool = False


class MemberEntry(_Strict):
    """One task of the file."""

    name: Name
    family: Name
    title: str | None = None
    meta: dict[str, float | None] = {}


class Further(_Strict):
    """Description of a column of the array `objectives`."""

    name: Name
    unit: str = ""
    direction: Literal["minimize", "maximize"]
    protocol: str = ""


class Order(_Strict):
    """Key of the order in which agents see the rows of a shared pool."""

    name: Name
    number: Annotated[int, Field(ge=0)]


class Description(_Strict):
    """Content of `suite.json`; what is known only once it is written may be absent."""

    format: Literal[1] = 1
    name: str
    version: Annotated[int, Field(ge=1)]
    title: str = ""
    description: str = ""
    score: Metric = Metric()
    cost: Metric | None = None
    licence: str = ""
    source: object = None
    preprocessing: object = None
    built: object = None
    space: dict[str, Any]
    tasks: Annotated[list[MemberEntry], Field(min_length=1)]
    splits: dict[str, list[str]] | None = None
    fidelities: Annotated[list[float], Field(min_length=1), AfterValidator(_ascending)]
    objectives: list[Further] | None = None
    fidelity: dict[str, Any] | None = None
    constraints: dict[str, float] | None = None
    proposed: Annotated[int, Field(ge=0)] = 0
    starts: list[list[list[int]]] = []
    order: Order | None = None
    sha256: dict[str, Hex] = {}
    bytes: dict[str, Annotated[int, Field(ge=0)]] | None = None
    checksum: Hex | None = None

    def about(self) -> dict[str, Any]:
        """Return the facts for `hpo-gym info`."""
        titles = {task.name: task.title for task in self.tasks if task.title is not None}
        known = self.model_dump(include=set(ABOUT), exclude_unset=True)
        return {**known, **({"titles": titles} if titles else {})}


def described(said: Mapping[str, Any]) -> Description:
    """Return a description as a file would hold it; raise `InvalidValueError` where that breaks a rule."""
    name_checked("`name`", said.get("name"))
    try:
        text = json.dumps(said, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as fault:
        raise InvalidValueError(f"The description of a suite must be plain JSON without NaN, got {fault}.") from fault
    try:
        return Description.model_validate_json(text)
    except ValidationError as fault:
        raise InvalidValueError(f"{rule_of(fault)}.") from fault


def _plain(value: object) -> object:
    """Return numbers of NumPy, or a mapping, as JSON has them."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    return dict(value)  # type: ignore[call-overload]  # else json says so


# ---------------------------------------------------------------------------------------------- writing
def write_folder(folder: Path, description: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write both files beside the old ones, then put them in their place.

    Raises:
        StorageFullError: The files could not be written; earlier ones are intact.
        InvalidValueError: The description is no plain JSON.
    """
    description = {key: value for key, value in description.items() if value or key not in _OPTIONAL}
    with whole_files(folder, TABLE, SUITE) as (table, suite):
        write_npz(table, arrays)
        sums = {"sha256": {TABLE: sha256(table)}, "bytes": {TABLE: table.stat().st_size}}
        suite.write_bytes(sealed({"format": FORMAT, **description, **sums}))


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays, in the order given, to an uncompressed npz file: the same arrays give the same bytes.

    Compressed bytes would depend on the version of zlib.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16  # else they depend on the platform
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, little(array), version=(1, 0), allow_pickle=False)


def little(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array in C order and little-endian, so that its bytes are the same everywhere."""
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<"))


# ---------------------------------------------------------------------------------------------- reading
def read_folder(folder: Path) -> tuple[Description, dict[str, NDArray[Any]]]:
    """Read and check both files, arrays read-only; raise `DamagedDataError` on missing, damaged or foreign ones."""
    description = _description(folder / SUITE)
    path = folder / TABLE
    data = _bytes(path, (description.bytes or {}).get(TABLE))
    expected, found = description.sha256.get(TABLE), hashlib.sha256(data).hexdigest()
    if found != expected:
        raise DamagedDataError(f"{path}: `sha256` must be {expected} (as {SUITE} says), got {found}.")
    with blame(path):
        return description, read_npz(data, Table.ARRAYS[:2], Table.ARRAYS)


def _bytes(path: Path, size: int | None = None) -> bytes:
    if not path.is_file():
        raise DamagedDataError(f"{path} must be a file; it is missing.")
    found = path.stat().st_size
    if found != size if size is not None else found > _LIMIT[path.name]:
        rule = f"be {size} bytes (as {SUITE} says)" if size is not None else f"be at most {_LIMIT[path.name]} bytes"
        raise DamagedDataError(f"{path} must {rule}, got {found}.")
    return path.read_bytes()


def _description(path: Path) -> Description:
    with blame(path):
        raw = json.loads(_bytes(path).decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
        got = raw.get("format") if isinstance(raw, dict) else type(raw).__name__
        if isinstance(got, bool) or got != FORMAT:
            raise DamagedDataError(
                f"{path}: `format` must be {FORMAT} (a later one needs a later hpo-gym), got {got!r}."
            )
        out = described(raw)
        if out.checksum is not None and out.checksum != checksum(raw):
            raise DamagedDataError(f"{path}: `checksum` must be {checksum(raw)}, got {out.checksum}.")
        return out


def _refuse(text: str) -> float:
    raise ValueError(f"numbers must be finite, got {text}")


def _finite(text: str) -> float:
    return float(text) if math.isfinite(float(text)) else _refuse(text)


def read_npz(data: bytes, needed: Sequence[str], known: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file of `write_npz`, read-only; refuse other names, and what could burst in memory."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [info.filename.removesuffix(".npy") for info in archive.infolist()]
        if len(set(names)) < len(names) or not set(needed) <= set(names) <= set(known):
            raise InvalidValueError(
                f"The arrays must be {', '.join(needed)}, known are {', '.join(known)}, got {names}."
            )
        if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
            raise InvalidValueError("The arrays must be stored, not compressed.")
        return {name: _array(name, archive.read(f"{name}.npy")) for name in names}


def _array(name: str, data: bytes) -> NDArray[Any]:
    """Return the array of an npy file; its header is trusted only within the size of the file."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise InvalidValueError(f"`{name}` must be an npy file of version (1, 0), got {version}.")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.str not in ("<f2", "<f4", "<f8") or fortran:
        raise InvalidValueError(f"`{name}` must be little-endian floats in C order, got {dtype.str} ({fortran=}).")
    left = len(data) - stream.tell()
    if min(shape, default=1) < 1 or math.prod(shape) * dtype.itemsize != left:
        raise InvalidValueError(f"`{name}` must have as many bytes as its shape {shape} says, got {left}.")
    return np.frombuffer(data, dtype, offset=stream.tell()).reshape(shape)
