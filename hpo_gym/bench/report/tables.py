"""Results as tables: rows sorted by AUC, then CSV, Markdown or a terminal's sheet; every name is escaped.

A table shows the headline: regret on the test score, if there is one, beside the validation AUC and overtuning.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo_gym.base import as_cell, as_latex, as_markdown, printable, unknown
from hpo_gym.bench.frames import ENDS, flat
from hpo_gym.bench.intervals import LEAST
from hpo_gym.bench.memory import said_of_memory
from hpo_gym.bench.metrics import TEST
from hpo_gym.bench.repeats import much
from hpo_gym.bench.report.finding import Results, grouped, overall, pooled_finding, shows_pooled, suite_finding
from hpo_gym.bench.report.words import MISSING, counted, holds, interval, narrow, number, ranged, verdict
from hpo_gym.problem import AMOUNTS, POINTS
from hpo_gym.system import Column, Sheet

_SHOWN_TRIALS = (1, 5, 10, 15, 33)
_BESIDE = ("validation_auc", "validation_gain", "overtuned", "overtuned_by")
_FAMILIES = ("gain_family", "auc_family")
_COSTS = ("ms_p50", "ms_p95", "train_seconds")
_NOTHING = (None, None, None)
RATED = ("rank", "win rate")
_DAGGER = "†"
_STAR = "; * survives Holm's correction at 5 %."


@dataclass(frozen=True)
class TableRow:
    """One line of a suite's table: an optimizer, its summary (see `summarise`) and its costs."""

    suite: str
    optimizer: str
    summary: Mapping[str, Any]
    ms_p50: float | None
    ms_p95: float | None
    train_seconds: float | None

    @property
    def verdict(self) -> str:
        """Return the verdict after Holm's correction, against the portfolio."""
        return verdict(self.summary["p_holm"], better=(self.summary["gain"][0] or 0.0) > 0.0)


def rows(results: Results, suite: str, *, timings: bool = True) -> list[TableRow]:
    """Make the rows of a suite, sorted by AUC, then by name, but the control of a trained optimizer below it.

    Raises:
        UnknownNameError: There is no such suite.
    """
    if suite not in results["suites"]:
        raise unknown("suite", suite, results["suites"])
    costs = results.get("timings", {}).get(suite, {}) if timings else {}
    made = []
    for name, summary in results["suites"][suite]["optimizers"].items():
        cost = costs.get(name, {})
        ms = cost.get("ms_per_suggestion") or {}
        made.append(TableRow(suite, name, summary, ms.get("p50"), ms.get("p95"), cost.get("train_seconds")))
    by_name = {row.optimizer: row for row in sorted(made, key=lambda row: (row.summary["auc"][0], row.optimizer))}
    return [by_name[name] for name in with_controls([*by_name], results.get("before", {}))]


def with_controls(names: Sequence[str], before: Mapping[str, str]) -> list[str]:
    """Return names in their order, but the control of a trained one in the next place.

    Args:
        before: By trained optimizer its control; one of several stands below the first of them.
    """
    firsts = {before[name]: name for name in reversed(names) if before.get(name) in names}
    below = {name: control for control, name in firsts.items()}
    kept = (name for name in names if name not in firsts)
    return [one for name in kept for one in (name, *([below[name]] if name in below else []))]


def cost_of(results: Results) -> float | None:
    """Return the budget in cost; None of one in full evaluations."""
    cost: float | None = results["protocol"].get(AMOUNTS[1])
    return cost


def shown_trials(results: Results) -> dict[str, float]:
    """Return the entries of `regret` in the tables, with their numbers of trials; none lies beyond the budget.

    With a budget in cost, with their mean costs.
    """
    cost = cost_of(results)
    if cost is not None:
        return {str(t): float(f"{cost * t / POINTS:.4g}") for t in _SHOWN_TRIALS}
    budget = int(results["protocol"].get("budget") or _SHOWN_TRIALS[-1])
    shown: dict[str, float] = {str(t): t for t in _SHOWN_TRIALS if t <= budget}
    over = [t for t in _SHOWN_TRIALS if t > budget]
    return shown if not over or budget in shown.values() else {**shown, str(over[0]): budget}


def csv_text(results: Results, *, timings: bool = True) -> str:
    """Make one CSV of all suites: a header, then numbers in full; an interval is three columns; none is empty."""
    shown = shown_trials(results)
    estimates = ["gain", "auc", "log_auc", "rank", "win_rate", *(f"regret_{t:g}" for t in shown.values()), "solved"]
    head = ["suite", "optimizer", "score", "n_tasks", "n_families", *_spread(estimates), "p", "p_holm", "skewness"]
    head += [*_spread(_BESIDE), "repeats", "failed_cells", "cells", *(_COSTS if timings else ()), "group"]
    head += [f"{name}{end}" for name in _FAMILIES for end in ENDS[1:]]
    lines = []
    for suite, part in results["suites"].items():
        for row in rows(results, suite, timings=timings):
            names = {"suite": as_cell(suite), "optimizer": as_cell(row.optimizer), "score": part["score"]}
            regrets = {f"regret_{trial:g}": row.summary["regret"][key] for key, trial in shown.items()}
            lines.append({**vars(row), **flat({**row.summary, **regrets}), **names})
    return csv_of([head, *([line.get(name) for name in head] for line in lines)])


