"""The coverage of 95 % intervals over families: how often each kind holds the true value.

Families are drawn from the spread of the reference runs on the seven suites with sixteen or more test families:
the AUCs of an optimizer and the portfolio on a family are one of the measured pairs, moved by a normal step on the
logit scale (Silverman's bandwidth, the variance kept), so the true mean is known. In the world `measured` they are not
moved: the truth is the mean of the suite.

Three draws: `families` and `further` chose the shares beyond the ends; `independent` judges them. Each has other
optimizers and another seed, `further` the runs after five given points; the last two draw from `Pipelines` as well.

`ours` is `hpo_gym.bench.intervals`; the others are those of the literature: percentile and BCa (Efron, 1987) of a
bootstrap, percentile-t of logarithms where there are (Hall, 1988) with two equal tails or a symmetric one, Student's t,
and the exchange test inverted at .05.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import frame
import numpy as np
from frame import Table
from numpy.typing import NDArray
from scipy import stats

from hpo_gym.bench import OF_MEANS, OF_RATIOS, edges, subsets

LOOKS = "draws from the spread of what reference.py looked at"


class Draw(NamedTuple):
    """The reference runs whose spread is drawn from; the name is part of the seed."""

    name: str
    start: str
    suites: tuple[str, ...]
    optimizers: tuple[str, ...]


SUITES = ("AutoML", "SVM", "Linear", "Boosting", "Studies", "MLP", "Curves")
ANCHOR = "portfolio"
CALIBRATION = Draw("", "cold", SUITES, ("transfer-mix", "gp-ei", "default", "ebgp"))
FURTHER = Draw("independent ", "init5", (*SUITES, "Pipelines"), ("task-mixture", "tpe", "q-learning", "rgpe"))
INDEPENDENT = Draw("last ", "cold", (*SUITES, "Pipelines"), ("gp-warm", "taf-r", "ga", "average-rank"))
CHOSE = {"families": CALIBRATION, "further": FURTHER}
DRAWS = {**CHOSE, "independent": INDEPENDENT}
WORLDS, SIZES = ("smoothed", "measured"), ("equal", "unequal")
FAMILIES = (2, 3, 5, 8, 10, 12, 20, 30, 44)
LEAST, AIM = 8, 0.925
STATISTICS = ("mean", "ratio", "difference")
METHODS = ("percentile", "BCa", "t", "percentile-t", "symmetric-t", "exchange", "ours")
UNEQUAL = (34, 10, 9, 6, *[4] * 3, *[3] * 4, *[2] * 5, *[1] * 28)
"""Tasks of the test families of AutoML: sizes are drawn from them; tasks of a family are alike."""
POOLS = {
    "seven suites as they are": (44, 40, 30, 28, 28, 16, 16),
    "seven of 8 families": (8,) * 7,
    "seven as they are and four of 2 to 5": (44, 40, 30, 28, 28, 16, 16, 2, 3, 4, 5),
}
DRAWN, RESAMPLES, WIDEST = 100, 1000, 99.0
"""Draws of the families for each optimizer, suite and number; resamples of a bootstrap; the largest width."""
TAILS = (0.025, 0.0225, 0.02, 0.0175, 0.015, 0.0125, 0.01, 0.0085, 0.007, 0.006, 0.005, 0.004, 0.003, 0.002)
"""Shares beyond an end of which the largest is sought that reaches `AIM`."""
CHEAP = {("families", "MLP"): ()}

Array = NDArray[np.float64]


def cells() -> Iterator[frame.Address]:
    """Yield each suite of either draw, and each pool of suites."""
    yield from ((kind, suite) for kind, draw in DRAWS.items() for suite in draw.suites)
    yield from (("pooled", pool) for pool in POOLS)


def cell(kind: str, name: str) -> dict[str, Any]:
    """Return the coverage of the intervals on one suite or pool, by world."""
    return {world: _families(name, world, DRAWS[kind]) if kind in DRAWS else _pooled(name, world) for world in WORLDS}


# ---------------------------------------------------------------------- the worlds
class World:
    """The families of a suite that an optimizer and the portfolio are held against on.

    Attributes:
        true: The mean AUC of either.
    """

    def __init__(self, suite: str, optimizer: str, world: str, start: str = CALIBRATION.start) -> None:
        auc = frame.stored("standings")[start][suite]["auc"]
        values = np.clip(np.array([auc[optimizer], auc[ANCHOR]]), 1e-4, 1 - 1e-4)
        seen = np.log(values / (1 - values))
        step = seen.shape[1] ** (-1 / 6) if world == "smoothed" else 0.0
        kept = 1 / np.sqrt(1 + step**2)
        middle = seen.mean(axis=1, keepdims=True)
        self.at = middle + kept * (seen - middle)
        spread = np.cov(seen) * (step * kept) ** 2
        self.root = np.linalg.cholesky(spread + 1e-12 * np.eye(2))
        points, weights = np.polynomial.hermite_e.hermegauss(31)
        moved = self.at[:, :, None] + np.sqrt(np.diag(spread))[:, None, None] * points
        self.true = (_share(moved) @ weights / weights.sum()).mean(axis=1)

    def draw(self, rng: np.random.Generator, families: int, many: int) -> Array:
        """Return AUCs of both on drawn families, ``(2, families, many)``."""
        chosen = self.at[:, rng.integers(self.at.shape[1], size=(families, many))]
        return _share(chosen + np.einsum("ij,jfm->ifm", self.root, rng.normal(size=(2, families, many))))


def _share(logit: Array) -> Array:
    return 1 / (1 + np.exp(-logit))


# ---------------------------------------------------------------------- one suite
def _families(suite: str, world: str, draw: Draw) -> dict[str, Any]:
    """Return coverage and median width by sizes, statistic, number of families and method, and coverage by tail."""
    found: dict[str, Any] = {}
    rng = np.random.default_rng(zlib.crc32(f"{draw.name}{suite} {world}".encode()))
    for sizes in SIZES:
        for families in FAMILIES:
            rows: dict[str, list[Mapping[str, Sequence[float]]]] = {name: [] for name in STATISTICS}
            for optimizer in draw.optimizers:
                of = World(suite, optimizer, world, draw.start)
                own, other = of.draw(rng, families, DRAWN)
                tasks = np.ones_like(own) if sizes == "equal" else rng.choice(UNEQUAL, own.shape).astype(np.float64)
                sums = {"mean": (own, 1.0), "ratio": (own, other), "difference": (own - other, 1.0)}
                a, b = of.true
                for name, true in zip(STATISTICS, (a, a / b, a - b), strict=True):
                    share = OF_RATIOS if name == "ratio" else OF_MEANS
                    top, bottom = (tasks * part for part in sums[name])
                    rows[name].append(_judged(_intervals(top, bottom, name != "difference", share, rng), true))
            for name, several in rows.items():
                found.setdefault(sizes, {}).setdefault(name, {})[str(families)] = _means(several)
    return found


def _means(rows: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, list[float]]:
    return {m: [round(float(np.mean([row[m][i] for row in rows])), 4) for i in (0, 1)] for m in rows[0]}


def _judged(intervals: Mapping[str, Array], true: float) -> dict[str, tuple[float, float]]:
    """Return how often each kind holds the true value, and its median width by that of the percentile interval."""
    usual = np.median(np.diff(intervals["percentile"], axis=0))
    return {
        name: (((low <= true) & (true <= high)).mean(), min(float(np.median(high - low) / usual), WIDEST))
        for name, (low, high) in intervals.items()
    }


def _intervals(top: Array, bottom: Array, positive: bool, share: Mapping[int, float], rng: Any) -> dict[str, Array]:
    """Return the ends of each kind of interval of a ratio of sums, ``(2, many)`` of ``(families, many)``."""
    n = len(top)
    whole = top.sum(axis=0) / bottom.sum(axis=0)
    rest = top - whole * bottom
    error = np.sqrt((rest**2).sum(axis=0)) / bottom.sum(axis=0)
    counts = rng.multinomial(n, np.full(n, 1 / n), RESAMPLES).astype(np.float64)
    below = counts @ bottom
    drawn = counts @ top / below
    squares = counts @ top**2 - 2 * drawn * (counts @ (top * bottom)) + drawn**2 * (counts @ bottom**2)
    errors = np.sqrt(np.maximum(squares, 0.0)) / below
    scale = np.log if positive else lambda x: x
    back = (lambda x: np.exp(np.minimum(x, 99.0))) if positive else lambda x: x
    slope, slopes = (whole, drawn) if positive else (1.0, 1.0)  # of the logarithm
    with np.errstate(divide="ignore", invalid="ignore"):
        away = (scale(drawn) - scale(whole)) * slopes / errors
    away = np.where(errors > 1e-9 * np.abs(drawn), away, np.sign(drawn - whole) * 1e9)
    low, high = np.quantile(away, (0.025, 0.975), axis=0)
    both = np.quantile(np.abs(away), 0.95, axis=0)
    student = stats.t.ppf(0.975, n - 1) * np.sqrt(n / (n - 1))
    middle, unit = scale(whole), error / slope
    chosen = subsets(n).astype(np.float64)
    typical = (chosen @ top) / (chosen @ bottom)
    found = {
        "percentile": np.quantile(drawn, (0.025, 0.975), axis=0),
        "BCa": _bca(drawn, whole, (top.sum(axis=0) - top) / (bottom.sum(axis=0) - bottom)),
        "t": back(np.stack([middle - student * unit, middle + student * unit])),
        "percentile-t": back(np.stack([middle - high * unit, middle - low * unit])),
        "symmetric-t": back(np.stack([middle - both * unit, middle + both * unit])),
        "exchange": np.quantile(typical, (0.025, 0.975), axis=0),
    }
    if n >= LEAST:
        found["ours"] = np.stack(edges(typical, n, share))
        low = np.quantile(typical, TAILS, axis=0)
        high = np.quantile(typical, 1 - np.array(TAILS), axis=0)
        found |= {f"tail {t}": np.stack(both) for t, *both in zip(TAILS, low, high, strict=True)}
    return found


def _bca(drawn: Array, whole: Array, without: Array) -> Array:
    """Return the bias-corrected and accelerated interval; `without` are the estimates without one family."""
    influence = without.mean(axis=0) - without
    spread = np.maximum((influence**2).sum(axis=0), 1e-300)
    acceleration = (influence**3).sum(axis=0) / (6 * spread**1.5)
    beneath = (drawn < whole).mean(axis=0) + 0.5 * (drawn == whole).mean(axis=0)
    bias = stats.norm.ppf(np.clip(beneath, 1 / RESAMPLES, 1 - 1 / RESAMPLES))
    ends = []
    for z in (-1.959964, 1.959964):
        share = stats.norm.cdf(bias + (bias + z) / (1 - acceleration * (bias + z)))
        ends.append(_sorted_at(np.sort(drawn, axis=0), share))
    return np.stack(ends)


def _sorted_at(ordered: Array, share: Array) -> Array:
    """Return a quantile of each column."""
    place = share * (len(ordered) - 1)
    low = np.floor(place).astype(np.int64)
    part, column = place - low, np.arange(ordered.shape[1])
    return ordered[low, column] * (1 - part) + ordered[np.minimum(low + 1, len(ordered) - 1), column] * part


# ---------------------------------------------------------------------- several suites
def _pooled(pool: str, world: str) -> dict[str, list[float]]:
    """Return coverage and median width of the pooled ratio: the percentile interval, and ours without its rule."""
    sizes = POOLS[pool]
    rng = np.random.default_rng(zlib.crc32(f"{pool} {world}".encode()))
    cuts = np.cumsum((0, *sizes))
    counts = rng.multinomial(cuts[-1], np.full(cuts[-1], 1 / cuts[-1]), 4 * RESAMPLES)
    held = np.add.reduceat(counts, cuts[:-1], axis=1)
    resamples = counts[(held > 0).all(axis=1)][:RESAMPLES]
    chosen = np.concatenate([subsets(int(cuts[-1]), block) for block in range(8)])
    held = np.add.reduceat(chosen, cuts[:-1], axis=1)
    chosen = chosen[((held > 0) & (held < sizes)).all(axis=1)]
    rows = []
    for optimizer in CALIBRATION.optimizers:
        logs, true = {"percentile": 0.0, "ours": 0.0}, 0.0
        for s, (start, stop) in enumerate(itertools.pairwise(cuts)):
            of = World(SUITES[s % len(SUITES)], optimizer, world)
            own, other = of.draw(rng, stop - start, DRAWN)
            true += np.log(of.true[0] / of.true[1])
            for name, weights in (("percentile", resamples), ("ours", chosen)):
                logs[name] = logs[name] + np.log((weights[:, start:stop] @ own) / (weights[:, start:stop] @ other))
        ends = {
            "percentile": np.quantile(logs["percentile"], (0.025, 0.975), axis=0),
            "ours": np.stack(edges(logs["ours"], int(cuts[-1]), OF_RATIOS)),
        }
        rows.append(_judged(ends, true))
    return _means(rows)


# ---------------------------------------------------------------------- tables
def _over(drawn: Mapping[str, Any], worlds: Sequence[str], sizes: Sequence[str], name: str, n: int) -> dict[str, Array]:
    """Return coverage and width of each method over suites, worlds and sizes, ``(cells, 2)``."""
    parts = [of[w][s][name][str(n)] for of in drawn.values() for w in worlds for s in sizes]
    return {method: np.array([part[method] for part in parts]) for method in parts[0]}


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the coverage of each kind by number of families, and its width, on the independent draw; beside it the
    lowest on the draws that chose the tails."""
    coverage, width, tails = [], [], []
    drawn, chosen = found["independent"], [found[kind] for kind in CHOSE]
    for name in STATISTICS:
        for n in FAMILIES:
            of = _over(drawn, WORLDS, SIZES, name, n)
            coverage.append((name, str(n), *(_shown(of[m][:, 0].mean()) if m in of else "none" for m in METHODS)))
            width.append((name, str(n), *(f"{of[m][:, 1].mean():.2f}" if m in of else "none" for m in METHODS)))
    for n in (n for n in FAMILIES if n >= LEAST):
        least = {t: min(min(_least(one, f"tail {t}", n)) for one in chosen) for t in TAILS}
        tails.append(
            (str(n), *(_shown(least[t]) for t in TAILS), str(next((t for t in TAILS if least[t] >= AIM), "none")))
        )
    pooled = [
        (pool, *(_shown(np.mean([of[w][m][0] for w in WORLDS])) for m in ("percentile", "ours")))
        for pool, of in found.get("pooled", {}).items()
    ]
    return {
        "coverage": Table.of(("of", "families", *METHODS), coverage),
        "width": Table.of(("of", "families", *METHODS), width),
        "least": Table.of(("families", *METHODS), _worst(drawn)),
        "least-chosen": Table.of(("families", *METHODS), _worst(*chosen)),
        "tails": Table.of(("families", *map(str, TAILS), "largest"), tails),
        "pooled": Table.of(("suites", "percentile", "ours"), pooled),
    }


