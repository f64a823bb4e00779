"""Significance of a difference between two optimizers: a paired permutation test over families, and Holm's correction.

If the two are alike, their results on the tasks of a family could as well be exchanged, in all suites at once. The test
counts among all such exchanges those with at least the observed difference. It is exact for few families, makes no
assumption on the distribution of results, and tests the very statistic that is reported. With ``f`` families no p can
be below ``2 ** (1 - f)``: five families cannot show anything at the 5 % level.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, key, mix
from hpo_gym.bench.intervals import placed, plain

LEVEL = 0.05
"""A corrected p at or below it is significant."""
_EXACT = 14  # families up to which all exchanges are tried: 2 ** 13, as an exchange and its opposite are the same
_DRAWN = 9_999  # exchanges that are drawn of more families
_FOR_LETTERS = 99_999  # exchanges that are drawn for many pairs, at least: letters must not hang on the draw
_FOR_A_PAIR = 400  # drawn exchanges for each of many pairs: the least corrected p is .0025
_TOGETHER = 512  # exchanges that are tried at a time
DIGITS = 12
"""Numbers that agree to so many decimals are tied."""


def swap_p(statistic: Callable[[NDArray[np.bool_]], Floats], families: int) -> float | None:
    """Return the two-sided p of a statistic that changes its sign if all families are exchanged; None for one family.

    Args:
        statistic: Maps exchanges ``(n, families)``, True = exchanged, to the statistic under each, ``(n,)``.

    Returns:
        Up to 14 families, the share of all exchanges; for more, ``(1 + b) / 10000``, with `b` of 9,999 keyed ones
        (Phipson and Smyth, Permutation p-values should never be zero, 2010). Rounded to six decimals.
    """
    if families < 2:
        return None
    found = np.round(np.abs(statistic(np.zeros((1, families), bool))), DIGITS)
    others = np.round(np.abs(statistic(_exchanges(families))), DIGITS)
    as_far = int((others >= found).sum())
    return plain(as_far / len(others) if families <= _EXACT else (1 + as_far) / (1 + len(others)))


def mean_p(differences: Floats, families: Sequence[str]) -> float | None:
    """Return the p of a zero mean over tasks of differences ``(k,)``; None for one family, or with a NaN."""
    if np.isnan(differences).any():
        return None
    names, place = placed(families)
    sums = np.bincount(place, differences, minlength=len(names)) / len(differences)
    return swap_p(lambda swapped: np.where(swapped, -1.0, 1.0) @ sums, len(names))


def holm(ps: Mapping[str, float | None]) -> dict[str, float | None]:
    """Correct p-values for their number (Holm, A simple sequentially rejective multiple test procedure, 1979).

    None is no comparison. Values up to `LEVEL` are significant.
    """
    known = sorted((p, name) for name, p in ps.items() if p is not None)
    out: dict[str, float | None] = dict.fromkeys(ps)
    least = 0.0
    for i, (p, name) in enumerate(known):
        least = max(least, min(1.0, (len(known) - i) * p))
        out[name] = plain(least)
    return out


def differing(
    statistic: Callable[[NDArray[np.bool_], Ints], Floats], pairs: int, families: int
) -> NDArray[np.bool_] | None:
    """Return for each of many pairs whether its two differ after Holm's correction; None where none could.

    Args:
        statistic: Maps exchanges and the places of some pairs to the statistic of each, ``(n, pairs)``; see `swap_p`.

    Returns:
        99,999 exchanges are drawn, or 400 a pair; all are tried where they are no more. A pair is dropped once it can
        differ no more: counts only grow, and Holm's correction of lower p rejects no fewer.
    """
    drawn = max(_FOR_LETTERS, _FOR_A_PAIR * pairs)
    every = 2 ** max(families - 1, 0)
    own = every > drawn  # among drawn exchanges the observed one is counted as well
    some, total = (_keyed, drawn + 1) if own else (_all, every)
    if not pairs or families < 2 or pairs * max(1 / every, 1 / total) > LEVEL:
        return None
    left = np.arange(pairs)
    found = np.abs(statistic(np.zeros((1, families), bool), left))[0] - 10.0**-DIGITS
    as_far = np.full(pairs, int(own))
    for start in range(0, total - own, _TOGETHER):
        swaps = some(families, start, min(start + _TOGETHER, total - own))
        as_far[left] += (~(np.abs(statistic(swaps, left)) < found[left])).sum(axis=0)  # a NaN is not nearer
        left = left[_rejected(as_far / total)[left]]
    return _rejected(as_far / total)


def _rejected(ps: Floats) -> NDArray[np.bool_]:
    """Mark the significant p-values after Holm's correction: the lowest, up to the first that is not."""
    order = np.argsort(ps, kind="stable")
    kept = np.cumprod(np.round((len(ps) - np.arange(len(ps))) * ps[order], 6) <= LEVEL) > 0
    out = np.zeros(len(ps), bool)
    out[order[kept]] = True
    return out


@functools.lru_cache(maxsize=8)
def _exchanges(families: int) -> NDArray[np.bool_]:
    """All exchanges, or keyed ones, ``(n, families)``."""
    return _all(families, 0, 2 ** (families - 1)) if families <= _EXACT else _keyed(families, 0, _DRAWN)


def _all(families: int, start: int, stop: int) -> NDArray[np.bool_]:
    """Return some of all exchanges up to their opposites: the first family stays."""
    bits = np.arange(start, stop)[:, None] >> np.arange(families - 1)[None]
    return np.column_stack([np.zeros(len(bits), bool), (bits & 1).astype(bool)])


def _keyed(families: int, start: int, stop: int) -> NDArray[np.bool_]:
    """Return some of the keyed exchanges."""
    cells = mix(np.arange(start * families, stop * families, dtype=np.uint64), key("exchanges", families))
    return np.asarray((cells >> np.uint64(63)) == 1).reshape(-1, families)
