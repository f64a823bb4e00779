"""The page's content on a suite: leaders, tables, tests, values of figures, and its single runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpo_gym.base import Floats
from hpo_gym.bench.groups import Leaders, leaders
from hpo_gym.bench.intervals import equal_families
from hpo_gym.bench.metrics import CONTROLS, PORTFOLIO, TEST, Curves, auc, by_family, critical_difference, friedman, iqm
from hpo_gym.bench.repeats import much
from hpo_gym.bench.report.finding import Results, suite_finding
from hpo_gym.bench.report.grid import FigureGrid, Td, Tr, grid, td
from hpo_gym.bench.report.tables import RATED, TableRow, cells, rows, said
from hpo_gym.bench.report.words import MISSING, interval, number
from hpo_gym.bench.significance import DIGITS

_KEPT = ("test AUC", "AUC", "last regret", "validation AUC")


def suite_parts(results: Results, name: str, curves: Sequence[Curves], *, timings: bool) -> dict[str, Any]:
    """Return the page's content on a suite, apart from figures."""
    table, found = rows(results, name, timings=timings), leaders(curves)
    part, lines = results["suites"][name], cells(results, name, timings=timings)
    own = {c.optimizer: auc(c) for c in sorted(curves, key=lambda c: c.optimizer)}
    return {
        "name": name,
        "said": said(results, name).removeprefix(found_here := suite_finding(results, name)),
        "finding": found_here,
        "letters": {row.optimizer: row.summary.get("group") or "" for row in table},
        "n_tasks": part["n_tasks"],
        "n_families": part["n_families"],
        "score": "test regret" if part["score"] == TEST else "validation regret",
        "main": _main(table, found, lines),
        "beyond": _beyond(table, own, found, lines),
        "test": _test(np.stack(list(own.values()), axis=1), curves[0].families),
    }


def _main(table: Sequence[TableRow], found: Leaders, lines: Sequence[Sequence[str]]) -> FigureGrid:
    """Return the short table of results: leaders in bold, gains as bars; repeats where many, failed cells if any."""
    head, *body = lines
    kept = [i for i, title in enumerate(head) if title in _KEPT]
    kept += [head.index("repeats")] if much(row.summary.get("repeats") for row in table) else []
    kept += [head.index("failed")] if any(row.summary["failed_cells"] for row in table) else []
    made = []
    for row, line in zip(table, body, strict=True):
        gain, letters = td(line[head.index("gain over portfolio")], row.verdict), Td(line[head.index("group")])
        fails = {"failed": "fails"} if row.summary["failed_cells"] else {}
        first = [Td(row.optimizer), letters, Td(gain.text, gain.small, gain.kind, _bar(row, table))]
        rest = [*(td(line[i], fails.get(head[i], "")) for i in kept), Td(number(row.summary["p_holm"]))]
        marks = {"control": row.optimizer in CONTROLS, "reference": row.optimizer == PORTFOLIO}
        kind = " ".join([k for k, is_so in {**marks, "leads": found.leads(row.optimizer)}.items() if is_so])
        made.append(Tr((*first, *rest), kind))
    titles = ("optimizer", "group", "gain over portfolio", *(head[i] for i in kept), "p (Holm)")
    return FigureGrid(f"Results, {table[0].suite}", titles, tuple(made), texts=frozenset({0, 1}))


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
    table: Sequence[TableRow], own: Mapping[str, Floats], found: Leaders, lines: Sequence[Sequence[str]]
) -> FigureGrid:
    """Return the long table: p to the best, regrets, other means than the mean AUC, the hardest tasks, and costs."""
    head, *body = lines
    first, lines = head.index(RATED[0]), []  # what stands before is in the short table
    for row, line in zip(table, body, strict=True):
        s, values = row.summary, own[row.optimizer]
        to_best = "lowest" if row.optimizer == found.best else number(found.p_holm[row.optimizer])
        worst = np.sort(values)[::-1][: max(1, round(len(values) / 10))].sum()
        share = f"{100 * worst / values.sum():.0f} %" if values.sum() > 0 else MISSING
        middle = [number(iqm(values)), number(float(np.median(values))), share]
        ratios = [interval(s["ratio"], 3), interval(s["p_better"], 2)]
        lines.append([row.optimizer, to_best, *ratios, *middle, *line[first:]])
    titles = ["optimizer", "p to best", "ratio of AUC to portfolio", "P(better than portfolio)", "interquartile mean"]
    return grid(f"All columns, {table[0].suite}", [*titles, "median", "worst tenth's share", *head[first:]], lines)


def task_values(curves: Sequence[Curves]) -> FigureGrid:
    """AUC of each task; the task that is hardest for the first optimizer on top."""
    first, own, order = curves[0], {c.optimizer: auc(c) for c in curves}, [c.optimizer for c in curves]
    placed = sorted(range(len(first.tasks)), key=lambda i: (-round(float(own[order[0]][i]), DIGITS), first.tasks[i]))
    known = first.families != first.tasks
    lines = [
        [first.tasks[i], *([first.families[i]] if known else []), *(number(float(own[n][i])) for n in order)]
        for i in placed
    ]
    head = ["task", *(["family"] if known else []), *order]
    return grid(f"AUC by task, {first.suite}", head, lines, range(1 + known))