def pooled_csv(results: Results) -> str:
    """Make a CSV of the pooled suites: a line for each anchor and optimizer."""
    groups, rated = (results["pooled"].get(key, {}) for key in ("groups", "ratings"))
    head = ["anchor", "optimizer", "n_suites", *_spread(("ratio",)), "p", "p_holm", "group", *_spread(("win_rate",))]
    lines: list[list[Any]] = [head]
    for anchor, part in results["pooled"]["anchors"].items():
        for name, s in part["optimizers"].items():
            own = s["n_suites"], *s["ratio"], s["p"], s["p_holm"], groups.get(name)
            ends = rated.get(name, {}).get("win_rate", _NOTHING)
            lines.append([as_cell(anchor), as_cell(name), *own, *ends])
    return csv_of(lines)


def markdown_text(results: Results, *, timings: bool = True) -> str:
    """Make a Markdown table under a heading per suite, and one of the pooled suites."""
    parts = []
    for title, note, (head, *body) in _every(results, timings):
        heads = [as_markdown(h) for h in head]
        lines = [f"## {as_markdown(title)}", "", as_markdown(note), ""]
        lines += [_line(heads), _line(["---", *["---:"] * (len(head) - 1)])]
        body = [[as_markdown(name), *(cell.replace("*", "\\*") for cell in rest)] for name, *rest in body]
        parts.append("\n".join(lines + [_line(line) for line in body]))
    return "\n\n".join(parts) + "\n"


def latex_text(results: Results, *, timings: bool = False) -> str:
    """Make a table of LaTeX (packages `booktabs` and `graphicx`) per suite, and one of the pooled suites."""
    parts = []
    for title, note, (head, *body) in _every(results, timings):
        lines = [" & ".join(map(as_latex, line)) + r" \\" for line in (head, *body)]
        parts.append(
            "\n".join(
                [
                    r"\begin{table}", r"\centering", rf"\caption{{{as_latex(f'{title}. {note}')}}}",
                    r"\resizebox{\linewidth}{!}{%", rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}", r"\toprule",
                    lines[0], r"\midrule", *lines[1:], r"\bottomrule", r"\end{tabular}}", r"\end{table}",
                ]
            )
        )  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _every(results: Results, timings: bool) -> list[tuple[str, str, list[list[str]]]]:
    """Return title, note and cells of each table: pooled suites if any, the suites, outdated rows."""
    tables = [(suite, said(results, suite), cells(results, suite, timings=timings)) for suite in results["suites"]]
    pooled = [("All suites", pooled_said(results), pooled_cells(results))] if shows_pooled(results) else []
    outdated = [("Out of date", OUTDATED, outdated_cells(results))] if results.get("stale") else []
    return [*pooled, *tables, *outdated]


def console_table(results: Results, suite: str, *, timings: bool = True) -> Sheet:
    """Make the table of a suite for a terminal."""
    shown, part = shown_trials(results), results["suites"][suite]
    on_test, made = part["score"] == TEST, rows(results, suite, timings=timings)
    found = [row.summary for row in made]
    styles = [{"better": "green", "worse": "red"}.get(row.verdict, "") for row in made]
    columns = [
        Column("optimizer", [printable(row.optimizer) for row in made]),
        Column("test AUC" if on_test else overall(part), [_estimate(s, "auc", 3) for s in found], right=True),
        Column("gain over portfolio", [_gain(row) for row in made], 1, right=True, styles=styles),
        Column("p (Holm)", [number(s["p_holm"], 3) for s in found], 4, right=True),
    ]
    if on_test:
        columns += [
            Column("validation", [number(s["validation"]["auc"][0], 3) for s in found], 3, right=True),
            Column("overtuned", [_percent(s["overtuned"][0]) for s in found], 5, right=True),
        ]
    if any(s.get("group") for s in found):
        columns.insert(2, Column("group", [ranged(s.get("group")) for s in found], 1))
    for key, trial in shown.items():
        regrets = [number(s["regret"][key][0], 3) for s in found]
        columns.append(Column(f"@{trial:g}", regrets, 2 if trial == max(shown.values()) else 6, right=True))
    again = [s.get("repeats") for s in found]
    columns.append(Column("repeats", list(map(_percent, again)), 1 if much(again) else 7, right=True))
    failed = [s["failed_cells"] for s in found]
    columns.append(Column("failed", list(map(str, failed)), 0 if any(failed) else 7, right=True))
    if timings:
        columns.append(Column("ms p50", [_short(row.ms_p50) for row in made], 5, right=True))
    unit = "trials" if cost_of(results) is None else "mean costs"
    about = f"n = {counted(part['n_tasks'], 'task')}; @k: regret after k {unit}; {_bracketed(part['n_families'])}"
    return Sheet(printable(f"{suite}, {about}"), columns, printable(said(results, suite)))


