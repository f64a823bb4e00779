"""Arrays of a table from users' input: dictionaries, lists, ragged pools. Everything is copied and checked."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpo_gym.base import InvalidValueError, unknown
from hpo_gym.problem import Points, SearchSpace

Array = NDArray[Any]
Rows = ArrayLike | Sequence[Mapping[str, Any]]
"""Points of the unit cube, or configurations."""

ABOUT = ("title", "description", "score", "cost", "licence", "source", "preprocessing", "built", "titles")
"""Keys of a table suite's description; `titles` are those of tasks, by name."""


def pools_of(space: SearchSpace, x: object) -> tuple[list[Points], bool]:
    """Return the pools as canonical points, each ``(m, d)``, and whether all tasks share one.

    Raises:
        InvalidValueError: Points or configurations outside the space, or one twice in a pool.
    """
    if isinstance(x, np.ndarray) and x.ndim not in (2, 3):
        raise InvalidValueError(f"`x` must have shape (m, {space.d}), or one such for each task, got {x.shape}.")
    items = x if isinstance(x, np.ndarray) else _list("x", x)
    if not len(items):
        raise InvalidValueError("`x` must have at least one row, got none.")
    shared = x.ndim == 2 if isinstance(x, np.ndarray) else isinstance(items[0], Mapping) or _depth(items[0]) == 1
    if shared:
        return [_pool(space, items, "x")], True
    return [_pool(space, item, f"x[{i}]") for i, item in enumerate(items)], False


def stacked(name: str, values: object, sizes: Sequence[int] | None) -> Array:
    """Scores or costs as ``(k, m, f)``, float32 where that holds them exactly; pools of `sizes` are padded by NaN.

    Raises:
        InvalidValueError: No numbers, or a wrong shape.
    """
    if sizes is None or isinstance(values, np.ndarray):
        whole = _floats(name, values)
        if whole.ndim not in (2, 3) or not whole.size:
            raise InvalidValueError(f"`{name}` must have shape (k, m) or (k, m, f), got {whole.shape}.")
        whole = whole if whole.ndim == 3 else whole[..., None]
        _check_sizes(name, list(whole), sizes)
        return _narrow(whole)
    parts = [_floats(f"{name}[{i}]", v) for i, v in enumerate(_list(name, values))]
    for i, part in enumerate(parts):
        if part.ndim not in (1, 2) or not part.size or part.shape[1:] != parts[0].shape[1:]:
            raise InvalidValueError(
                f"`{name}[{i}]` must have shape (m,) or (m, f), f the same for all, got {part.shape}."
            )
    parts = [part.reshape(len(part), -1) for part in parts]
    _check_sizes(name, parts, sizes)
    out = np.full((len(parts), max(sizes), parts[0].shape[1]), np.nan, np.result_type(*parts))
    for i, part in enumerate(parts):
        out[i, : len(part)] = part
    return _narrow(out)


def stored_x(space: SearchSpace, pools: Sequence[Points], shared: bool) -> Array:
    """One array for all pools, ``(m, d)`` or ``(k, m, d)``; short pools are padded by the middle of the cube."""
    if shared:
        return _narrow(pools[0])
    middle = space.snap(np.full((1, space.d), 0.5))[0]
    out = np.tile(middle, (len(pools), max(map(len, pools)), 1))
    for i, pool in enumerate(pools):
        out[i, : len(pool)] = pool
    return _narrow(out)


def values_of(meta: Mapping[str, float | None]) -> dict[str, float | None]:
    """Meta-features of one task as plain finite floats."""
    if not isinstance(meta, Mapping):
        raise InvalidValueError(f"`meta_features` must be a mapping of numbers for each task, got {meta!r}.")
    out: dict[str, float | None] = {}
    for name, value in meta.items():
        number = None if value is None else _number(value)
        if not isinstance(name, str) or (number is not None and not math.isfinite(number)):
            raise InvalidValueError(f"`meta_features` must be finite numbers or None by name, got {name!r}: {value!r}.")
        out[name] = number
    return out


def fidelities_of(fidelities: Sequence[float] | None, f: int) -> tuple[float, ...]:
    """Fidelities as floats: ascending, `f` of them, the last 1."""
    if fidelities is None:
        if f == 1:
            return (1.0,)
        even = tuple(round((i + 1) / f, 3) for i in range(f))
        raise InvalidValueError(f"`fidelities` must be given where `scores` have {f} of them, such as {even}.")
    try:
        out = tuple(float(v) for v in fidelities)
    except (TypeError, ValueError) as fault:
        raise InvalidValueError(f"`fidelities` must be numbers, got {fidelities!r}.") from fault
    if len(out) != f:
        raise InvalidValueError(f"`fidelities` must be as many as `scores` have, {f}, got {len(out)}: {out}.")
    if not (out[0] > 0 and out[-1] == 1 and all(a < b for a, b in itertools.pairwise(out))):
        near = (*sorted({v for v in out if 0 < v < 1}), 1.0)
        raise InvalidValueError(f"`0 < fidelities <= 1` must ascend and end in 1, got {out}; the nearest is {near}.")
    return out


def sequence(name: str, values: object) -> list[Any]:
    """Return a list of names; refuse a single name, and a mapping, whose keys would pass for a list."""
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise InvalidValueError(f"`{name}` must be a list of names, got {values!r}.")
    return list(values)


