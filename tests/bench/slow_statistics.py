"""The statistics of the benchmark once more: plain loops over families, tasks, draws and exchanges."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence

from hpo_gym.base import seeding

Suites = Sequence[Mapping[str, Sequence[float]]]
"""For each suite the values of its tasks by family."""

DRAWS = 2000


def name_draws(families: Sequence[str], block: int = 0) -> list[list[str]]:
    """The families of each resample, one draw after the other."""
    names = sorted(set(families))
    return [[names[i] for i in one] for one in place_draws(len(names), block)]


@functools.cache
def place_draws(k: int, block: int) -> list[list[int]]:
    salt, out = seeding.key("bootstrap", k), []
    for resample in range(DRAWS):
        at = block * DRAWS * k + resample * k
        out.append([int((seeding.mix_int(at + i, salt) >> 11) * 2.0**-53 * k) for i in range(k)])
    return out


def percentile(values: Sequence[float], share: float) -> float:
    """Of sorted values the one at a place, of two neighbours in proportion."""
    ordered, place = sorted(values), share * (len(values) - 1)
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def interval(of: Callable[[Sequence[str]], float], families: Sequence[str]) -> list[float]:
    """An estimate of all families, and the ends of its interval."""
    drawn = [of(one) for one in name_draws(families)]
    return [of(sorted(set(families))), percentile(drawn, 0.025), percentile(drawn, 0.975)]


def mean_of(values: Mapping[str, Sequence[float]], drawn: Sequence[str]) -> float:
    """Mean over the tasks of all draws."""
    return mean([v for family in drawn for v in values[family]])


def pooled(own: Suites, other: Suites, drawn: Sequence[str]) -> float:
    """Geometric mean over suites of the ratio of means."""
    product = 1.0
    for a, b in zip(own, other, strict=True):
        here = [f for f in drawn if f in a]
        product *= max(mean_of(a, here), 1e-4) / max(mean_of(b, here), 1e-4)
    return product ** (1 / len(own))


def pooled_interval(own: Suites, other: Suites) -> list[float]:
    """With draws that hold a family of every suite, the first 2,000 of as many as it takes."""
    families, kept, block = sorted({f for a in own for f in a}), list[float](), 0
    while len(kept) < DRAWS:
        for one in name_draws(families, block):
            if all(any(f in a for f in one) for a in own):
                kept.append(pooled(own, other, one))
        block += 1
    kept = kept[:DRAWS]
    return [pooled(own, other, families), percentile(kept, 0.025), percentile(kept, 0.975)]


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
