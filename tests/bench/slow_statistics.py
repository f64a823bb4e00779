"""The statistics of the benchmark once more: plain loops over families, tasks, draws and exchanges."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence

from hpo_gym.base import seeding

Suites = Sequence[Mapping[str, Sequence[float]]]
"""For each suite the values of its tasks by family."""

Known = Sequence[tuple[int, float]]
FEW, ALL, DRAWS = 8, 10, 1000
MEANS = ((8, 0.002), (10, 0.0035), (12, 0.0045), (20, 0.008), (30, 0.011), (44, 0.0145))
RATIOS = ((8, 0.014), (12, 0.0175), (20, 0.02), (30, 0.025))


def subsets(families: Sequence[str], block: int = 0) -> list[list[str]]:
    """Some of the families, never none and never all: every such choice, or keyed ones beside the others."""
    names = sorted(set(families))
    if len(names) <= ALL:
        return [list(c) for n in range(1, len(names)) for c in itertools.combinations(names, n)]
    chosen = [[f for f, one in zip(names, row, strict=True) if one] for row in place_draws(len(names), block)]
    some = [one for one in chosen if 0 < len(one) < len(names)]
    return some + [[f for f in names if f not in one] for one in some]


@functools.cache
def place_draws(k: int, block: int) -> list[list[bool]]:
    salt, at = seeding.key("subsets", k), block * DRAWS * k
    return [[seeding.mix_int(at + draw * k + i, salt) >= 2**63 for i in range(k)] for draw in range(DRAWS)]


def beyond(k: int, known: Known) -> float:
    """The share of subsets beyond an end, in proportion between two known numbers of families."""
    for (low, first), (high, second) in itertools.pairwise(known):
        if k <= high:
            return first + (k - low) / (high - low) * (second - first)
    return known[-1][1]


def percentile(values: Sequence[float], share: float) -> float:
    """Of sorted values the one at a place, of two neighbours in proportion."""
    ordered, place = sorted(values), share * (len(values) - 1)
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def interval(of: Callable[[Sequence[str]], float], families: Sequence[str], known: Known = MEANS) -> list[float | None]:
    """An estimate of all families, and the ends of its interval."""
    whole, k = of(families), len(set(families))
    return ends(whole, [of(one) for one in subsets(families)] if k >= FEW else [], k, known)


def ends(whole: float, of_subsets: Sequence[float], k: int, known: Known) -> list[float | None]:
    """The ends of the interval beside the estimate, if there are any."""
    if not of_subsets:
        return [whole, None, None]
    return [whole, percentile(of_subsets, beyond(k, known)), percentile(of_subsets, 1 - beyond(k, known))]


def mean_of(values: Mapping[str, Sequence[float]], some: Sequence[str]) -> float:
    """Mean over the tasks of some families."""
    return mean([v for family in sorted(set(some)) for v in values[family]])


def pooled(own: Suites, other: Suites, drawn: Sequence[str]) -> float:
    """Geometric mean over suites of the ratio of means."""
    product = 1.0
    for a, b in zip(own, other, strict=True):
        here = [f for f in drawn if f in a]
        product *= max(mean_of(a, here), 1e-4) / max(mean_of(b, here), 1e-4)
    return product ** (1 / len(own))


def pooled_interval(own: Suites, other: Suites) -> list[float | None]:
    """With subsets that divide every suite, until there are 2,000; none where a suite has few families."""
    families, kept, block = sorted({f for a in own for f in a}), list[float](), 0
    while min(map(len, own)) >= FEW and len(kept) < 2 * DRAWS and (block == 0 or len(families) > ALL):
        for one in subsets(families, block):
            if all(0 < sum(f in a for f in one) < len(a) for a in own):
                kept.append(pooled(own, other, one))
        block += 1
    return ends(pooled(own, other, families), kept, len(families), RATIOS)


def exchanged_p(statistic: Callable[[frozenset[str]], float], families: Sequence[str]) -> float:
    """Share of all sets of families to be exchanged that part the two as far."""
    names = sorted(set(families))
    every = [frozenset(c) for n in range(len(names) + 1) for c in itertools.combinations(names, n)]
    found = abs(statistic(frozenset()))
    return sum(abs(statistic(one)) >= found - 1e-11 for one in every) / len(every)


def pooled_exchanged(own: Suites, other: Suites, swapped: frozenset[str]) -> float:
    """Logarithm of the pooled ratio where the two are exchanged in some families."""
    mine, theirs = (
        [{f: (b if (f in swapped) != turned else a)[f] for f in a} for a, b in zip(own, other, strict=True)]
        for turned in (False, True)
    )
    return math.log(pooled(mine, theirs, sorted({f for a in own for f in a})))


def holm(ps: Sequence[float]) -> list[float]:
    """Each p times the number of those not smaller, at least that of any smaller one, at most 1."""
    return [
        min(1.0, max(q * sum(other >= q for other in ps) for q in ps if q <= p)) for p in ps
    ]  # ties have equal products of the largest count, as the first of them has in Holm's order