def texts(name: str, values: object, k: int) -> list[str]:
    """Names for `k` tasks: printable text."""
    out = sequence(name, values)
    count(name, out, k)
    for value in out:
        if not (isinstance(value, str) and value and value.isprintable()):
            raise InvalidValueError(
                f"`{name}` must be printable text, got {value!r}; the nearest is {str(value).strip() or 'a'!r}."
            )
    return [str(v) for v in out]


def count(name: str, values: Sequence[Any], k: int) -> None:
    """Refuse another count of values than of tasks."""
    if len(values) != k:
        raise InvalidValueError(f"`{name}` must have one entry for each of {k} tasks, got {len(values)}.")


def about_of(about: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return a copy of the description of a suite of tasks `names`: plain JSON under known names."""
    for key in about:
        if key not in ABOUT:
            raise unknown("entry of `about`", key, ABOUT)
    for key in ("score", "cost"):
        if not isinstance(about.get(key, {}), Mapping):
            raise InvalidValueError(f"`about[{key!r}]` must be a mapping of name and unit, got {about[key]!r}.")
    for key in ("title", "description", "licence"):
        if not isinstance(about.get(key, ""), str):
            raise InvalidValueError(f"`about[{key!r}]` must be text, got {about[key]!r}.")
    for name in about.get("titles", {}):
        if name not in names:
            raise unknown("task (in `about['titles']`)", name, names)
    try:
        return json.loads(json.dumps(dict(about), allow_nan=False))  # type: ignore[no-any-return]
    except (TypeError, ValueError) as fault:
        raise InvalidValueError(f"`about` must be plain JSON, got {fault}.") from fault


def cumulative_of(about: dict[str, Any], asked: object, cost: Array | None) -> tuple[dict[str, Any], bool]:
    """Return `about` with `cumulative` as asked or stated, and whether the costs of a table are cumulative.

    Raises:
        InvalidValueError: It is not True or False, or the table has no costs.
    """
    costs = about.get("cost", {})
    said = costs.get("cumulative", False)
    for name, value in (("cumulative", asked), ("about['cost']['cumulative']", said)):
        if not isinstance(value, bool):
            raise InvalidValueError(f"`{name}` must be True or False, got {value!r}.")
    if not (asked or said):
        return about, False
    if cost is None:
        raise InvalidValueError("`cumulative` needs `costs`, got none; the nearest is False.")
    return {**about, "cost": {**costs, "cumulative": True}}, True


def _number(value: float) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _list(name: str, values: object) -> list[Any]:
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise InvalidValueError(f"`{name}` must be an array or a list, got {type(values).__name__}.")
    return list(values)


def _depth(item: object) -> int:
    """Dimensions of an array, or how deep lists lie in each other (that of first items); a mapping is a row."""
    if isinstance(item, np.ndarray):
        return item.ndim
    if isinstance(item, Mapping):
        return 1
    if isinstance(item, Sequence) and not isinstance(item, (str, bytes)):
        return 1 + (_depth(item[0]) if len(item) else 0)
    return 0


def _pool(space: SearchSpace, rows: object, name: str) -> Points:
    items = rows if isinstance(rows, np.ndarray) else _list(name, rows)
    if not len(items):
        raise InvalidValueError(f"`{name}` must have at least one row, got none.")
    if not isinstance(rows, np.ndarray) and isinstance(items[0], Mapping):
        if not all(isinstance(row, Mapping) for row in items):
            raise InvalidValueError(f"`{name}` must be configurations throughout or points throughout, got both.")
        points = space.snap(space.encode(items))
    else:
        points = space.snap(_floats(name, items))
    seen: dict[bytes, int] = {}
    for i, point in enumerate(points):
        first = seen.setdefault(point.tobytes(), i)
        if first != i:
            raise InvalidValueError(
                f"`{name}` must have each configuration once, got {space.from_unit(point)} in rows {first} and {i}; "
                "give the mean of repeated measurements."
            )
    return points


def _floats(name: str, values: object) -> Array:
    """Return a copy as float64, or float32 if the input is no wider."""
    try:
        out = np.asarray(values)
    except ValueError as fault:  # ragged
        raise InvalidValueError(f"`{name}` must be rows of one length, got ragged ones ({fault}).") from fault
    if out.dtype.kind not in "fiub":
        raise InvalidValueError(f"`{name}` must be numbers, got {out.dtype} such as {out.reshape(-1)[:1].tolist()}.")
    return np.array(out, np.float32 if out.dtype in (np.float16, np.float32) else np.float64)


def _narrow(a: Array) -> Array:
    """Return a copy in float32 if that holds every value."""
    with np.errstate(over="ignore", under="ignore"):
        small = a.astype(np.float32)
    return small if a.dtype == np.float32 or np.array_equal(small, a, equal_nan=True) else a.copy()


def _check_sizes(name: str, parts: Sequence[Array], sizes: Sequence[int] | None) -> None:
    if sizes is None:
        return
    if len(parts) != len(sizes):
        raise InvalidValueError(f"`{name}` must have one row for each of {len(sizes)} pools in `x`, got {len(parts)}.")
    for i, (part, size) in enumerate(zip(parts, sizes, strict=True)):
        if len(part) != size:
            raise InvalidValueError(
                f"`{name}[{i}]` must have a score for each of {size} rows of `x[{i}]`, got {len(part)}."
            )