def _least(drawn: Mapping[str, Any], method: str, n: int) -> list[float]:
    """Return the coverage by statistic and world, over suites and sizes."""
    return [float(_over(drawn, (w,), SIZES, s, n)[method][:, 0].mean()) for s in STATISTICS for w in WORLDS]


def _worst(*draws: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the lowest coverage of the three statistics in the two worlds, by number of families."""
    for n in FAMILIES:
        there = _over(draws[0], WORLDS, SIZES, STATISTICS[0], n)
        least = {m: min(min(_least(one, m, n)) for one in draws) for m in there}
        yield str(n), *(_shown(least[m]) if m in there else "none" for m in METHODS)


def _shown(share: float) -> str:
    return f"{share:.3f}".removeprefix("0")


def draw(found: Mapping[str, Any]) -> None:
    """Draw the coverage of the three statistics on the independent draw, by the number of families."""
    from matplotlib.figure import Figure

    from hpo_gym.bench import FAINT, INK, VIBRANT, save, theme

    with theme():
        figure = Figure(figsize=(9.0, 3.2), dpi=150)
        for i, name in enumerate(STATISTICS):
            axes = figure.add_subplot(1, 3, i + 1)
            axes.axhline(0.95, color=FAINT, lw=0.8)
            axes.axvline(LEAST, color=FAINT, lw=0.8)
            for method, colour in zip(METHODS, [*VIBRANT, INK], strict=False):
                at = [(n, _over(found["independent"], WORLDS, SIZES, name, n)) for n in FAMILIES]
                points = [(n, of[method][:, 0].mean()) for n, of in at if method in of]
                own = method == "ours"
                axes.plot(
                    *zip(*points, strict=True), color=INK if own else colour, lw=2.4 if own else 1.0, label=method
                )
            axes.set(xscale="log", ylim=(0.4, 1.0), title=name, xlabel="families")
            axes.set_xticks(FAMILIES[::2], list(map(str, FAMILIES[::2])))
            axes.minorticks_off()
        figure.axes[0].set_ylabel("share of intervals with the true value")
        figure.axes[-1].legend(frameon=False, fontsize=7)
        figure.tight_layout()
        save(figure, frame.FIGURES / "coverage.png")
