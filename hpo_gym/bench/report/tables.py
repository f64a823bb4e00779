"""Results as tables: rows sorted by AUC, then CSV, Markdown or a `rich` table; every name is escaped."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpo_gym.errors import unknown

if TYPE_CHECKING:
    from rich.table import Table

Results = Mapping[str, Any]
MISSING = "–"
_SHOWN_TRIALS = (1, 5, 10, 15, 33)


@dataclass(frozen=True)
class Row:
    """One line of a suite's table: an optimizer, its summary (see `summarise`) and what it cost."""

    suite: str
    optimizer: str
    summary: Mapping[str, Any]
    ms_p50: float | None
    ms_p95: float | None
    train_seconds: float | None

    @property
    def verdict(self) -> str:
        """Where the interval of the gain lies: `better`, `worse` or `level` with the portfolio, or nothing."""
        _, low, high = self.summary["gain"]
        if low is None or high is None or low == high == 0.0:
            return ""
        return "better" if low > 0.0 else "worse" if high < 0.0 else "level"


def rows(results: Results, suite: str, *, timings: bool = True) -> list[Row]:
    """Make the rows of a suite, sorted by AUC, then by name.

    Raises:
        UnknownNameError: The results hold no such suite.
    """
    if suite not in results["suites"]:
        raise unknown("suite", suite, results["suites"])
    costs = results.get("timings", {}).get(suite, {}) if timings else {}
    made = [_row(suite, name, summary, costs.get(name, {})) for name, summary in _optimizers(results, suite).items()]
    return sorted(made, key=lambda row: (row.summary["auc"][0], row.optimizer))


def shown_trials(results: Results) -> dict[str, int]:
    """Which entries of `regret` the tables show, and after how many trials they are; none lies beyond the budget."""
    budget = int(results["protocol"].get("budget") or _SHOWN_TRIALS[-1])
    shown = {str(t): t for t in _SHOWN_TRIALS if t <= budget}
    over = [t for t in _SHOWN_TRIALS if t > budget]
    return shown if not over or budget in shown.values() else {**shown, str(over[0]): budget}


def csv_text(results: Results, *, timings: bool = True) -> str:
    """Make one CSV of all suites: a header, then numbers in full; an interval is three columns."""
    shown = shown_trials(results)
    estimates = ("gain", "auc", "log_auc", "rank", *(f"regret_{t}" for t in shown.values()), "solved")
    spread = [f"{e}{end}" for e in estimates for end in ("", "_low", "_high")]
    measured = ["ms_p50", "ms_p95", "train_seconds"] if timings else []
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["suite", "optimizer", "n_tasks", *spread, "failed_cells", "cells", *measured])
    for suite in results["suites"]:
        for row in rows(results, suite, timings=timings):
            s = row.summary
            values = [s["gain"], s["auc"], s["log_auc"], s["rank"], *(s["regret"][t] for t in shown), s["solved"]]
            flat = [v for value in values for v in value]
            cost = [row.ms_p50, row.ms_p95, row.train_seconds] if timings else []
            names = [csv_cell(suite), csv_cell(row.optimizer)]
            writer.writerow([*names, s["n_tasks"], *flat, s["failed_cells"], s["cells"], *cost])
    return out.getvalue()


def markdown_text(results: Results, *, timings: bool = True) -> str:
    """Make a Markdown table under a heading per suite."""
    parts = []
    for suite in results["suites"]:
        head, *body = cells(results, suite, timings=timings)
        lines = [f"## {markdown_cell(suite)}", "", _line(head), _line(["---", *["---:"] * (len(head) - 1)])]
        parts.append("\n".join(lines + [_line([markdown_cell(name), *rest]) for name, *rest in body]))
    return "\n\n".join(parts) + "\n"


