"""From records to a report: a table (CSV, Markdown), figures (PNG) and one page (HTML); drawing is imported on use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hpo_gym.bench.metrics import Curves, by_auc
from hpo_gym.bench.report.finding import Results, shows_pooled
from hpo_gym.bench.report.grid import FigureGrid
from hpo_gym.bench.report.page import Beside, Drawn, page
from hpo_gym.bench.report.tables import (
    console_outdated,
    console_pooled,
    console_table,
    csv_text,
    markdown_text,
    pooled_csv,
)
from hpo_gym.system import Sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hpo_gym.bench.report.style import Style

__all__ = ["FILES", "Beside", "console_tables", "write_report"]

FILES = (
    "report.html", "table.csv", "table.md", "pooled.csv",
    *(f"figures/*-{kind}.png" for kind in ("regret", "time", "ranks", "profile", "difference")),
)  # fmt: skip
"""Patterns of the files of a report."""


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
) -> list[Path]:
    """Write `table.csv`, `table.md`, `report.html` and `figures/*.png` into a folder, and list them.

    With several pooled suites, also `pooled.csv`.

    Args:
        folder: Created if missing; files of these names are replaced.
        results: Content of results.json, and optionally `command`, the line that reproduces the comparison.
        curves: For each suite of the results, the curves of each of its optimizers, of the score of its headline.
        timings: False leaves out all measured times and the origin: equal results then give equal bytes.
    """
    from hpo_gym.bench.report.figures import draw
    from hpo_gym.bench.report.style import png_bytes, styles
    from hpo_gym.bench.report.values import task_values

    look, files = styles(curves), {}
    figures: dict[str, dict[str, Drawn]] = {}
    by_task: dict[str, FigureGrid] = {}
    for i, (suite, slug) in enumerate(_slugs(results["suites"]).items()):
        made, ordered = draw(curves[suite], look), by_auc(curves[suite])
        if beside and suite in beside.times:
            made["time"] = draw(beside.times[suite], look, ("regret",))["regret"]
        by_task[suite] = task_values(ordered)
        files.update({f"figures/{slug}-{name}.png": png_bytes(figure) for name, figure in made.items()})
        figures[suite] = {name: _drawn(name, figure, ordered, look, f"s{i}") for name, figure in made.items()}
    texts = {
        "table.csv": csv_text(results, timings=timings),
        "table.md": markdown_text(results, timings=timings),
        "report.html": page(results, curves, figures, by_task, replace(beside or Beside(), timings=timings)),
    }
    if shows_pooled(results):
        texts["pooled.csv"] = pooled_csv(results)
    files.update({name: text.encode() for name, text in texts.items()})
    return [_write(Path(folder) / name, data) for name, data in sorted(files.items())]


def _drawn(name: str, figure: Figure, curves: Sequence[Curves], look: Mapping[str, Style], slug: str) -> Drawn:
    """Return a figure for the page, with the table of its values if it is over trials."""
    from markupsafe import Markup

    from hpo_gym.base import as_html
    from hpo_gym.bench.report.svg import frame, svg_text
    from hpo_gym.bench.report.values import rank_values, regret_values

    makers = {"regret": regret_values, "ranks": rank_values}
    values = makers[name](curves, look, slug) if name in makers else None
    svg = Markup(svg_text(figure, f"{slug}-{name}", as_html(f"{name}, {curves[0].suite}")))
    return Drawn(svg, values, frame(figure) if values else None)


def _slugs(suites: Mapping[str, object]) -> dict[str, str]:
    """Make names of files that no suite's name can lead out of the folder, each used once."""
    made: dict[str, str] = {}
    for suite in suites:
        slug = re.sub(r"[^A-Za-z0-9_-]+", "-", suite).strip("-")[:64] or "suite"
        made[suite] = slug if slug not in made.values() else f"{slug}-{len(made) + 1}"
    return made


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