def console_pooled(results: Results) -> Sheet:
    """Make the table of the pooled suites for a terminal."""
    head, *body = pooled_cells(results, apart=False)
    ranks = [0, *(rank for i in range((len(head) - 4) // 2) for rank in (2 * i, 2 * i + 3)), 1, 8, 2]
    columns = [
        _column(rank, *cells, right=i > 0) for i, (rank, *cells) in enumerate(zip(ranks, head, *body, strict=True))
    ]
    return Sheet("All suites", columns, printable(pooled_said(results)))


def _column(rank: int, head: str, *body: str, right: bool) -> Column:
    return Column(printable(head), list(map(printable, body)), rank, right=right)


def cells(results: Results, suite: str, *, timings: bool = True) -> list[list[str]]:
    """Format a suite's table as text, the header first; names are as they were given."""
    shown, on_test = shown_trials(results), results["suites"][suite]["score"] == TEST
    head = ["optimizer", "tasks (families)", "gain over portfolio", "p (Holm)"]
    head += ["test AUC", "validation AUC", "overtuned"] if on_test else [overall(results["suites"][suite])]
    head += ["group", *RATED, "log AUC", *(f"regret@{t:g}" for t in shown.values()), "solved", "repeats", "failed"]
    head += ["ms p50/p95", "train s"] if timings else []
    return [head, *(_cells(row, list(shown), on_test, timings) for row in rows(results, suite, timings=timings))]


def said(results: Results, suite: str) -> str:
    """Say what was found on a suite, and describe its numbers: their score, and the number of comparisons."""
    part = results["suites"][suite]
    families = part["n_families"]
    text = f"{suite_finding(results, suite)} {_scored(part)} {said_of_memory(results.get('memory'), suite)}".rstrip()
    if families < 2:
        return f"{text} One family: no interval and no test."
    if families < LEAST:
        text = f"{text} {counted(families, 'family')}, too few for intervals: {_bracketed(families)}."
    letters = {name: s.get("group") for name, s in part["optimizers"].items()}
    read = grouped(letters, families) if any(letters.values()) else ""  # else the finding says so
    return " ".join(
        filter(None, (text, compared(part["comparisons"], "the portfolio"), narrow(part["optimizers"]), read))
    )


def _scored(part: Mapping[str, Any]) -> str:
    """Name the score behind the regret of a suite."""
    some = part["tested_tasks"]
    if part["score"] == TEST:
        return "Regret is on the test score, which no optimizer sees; beside it the validation score."
    seen = part.get("best_seen_tasks", 0)
    if seen:
        all_of = "all tasks" if part["n_tasks"] > 1 else "the task"
        whose = all_of if seen == part["n_tasks"] else f"{seen} of the tasks"
        return (
            f"The best score of {whose} is not known: regret is against the best and the worst incumbent of any "
            "optimizer here, so it changes when optimizers or seeds are added."
        )
    few = f"Only {some} of {part['n_tasks']} tasks {'has' if some == 1 else 'have'} test scores"
    return f"{few if some else 'No test scores'}: regret is on the validation score."


def compared(n: int, anchor: str) -> str:
    """Say how many comparisons a table makes."""
    return f"{counted(n, 'comparison') if n else 'No comparisons'} with {anchor}{_STAR if n else '.'}"


def pooled_said(results: Results) -> str:
    """Say what was found over the pooled suites, and list them and those apart."""
    found = results["pooled"]
    apart = ", ".join(f"{suite} ({why})" for suite, why in found["apart"].items())
    text = f"{pooled_finding(results)} Geometric mean of ratios of AUC over {len(found['suites'])} suites "
    text += f"({', '.join(found['suites'])}), "
    text += f"{counted(found['families'], 'family')}; below 1 is better than the anchor."
    text += f" Apart, not pooled: {apart}." if apart else ""
    counts = [
        f"{counted(part['comparisons'], 'comparison')} with {anchor}" for anchor, part in found["anchors"].items()
    ]
    letters = found.get("groups", {})
    read = f" {grouped(letters, found['families'])}" if any(letters.values()) else ""
    return f"{text} {' and '.join(counts)}{_STAR}{read}"


def pooled_cells(results: Results, *, apart: bool = True) -> list[list[str]]:
    """Format the pooled suites as text, the header first, the lowest ratio to the first anchor on top.

    Args:
        apart: Whether to add the ratios to the first anchor in the suites that stand apart.
    """
    found = results["pooled"]
    anchors, others = list(found["anchors"]), list(found["apart"]) if apart else []
    by = {anchor: found["anchors"][anchor]["optimizers"] for anchor in anchors}
    first = by[anchors[0]]
    titles = (t for a in anchors for t in (f"ratio to {a}", "p (Holm)"))
    head = ["optimizer", *titles, "group", *RATED[1:], "suites", *others]
    lines = []
    ordered = sorted(first, key=lambda n: (first[n]["ratio"][0] is None, first[n]["ratio"][0], n))
    for name in with_controls(ordered, results.get("before", {})):
        line = [name]
        for anchor in anchors:
            s = by[anchor][name]
            line += [interval(s["ratio"], 3, mark=holds(s["p_holm"])), number(s["p_holm"])]
        s, letters = first[name], ranged(found.get("groups", {}).get(name))
        beside = (interval(s["apart"].get(o, _NOTHING), 3) for o in others)
        rated = _percent(found.get("ratings", {}).get(name, {}).get("win_rate", _NOTHING)[0])
        lines.append([*line, letters, rated, str(s["n_suites"]), *beside])
    return [head, *lines]


OUTDATED = f"{_DAGGER} Not ranked, and in no interval, test or pool: the data or the optimizer have moved on since."


def outdated_cells(results: Results) -> list[list[str]]:
    """Format the rows that are out of date, the header first."""
    lines = [
        [f"{name}{_DAGGER}", suite, number(row["auc"]), row["why"]]
        for suite, rows in results.get("stale", {}).items()
        for name, row in rows.items()
    ]
    return [["optimizer", "suite", "AUC", "moved on"], *lines]


def console_outdated(results: Results) -> Sheet:
    """Make the table of outdated rows for a terminal."""
    columns = [_column(0, *cells, right=cells[0] == "AUC") for cells in zip(*outdated_cells(results), strict=True)]
    return Sheet("Out of date", columns, OUTDATED)


def _cells(row: TableRow, trials: Sequence[str], on_test: bool, timings: bool) -> list[str]:
    s = row.summary
    line = [row.optimizer, f"{s['n_tasks']} ({s['n_families']})", _gain(row), number(s["p_holm"]), _estimate(s, "auc")]
    line += [_estimate(s["validation"], "auc"), _overtuned(s)] if on_test else []
    line += [ranged(s.get("group")), number(s["rank"][0], 2), _percent(s.get("win_rate", _NOTHING)[0])]
    line += [number(s["log_auc"][0], 3), *(number(s["regret"][t][0]) for t in trials)]
    line += [_percent(s["solved"][0]), _percent(s.get("repeats")), f"{s['failed_cells']}/{s['cells']}"]
    return line + ([f"{_short(row.ms_p50)}/{_short(row.ms_p95)}", _short(row.train_seconds)] if timings else [])


def _overtuned(summary: Mapping[str, Any]) -> str:
    """Share of the runs that are overtuned, and by how much these are."""
    by = summary["overtuned_by"][0]
    return _percent(summary["overtuned"][0]) + (f" by {by:.3f}" if by is not None else "")


def _gain(row: TableRow) -> str:
    return _estimate(row.summary, "gain", sign=True, mark=holds(row.summary["p_holm"]))


def _estimate(summary: Mapping[str, Any], name: str, digits: int = 4, *, sign: bool = False, mark: bool = False) -> str:
    """Format an estimate with its interval, or with the range of its families where these are too few."""
    skewness = summary.get("skewness") if name == "gain" else None
    text = interval(summary[name], digits, sign=sign, mark=mark, skewness=skewness)
    ends = summary.get("of_families", {}).get(name, [None])
    given = any(ends) and None not in ends  # of exactly 0 there is no range, as there is no interval
    return f"{text} ({' to '.join(number(v, digits, sign=sign) for v in ends)})" if given else text


def _bracketed(families: int) -> str:
    """Name the brackets behind an estimate."""
    return "[95 % intervals]" if families >= LEAST else "(lowest to highest family)"


def _spread(estimates: Sequence[str]) -> list[str]:
    return [f"{e}{end}" for e in estimates for end in ENDS]


def csv_of(lines: Iterable[Sequence[Any]]) -> str:
    """Return lines of cells as CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()


def _percent(share: float | None) -> str:
    return MISSING if share is None else f"{100 * share:.0f} %"


def _short(value: float | None) -> str:
    """Three significant digits, never in powers of ten."""
    if value is None:
        return MISSING
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) >= 1e-3 or value == 0 else "<0.001"


def _line(entries: Sequence[str]) -> str:
    return f"| {' | '.join(entries)} |"
