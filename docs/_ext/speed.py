"""Tables of the page on speed, from the figures stored in `benchmarks/speed/reached.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from stored import TOP, Grid

FILE = TOP / "benchmarks" / "speed" / "reached.json"
Figures = Mapping[str, Mapping[str, float]]


def number(value: float | None) -> str:
    """Return a figure with two or three significant digits; "" for none."""
    if value is None:
        return ""
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 or value == 0 else f"{value:.2g}"


def cases(found: Figures, heads: Iterable[str], keys: Iterable[str]) -> Grid:
    """Return a table with a row for each case and a column for each figure."""
    keys = list(keys)
    return Grid(("case", *heads), tuple((c, *(number(f.get(k)) for k in keys)) for c, f in found.items()))


def pivot(found: Figures, pattern: str, columns: Mapping[str, tuple[str, str, float]], head: str) -> Grid:
    """Return a table with a row for each first group of `pattern`, and a column for each second group and figure.

    Args:
        found: Figures by case.
        pattern: Two groups, row and column, in the name of a case.
        columns: By head: the second group, the figure, and its factor.
        head: The head of the first column.
    """
    rows: dict[str, dict[str, Mapping[str, float]]] = {}
    for case, figures in found.items():
        if match := re.fullmatch(pattern, case):
            rows.setdefault(match[1], {})[match[2] or ""] = figures

    def cell(row: Mapping[str, Mapping[str, float]], column: tuple[str, str, float]) -> str:
        value = row.get(column[0], {}).get(column[1])
        return number(None if value is None else value * column[2])

    return Grid((head, *columns), tuple((r, *(cell(by, c) for c in columns.values())) for r, by in rows.items()))


def tables(stored: Any) -> dict[str, Grid]:
    """Return all tables of the page."""
    files = *FILE.parent.glob(f"{FILE.stem}-*.json"), FILE  # those of other processors where it has none
    stored_in = [json.loads(path.read_text(encoding="utf-8")).items() for path in files]
    found = {name: part["figures"] for parts in stored_in for name, part in parts}
    kinds = ("pool", "box", "history")
    growth = {f"`{k}`, of CartPole-v1": (k, "ratio", 1.0) for k in kinds}
    growth |= {f"`{k}`, steps / CPU s": (k, "rate", 1.0) for k in kinds} | {"process, MB": ("", "MB", 1.0)}
    on_tables = {f"`{c}`": (c, "ratio", 1.0) for c in ("pool n=1", "pool n=1024", "box n=1", "box n=512")}
    on_tables |= {
        "suite, s": ("", "suite s", 1.0), "make, ms": ("", "make s", 1e3),
        "first step of `box`, ms": ("", "first box step s", 1e3), "process, MB": ("", "MB", 1.0),
    }  # fmt: skip
    calls = {f"{c}, ms": (c, "s", 1e3) for c in ("first make", "first step", "second make", "1,024 runs")}
    grown = {f"{n}": (c, "grown MB", 1.0) for n, c in (
        ("1,000,000 pool steps", "pool steps"), ("20,000 box steps", "box steps"), ("10,000 resets", "resets"),
        ("1,000 makes", "makes"),
    )}  # fmt: skip
    default = {
        "one run": ("n=1", "ratio", 1.0), "one run, µs": ("n=1", "us", 1.0), "512 runs": ("n=512", "ratio", 1.0),
        "512 runs, µs": ("n=512", "us", 1.0), "one run, `pool`": ("pool n=1", "ratio", 1.0),
    }  # fmt: skip
    return {
        "defaults": pivot(found["defaults"], r"(.+?) ((?:pool )?n=\d+)", default, "suite"),
        "fresh_actions": cases(
            found.get("fresh_actions", {}),
            ("steps of CartPole-v1", "in the first 500 steps", "µs"),
            ("ratio", "first", "us"),
        ),
        "single": cases(found["single"], ("of CartPole-v1", "steps / CPU s"), ("ratio", "rate")),
        "fits": cases(
            found.get("fits", {}), ("of the loop by hand", "epochs / CPU s", "the loop"), ("ratio", "rate", "anchor")
        ),
        "control": cases(
            {c: {**f, "%": 100 * f["share"]} for c, f in found["control"].items()},
            ("of a training, %", "µs of an update"),
            ("%", "us of an update"),
        ),
        "vector_env": cases(
            found["vector_env"],
            ("of the anchor", "steps / CPU s", "anchor, steps / CPU s"),
            ("ratio", "rate", "anchor"),
        ),
        "growth": pivot(found["growth"], r"n=(\d+)(?: (\w+))?", growth, "runs"),
        "growth-tables": pivot(found["growth"], r"((?:rows|tasks)=\d+)(?: (.+))?", on_tables, "table"),
        "first_calls": pivot(
            found["first_calls"],
            r"(?!import)(\w+?)(?: (first make|first step|second make|1,024 runs))?",
            {**calls, "process at most, MB": ("", "MB", 1.0)},
            "suite",
        ),
        "memory": pivot(found["memory"], r"(.+), ([a-z]+(?: steps)?)", grown, "MB added by"),
    }
