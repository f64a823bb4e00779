"""Further objectives of a table, as users give them: put in one array, with an entry of its description each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError
from hpo_gym.problem import Table, refuse_reserved
from hpo_gym.suites.own.input import Array, stacked

Given = Mapping[str, Mapping[str, Any]]
"""By the name of an objective: `values`, and the attributes of an `Objective`."""


def objectives_of(given: Given, score: Array, sizes: Sequence[int] | None) -> tuple[list[dict[str, Any]], Array]:
    """Return a user's objectives as entries of a description and ``(k, m, o)``.

    NaN of a failed or unmeasured row becomes the worst of the task.

    Args:
        given: `values` of each ``(k, m)``, or a list of `k` arrays ``(m,)`` if each task has a pool of its own.
        score: ``(k, m, f)``.
        sizes: Rows of each pool, None with one pool.

    Raises:
        InvalidValueError: No numbers, or another shape.
    """
    if not isinstance(given, Mapping) or not given or not all(isinstance(said, Mapping) for said in given.values()):
        raise InvalidValueError(
            '`objectives` must be a mapping of a name to {"values": .., "direction": "minimize" or "maximize"}, got '
            f"{given!r:.200}."
        )
    columns = []
    for name, said in given.items():
        if "values" not in said:
            raise InvalidValueError(f"Objective {name!r} must have `values`, got {sorted(said)}.")
        values = stacked(f"values of objective {name!r}", said["values"], sizes)
        if values.shape != (*score.shape[:2], 1):
            raise InvalidValueError(
                f"`values` of objective {name!r} must be of full evaluations, a number for each task and row "
                f"{score.shape[:2]}, got {values.shape}."
            )
        gaps = (np.isnan(score).any(2) | np.isneginf(score[..., -1])) & np.isnan(values[..., 0])
        columns.append(_filled(values[..., 0], gaps, most=said.get("direction") == "minimize"))
    entries = [{"name": name, **{k: v for k, v in said.items() if k != "values"}} for name, said in given.items()]
    return entries, np.stack(columns, -1)


def _filled(values: Array, gaps: Array, *, most: bool) -> Array:
    """Return the values, with the task's worst, the `most` or the least, in gaps."""
    if not gaps.any():
        return values
    some = np.where(np.isnan(values).all(1, keepdims=True), 0.0, values)
    worst = (np.nanmax if most else np.nanmin)(some, axis=1, keepdims=True)
    return np.where(gaps, worst, values).astype(values.dtype)


def check_objectives(table: Table) -> None:
    """Refuse objectives that contradict their descriptions.

    Raises:
        InvalidValueError: A repeated or reserved name, names or numbers alone, another shape, NaN or infinity.
    """
    names, array = [objective.name for objective in table.further], table.objectives
    refuse_reserved(names)
    if len(set(names)) < len(names):
        raise InvalidValueError(f"The names of objectives must be different, got {names}.")
    shape = None if array is None else array.shape
    if shape != ((table.k, table.m, len(names)) if names else None):
        raise InvalidValueError(
            f"`objectives` must have shape {(table.k, table.m, len(names))} (tasks, rows, names {names}), got {shape}."
        )
    if array is not None and not np.isfinite(array).all():
        task, row, which = np.argwhere(~np.isfinite(array))[0].tolist()
        raise InvalidValueError(
            f"`objectives` must be finite in all rows, objective {names[which]!r} is {array[task, row, which]} in row "
            f"{row} of task {task}."
        )
