"""Further objectives of a table, as users give them and as a file holds them: checked, and put in one array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, unknown
from hpo_gym.problem import Objective, refuse_reserved
from hpo_gym.suites.own.input import Array, stacked

_KEYS = ("values", *(f.name for f in fields(Objective) if f.name != "name"))

Given = Mapping[str, Mapping[str, Any]]
"""By the name of an objective: `values`, and the attributes of an `Objective`."""


def objectives_of(
    given: Given | None, score: Array, sizes: Sequence[int] | None
) -> tuple[tuple[Objective, ...], Array | None]:
    """Return a user's objectives as ``(k, m, o)``; NaN of a failed or unmeasured row becomes the worst of the task.

    Args:
        given: `values` of each ``(k, m)``, or a list of `k` arrays ``(m,)`` if each task has a pool of its own.
        score: ``(k, m, f)``.
        sizes: Rows of each pool, None with one pool.

    Raises:
        InvalidValueError: No numbers, another shape, infinity, NaN for a successful row.
        UnknownNameError: A key or a direction that does not exist.
    """
    if given is None:
        return (), None
    if not isinstance(given, Mapping) or not given:
        raise InvalidValueError(f"`objectives` must be a mapping of a name to values and direction, got {given!r}.")
    named, columns = [], []
    for name, said in given.items():
        objective, values = _one(name, said, sizes)
        if values.shape != score.shape[:2]:
            raise InvalidValueError(
                f"`values` of objective {name!r} must have a number for each task and row {score.shape[:2]}, got "
                f"{values.shape}."
            )
        named.append(objective)
        columns.append(_filled(values, objective, np.isnan(score).any(2) | np.isneginf(score[..., -1])))
    array = np.stack(columns, -1)
    check_objectives(named, array, score.shape[:2])
    return tuple(named), array


def _one(name: str, said: Mapping[str, Any], sizes: Sequence[int] | None) -> tuple[Objective, Array]:
    if not isinstance(said, Mapping):
        raise InvalidValueError(
            f'Objective {name!r} must be {{"values": .., "direction": "minimize" or "maximize"}}, got {said!r:.100}.'
        )
    for key in said:
        if key not in _KEYS:
            raise unknown(f"key (of objective {name!r})", key, _KEYS)
    for key in ("values", "direction"):
        if key not in said:
            raise InvalidValueError(f"Objective {name!r} must have `{key}`, got {sorted(said)}.")
    objective = Objective(name, **{key: value for key, value in said.items() if key != "values"})
    whole = stacked(f"values of objective {name!r}", said["values"], sizes)
    if whole.shape[2] != 1:
        raise InvalidValueError(
            f"`values` of objective {name!r} must be of full evaluations (k, m), got {whole.shape[2]} fidelities."
        )
    return objective, whole[..., 0]


def _filled(values: Array, objective: Objective, may_lack: NDArray[np.bool_]) -> Array:
    """Return the values, with the task's worst for rows that may lack them: failed ones, or never returned."""
    gaps = may_lack & np.isnan(values)
    if not gaps.any():
        return values
    worst = np.nanmin if objective.sign > 0 else np.nanmax
    some = np.where(np.isnan(values).all(1, keepdims=True), 0.0, values)
    return np.where(gaps, worst(some, axis=1, keepdims=True), values).astype(values.dtype)


def check_objectives(named: Sequence[Objective], array: Array | None, shape: tuple[int, int]) -> None:
    """Refuse objectives that contradict their descriptions.

    Args:
        array: ``(k, m, o)``, or None.

    Raises:
        InvalidValueError: A repeated or reserved name, names or numbers alone, another shape, NaN or infinity.
    """
    names = [objective.name for objective in named]
    refuse_reserved(names)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidValueError(f"The names of objectives must be different, got {twice!r} {names.count(twice)} times.")
    if (array is None) != (not names):
        lacks = f"there is no such array for {names}" if array is None else f"got {array.shape} and no names"
        raise InvalidValueError(f"`objectives` must have names and numbers, {lacks}.")
    if array is None:
        return
    if array.shape != (*shape, len(names)):
        raise InvalidValueError(
            f"`objectives` must have shape {(*shape, len(names))} (tasks, rows, names {names}), got {array.shape}."
        )
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        task, row, which = bad[0].tolist()
        raise InvalidValueError(
            f"`objectives` must be finite in all rows, objective {names[which]!r} is {array[task, row, which]} in row "
            f"{row} of task {task}."
        )
