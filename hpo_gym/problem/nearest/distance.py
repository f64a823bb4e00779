"""The squared distance between two configurations, also as a sum of products.

Column by column it adds the squared difference in the unit cube where a metric hyperparameter is active on both sides,
1 for another choice of a categorical, and 1 where only one side is active.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Mask
from hpo_gym.problem.space import Points, SearchSpace

ROUNDED = 1e-11  # more than squared distances differ that are equal when rounded to 12 digits


class PointColumns(NamedTuple):
    """Metric columns ``(p,)`` and others ``(q,)`` with their number of choices; of each choice ``(c,)``, its column of
    the others and its place there."""

    metric: Ints
    other: Ints
    choices: Floats
    column: Ints
    place: Ints

    def codes(self, x: Points) -> Floats:
        """Return the position of the choice in each categorical column, ``(n, q)``."""
        return np.asarray(np.minimum(np.floor(x.take(self.other, 1) * self.choices), self.choices - 1))


@functools.lru_cache(maxsize=64)
def columns(space: SearchSpace) -> PointColumns:
    """Return the columns of a space by their part in the distance."""
    metric = [j for j, h in enumerate(space.hyperparameters) if h.metric]
    other = [j for j, h in enumerate(space.hyperparameters) if not h.metric]
    count = [len(space.hyperparameters[j].choices) for j in other]
    places = [np.arange(c) for c in count]
    return PointColumns(
        np.array(metric, np.int64), np.array(other, np.int64), np.array(count, np.float64),
        np.repeat(np.arange(len(other)), count), np.concatenate([np.empty(0, np.int64), *places]),
    )  # fmt: skip


def between(space: SearchSpace, x: Points, rows: Points) -> Floats:
    """Return squared distances of canonical points ``(n, d)`` to one other each, ``(n,)``.

    They are rounded to 12 digits, so that equally near points compare equal.
    """
    c = columns(space)
    moved, other = x.take(c.metric, 1) - rows.take(c.metric, 1), c.codes(x) != c.codes(rows)
    if not space.conditional:
        return np.asarray(np.round((moved * moved).sum(1) + other.sum(1), 12))
    here, there = space.active(x), space.active(rows)
    both, one = here & there, here != there
    moved *= both.take(c.metric, 1)
    other &= both.take(c.other, 1)
    return np.asarray(np.round((moved * moved).sum(1) + other.sum(1) + one.sum(1), 12))


class DistanceParts(NamedTuple):
    """Parts of points: active columns ``(n, d)``, None for all; values of metric columns, 0 where inactive ``(n, p)``;
    choices of the others, none where inactive ``(n, c)``.
    """

    active: Floats | None
    value: Floats
    chosen: Mask

    def known(self, space: SearchSpace) -> Floats:
        """Return the active columns, also if all are."""
        return np.ones((len(self.value), space.d)) if self.active is None else self.active


def parts(space: SearchSpace, x: Points) -> DistanceParts:
    """Return the parts of canonical points ``(n, d)``."""
    c, value = columns(space), x.take(columns(space).metric, 1)
    chosen = c.codes(x).take(c.column, 1) == c.place
    if not space.conditional:
        return DistanceParts(None, value, chosen)
    active = space.active(x)
    value *= active.take(c.metric, 1)
    chosen &= active.take(c.other, 1).take(c.column, 1)
    return DistanceParts(active.astype(np.float64), value, chosen)


def of_points(space: SearchSpace, p: DistanceParts, dtype: type[np.floating[Any]] = np.float64) -> NDArray[Any]:
    """Return the factors of points, ``(n, f)``: 1, active columns, squares, values, choices."""
    factors = [np.ones((len(p.value), 1)), p.known(space), p.value * p.value, p.value, p.chosen]
    return np.concatenate(factors, 1, dtype=dtype)


def of_rows(space: SearchSpace, p: DistanceParts) -> Floats:
    """Factors on the side of the rows, ``(m, f)``; the sum of products is the squared distance.

    With `a` for active, ``|a - a'| = a + a' - 2 a a'``; a metric column adds ``a a' (u - u')^2``, another one ``a a'``
    less 1 where the choice is the same.
    """
    c, active = columns(space), p.known(space)
    both = 1.0 - 2.0 * active
    both[:, c.metric] += p.value * p.value
    both[:, c.other] += active[:, c.other]
    factors = [active.sum(1)[:, None], both, active[:, c.metric], -2.0 * p.value, -1.0 * p.chosen]
    return np.concatenate(factors, 1)


def distances(space: SearchSpace, x: Points, rows: Points) -> Floats:
    """Return `between` for each point ``(n, d)`` and each row ``(m, d)``, ``(n, m)``."""
    product = of_points(space, parts(space, x)) @ of_rows(space, parts(space, rows)).T.copy()
    return np.round(product, 12)
