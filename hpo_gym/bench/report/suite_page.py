"""The page's content on a suite: leaders, tables, tests, values of figures, and its single runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpo_gym.base import Floats
from hpo_gym.bench.groups import Leaders, leaders
from hpo_gym.bench.intervals import equal_families
from hpo_gym.bench.metrics import CONTROLS, PORTFOLIO, TEST, Curves, auc, by_family, critical_difference, friedman, iqm
from hpo_gym.bench.report.grid import FigureGrid, Td, Tr, grid, td
from hpo_gym.bench.report.tables import RATED, Results, TableRow, cells, rows, said
from hpo_gym.bench.report.words import MISSING, interval, number

_KEPT = ("test AUC", "AUC", "validation AUC", "regret@", "failed")
_LAST = "33"  # the regret after the last trial


@dataclass(frozen=True)
class Lead:
    """Content of a tile.

    Attributes:
        names: The best, and all that cannot be told apart from it.
        better, worse: Optimizers that differ from the anchor, by Holm's correction.
    """

    best: str
    names: tuple[str, ...]
    n: int
    better: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()

    @property
    def alone(self) -> bool:
        """Return whether one leads, told apart from all others."""
        return len(self.names) == 1 < self.n


def suite_parts(results: Results, name: str, curves: Sequence[Curves], *, timings: bool) -> dict[str, Any]:
    """Return the page's content on a suite, apart from figures."""
    table, found = rows(results, name, timings=timings), leaders(curves)
    order, part = [row.optimizer for row in table], results["suites"][name]
    own = {c.optimizer: auc(c) for c in sorted(curves, key=lambda c: c.optimizer)}
    names = tuple(n for n in order if found.leads(n))
    verdicts = {v: tuple(row.optimizer for row in table if row.verdict == v) for v in ("better", "worse")}
    return {
        "name": name,
        "said": said(results, name),
        "n_tasks": part["n_tasks"],
        "n_families": part["n_families"],
        "score": "test regret" if part["score"] == TEST else "validation regret",
        "lead": Lead(found.best, names, len(order), verdicts["better"], verdicts["worse"]),
        "main": _main(results, name, table, found, timings),
        "beyond": _beyond(name, table, own, cells(results, name, timings=timings)),
        "beside": _beside(name, table) if part["score"] == TEST else None,
        "test": _test(np.stack(list(own.values()), axis=1), curves[0].families),
    }


def _main(results: Results, suite: str, table: Sequence[TableRow], found: Leaders, timings: bool) -> FigureGrid:
    """Return the table of results: leaders in bold, gains as bars."""
    head, *body = cells(results, suite, timings=timings)
    kept = [i for i, title in enumerate(head) if title.startswith(_KEPT)]
    made = []
    for row, line in zip(table, body, strict=True):
        gain, letters = td(line[head.index("gain over portfolio")], row.verdict), Td(line[head.index("group")])
        best = row.optimizer == found.best
        to_best = "lowest" if best else number(found.p_holm[row.optimizer])
        fails = {head.index("failed"): "fails"} if row.summary["failed_cells"] else {}
        first = [Td(row.optimizer), letters, Td(gain.text, gain.small, gain.kind, _bar(row, table))]
        rest = [Td(number(row.summary["p_holm"])), Td(to_best), *(td(line[i], fails.get(i, "")) for i in kept)]
        marks = {"control": row.optimizer in CONTROLS, "reference": row.optimizer == PORTFOLIO}
        kind = " ".join([k for k, is_so in {**marks, "leads": found.leads(row.optimizer)}.items() if is_so])
        made.append(Tr((*first, *rest), kind))
    titles = ("optimizer", "group", "gain over portfolio", "p (Holm)", "p to best", *(head[i] for i in kept))
    return FigureGrid(f"Results, {suite}", titles, tuple(made), texts=frozenset({0, 1}))


def _bar(row: TableRow, table: Sequence[TableRow]) -> dict[str, float] | None:
    """Place 0, a gain and its interval on a scale of 0 to 100 that all rows of the suite share; None without one."""
    gains = [v for r in table for v in r.summary["gain"] if v is not None]
    low, high = min([*gains, 0.0]), max([*gains, 0.0])
    if any(v is None for v in row.summary["gain"]):
        return None
    scale = 100.0 / ((high - low) or 1.0)
    places = dict(zip(("mean", "low", "high"), row.summary["gain"], strict=True))
    return {name: round(scale * (v - low), 2) for name, v in {"zero": 0.0, **places}.items()}


def _test(values: Floats, families: Sequence[str]) -> dict[str, str]:
    """Friedman's test on the means of families, and Nemenyi's critical difference of ranks by AUC, as text."""
    statistic, p = friedman(by_family(values, families))
    exists, n, equal = statistic == statistic, values.shape[1], equal_families(families)
    return {
        "statistic": f"{statistic:.2f}" if exists else MISSING,
        "p": MISSING if not exists else "< 0.0001" if p < 1e-4 else f"= {p:.4f}",
        "cd": f"{critical_difference(n, equal):.2f}" if n > 1 and len(set(families)) > 1 else MISSING,
        "equal": f"{equal:.1f}".removesuffix(".0"),
    }


def _beyond(
    suite: str, table: Sequence[TableRow], own: Mapping[str, Floats], lines: Sequence[Sequence[str]]
) -> FigureGrid:
    """Return statistics beside the mean: other means, the median task, the share of the worst tenth; and costs."""
    head, *body = lines
    costs = [i for i, title in enumerate(head) if title in ("solved", "ms p50/p95", "train s")]
    first = head.index(RATED[0])
    lines = []
    for row, line in zip(table, body, strict=True):
        s, values = row.summary, own[row.optimizer]
        worst = np.sort(values)[::-1][: max(1, round(len(values) / 10))].sum()
        share = f"{100 * worst / values.sum():.0f} %" if values.sum() > 0 else MISSING
        ratios = [interval(s["ratio"], 3), interval(s["p_better"], 2), interval(s["log_auc"], 3)]
        middle = [number(iqm(values)), number(float(np.median(values))), share]
        rated = line[first : first + len(RATED)]
        lines.append([row.optimizer, *rated, *ratios, *middle, *(line[i] for i in costs)])
    titles = ["optimizer", *RATED, "ratio of AUC to portfolio", "P(better than portfolio)", "log AUC"]
    titles += ["interquartile mean", "median", "worst tenth's share", *(head[i] for i in costs)]
    return grid(f"Beyond the mean, {suite}", titles, lines)


def _beside(suite: str, table: Sequence[TableRow]) -> FigureGrid:
    """Return the test score beside the validation score."""
    lines = []
    for row in table:
        s, v = row.summary, row.summary["validation"]
        pairs = [(s["auc"], v["auc"], 4), (s["regret"][_LAST], v["regret"][_LAST], 4), (s["rank"], v["rank"], 2)]
        cells = [interval(e, digits) for test, beside, digits in pairs for e in (test, beside)]
        gains = [interval(e, sign=True) for e in (s["gain"], v["gain"])]
        by = number(s["overtuned_by"][0], 3)
        lines.append([row.optimizer, *cells, *gains, f"{100 * s['overtuned'][0]:.0f} %", by])
    names = ("AUC", "last regret", "rank", "gain")
    head = ["optimizer", *(f"{kind} {n}" for n in names for kind in ("test", "validation")), "overtuned", "by"]
    return grid(f"Test beside validation, {suite}", head, lines)
