"""Arrays of a table from users' input: dictionaries, lists, ragged pools. Everything is copied and checked."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpo_gym.base import InvalidValueError
from hpo_gym.problem import Points, SearchSpace

Array = NDArray[Any]
Rows = ArrayLike | Sequence[Mapping[str, Any]]
"""Points of the unit cube, or configurations."""


def pools_of(space: SearchSpace, x: object) -> tuple[list[Points], bool, SearchSpace]:
    """Return the pools as canonical points, each ``(m, d)``, whether all tasks share one, and the space that decodes
    the floats of configurations exactly.

    Raises:
        InvalidValueError: Points or configurations outside the space, or one twice in a pool.
    """
    items = _list("x", x)
    below: Any = None if isinstance(items[0], Mapping) else _list("x[0]", items[0])[0]
    if np.ndim(below) == 0 and not isinstance(below, Mapping):
        return [_pool(space, items, "x")], True, _keeping(space, items)
    pools = [_list(f"x[{i}]", pool) for i, pool in enumerate(items)]
    points = [_pool(space, pool, f"x[{i}]") for i, pool in enumerate(pools)]
    return points, False, _keeping(space, itertools.chain(*pools))


def stacked(name: str, values: object, sizes: Sequence[int] | None) -> Array:
    """Scores or costs as ``(k, m, f)``, float32 where that holds them exactly; pools of `sizes` are padded by NaN.

    Raises:
        InvalidValueError: No numbers, or a wrong shape.
    """
    if sizes is None:
        whole = _floats(name, values)
        if whole.ndim not in (2, 3) or not whole.size:
            raise InvalidValueError(f"`{name}` must have shape (k, m) or (k, m, f), got {whole.shape}.")
        return _narrow(whole if whole.ndim == 3 else whole[..., None])
    parts = [_floats(f"{name}[{i}]", v) for i, v in enumerate(_list(name, values))]
    shapes, rest = [part.shape for part in parts], parts[0].shape[1:]
    if len(rest) > 1 or shapes != [(size, *rest) for size in sizes]:
        raise InvalidValueError(
            f"`{name}` must have a score for each row of the pools in `x`, of {list(sizes)} rows, got {shapes}."
        )
    out = np.full((len(parts), max(sizes), *(rest or (1,))), np.nan, np.result_type(*parts))
    for i, part in enumerate(parts):
        out[i, : len(part)] = part.reshape(len(part), -1)
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
        try:
            out[name] = None if value is None else float(value)
        except (TypeError, ValueError):
            out[name] = math.nan
        if not isinstance(name, str) or not math.isfinite(out[name] or 0.0):
            raise InvalidValueError(f"`meta_features` must be finite numbers or None by name, got {name!r}: {value!r}.")
    return out


def each(name: str, values: Any, k: int) -> list[Any]:
    """Return a list with an entry for each of `k` tasks; refuse a text, and a mapping, whose keys would pass for it."""
    if isinstance(values, (str, bytes, Mapping)) or not np.iterable(values):
        raise InvalidValueError(f"`{name}` must be a list, an entry for each task, got {values!r}.")
    out = list(values)
    if len(out) != k:
        raise InvalidValueError(f"`{name}` must have one entry for each of {k} tasks, got {len(out)}.")
    return out


def _list(name: str, values: Any) -> Any:
    """Return an array of some dimensions as it is, or a list; refuse an empty one."""
    if isinstance(values, (str, bytes, Mapping)) or not np.iterable(values):
        raise InvalidValueError(f"`{name}` must be an array or a list, got {type(values).__name__}.")
    out = values if isinstance(values, np.ndarray) else list(values)
    if not len(out):
        raise InvalidValueError(f"`{name}` must have at least one row, got none.")
    return out


def _pool(space: SearchSpace, rows: object, name: str) -> Points:
    items = _list(name, rows)
    points = space.snap(space.encode(items) if isinstance(items[0], Mapping) else _floats(name, items))
    seen: dict[bytes, int] = {}
    for i, point in enumerate(points):
        first = seen.setdefault(point.tobytes(), i)
        if first != i:
            raise InvalidValueError(
                f"`{name}` must have each configuration once, got {space.from_unit(point)} in rows {first} and {i}; "
                "give the mean of repeated measurements."
            )
    return points


def _keeping(space: SearchSpace, rows: Iterable[object]) -> SearchSpace:
    """Return the space that decodes floats of configurations among these rows exactly."""
    values: dict[str, list[Any]] = {name: [] for name in space.names}
    for config in rows:
        for name, value in config.items() if isinstance(config, Mapping) else ():
            values[name] += [] if value is None else [value]
    return space.keeping(values)


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
