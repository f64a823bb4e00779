"""Classic test functions: formula, usual box, one global minimiser and the minimum, each known exactly.

Rule of this file: no value on all of R^d lies below the stated minimum, so a function may be shifted, rotated and
looked at through any window. It holds by form for sums of squares; the reason stands beside each of the others.
`schwefel` is the exception: it has no lower bound outside its box, and is neither rotated nor moved (not `rotates`).

Reference of the formulas, boxes and minima, unless said otherwise: Surjanovic and Bingham, "Virtual Library of
Simulation Experiments", 2013, https://www.sfu.ca/~ssurjano/optimization.html. Minimisers given there to 4-6 digits are
refined to double precision as roots of the gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hpo_gym.base import Floats

Value = Callable[[Floats], Floats]


def _all(value: float) -> Callable[[int], Sequence[float]]:
    return lambda d: (value,) * d


@dataclass(frozen=True)
class Formula:
    """A test function, to be minimised.

    Attributes:
        low, high: The usual box, one number for all coordinates or one for each.
        dims: The dimensions it has.
        minimiser: A global minimiser in dimension `d`.
        minimum: The value there.
        log: Whether tasks score the logarithm, since the values span many powers of ten.
        rotates: Whether the minimum holds on all of R^d.
        name: Also the family of its tasks.
        value: Values ``(n,)`` at points ``(d, n)``, coordinates first; the same bits whatever `n`.
    """

    low: float | tuple[float, ...]
    high: float | tuple[float, ...]
    dims: Sequence[int] = range(1, 33)
    minimiser: Callable[[int], Sequence[float]] = lambda d: (0.0,) * d
    minimum: Callable[[int], float] = lambda d: 0.0
    log: bool = False
    rotates: bool = True
    name: str = ""
    value: Value = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        if FORMULAS.get(self.name) is self:  # pickled by name: its functions have none
            return formula, (self.name,)
        return super().__reduce__()  # type: ignore[return-value]

    def excess(self, z: Floats) -> Floats:
        """Return the excess over the minimum, ``(n,)``, in the logarithm ``log(1 + excess)`` if `log`."""
        out = np.maximum(self.value(z) - self.minimum(len(z)), 0.0)  # rounding near the minimiser may fall below it
        return np.asarray(np.log1p(out) if self.log else out)


_MADE: dict[str, Formula] = {}
_FROM_2 = range(2, 33)


def _of(facts: Formula) -> Callable[[Value], Value]:
    """Return a decorator that adds a function with its facts, under its name."""

    def add(value: Value) -> Value:
        name = value.__name__.replace("_", "-")
        _MADE[name] = replace(facts, name=name, value=value)
        return value

    return add


def total(terms: Floats) -> Floats:
    """Sum over coordinates in a fixed order, so that a value does not depend on the batch (`np.sum` regroups)."""
    out: Floats = terms[0].copy()
    for row in terms[1:]:
        out += row
    return out


def product(factors: Floats) -> Floats:
    """Return the product, like `total`."""
    out: Floats = factors[0].copy()
    for row in factors[1:]:
        out *= row
    return out


def _index(z: Floats) -> Floats:
    return np.arange(1.0, len(z) + 1)[:, None]


@_of(Formula((-5.0, 0.0), (10.0, 15.0), (2,), lambda d: (math.pi, 2.275), lambda d: 10.0 / (8.0 * math.pi)))
def branin(z: Floats) -> Floats:
    """Evaluate Branin: three minima; a square plus ``s (1 - t) cos(x) + s``, at least ``s t``."""
    x, y = z
    b, c, r, s, t = 5.1 / (4 * math.pi**2), 5 / math.pi, 6.0, 10.0, 1 / (8 * math.pi)
    return np.asarray(np.square(y - b * x * x + c * x - r) + s * (1 - t) * np.cos(x) + s)


_ALPHA = (1.0, 1.2, 3.0, 3.2)
_A3 = ((3, 10, 30), (0.1, 10, 35), (3, 10, 30), (0.1, 10, 35))
_P3 = ((3689, 1170, 2673), (4699, 4387, 7470), (1091, 8732, 5547), (381, 5743, 8828))
_A6 = ((10, 3, 17, 3.5, 1.7, 8), (0.05, 10, 17, 0.1, 8, 14), (3, 3.5, 1.7, 10, 17, 8), (17, 8, 0.05, 10, 0.1, 14))
_P6 = (
    (1312, 1696, 5569, 124, 8283, 5886),
    (2329, 4135, 8307, 3736, 1004, 9991),
    (2348, 1451, 3522, 2883, 3047, 6650),
    (4047, 8828, 8732, 5743, 1091, 381),
)
_HARTMANN = {
    3: (0.11458887665506896, 0.55564889461693, 0.8525469846866774),
    6: (
        *(0.20168951100670543, 0.15001069182345797, 0.476873974221897),
        *(0.2753324304940561, 0.31165161660011326, 0.6573005340656203),
    ),
}


@_of(Formula(0.0, 1.0, (3, 6), lambda d: _HARTMANN[d], lambda d: {3: -3.8627797873326624, 6: -3.3223680114155147}[d]))
def hartmann(z: Floats) -> Floats:
    """Four wells. Each grows with the distance from its centre, so the minimum lies within the box of the centres."""
    out = np.zeros(z.shape[1])
    for alpha, a, p in zip(_ALPHA, *((_A3, _P3) if len(z) == 3 else (_A6, _P6)), strict=True):
        weight, centre = np.array(a, float)[:, None], np.array(p)[:, None] * 1e-4
        out -= alpha * np.exp(-total(weight * np.square(z - centre)))
    return out


_SHEKEL_BETA = (0.1, 0.2, 0.2, 0.4, 0.4, 0.6, 0.3, 0.7, 0.5, 0.5)
_SHEKEL_ODD, _SHEKEL_EVEN = (4, 1, 8, 6, 3, 2, 5, 8, 6, 7), (4, 1, 8, 6, 7, 9, 3, 1, 2, 3.6)


@_of(Formula(0.0, 10.0, (4,), lambda d: (4.000746868270634, 3.9995094800857736) * 2, lambda d: -10.536443153483528))
def shekel(z: Floats) -> Floats:
    """Ten wells; as in `hartmann`, the minimum lies within the box of the centres."""
    out = np.zeros(z.shape[1])
    for beta, odd, even in zip(_SHEKEL_BETA, _SHEKEL_ODD, _SHEKEL_EVEN, strict=True):
        out -= 1.0 / (total(np.square(z - np.array([odd, even, odd, even], float)[:, None])) + beta)
    return out


@_of(Formula(-5.0, 5.0))
def ackley(z: Floats) -> Floats:
    """Both exponentials are largest at 0."""
    d = len(z)
    ring = -20.0 * np.exp(-0.2 * np.sqrt(total(np.square(z)) / d))
    return np.asarray(ring - np.exp(total(np.cos(2 * math.pi * z)) / d) + 20.0 + math.e)


@_of(Formula(-5.0, 10.0, _FROM_2, _all(1.0), log=True))
def rosenbrock(z: Floats) -> Floats:
    """Evaluate Rosenbrock, a sum of squares."""
    return total(100.0 * np.square(z[1:] - np.square(z[:-1])) + np.square(z[:-1] - 1.0))


@_of(Formula(-5.12, 5.12))
def rastrigin(z: Floats) -> Floats:
    """Each term is at least ``x^2``."""
    return total(np.square(z) + 10.0 - 10.0 * np.cos(2 * math.pi * z))


@_of(Formula(-10.0, 10.0))
def griewank(z: Floats) -> Floats:
    """Evaluate Griewank; its product of cosines is at most 1."""
    return np.asarray(1.0 + total(np.square(z)) / 4000.0 - product(np.cos(z / np.sqrt(_index(z)))))


@_of(Formula(-10.0, 10.0, minimiser=_all(1.0)))
def levy(z: Floats) -> Floats:
    """Evaluate Levy, a sum of squares with positive weights."""
    w = 1.0 + (z - 1.0) / 4.0
    out = np.square(np.sin(math.pi * w[0])) + np.square(w[-1] - 1.0) * (1.0 + np.square(np.sin(2 * math.pi * w[-1])))
    if len(w) > 1:
        out = out + total(np.square(w[:-1] - 1.0) * (1.0 + 10.0 * np.square(np.sin(math.pi * w[:-1] + 1.0))))
    return np.asarray(out)


@_of(Formula(-5.0, 5.0, minimiser=_all(-2.903534027771177), minimum=lambda d: -39.16616570377141 * d))
def styblinski_tang(z: Floats) -> Floats:
    """Evaluate Styblinski-Tang, one quartic per coordinate with its minimum at a root of ``4 x^3 - 32 x + 5``."""
    s = np.square(z)
    return total(s * s - 16.0 * s + 5.0 * z) / 2.0


_CAMEL = (0.08984201310031806, -0.7126564030207396, -1.0316284534898774)


@_of(Formula((-3.0, -2.0), (3.0, 2.0), (2,), lambda d: _CAMEL[:2], lambda d: _CAMEL[2]))
def six_hump_camel(z: Floats) -> Floats:
    """Evaluate the six-hump camel, a polynomial above 48 beyond ``|x| > 3`` (then above 100) or ``|y| > 2``."""
    x, s, t = z[0], np.square(z[0]), np.square(z[1])
    return np.asarray((4.0 - 2.1 * s + s * s / 3.0) * s + x * z[1] + (4.0 * t - 4.0) * t)


@_of(Formula(-5.0, 5.0, (2,), log=True))
def three_hump_camel(z: Floats) -> Floats:
    """``2 x^2 - 1.05 x^4 + x^6 / 6`` is at least ``.34 x^2``, so ``+ x y + y^2`` stays positive."""
    x, s, t = z[0], np.square(z[0]), np.square(z[1])
    return np.asarray(2.0 * s - 1.05 * s * s + s * s * s / 6.0 + x * z[1] + t)


@_of(Formula(-2.0, 2.0, (2,), lambda d: (0.0, -1.0), lambda d: 3.0, log=True))
def goldstein_price(z: Floats) -> Floats:
    """With ``s = x + y``, ``t = 2 x - 3 y``, a factor of at least 1 in `s` and one of at least 3 in `t`."""
    s, t = z[0] + z[1], 2.0 * z[0] - 3.0 * z[1]
    first = 1.0 + np.square(s + 1.0) * (19.0 - 14.0 * s + 3.0 * s * s)
    return np.asarray(first * (30.0 + np.square(t) * (18.0 - 16.0 * t + 3.0 * t * t)))


@_of(Formula(-5.0, 5.0))
def sphere(z: Floats) -> Floats:
    """Evaluate the sphere, a sum of squares."""
    return total(np.square(z))


@_of(Formula(-5.0, 5.0, log=True))
def ellipsoid(z: Floats) -> Floats:
    """Axes of condition 10^6 (Hansen et al., "Real-parameter black-box optimization benchmarking", 2009, f2, plain)."""
    weight = np.array([10.0 ** (6.0 * i / max(len(z) - 1, 1)) for i in range(len(z))])
    return total(weight[:, None] * np.square(z))


@_of(Formula(-5.0, 10.0, log=True))
def zakharov(z: Floats) -> Floats:
    """Even powers."""
    s = np.square(total(0.5 * _index(z) * z))
    return np.asarray(total(np.square(z)) + s + s * s)


@_of(Formula(-10.0, 10.0, _FROM_2, lambda d: [2.0 ** (2.0**-i - 1.0) for i in range(d)], log=True))
def dixon_price(z: Floats) -> Floats:
    """Evaluate Dixon-Price, a sum of squares."""
    return np.asarray(np.square(z[0] - 1.0) + total(_index(z)[1:] * np.square(2.0 * np.square(z[1:]) - z[:-1])))


@_of(Formula(-4.0, 5.0, range(4, 33, 4), log=True))
def powell(z: Floats) -> Floats:
    """Even powers, four coordinates at a time."""
    a, b, c, d = z[0::4], z[1::4], z[2::4], z[3::4]
    fourth = np.square(np.square(b - 2.0 * c)) + 10.0 * np.square(np.square(a - d))
    return total(np.square(a + 10.0 * b) + 5.0 * np.square(c - d) + fourth)


_SCHWEFEL = (420.96874635998205, 418.9828872724337)


@_of(Formula(-500.0, 500.0, minimiser=_all(_SCHWEFEL[0]), rotates=False))
def schwefel(z: Floats) -> Floats:
    """Has no lower bound outside [-500, 500]: points there count as the nearest inside."""
    inside = np.clip(z, -500.0, 500.0)
    return np.asarray(_SCHWEFEL[1] * len(z) - total(inside * np.sin(np.sqrt(np.abs(inside)))))


@_of(Formula(-4.5, 4.5, (2,), lambda d: (3.0, 0.5), log=True))
def beale(z: Floats) -> Floats:
    """Evaluate Beale, a sum of squares."""
    x, y = z
    one, two, three = 1.5 - x + x * y, 2.25 - x + x * y * y, 2.625 - x + x * y * y * y
    return np.asarray(one * one + two * two + three * three)


@_of(Formula(-5.0, 5.0, (2,), lambda d: (3.0, 2.0), log=True))
def himmelblau(z: Floats) -> Floats:
    """Evaluate Himmelblau, a sum of squares with four zeros (Himmelblau, "Applied nonlinear programming", 1972)."""
    x, y = z
    return np.asarray(np.square(x * x + y - 11.0) + np.square(x + y * y - 7.0))


@_of(Formula(-5.0, 5.0))
def salomon(z: Floats) -> Floats:
    """Rings around 0 (Salomon, "Re-evaluating genetic algorithm performance under coordinate rotation", 1996)."""
    r = np.sqrt(total(np.square(z)))
    return np.asarray(1.0 - np.cos(2 * math.pi * r) + 0.1 * r)


@_of(Formula(-2.56, 2.56, (2,), minimum=lambda d: -1.0))
def drop_wave(z: Floats) -> Floats:
    """At least -1: the numerator is at most 2, the denominator at least 2."""
    s = total(np.square(z))
    return np.asarray(-(1.0 + np.cos(12.0 * np.sqrt(s))) / (0.5 * s + 2.0))


FORMULAS = dict(sorted(_MADE.items()))


def formula(name: str) -> Formula:
    """Return the formula of a name."""
    return FORMULAS[name]
