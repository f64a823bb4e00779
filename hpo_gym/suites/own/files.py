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
import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hpo_gym.base import DamagedDataError, InvalidValueError, blame
from hpo_gym.problem import Objective, Table, sizes_of
from hpo_gym.suites.own.objectives import check_objectives
from hpo_gym.system import checksum, sealed, sha256, whole_files

FORMAT = 1
SUITE, TABLE = "suite.json", "table.npz"
OBJECTIVES, FIDELITY, CONSTRAINTS, PROPOSED, STARTS = "objectives", "fidelity", "constraints", "proposed", "starts"
ORDER = "order"
ARRAYS = Table.ARRAYS
_OPTIONAL = (OBJECTIVES, FIDELITY, CONSTRAINTS, PROPOSED, STARTS, ORDER)  # keys of `suite.json` that most lack
_LIMIT = {SUITE: 256 << 20, TABLE: 16 << 30}  # bytes; a larger file is none of ours

Name = Annotated[str, Field(min_length=1)]
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
    """Content of `suite.json`."""

    format: Literal[1]
    name: Name
    version: Annotated[int, Field(ge=1)]
    title: str = ""
    description: str = ""
    space: dict[str, Any]
    tasks: Annotated[list[MemberEntry], Field(min_length=1)]
    splits: dict[str, list[str]] | None = None
    score: Metric = Metric()
    cost: Metric | None = None
    fidelities: Annotated[list[float], Field(min_length=1)]
    objectives: list[Further] | None = None
    fidelity: dict[str, Any] | None = None
    constraints: dict[str, float] | None = None
    proposed: Annotated[int, Field(ge=0)] = 0
    starts: list[list[list[int]]] = []
    order: Order | None = None
    licence: str = ""
    source: object = None
    preprocessing: object = None
    built: object = None
    sha256: Annotated[dict[str, Hex], Field(min_length=1)]
    bytes: dict[str, Annotated[int, Field(ge=0)]] | None = None
    checksum: Hex | None = None


# ---------------------------------------------------------------------------------------------- writing
def write_folder(folder: Path, description: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write both files beside the old ones, then put them in their place.

    Raises:
        StorageFullError: The files could not be written; earlier ones are intact.
        InvalidValueError: The description is no plain JSON, or objectives or sizes do not fit the arrays.
    """
    _check(description, arrays)
    description = {key: value for key, value in description.items() if value or key not in _OPTIONAL}
    with whole_files(folder, TABLE, SUITE) as (table, suite):
        write_npz(table, arrays)
        sums = {"sha256": {TABLE: sha256(table)}, "bytes": {TABLE: table.stat().st_size}}
        suite.write_bytes(sealed({"format": FORMAT, **description, **sums}))


def _check(description: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse objectives or sizes that do not fit the arrays."""
    said = [dict(one) for one in description.get(OBJECTIVES) or ()]
    sizes, array, score = sizes_of(description.get(FIDELITY)), arrays.get(OBJECTIVES), arrays["score"]
    check_objectives([Objective(**one) for one in said], array, score.shape[:2])
    if sizes is not None:
        sizes.check(len(description["fidelities"]))


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
    with blame(path), zipfile.ZipFile(io.BytesIO(data)) as archive:
        return description, _arrays(archive)


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
        try:
            out = Description.model_validate(raw)
        except ValidationError as fault:
            first = fault.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise DamagedDataError(f"{path}: `{where}`: {first['msg']}, got {first['input']!r:.200}.") from fault
        if out.checksum is not None and out.checksum != checksum(raw):
            raise DamagedDataError(f"{path}: `checksum` must be {checksum(raw)}, got {out.checksum}.")
        return out


def _refuse(text: str) -> float:
    raise ValueError(f"numbers must be finite, got {text}")


def _finite(text: str) -> float:
    return float(text) if math.isfinite(float(text)) else _refuse(text)


def _arrays(archive: zipfile.ZipFile) -> dict[str, NDArray[Any]]:
    names = [info.filename.removesuffix(".npy") for info in archive.infolist()]
    if len(set(names)) < len(names) or not {"x", "score"} <= set(names) <= set(ARRAYS):
        raise InvalidValueError(
            f"The arrays must be x, score and, if known, {', '.join(ARRAYS[2:-1])} and {OBJECTIVES}, got {names}."
        )
    if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
        raise InvalidValueError("The arrays must be stored, not compressed.")
    return {name: array_of(name, archive.read(f"{name}.npy")) for name in names}


def array_of(name: str, data: bytes) -> NDArray[Any]:
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
