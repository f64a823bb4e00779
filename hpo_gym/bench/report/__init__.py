"""From records to a report: a table (CSV, Markdown) and one page (HTML) with figures; drawing is imported on use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hpo_gym.bench.metrics import Curves
from hpo_gym.bench.report.finding import Results, shows_pooled
from hpo_gym.bench.report.page import Beside, page
from hpo_gym.bench.report.tables import (
    console_outdated,
    console_pooled,
    console_table,
    csv_text,
    markdown_text,
    pooled_csv,
)
from hpo_gym.system import Sheet, write_files

__all__ = ["FILES", "Beside", "console_tables", "write_report"]

FILES = ("report.html", "table.csv", "table.md", "pooled.csv")
"""Names of the files of a report."""


def console_tables(results: Results, *, timings: bool = True) -> list[Sheet]:
    """Return the tables of the suites, of the pooled suites and of outdated rows, for a terminal."""
    tables = [console_table(results, suite, timings=timings) for suite in results["suites"]]
    tables += [console_pooled(results)] if shows_pooled(results) else []
    return [*tables, console_outdated(results)] if results.get("stale") else tables


def write_report(
    folder: Path,
    results: Results,
    curves: Mapping[str, Sequence[Curves]],
    *,
    beside: Beside | None = None,
    timings: bool = True,
) -> None:
    """Write `table.csv`, `table.md` and `report.html` into a folder; with several pooled suites, also `pooled.csv`.

    Args:
        folder: Created if missing; files of these names are replaced.
        results: Content of results.json, and optionally `command`, the line that reproduces the comparison.
        curves: For each suite of the results, the curves of each of its optimizers, of the score of its headline.
        timings: False leaves out all measured times and the origin: equal results then give equal bytes.
    """
    texts = {
        "table.csv": csv_text(results, timings=timings),
        "table.md": markdown_text(results, timings=timings),
        "report.html": page(results, curves, replace(beside or Beside(), timings=timings)),
    }
    if shows_pooled(results):
        texts["pooled.csv"] = pooled_csv(results)
    write_files(Path(folder), {name: text.encode() for name, text in texts.items()})
