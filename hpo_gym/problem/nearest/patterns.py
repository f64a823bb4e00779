"""The nearest rows within a pattern of active hyperparameters, and in other patterns only where they can win.

A row of another pattern is at least as far as the number of columns active on one side only, and 1 more if all
conditions depend on categoricals: one of them must have another choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hpo_gym.base import Floats, Ints, Mask, Singles
from hpo_gym.problem.nearest.candidates import Candidates, Shut
from hpo_gym.problem.nearest.distance import DistanceParts, columns, parts
from hpo_gym.problem.nearest.exact import Exact
from hpo_gym.problem.nearest.scan import scan, slack_of
from hpo_gym.problem.space import Points, SearchSpace


@dataclass(frozen=True, eq=False)
class _Group:
    """Rows of one pattern.

    Attributes:
        ids: Their numbers, ascending, ``(g,)``.
        rows: Their factors ``(f, g)``: the sum of squares, values and choices, and the squares.
        own, cross: Factors of points that meet the factors up to the squares, and those from the values on.
        slack: Differences below it are rounding of float32.
    """

    ids: Ints
    rows: Singles
    own: Ints
    cross: Ints
    slack: np.float32

    def nearest(self, points: Singles, who: Ints, shut: Shut | None, *, own: bool, whole: bool) -> Candidates:
        """Return candidates for the points `who`, of this pattern or of another.

        Args:
            whole: Whether no metric column is active on both sides.
        """
        which, rows = (self.own, self.rows[: len(self.own)]) if own else (self.cross, self.rows[1:])
        q, shut = points.take(who, 0).take(which, 1), None if shut is None else shut.some(who)
        found = scan(q, rows, None if whole else self.slack, shut, self.ids)
        return Candidates(who.take(found.point), found.row, found.value)


class _Sought(NamedTuple):
    """Points ``(n, d)``, their factors, their patterns ``(n,)`` and the least values so far ``(n,)``."""

    parts: DistanceParts
    factors: Singles
    own: Ints
    best: Floats


class Patterns:
    """Looks at rows ``(m, d)`` pattern by pattern.

    Args:
        same: The lowest row of the same pattern, ``(m,)``.
    """

    def __init__(self, space: SearchSpace, x: Points, same: Ints) -> None:
        self._space, p = space, parts(space, x)
        assert p.active is not None
        patterns: Floats = p.active[np.unique(same)]
        self._patterns, self._exact = patterns, Exact(patterns)
        self._groups = [self._group(np.flatnonzero(same == first), p) for first in np.unique(same).tolist()]
        self._slack = max(group.slack for group in self._groups)
        kinds = [space.hyperparameters[j].kind for j in space.parents]
        self._choice = float(all(kind in ("categorical", "constant") for kind in kinds))
        self._metric: Mask = np.asarray(patterns.take(columns(space).metric, 1).any(1))
        self._others = patterns.take(columns(space).other, 1).sum(1)  # active columns of choices of each pattern
        apart = self._apart(patterns)
        np.fill_diagonal(apart, np.inf)
        self._alone = np.append(apart.min(1), -np.inf)  # the last is of points whose pattern no row has

    def find(self, x: Points, shut: Shut | None) -> Candidates:
        """Return every row that could be the nearest, see `Search.find`."""
        p = parts(self._space, x)
        assert p.active is not None
        metric = p.active.take(columns(self._space).metric, 1)
        q: Singles = np.concatenate([np.ones((len(x), 1)), p.value, p.chosen, metric], 1, dtype=np.float32)
        own, square = self._exact.rows(p.active), p.value * p.value
        rest = square.sum(1) + self._others.take(own)  # with the product, the squared distance
        best, found = np.full(len(x), np.inf), []
        for g, who in _groups(own):
            point, row, value = self._groups[g].nearest(q, who, shut, own=True, whole=not self._metric[g])
            found.append(Candidates(point, row, value + rest.take(point)))
            np.minimum.at(best, point, found[-1].value)
        far = (best + self._slack >= self._alone.take(own)).nonzero()[0]
        if far.size:
            found += self._elsewhere(_Sought(p, q, own, best), far, shut)
        all_ = Candidates.of(found) if found else Candidates(own[:0], own[:0], best[:0])
        if not far.size:
            return all_
        near = all_.value <= best.take(all_.point) + self._slack
        return Candidates(all_.point[near], all_.row[near], all_.value[near])

    def _elsewhere(self, sought: _Sought, far: Ints, shut: Shut | None) -> Iterator[Candidates]:
        """Candidates of other patterns for the points `far`; `sought.best` is brought up to date."""
        p, q, own, best = sought
        assert p.active is not None
        c, active = columns(self._space), p.active.take(far, 0)
        apart = self._apart(active)
        rest = apart - self._choice * (apart > 0)
        rest += active.take(c.other, 1) @ self._patterns.take(c.other, 1).T
        rest += np.square(p.value.take(far, 0)) @ self._patterns.take(c.metric, 1).T
        alike = active.take(c.metric, 1) @ self._patterns.take(c.metric, 1).T == 0
        place = np.empty(len(own), np.int64)  # of a point, among the far ones
        place[far] = np.arange(len(far))
        known = (own.take(far) >= 0).nonzero()[0]
        apart[known, own.take(far).take(known)] = np.inf  # there they were
        for g in apart.min(0).argsort().tolist():
            near = (apart[:, g] <= best.take(far) + self._slack) & (apart[:, g] < np.inf)
            for whole in (False, True) if near.any() else ():
                some = (near & (alike[:, g] == whole)).nonzero()[0]
                if not some.size:
                    continue
                point, row, value = self._groups[g].nearest(q, far.take(some), shut, own=False, whole=whole)
                value = value + rest[place.take(point), g]
                np.minimum.at(best, point, value)
                yield Candidates(point, row, value)

    def _apart(self, active: Floats) -> Floats:
        """Return the least possible distance to rows of each pattern, ``(n, patterns)``."""
        one_side = active.sum(1)[:, None] + self._patterns.sum(1) - 2.0 * (active @ self._patterns.T)
        return np.asarray(one_side + self._choice * (one_side > 0))

    def _group(self, ids: Ints, p: DistanceParts) -> _Group:
        assert p.active is not None
        c = columns(self._space)
        values = np.flatnonzero(p.active[ids[0]].take(c.metric))
        chosen = np.flatnonzero(p.chosen[ids].any(0))
        value = p.value[ids][:, values].T
        square = value * value
        rows = np.concatenate([square.sum(0)[None], -2.0 * value, -1.0 * p.chosen[ids][:, chosen].T, square])
        end = 1 + len(c.metric) + len(c.place)
        own = np.concatenate([[0], 1 + values, 1 + len(c.metric) + chosen])
        return _Group(ids, rows.astype(np.float32), own, np.concatenate([own[1:], end + values]), slack_of(rows))


def _groups(own: Ints) -> Iterator[tuple[int, Ints]]:
    """Yield each pattern of the points, with its points."""
    order = own.argsort(kind="stable")
    ordered = own.take(order)
    for who in np.split(order, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1) if len(own) > 1 else [order]:
        if own[who[0]] >= 0:
            yield int(own[who[0]]), who