def console_table(results: Results, suite: str, *, timings: bool = True) -> Table:
    """Make the table of a suite for a terminal, about 130 columns wide (imports `rich`)."""
    from rich.table import Table
    from rich.text import Text

    shown = shown_trials(results)
    head = ["optimizer", "gain over portfolio", "AUC", "rank", *(f"@{trial}" for trial in shown.values())]
    head += ["failed", *(["ms p50"] if timings else [])]
    title = f"{suite}, n = {results['suites'][suite]['n_tasks']} tasks; @k: regret after k trials; [95 % intervals]"
    table = Table(title=Text(printable(title)), title_justify="left")
    for i, column in enumerate(head):
        table.add_column(column, justify="right" if i else "left", no_wrap=i < 3)
    for row in rows(results, suite, timings=timings):
        s = row.summary
        gain = Text(interval(s["gain"], sign=True), style={"better": "green", "worse": "red"}.get(row.verdict, ""))
        line = [interval(s["auc"], 3), number(s["rank"][0], 2)]
        line += [*(number(s["regret"][trial][0], 3) for trial in shown), str(s["failed_cells"])]
        table.add_row(Text(printable(row.optimizer)), gain, *line, *([_short(row.ms_p50)] if timings else []))
    return table


def cells(results: Results, suite: str, *, timings: bool = True) -> list[list[str]]:
    """Format a suite's table as text, the header first; names are as they were given."""
    shown = shown_trials(results)
    head = ["optimizer", "tasks", "gain over portfolio", "AUC", "log AUC", "rank"]
    head += [*(f"regret@{t}" for t in shown.values()), "solved", "failed"]
    head += ["ms p50/p95", "train s"] if timings else []
    return [head, *(_cells(row, list(shown), timings) for row in rows(results, suite, timings=timings))]


def number(value: float | None, digits: int = 4, *, sign: bool = False) -> str:
    """Format a number with so many decimals, or a dash where there is none."""
    return MISSING if value is None else f"{value:{'+' if sign else ''}.{digits}f}"


def interval(estimate: Sequence[float | None], digits: int = 4, *, sign: bool = False) -> str:
    """Format `[mean, low, high]` as `mean [low, high]`."""
    mean, low, high = (number(v, digits, sign=sign) for v in estimate)
    if mean == MISSING or not any(estimate):
        return mean.lstrip("+")  # none, or exactly 0, such as the portfolio's gain over itself
    return f"{mean} [{low}, {high}]"


def csv_cell(text: str) -> str:
    """Guard text that a spreadsheet would run as a formula with an apostrophe."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def markdown_cell(text: str) -> str:
    """Escape text for a cell of a Markdown table: no pipes, tags, emphasis, links or line breaks."""
    plain = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#~$!])", r"\\\1", plain)


def printable(text: str) -> str:
    """Replace what does not print, such as a line break or an escape code, by a space."""
    return "".join(c if c.isprintable() else " " for c in text)


def _optimizers(results: Results, suite: str) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = results["suites"][suite]["optimizers"]
    return found


def _row(suite: str, name: str, summary: Mapping[str, Any], cost: Mapping[str, Any]) -> Row:
    ms = cost.get("ms_per_suggestion") or {}
    return Row(suite, name, summary, ms.get("p50"), ms.get("p95"), cost.get("train_seconds"))


def _cells(row: Row, trials: Sequence[str], timings: bool) -> list[str]:
    s = row.summary
    line = [row.optimizer, str(s["n_tasks"]), interval(s["gain"], sign=True), interval(s["auc"])]
    line += [number(s["log_auc"][0], 3), number(s["rank"][0], 2), *(number(s["regret"][t][0]) for t in trials)]
    line += [_percent(s["solved"][0]), f"{s['failed_cells']}/{s['cells']}"]
    return line + ([f"{_short(row.ms_p50)}/{_short(row.ms_p95)}", _short(row.train_seconds)] if timings else [])


def _percent(share: float | None) -> str:
    return MISSING if share is None else f"{100 * share:.0f} %"


def _short(value: float | None) -> str:
    """Three significant digits, never in powers of ten."""
    if value is None:
        return MISSING
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) >= 1e-3 or value == 0 else "<0.001"


def _line(entries: Sequence[str]) -> str:
    return f"| {' | '.join(entries)} |"
