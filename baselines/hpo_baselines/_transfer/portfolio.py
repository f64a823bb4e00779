"""The greedy portfolio: candidates that complement each other on earlier tasks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.floating]

GREEDY = 256  # entries chosen greedily; the rest go by their mean
_CHUNK = 1 << 16  # cells at once: they stay in the processor's cache


@dataclass(eq=False, repr=False)
class Portfolio:
    """An order of candidates, computed on demand.

    The next candidate raises the mean over tasks of the best worth so far the most.

    Args:
        x: The candidates, ``(m, ...)``: points, or rows of a pool.
        worth: Their worth on `k` tasks, ``(k, m)``; compared in its own type.
        start: The worth before any trial.
        ties: ``"mean"``: means equal up to rounding tie, and the best mean worth breaks the tie; ``"lowest"``: means
            are not rounded, and the lowest candidate breaks a tie.
        greedy: After so many, the rest come by their mean worth.
        price: Cost of a candidate, ``(m,)``, positive: the next one raises the mean the most for its price, while any
            raises it. None: equal costs.
        weight: Weight of a task in means, ``(k,)``, with a sum of 1. None: equal weights.
        begin: The first candidates, whatever they raise.
    """

    x: NDArray[Any]
    worth: Matrix
    _: KW_ONLY
    start: float = 0.0
    ties: Literal["mean", "lowest"] = "mean"
    greedy: int = GREEDY
    price: NDArray[np.float64] | None = None
    weight: NDArray[np.float64] | None = None
    begin: Iterable[int] = ()

    def __post_init__(self) -> None:
        worth, weight = self.worth, self.weight
        self._mean = worth.mean(0) if weight is None else weight @ worth
        self._best = np.full((len(worth), 1), self.start, worth.dtype)
        self._order: list[int] = []
        self._left = np.ones(len(self.x), bool)
        for j in dict.fromkeys(self.begin):
            self._append(j)

    def first(self, count: int) -> NDArray[Any]:
        """Return the first candidates, ``(count, ...)``, or all of them."""
        return self.x[[self.entry(i) for i in range(min(count, len(self.x)))]]

    def entry(self, i: int) -> int:
        """Return the position in `x` of the candidate at place `i`."""
        while len(self._order) <= i:
            if len(self._order) < self.greedy:
                self._append(self._next())
            else:
                rest = np.flatnonzero(self._left)
                self._order += rest[np.argsort(-self._mean[rest], kind="stable")].tolist()
        return self._order[i]

    def _append(self, j: int) -> None:
        self._order.append(j)
        self._left[j] = False
        np.maximum(self._best, self.worth[:, j : j + 1], out=self._best)

    def _next(self) -> int:
        gain = np.where(self._left, self._means() if self.price is None else self._gains(), -np.inf)
        if self.ties != "mean":
            return int(gain.argmax())
        gain = np.round(gain, 10)
        equal = np.flatnonzero(gain == gain.max())
        return int(equal[self._mean[equal].argmax()])

    def _gains(self) -> NDArray[np.float64]:
        """By how much each candidate would lift the mean, for its price, ``(m,)``."""
        assert self.price is not None
        best = self._best.mean(dtype=np.float64) if self.weight is None else float(self.weight @ self._best[:, 0])
        lift = np.round(self._means() - best, 10)
        return np.asarray(lift / self.price)

    def _means(self) -> NDArray[np.float64]:
        """Return the mean over tasks of the best worth so far, with each candidate as the next, ``(m,)``."""
        total = np.zeros(len(self.x))
        step = max(1, _CHUNK // len(self.x))
        for part in (slice(i, i + step) for i in range(0, len(self.worth), step)):
            best = np.maximum(self._best[part], self.worth[part])
            total += best.sum(0, dtype=np.float64) if self.weight is None else self.weight[part] @ best
        return total / len(self.worth) if self.weight is None else total
