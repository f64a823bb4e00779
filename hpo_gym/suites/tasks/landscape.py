"""Landscapes: how the unit cube looks at test functions, so that each seed gives another task of the same kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo_gym.base import Floats, Ints, Keys, seeding
from hpo_gym.problem import Points
from hpo_gym.suites.tasks.formulas import Formula

GRID = 2.0**32  # the floats of a search space lie on a grid of 1 / GRID


@dataclass(frozen=True, eq=False)
class Landscape:
    """Transformations from the cube to the functions of `k` tasks: warp, shift, rotation and zoom.

    Column `j` of a point is warped by Kumaraswamy's distribution ("A generalized probability density function for
    double-bounded random processes", 1980), ``v = 1 - (1 - u^a)^b``; the function is read at
    ``z = origin + turn (v - centre)``. `centre` is the warped optimum and `origin` the function's minimiser, so the
    optimum is met exactly. Sums over columns are written out, so that a value has the same bits alone, in any batch,
    and padded to more columns.

    Attributes:
        a, b: Of the warp, ``(d, k)``.
        centre, origin: ``(d, k)``.
        turn: Rotation times the zoomed width of the function's box, ``(column, coordinate, k)``.
    """

    a: Floats
    b: Floats
    centre: Floats
    origin: Floats
    turn: Floats

    def at(self, task: Ints, x: Points) -> Floats:
        """Return the arguments of each task's function, ``(d, n)``, for points ``(n, d)``."""
        u = np.ascontiguousarray(np.asarray(x, np.float64).T)
        offset = warp(u, self.a.take(task, 1), self.b.take(task, 1)) - self.centre.take(task, 1)
        z = self.origin.take(task, 1)
        for turn, column in zip(self.turn, offset, strict=True):
            z += turn.take(task, 1) * column
        return z


def warp(u: Floats, a: Floats, b: Floats) -> Floats:
    """Kumaraswamy's distribution function, [0, 1] onto itself."""
    return np.asarray(1.0 - (1.0 - u**a) ** b)


def unwarp(v: Floats, a: Floats, b: Floats) -> Floats:
    """Return the inverse of `warp`."""
    return np.asarray((1.0 - (1.0 - v) ** (1.0 / b)) ** (1.0 / a))


def draw(key: int, salt: str, count: int) -> Keys:
    """`count` keys for a purpose, ``(count,)``."""
    start = np.array([seeding.mix_int(key, seeding.key(salt))], np.uint64)
    return seeding.mix(start, np.arange(count, dtype=np.uint64))


def drawn_between(key: int, salt: str, count: int, low: float, high: float) -> Floats:
    """`count` numbers uniform in (low, high)."""
    return np.asarray(low + (high - low) * seeding.uniform(draw(key, salt, count)))


def landscape_of(formula: Formula, d: int, key: int) -> tuple[Landscape, Points]:
    """Return the transformation of a key, and the optimum in the cube, both ``(d,)`` wide."""
    a, b = np.exp(drawn_between(key, "a", d, -0.5, 0.5)), np.exp(drawn_between(key, "b", d, -0.5, 0.5))
    low, high = np.broadcast_to(formula.low, d), np.broadcast_to(formula.high, d)
    origin = np.asarray(formula.minimiser(d), np.float64)
    if formula.rotates:
        optimum = drawn_between(key, "shift", d, 0.15, 0.85)
        turn = _rotation(key, d) * ((high - low) * drawn_between(key, "zoom", 1, 0.5, 1.0))
    else:  # the cube is the whole box, mirrored in some coordinates: nothing outside is seen
        sign = np.where(drawn_between(key, "mirror", d, -1.0, 1.0) < 0, -1.0, 1.0)
        share = (origin - low) / (high - low)
        optimum = unwarp(np.where(sign < 0, 1.0 - share, share), a, b)
        turn = np.diag(sign * (high - low))
    optimum = np.rint(optimum * GRID) / GRID  # canonical
    centre = warp(optimum, a, b)
    landscape = Landscape(a[:, None], b[:, None], centre[:, None], origin[:, None], turn[..., None])
    for part in (optimum, landscape.a, landscape.b, landscape.centre, landscape.origin, landscape.turn):
        part.flags.writeable = False
    return landscape, optimum


def _rotation(key: int, d: int) -> Floats:
    """Return a random orthogonal matrix: normal rows made orthonormal twice (Gram and Schmidt; no LAPACK: portable)."""
    rows = seeding.normal(draw(key, "rotation", d * d)).reshape(d, d)
    for _ in range(2):
        for i in range(d):
            for j in range(i):
                rows[i] -= (rows[i] * rows[j]).sum() * rows[j]
            rows[i] /= np.sqrt((rows[i] * rows[i]).sum())
    return np.asarray(rows)


def stack(parts: Sequence[Landscape], d: int) -> Landscape:
    """Landscapes of one task each, padded to `d` columns that have no effect."""
    k = len(parts)
    out = Landscape(np.ones((d, k)), np.ones((d, k)), np.full((d, k), 0.5), np.zeros((d, k)), np.zeros((d, d, k)))
    for i, part in enumerate(parts):
        own = len(part.a)
        for name in ("a", "b", "centre", "origin"):
            getattr(out, name)[:own, i] = getattr(part, name)[:, 0]
        out.turn[:own, :own, i] = part.turn[..., 0]
    return out
