"""Means over tasks and their 95 % intervals by families of tasks, paired and the same in any process.

Tasks of one family are of one origin and no independent witnesses: a family is in a subset with all its tasks, or not.

**Reference**: Hartigan, Using subsample values as typical values, JASA 1969. A value belongs to the interval of the
level 1 - 2 q if the exchange test of `significance` does not reject it: if it lies between the estimate of a random
subset of the families and that of the others often enough. The ends are the quantiles q and 1 - q of all subsets.

**Differs from the paper**: where families are few, q is less than .025, as values of data sets are skewed. `OF_MEANS`
and `OF_RATIOS` hold about the largest that cover 92.5 % or more in two draws of `benchmarks/studies/covered.py`, which
judges them by a third. Fewer than `LEAST` families have no interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpo_gym.base import Floats, Ints, key, mix

Estimate = list[float | None]  # [mean, low, high], None where it is undefined

LEAST = 8
"""Families below which there is no interval."""
OF_MEANS = {8: 0.002, 10: 0.0035, 12: 0.0045, 20: 0.008, 30: 0.011, 44: 0.0145}
OF_RATIOS = {8: 0.014, 12: 0.0175, 20: 0.02, 30: 0.025}
"""The share of subsets beyond either end, by the number of families; in proportion between, constant above."""
RESAMPLES = 2000
SKEWED = 2.0
"""The absolute skewness of families' differences above which an interval can be too narrow."""
EXACT = 10
"""Families up to which all subsets are taken."""


@dataclass(frozen=True, eq=False)
class Resamples:
    """The weights of `k` tasks in subsets of their families, ``(n, k)``; each sums to one.

    Equal families give equal subsets: differences and ratios between optimizers are paired. Tasks of fewer than `LEAST`
    families give no interval: its edges are NaN, or None as plain numbers.

    Attributes:
        resampled: The tasks of a subset have equal weights, so families weigh by their tasks, as in the mean.
    """

    resampled: Floats
    families: int

    @classmethod
    def of(cls, families: Sequence[str]) -> Resamples:
        """Take subsets of families; `families` names that of each task."""
        names, place = placed(families)
        counts = subsets(len(names))[:, place].astype(np.float64)
        return cls(counts / counts.sum(axis=1, keepdims=True), len(names))

    def estimate(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        """Mean, low and high over the tasks of ``(k, ...)``, each of the trailing shape."""
        mean = np.asarray(values.mean(axis=0))
        if self.families < LEAST:
            nothing = np.full(mean.shape, np.nan)
            return mean, nothing, nothing
        return mean, *edges(np.tensordot(self.resampled, values, axes=1), self.families, OF_MEANS)

    def mean(self, values: Floats) -> Estimate:
        """`estimate` of ``(k,)`` as plain numbers."""
        return [plain(float(v)) for v in self.estimate(values)]

    def ratio(self, a: Floats, b: Floats) -> Estimate:
        """Ratio of the mean of `a` to that of `b`; None where the latter is 0, and its interval where it may be 0."""
        if not b.mean() > 0.0:
            return [None, None, None]
        whole = a.mean() / b.mean()
        if self.families < LEAST:
            return [plain(float(whole)), None, None]
        own, other = self.resampled @ a, self.resampled @ b
        one = np.where(own > 0.0, np.inf, whole)  # of a subset without regret: of both, it says nothing
        low, high = edges(np.where(other > 0.0, own / np.where(other > 0.0, other, 1.0), one), self.families, OF_RATIOS)
        return [plain(float(v)) for v in (whole, *((low, high) if np.isfinite(high) else (np.nan, np.nan)))]


def edges(resampled: Floats, families: int, share: Mapping[int, float]) -> tuple[Floats, Floats]:
    """Low and high end of the 95 % interval of an estimate, from those of subsets along the first axis."""
    beyond = float(np.interp(families, list(share), list(share.values())))
    with np.errstate(invalid="ignore"):
        low, high = np.quantile(resampled, (beyond, 1.0 - beyond), axis=0)
    return np.asarray(low), np.asarray(high)


def placed(families: Sequence[str]) -> tuple[list[str], Ints]:
    """Return the distinct families in the order of their names, and the place of each task's own, ``(k,)``."""
    names = sorted(set(families))
    at = {name: i for i, name in enumerate(names)}
    return names, np.array([at[f] for f in families], np.int64)


def skewness(values: Floats, families: Sequence[str]) -> float | None:
    """Return the skewness of the families' means, the third moment in standard deviations; None of equal ones."""
    _, place = placed(families)
    means = np.bincount(place, values) / np.bincount(place)
    away = means - means.mean()
    spread = float(np.sqrt((away**2).mean()))
    return plain(float((away**3).mean()) / spread**3) if spread > 1e-12 else None


def skewed(skewness: float | None) -> bool:
    """Return whether an interval can be too narrow for its skewness."""
    return skewness is not None and abs(skewness) > SKEWED


def equal_families(families: Sequence[str]) -> float:
    """Return the equivalent number of equal families behind a mean over tasks: 1 / sum of squared shares (Kish, 1965).

    It is their number if all are of one size, and lower if some hold most of the tasks.
    """
    _, place = placed(families)
    counts = np.bincount(place)
    return float(counts.sum() ** 2 / (counts**2).sum())


def subsets(families: int, block: int = 0) -> Ints:
    """Return subsets of families, ``(n, families)`` of 0 and 1, none of them empty or whole.

    Up to ten families, all of them; of more, about `RESAMPLES` keyed ones, each beside the other families, in blocks.
    """
    if families <= EXACT:
        return np.arange(1, 2**families - 1)[:, None] >> np.arange(families)[None] & 1
    size = RESAMPLES // 2 * families
    cells = np.arange(block * size, (block + 1) * size, dtype=np.uint64)
    half = (mix(cells, key("subsets", families)) >> np.uint64(63)).astype(np.int64).reshape(-1, families)
    some = half[(half.sum(axis=1) % families) > 0]
    return np.concatenate([some, 1 - some])


def plain(value: float) -> float | None:
    """Round to six decimals, so that JSON does not change with the machine; None for values outside JSON."""
    return round(value, 6) + 0.0 if math.isfinite(value) else None


JOINED: Mapping[str, Mapping[str, str]] = {
    "Control": {"double-pole": "cartpole"},  # means over tasks of the same configurations correlate .88
    "LM": {"text:": "text"},  # scores of any two tasks correlate .90 in the mean, .85 at least by ranks
}
"""By suite, beginnings of families that count as one witness; elsewhere families stay as a suite names them."""


def witness_of(suite: str, family: str) -> str:
    """Return the name under which a family of a suite counts."""
    joined = JOINED.get(suite, {})
    return next((one for start, one in joined.items() if family.startswith(start)), family)
