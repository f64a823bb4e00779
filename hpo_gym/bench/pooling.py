"""One number over several suites: the geometric mean of the ratios of an optimizer's AUC to an anchor's.

Suites of tables with nine families or more are pooled, with equal weights. These stand apart: formulas and suites of
fewer families, which say little about other data sets; live suites, whose regret refers to observed scores; suites that
count the end of a run only; suites of `ONE_LIST`, where a mean over optimizers compares how well they know one list;
and suites where the portfolio leaves nothing to gain. Intervals take subsets of families, and p-values exchange them:
in all suites at once. A figure of a suite with fewer families than `LEAST` has no interval.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints
from hpo_gym.bench.intervals import (
    EXACT,
    LEAST,
    OF_MEANS,
    OF_RATIOS,
    RESAMPLES,
    Estimate,
    Resamples,
    edges,
    placed,
    plain,
    subsets,
)
from hpo_gym.bench.metrics import PORTFOLIO, Curves, auc, by_name, win_rate
from hpo_gym.bench.significance import holm, swap_p

ANCHORS = (PORTFOLIO, "random")
FLOOR = 1e-4
"""An AUC below counts as this one: a geometric mean takes no 0."""
LEFT = 2e-3  # mean AUC of the portfolio below which a suite leaves nothing to gain, and ratios to it are rounding
ONE_LIST: tuple[str, ...] = ("Boosting", "Control", "FCNet", "LM", "MLPGrid", "NAS", "NASBench201", "Text", "Vision")
"""Suites on which one list of configurations is enough, as `benchmarks/studies/one_list.py` measures: reading scores
saves at most a twentieth of random search's AUC beyond it."""
POOLED = 9
"""Families of a suite from which it is pooled: with fewer, one family decides what a suite says."""
FORMULAS, ONE_FAMILY, LIVE, THE_END = "formulas", "one family", "live", "the end counts"
FEW, NOTHING_LEFT, LISTED = "few families", "nothing left", "one list is enough"
"""Why a suite stands apart."""
_BLOCKS = 50  # of subsets, in which those are sought that divide every suite


def pooled(
    curves: Mapping[str, Sequence[Curves]],
    formulas: Collection[str] = (),
    anchors: Sequence[str] = ANCHORS,
    live: Collection[str] = (),
    least: int = POOLED,
) -> dict[str, Any]:
    """Pool suites; return plain JSON values of six decimals.

    Pooled `suites`, and those that stand `apart` by reason; the number of `families` of the former; and `anchors`: for
    each one present, the number of `comparisons` with it and `optimizers` by name: `ratio` ``[mean, low, high]``, `p`
    and `p_holm` over the `n_suites` common to the optimizer and the anchor, and its ratios in the suites `apart`.

    Args:
        curves: By suite those of each optimizer; suites may lack some.
        formulas: Suites that are no tables.
        anchors: Names of the reference optimizers.
        live: Suites whose tasks run code.
        least: Families of a pooled suite.
    """
    why = {
        suite: LIVE if suite in live else _why(group, suite in formulas, least)
        for suite, group in sorted(curves.items())
    }
    together = [suite for suite, reason in why.items() if not reason]
    by_optimizer: dict[str, dict[str, Curves]] = {}
    for suite in why:
        for c in curves[suite]:
            by_optimizer.setdefault(c.optimizer, {})[suite] = by_name(c)
    return {
        "suites": together,
        "apart": {suite: reason for suite, reason in why.items() if reason},
        "families": len({f for suite in together for f in curves[suite][0].families}),
        "anchors": {a: _against(a, by_optimizer, set(together)) for a in anchors if a in by_optimizer},
    }


def _why(group: Sequence[Curves], formulas: bool, least: int) -> str:
    """Why a suite stands apart, or nothing."""
    if group[0].end:
        return THE_END
    families = len(set(group[0].families))
    if formulas or families < least:
        return FORMULAS if formulas else FEW if families > 1 else ONE_FAMILY
    if group[0].suite in ONE_LIST and least == POOLED:  # studies of fewer families compare something else
        return LISTED
    return NOTHING_LEFT if any(c.optimizer == PORTFOLIO and auc(c).mean() < LEFT for c in group) else ""


def _against(anchor: str, found: Mapping[str, Mapping[str, Curves]], together: Collection[str]) -> dict[str, Any]:
    """All optimizers held against one of them."""
    rows: dict[str, dict[str, Any]] = {}
    for name, own in sorted(found.items()):
        pairs = {s: (c, found[anchor][s]) for s, c in own.items() if s in found[anchor]}
        joint = _Joint.of([pair for s, pair in pairs.items() if s in together])
        apart = {s: Resamples.of(c.families).ratio(auc(c), auc(d)) for s, (c, d) in pairs.items() if s not in together}
        p = None if joint is None or name == anchor else joint.p()
        ratio = [None, None, None] if joint is None else joint.ratio()
        rows[name] = {"ratio": ratio, "p": p, "n_suites": len(pairs) - len(apart), "apart": apart}
    corrected = holm({name: row["p"] for name, row in rows.items()})
    return {
        "comparisons": sum(row["p"] is not None for row in rows.values()),
        "optimizers": {name: {**row, "p_holm": corrected[name]} for name, row in rows.items()},
    }


