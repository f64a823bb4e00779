"""The score of each area, and the table of survivors in which a person says why each is allowed to live."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from results import SURVIVED, TIMEOUT, Result

HEAD = """# Survivors

Mutants of the sample that no test notices, written by `python tests/mutation/run.py --report FOLDER`. The last column
is written by hand and kept: why the mutant is equivalent, or why no test should notice. A row without a reason is a
missing test.

| id | file | line | operator | change | reason |
|---|---|---|---|---|---|
"""


def scores(results: Iterable[Result], asked: dict[str, int]) -> str:
    """A line for each area, with the mutants that `asked` counts by area, and one for all."""
    rows: dict[str, list[Result]] = {area: [] for area in asked}
    for result in results:
        rows[result.area].append(result)
    lines = [f"{'area':10} {'killed':>8} {'run':>5} {'sample':>7} {'score':>7} {'timeouts':>9} {'s each':>7}"]
    lines += [_score(area, found, asked[area]) for area, found in rows.items()]
    return "\n".join([*lines, _score("all", [r for found in rows.values() for r in found], sum(asked.values()))])


def survivors(results: Iterable[Result], before: str) -> str:
    """The table of survivors, with the reasons that stand in the table `before`."""
    reasons = dict(_reasons(before))
    left = sorted((r for r in results if r.result == SURVIVED), key=lambda r: (r.file, r.line, r.operator, r.id))
    return HEAD + "".join(_row(result, reasons.get(result.id, "")) for result in left)


def write_survivors(path: Path, results: Iterable[Result]) -> None:
    """Write the table anew."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(survivors(results, before), encoding="utf-8")


def _score(area: str, found: list[Result], asked: int) -> str:
    killed = sum(result.result != SURVIVED for result in found)
    timeouts = sum(result.result == TIMEOUT for result in found)
    share = f"{killed / len(found):7.1%}" if found else f"{'-':>7}"
    each = sum(result.seconds for result in found) / max(len(found), 1)
    return f"{area:10} {killed:8} {len(found):5} {asked:7} {share} {timeouts:9} {each:7.1f}"


def _row(result: Result, reason: str) -> str:
    change = f"{_code(result.old)} → {_code(result.new)}"
    return f"| {result.id} | {result.file} | {result.line} | {result.operator} | {change} | {reason} |\n"


def _code(text: str) -> str:
    """`text` as code in a cell of a table, where a bar would end the cell."""
    ticks = "``" if "`" in text else "`"
    return f"{ticks}{text}{ticks}".replace("|", "\\|") if text else "(nothing)"


def _reasons(table: str) -> Iterable[tuple[str, str]]:
    for line in table.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
        if len(cells) == 8 and re.fullmatch(r"[0-9a-f]{12}", cells[1]):
            yield cells[1], cells[6]
