"""Groups: optimizers that share a letter cannot be told apart (Piepho, An algorithm for a letter-based representation
of all-pairwise comparisons, 2004).

Each pair of a table is tested by exchanges of families (`significance`), with Holm's correction for the number of
pairs. Leaders are the best, and all that cannot be told apart from it alone, corrected for the number of others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_letters
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints
from hpo_gym.bench.intervals import placed
from hpo_gym.bench.metrics import Curves, auc, by_auc, by_name
from hpo_gym.bench.pooling import FLOOR, pooled
from hpo_gym.bench.significance import LEVEL, differing, holm, mean_p

Pairs = tuple[Ints, Ints]
"""The places of the first and of the second optimizer of each pair."""
Statistic = Callable[[NDArray[np.bool_], Ints], Floats]
"""Maps exchanges ``(n, families)`` and the places of some pairs to the difference of each pair, ``(n, pairs)``."""


def suite_groups(curves: Sequence[Curves]) -> dict[str, str]:
    """Return the letters of a suite's optimizers, from the lowest mean AUC on; empty for want of families."""
    aligned = [by_name(c) for c in curves]
    names, place = placed(aligned[0].families)
    areas = np.array([auc(c) for c in aligned])
    sums = np.array([np.bincount(place, a, len(names)) for a in areas]).T / len(place)  # (families, optimizers)
    first, second = pairs = _pairs(len(aligned))

    def statistic(swapped: NDArray[np.bool_], which: Ints) -> Floats:
        found = np.where(swapped, -1.0, 1.0) @ sums
        return np.asarray(found[:, first[which]] - found[:, second[which]])

    order = sorted((float(a.mean()), c.optimizer, i) for i, (a, c) in enumerate(zip(areas, aligned, strict=True)))
    return _lettered([(name, i) for _, name, i in order], statistic, pairs, len(names))


def with_groups(found: Mapping[str, Any], curves: Mapping[str, Sequence[Curves]]) -> dict[str, Any]:
    """Add `groups` to the results of `pooled`: the letters of those that ran on all pooled suites, by name."""
    suites, first = found["suites"], [part["optimizers"] for part in found["anchors"].values()][:1]
    rows: Mapping[str, Any] = first[0] if first else {}
    whole = [name for name, row in rows.items() if row["n_suites"] == len(suites) > 0]
    order = sorted(whole, key=lambda name: (rows[name]["ratio"][0], name))
    return {**found, "groups": pooled_groups({s: curves[s] for s in suites}, order) if order else {}}


def pooled_groups(curves: Mapping[str, Sequence[Curves]], order: Sequence[str]) -> dict[str, str]:
    """Return the letters of optimizers over several suites, all of which each has run; empty as in `suite_groups`.

    Args:
        curves: By pooled suite, those of each optimizer.
        order: Names, the lowest pooled ratio first.
    """
    found = [{c.optimizer: by_name(c) for c in group} for group in curves.values()]
    names, place = placed([f for of in found for f in of[order[0]].families])
    cuts = np.split(place, np.cumsum([len(of[order[0]].tasks) for of in found])[:-1])
    sums = np.array(
        [[np.bincount(at, auc(of[name]), len(names)) for name in order] for of, at in zip(found, cuts, strict=True)]
    )  # (suites, optimizers, families)
    sums /= np.array([len(at) for at in cuts])[:, None, None]
    first, second = pairs = _pairs(len(order))

    def statistic(swapped: NDArray[np.bool_], which: Ints) -> Floats:
        a, b, product = first[which], second[which], np.ones((len(swapped), len(which)))
        for suite in sums:
            moved = swapped @ (suite[a] - suite[b]).T  # what an exchange moves from the first mean to the second
            totals = suite.sum(axis=1)
            product *= np.maximum(totals[a] - moved, FLOOR) / np.maximum(totals[b] + moved, FLOOR)
        return np.log(product)

    return _lettered([(name, i) for i, name in enumerate(order)], statistic, pairs, len(names))


