"""`Density`: a kernel density estimate over mixed and conditional configurations."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats
from hpo_gym.problem import Points, SearchSpace

_SAME = 1e-9  # choices are encoded further apart
_LEAST = 1e-3  # of a bandwidth, as in the authors' code


class Density:
    """A mean of product kernels, one for each of `n` centres ``(n, d)``, on the encoding of a search space.

    A metric column has a normal kernel cut off at 0 and 1, with the bandwidth of the normal reference rule,
    ``1.06 sd n^(-1 / (4 + d))``, but at least half a value's share of a column of few values. A categorical column of c
    choices has the kernel of Aitchison and Aitken: ``1 - w`` for the same choice and ``w / (c - 1)`` for each other,
    with ``w = (c - 1) / (n + c)``: alone, it gives the counts with one added to each. A column inactive in a centre is
    uniform in its kernel; a column inactive at the evaluated point does not count, nor does one of a single value, so
    the
    `d` of the rule is without those.

    Attributes:
        x, active: The centres, and their active columns, ``(n, d)``.
        columns: Those of more than one value.
        width: Bandwidth by column; `w` of a categorical, ``(d,)``.
    """

    def __init__(self, space: SearchSpace, x: Points) -> None:
        self.space, self.x, self.active = space, x, space.active(x)
        self.columns = [j for j, h in enumerate(space.hyperparameters) if h.size > 1]
        self.width = np.array([self._bandwidth(j) for j in range(space.d)])

    def _bandwidth(self, j: int) -> float:
        n, h = len(self.x), self.space.hyperparameters[j]
        if h.kind == "categorical":
            return (len(h.choices) - 1) / (n + len(h.choices))
        used = self.x[self.active[:, j], j]
        sd = float(used.std()) if used.size else 0.0
        return max(float(1.06 * sd * n ** (-1.0 / (4 + len(self.columns)))), 0.5 / h.size, _LEAST)

    def log(self, x: Points, widen: float = 1.0) -> Floats:
        """Logarithm of the density at canonical points ``(m, d)``, with bandwidths of metric columns times `widen`."""
        total = np.zeros((len(x), len(self.x)))
        there = self.space.active(x)
        for j in self.columns:
            h = self.space.hyperparameters[j]
            choices = h.kind == "categorical"
            kernel = self._same(j, x[:, j]) if choices else self._normal(j, x[:, j], widen)
            uniform = -np.log(h.size) if choices else 0.0
            total += np.where(there[:, j, None], np.where(self.active[:, j], kernel, uniform), 0.0)
        highest = total.max(1)
        return np.asarray(highest + np.log(np.exp(total - highest[:, None]).mean(1)))

    def _same(self, j: int, u: Floats) -> Floats:
        w, others = self.width[j], len(self.space.hyperparameters[j].choices) - 1
        return np.asarray(np.where(np.abs(u[:, None] - self.x[:, j]) < _SAME, np.log1p(-w), np.log(w / others)))

    def _normal(self, j: int, u: Floats, widen: float) -> Floats:
        h = self.width[j] * widen
        below, above = self._mass(j, widen)
        z = (u[:, None] - self.x[:, j]) / h
        return np.asarray(-0.5 * z * z - np.log(h * np.sqrt(2 * np.pi) * (above - below)))

    def _mass(self, j: int, widen: float) -> tuple[Floats, Floats]:
        """Return the share of each centre's normal kernel below 0, and that below 1."""
        from scipy.special import ndtr

        h = self.width[j] * widen
        return ndtr(-self.x[:, j] / h), ndtr((1.0 - self.x[:, j]) / h)

    def sample(self, rng: np.random.Generator, m: int, widen: float = 1.0) -> Points:
        """Draw `m` canonical points ``(m, d)``, with bandwidths of metric columns times `widen`."""
        from scipy.special import ndtri

        of = rng.integers(len(self.x), size=m)
        share, x = rng.random((m, self.space.d)), self.x[of]
        for j in self.columns:
            h = self.space.hyperparameters[j]
            if h.kind == "categorical":
                c = len(h.choices)
                moves = rng.random(m) < self.width[j]
                other = (h.numbers(x[:, j]) + 1 + np.floor(share[:, j] * (c - 1))) % c
                drawn = np.where(moves, h.units(other), x[:, j])
                uniform = h.units(np.floor(share[:, j] * c))
            else:
                below, above = self._mass(j, widen)
                u = np.clip(below[of] + share[:, j] * (above - below)[of], 1e-300, 1.0 - 1e-16)
                drawn = np.clip(x[:, j] + self.width[j] * widen * ndtri(u), 0.0, 1.0)
                uniform = share[:, j]
            x[:, j] = np.where(self.active[of, j], drawn, uniform)
        return self.space.snap(x)
