"""Tables in pages whose text is written by hand: what stands between two marks is renewed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hpo_gym.bench import holds, interval

Rows = Mapping[str, Mapping[str, Any]]
"""Optimizers held against an anchor, as `hpo_gym.bench.pooling.pooled` gives them."""


def renewed(text: str, parts: Iterable[tuple[str, Iterable[str]]]) -> str:
    """The page with other lines between ``<!-- mark -->`` and ``<!-- /mark -->``, for each mark."""
    for mark, lines in parts:
        begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
        head, rest = text.split(begin)
        text = "\n".join([head + begin, "", *lines, "", end + rest.split(end)[1]])
    return text


def renew(page: Path, parts: Iterable[tuple[str, Iterable[str]]], by: str, *, check: bool) -> None:
    """Write the page, `renewed`; or, to `check`, end with 0, or with a word that it is out of date and what renews it.

    Args:
        by: The script of this folder and its arguments.
    """
    before = page.read_text(encoding="utf-8")
    after = renewed(before, parts)
    if check:
        sys.exit(f"out of date: {page.name}; run `python benchmarks/studies/{by}`" if after != before else 0)
    page.write_text(after, encoding="utf-8")


def ratio(row: Mapping[str, Any]) -> str:
    """A pooled ratio with its interval, and a star where it survives Holm's correction."""
    return interval(row["ratio"], 3, mark=holds(row["p_holm"])).replace("*", "\\*")


def standing(rows: Rows) -> list[str]:
    """Names by the pooled ratio, those first that ran on all pooled suites."""
    most = max(row["n_suites"] for row in rows.values())
    known = [name for name, row in rows.items() if row["n_suites"]]
    return sorted(known, key=lambda name: (rows[name]["n_suites"] < most, rows[name]["ratio"][0], name))