def with_ratings(found: Mapping[str, Any], curves: Mapping[str, Sequence[Curves]]) -> dict[str, Any]:
    """Add `ratings` to the results of `pooled`: `win_rate` of those that ran on all pooled suites, by name.

    They are rated among themselves, and suites weigh the same.
    """
    suites = [{c.optimizer: by_name(c) for c in curves[s]} for s in found["suites"]]
    names = sorted(set.intersection(*map(set, suites))) if suites else []
    return {**found, "ratings": _ratings(suites, names) if names else {}}


def _ratings(found: Sequence[Mapping[str, Curves]], names: Sequence[str]) -> dict[str, dict[str, Estimate]]:
    shares = [win_rate(np.stack([auc(of[name]) for name in names], axis=1)) for of in found]
    families, place = placed([f for of in found for f in of[names[0]].families])
    cuts = np.split(place, np.cumsum([len(s) for s in shares])[:-1])
    mean = np.mean([s.mean(axis=0) for s in shares], axis=0)
    low, high = np.full((2, len(names)), np.nan)
    if min(len(set(at)) for at in cuts) >= LEAST:
        taken = _dividing(tuple(tuple((np.bincount(at, minlength=len(families)) > 0).tolist()) for at in cuts))
        drawn = [taken[:, at] @ s / taken[:, at].sum(axis=1)[:, None] for at, s in zip(cuts, shares, strict=True)]
        low, high = edges(np.mean(drawn, axis=0), len(families), OF_MEANS)
    ends = zip(mean, low, high, strict=True)
    return {name: {"win_rate": [plain(float(v)) for v in of]} for name, of in zip(names, ends, strict=True)}


@dataclass(frozen=True, eq=False)
class _Joint:
    """An optimizer and its anchor in several suites, by family: all ``(suites, families)``.

    Attributes:
        own, other: Sums of the AUC over the tasks of a family.
        tasks: Their number; 0 where a suite lacks the family.
    """

    own: Floats
    other: Floats
    tasks: Ints

    @classmethod
    def of(cls, pairs: Sequence[tuple[Curves, Curves]]) -> _Joint | None:
        """Return both curves in each suite, with the tasks in the order of their names; None without a suite."""
        if not pairs:
            return None
        names, place = placed([f for c, _ in pairs for f in c.families])
        cuts = np.split(place, np.cumsum([len(c.tasks) for c, _ in pairs])[:-1])
        sums = np.zeros((2, len(pairs), len(names)))
        for s, (at, pair) in enumerate(zip(cuts, pairs, strict=True)):
            for side, curves in zip(sums, pair, strict=True):
                np.add.at(side[s], at, auc(curves))
        return cls(sums[0], sums[1], np.stack([np.bincount(at, minlength=len(names)) for at in cuts]))

    def ratio(self) -> Estimate:
        """Geometric mean of the ratios, and its interval."""
        there, families = self.tasks > 0, self.tasks.shape[1]
        mean = plain(float(np.exp(self._of(np.ones((1, families), np.int64))[0])))
        if there.sum(axis=1).min() < LEAST:
            return [mean, None, None]
        low, high = edges(np.exp(self._of(_dividing(tuple(map(tuple, there.tolist()))))), families, OF_RATIOS)
        return [mean, plain(float(low)), plain(float(high))]

    def p(self) -> float | None:
        """Return the p of the hypothesis that the optimizer is as good as its anchor."""
        return swap_p(self._exchanged, self.tasks.shape[1])

    def _of(self, subset: Ints) -> Floats:
        """Mean logarithm of the ratios of subsets of families, ``(n,)`` of ``(n, families)``."""
        tasks = subset @ self.tasks.T
        return _log_ratio(subset @ self.own.T / tasks, subset @ self.other.T / tasks)

    def _exchanged(self, swapped: NDArray[np.bool_]) -> Floats:
        """Return the statistic after exchanging the two in families, ``(n,)`` of ``(n, families)``."""
        moved = swapped.astype(np.float64) @ (self.other - self.own).T  # (n, suites)
        tasks = self.tasks.sum(axis=1)
        return _log_ratio((self.own.sum(axis=1) + moved) / tasks, (self.other.sum(axis=1) - moved) / tasks)


def _log_ratio(own: Floats, other: Floats) -> Floats:
    """Mean over suites, the last axis, of the logarithm of the ratio."""
    return np.asarray(np.log(np.maximum(own, FLOOR) / np.maximum(other, FLOOR)).mean(axis=-1))


@functools.lru_cache(maxsize=64)
def _dividing(there: tuple[tuple[bool, ...], ...]) -> Ints:
    """Return subsets of families ``(n, families)`` that hold some of every suite and not all: others are redrawn.

    Args:
        there: Families of each suite, ``(suites, families)``.
    """
    has = np.array(there)
    kept = list[Ints]()
    for block in range(_BLOCKS if has.shape[1] > EXACT else 1):
        drawn = subsets(has.shape[1], block)
        held = drawn @ has.T
        kept.append(drawn[((held > 0) & (held < has.sum(axis=1))).all(axis=1)])
        if sum(map(len, kept)) >= RESAMPLES:
            break
    return np.concatenate(kept)
