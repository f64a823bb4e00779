"""Rows of trials put in the arrays of a table: by task, configuration and fidelity, repeats by their mean.

A failed repeat counts in it: see `hpo_gym.suites.own.failures`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hpo_gym.base import Floats, Ints, InvalidValueError, key, mix
from hpo_gym.problem import Points, SearchSpace
from hpo_gym.suites.own.failures import counted, note
from hpo_gym.suites.own.reading import TrialRows
from hpo_gym.suites.own.roles import FURTHER
from hpo_gym.suites.own.suite import TableSuite, table_suite
from hpo_gym.suites.own.values import texts_of

_UNION = 0.5  # share of measured cells above which the pools of the tasks become one
_CELLS = 200_000_000  # of an array of the table; more would not fit in memory


@dataclass(frozen=True, eq=False)
class Trials:
    """Content of `n` rows.

    Attributes:
        rows: Their source, for messages.
        x: Canonical points, ``(n, d)``.
        task: The task of each row, ``(n,)``.
        values: Numbers of each row, ``(n,)``, by role: "score" and, if known, "test_score", "cost" and objectives.
        share: The fidelity of each row as a share of a full evaluation, ``(n,)``.
        families: The family of each task, None if each is its own.
        directions: Of each further objective.
        failures: How failed repeats count, one of `FAILURES`.
    """

    rows: TrialRows
    space: SearchSpace
    x: Points
    tasks: Sequence[str]
    task: Ints
    values: Mapping[str, Floats]
    share: Floats
    families: Sequence[str] | None
    directions: Mapping[str, str] = field(default_factory=dict)
    failures: str = "worst"

    def suite(self, name: str, notes: Sequence[str]) -> TableSuite:
        """Put the rows in arrays.

        Raises:
            InvalidValueError: A task without a success, one configuration only, or arrays beyond all bounds.
        """
        import pandas as pd

        row, points = _distinct(self.x)
        if len(points) < 2:
            raise InvalidValueError(f"{self.rows.source} must have at least two different configurations, got one.")
        fidelities, level = np.unique(self.share, return_inverse=True)
        k, m, f = len(self.tasks), len(points), len(fidelities)
        pair, pairs = pd.factorize(self.task * m + row)
        cell = pair * f + level
        values, more = self._counted(cell, self.task * f + level)
        found = {role: _means(cell, value, len(pairs) * f).reshape(-1, f) for role, value in values.items()}
        fine = np.isfinite(found["score"][:, -1]) & ~np.isnan(found["score"]).any(1)
        good = np.bincount((pairs // m)[fine], minlength=k) > 0
        if not good.all():
            name, where = self.tasks[int(np.argmin(good))], "at all fidelities, " if f > 1 else ""
            raise InvalidValueError(
                f"{self.rows.source}: task {name!r} must have a configuration with a score {where}that did not fail, "
                "and has none."
            )
        union = len(pairs) >= _UNION * k * m
        own = [] if union else [of[np.argsort(pairs[of])] for of in _groups(pairs // m, k)]
        rows = m if union else max(map(len, own))
        if k * rows * f > _CELLS:
            raise InvalidValueError(
                f"{self.rows.source}: `tasks x configurations x fidelities <= {_CELLS:.0e}` must hold, got "
                f"{k} x {rows} x {f}."
            )
        if union:
            x: Any = points
            given: dict[str, Any] = {role: _spread(part, pairs, k * m).reshape(k, m, f) for role, part in found.items()}
        else:
            x = [points[pairs[of] % m] for of in own]
            given = {role: [part[of] for of in own] for role, part in found.items()}
        families, said = self.families, [*notes, *more]
        one = len(set(families or self.tasks)) == 1
        return table_suite(
            name, self.space, x, given["score"], test_scores=given.get("test_score"), costs=given.get("cost"),
            fidelities=fidelities.tolist(), objectives=self._objectives(given), tasks=self.tasks, families=families,
            splits={"test": list(self.tasks)} if one else None, about={"preprocessing": said} if said else None,
        )  # fmt: skip

    def _counted(self, cell: Ints, group: Ints) -> tuple[dict[str, Floats], list[str]]:
        """Return the values with failed repeats counted, and what to say of it; costs of failures are costs."""
        values, failed = dict(self.values), np.isneginf(self.values["score"])
        said = note(failed, np.isfinite(values["score"]), cell, self.failures)
        if said is None:
            return values, []
        values["score"] = counted(values["score"], failed, cell, group, self.failures)
        if self.failures == "worst":
            signs = {"test_score": 1.0} | {
                FURTHER + n: 1.0 if d == "maximize" else -1.0 for n, d in self.directions.items()
            }
            for role, sign in signs.items():
                if role in values:
                    lost = failed | np.isneginf(values[role])
                    values[role] = sign * counted(sign * values[role], lost, cell, group, self.failures)
        return values, [said]

    def _objectives(self, given: Mapping[str, Any]) -> dict[str, dict[str, Any]] | None:
        """Return the further objectives, at full fidelity, in the form of `table_suite`."""
        out = {}
        for name, direction in self.directions.items():
            whole = given[FURTHER + name]
            full = [part[:, -1] for part in whole] if isinstance(whole, list) else whole[..., -1]
            out[name] = {"values": full, "direction": direction}
        return out or None


def families_of(rows: TrialRows, task: Ints, tasks: Sequence[str], name: str) -> list[str]:
    """Return the family of each task, its own where the column is empty; refuse two of one task."""
    texts, first = texts_of(rows[name]), np.unique(task, return_index=True)[1]
    differs = np.flatnonzero(texts != texts[first][task])
    if differs.size:
        row = int(differs[0])
        one, two = texts[first[task[row]]], texts[row]
        raise rows.fault(row, f"a task must have one family, got {one!r} and {two!r} for {tasks[task[row]]!r}.")
    return [texts[i] or tasks[t] for t, i in enumerate(first)]


def _distinct(x: Points) -> tuple[Ints, Points]:
    """Return the place of each point among the distinct ones ``(m, d)``, these in an order by key.

    Lines of a file often stand in the order in which an optimizer proposed them: their places would tell their worth.
    """
    import pandas as pd

    row = np.asarray(pd.DataFrame(x).groupby(list(range(x.shape[1])), sort=False).ngroup(), np.int64)
    points = x[np.unique(row, return_index=True)[1]]
    keys = np.zeros(len(points), np.uint64)
    for j, column in enumerate(np.ascontiguousarray(points.T + 0.0).view(np.uint64)):
        keys = mix(keys ^ column, key("rows", j))
    order = np.argsort(keys, kind="stable")
    return np.argsort(order)[row], points[order]


def _groups(task: Ints, k: int) -> list[Ints]:
    """Return the places of each of `k` tasks."""
    order = np.argsort(task, kind="stable")
    return np.split(order, np.cumsum(np.bincount(task, minlength=k))[:-1])


def _means(cell: Ints, values: Floats, cells: int) -> Floats:
    """Return the mean of the finite values of each cell, failures aside; else -inf, if that is among them; else NaN."""
    out = np.full(cells, np.nan)
    out[cell[np.isneginf(values)]] = -math.inf
    good = np.isfinite(values)
    cell, values = cell[good], values[good]
    order = np.lexsort((values, cell))  # a sum hangs on its order in the last bit: that of lines must not matter
    there, start, count = np.unique(cell[order], return_index=True, return_counts=True)
    if len(there):
        out[there] = np.add.reduceat(values[order] / np.repeat(count, count), start)
    return out


def _spread(part: Floats, pairs: Ints, size: int) -> Floats:
    out = np.full((size, part.shape[1]), np.nan)
    out[pairs] = part
    return out