def letters(apart: NDArray[np.bool_]) -> list[str]:
    """Return letters so that exactly those share one that are not told apart.

    Args:
        apart: Whether two are, ``(k, k)``, the best first.
    """
    columns = [np.ones(len(apart), bool)]
    for i, j in zip(*np.nonzero(np.triu(apart)), strict=True):  # insert
        both = [c for c in columns if c[i] and c[j]]
        halves = [c & (np.arange(len(c)) != out) for c in both for out in (i, j)]
        columns = [c for c in columns if not (c[i] and c[j])]
        for at, c in enumerate(halves):  # absorb: add columns that no other one holds
            others = [*columns, *halves[at + 1 :]]
            if not others or not (np.array(others) | ~c).all(axis=1).any():
                columns.append(c)
    columns = sorted(_needed(columns), key=lambda c: (~c).tolist())
    marks = [*ascii_letters, *(f"({n})" for n in range(len(ascii_letters) + 1, len(columns) + 1))]
    return ["".join(mark for mark, c in zip(marks, columns, strict=False) if c[i]) for i in range(len(apart))]


def _needed(columns: Sequence[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
    """Leave out columns all of whose pairs share another one."""
    kept = list(columns)
    shared = np.sum([np.outer(c, c) for c in kept], axis=0)
    for c in sorted(columns, key=lambda c: int(c.sum())):
        pairs = np.outer(c, c)
        if (shared[pairs] > 1).all():
            shared, kept = shared - pairs, [k for k in kept if k is not c]
    return kept


def _pairs(k: int) -> Pairs:
    first, second = np.triu_indices(k, 1)
    return first, second


def _lettered(order: Sequence[tuple[str, int]], statistic: Statistic, pairs: Pairs, families: int) -> dict[str, str]:
    """Return letters by name, the best first; `order` holds names and their places in the pairs."""
    differ = differing(statistic, len(pairs[0]), families)
    if differ is None:
        return {}
    apart = np.zeros((len(order), len(order)), bool)
    apart[pairs] = differ
    places = [i for _, i in order]
    found = letters((apart | apart.T)[np.ix_(places, places)])
    return {name: text for (name, _), text in zip(order, found, strict=True)}


@dataclass(frozen=True)
class Leaders:
    """The best and its distance to the others.

    Attributes:
        best: Has the lowest AUC, or ratio; of equals, the first by name.
        p_holm: Of each other one, the corrected p that it is as good as the best; None where there is no test.
    """

    best: str
    p_holm: Mapping[str, float | None]

    def leads(self, name: str) -> bool:
        """Return whether it is the best, or cannot be told apart from it."""
        p = self.p_holm.get(name)
        return name == self.best or p is None or p > LEVEL


def leaders(curves: Sequence[Curves]) -> Leaders:
    """Return the leaders of one suite, by mean AUC."""
    aligned = [by_name(c) for c in curves]
    areas = {c.optimizer: auc(c) for c in aligned}
    best = by_auc(aligned)[0].optimizer
    others = sorted(areas.keys() - {best})
    return Leaders(best, holm({n: mean_p(areas[n] - areas[best], aligned[0].families) for n in others}))


def pooled_leaders(curves: Mapping[str, Sequence[Curves]], ratios: Mapping[str, Mapping[str, Any]]) -> Leaders:
    """Return the leaders of several suites, by the pooled ratio to an anchor; each has run on all suites.

    Args:
        ratios: Results of `pooled` for an anchor, by optimizer.
    """
    most = max(row["n_suites"] for row in ratios.values())
    whole = {n: row["ratio"][0] for n, row in ratios.items() if row["n_suites"] == most}
    best = min(whole, key=lambda n: (whole[n], n))
    against = pooled(curves, anchors=(best,), least=2)["anchors"][best]["optimizers"]
    return Leaders(best, {name: row["p_holm"] for name, row in against.items() if name != best})
