"""Look up stored results by key: tables and figures of the studies, and of the registries.

A key is `NAME/TABLE` (a table), `NAME/TABLE[row][column]` (a cell) or `NAME.key` (a figure). NAME is a module of
`benchmarks/studies` or of this folder with ``tables(stored)`` or ``values(stored)``, where `stored` is its JSON file.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
HERE, STUDIES = TOP / "docs" / "_ext", TOP / "benchmarks" / "studies"
for _folder in (TOP, STUDIES, TOP / "benchmarks" / "builders", TOP / "agents", TOP / "baselines"):
    if str(_folder) not in sys.path:
        sys.path.insert(1, str(_folder))

from hpo_gym.base import EXTRAS  # noqa: E402 - the paths come first

CELL = re.compile(r"(?P<study>[\w-]+)/(?P<table>[\w.:-]+)(?:\[(?P<row>[^\]]+)\]\[(?P<column>[^\]]+)\])?")
FIGURE = re.compile(r"(?P<study>[A-Za-z_]\w*)\.(?P<key>[^\s:]+)")
NUMBER = r"[+-]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)"
INTERVAL = re.compile(rf"({NUMBER})[^\[\d]*\[({NUMBER}), ({NUMBER})\]")
PARTS = {"mean": 0, "low": 1, "high": 2}
"""Parts of an interval, as a key names them after its last dot."""


@dataclass(frozen=True)
class Grid:
    """A table of this folder's modules: heads, and rows of Markdown cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


class MissingResult(Exception):
    """No stored result has this key."""


def missing(what: str, name: str, known: Any) -> MissingResult:
    """Return the error for an unknown name, with the nearest known one."""
    names = sorted(map(str, known))
    near = get_close_matches(name, names, 1, 0.4)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(names[:20]) or 'none'}."
    return MissingResult(f"no {what} {name!r}. {hint}")


@cache
def study(name: str) -> Any:
    """Import the module of a study."""
    if not any((folder / f"{name}.py").is_file() or (folder / name).is_dir() for folder in (STUDIES, HERE)):
        known = [p.stem for folder in (STUDIES, HERE) for p in folder.glob("*.py")]
        raise missing("study", name, known)
    with stand_ins():
        return importlib.import_module(name)


def stand_ins() -> AbstractContextManager[Any]:
    """Return a context with stand-ins for packages of extras that are not installed: tables need the imports only."""
    lacking = sorted({p for extra in EXTRAS.values() for p in extra if find_spec(p) is None})
    if not lacking:
        return nullcontext()
    try:  # a folder of that name in the environment is no Sphinx
        stand_in: AbstractContextManager[Any] = importlib.import_module("sphinx.ext.autodoc.mock").mock(lacking)
    except ImportError:
        return nullcontext()
    return stand_in


def files(name: str) -> Iterator[Path]:
    """Yield the files that a study's results come from."""
    for folder in (STUDIES, HERE):
        yield from (p for p in (folder / f"{name}.py", folder / f"{name}.json") if p.is_file())


@cache
def results(name: str) -> Any:
    """Return the stored results of a study, without their provenance."""
    own = getattr(study(name), "stored", None)
    if own is not None:
        return own()
    path = STUDIES / f"{name}.json"
    read = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return read["found"] if isinstance(read, dict) and "found" in read else read


@cache
def _given(name: str, function: str) -> Mapping[str, Any]:
    """Return all tables or values of a study."""
    give: Callable[[Any], Mapping[str, Any]] | None = getattr(study(name), function, None)
    return {} if give is None else give(results(name))


@cache
def table(key: str) -> Any:
    """Return the table of a key.

    Raises:
        MissingResult: There is none.
    """
    found = CELL.fullmatch(key)
    if found is None or found["row"]:
        raise MissingResult(f"{key!r} is no key of a table. Write NAME/TABLE.")
    tables = _given(found["study"], "tables")
    if found["table"] not in tables:
        raise missing(f"table in {found['study']!r}:", found["table"], tables)
    return tables[found["table"]]


def plain(cell: str) -> str:
    """Return a cell without Markdown."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", str(cell))
    return re.sub(r"\\([*|_<>])", r"\1", text.replace("**", "").replace("`", "")).strip()


def cells(key: str) -> list[str]:
    """Return the cells of a key; `row` may name several rows with semicolons, or all with ``*``."""
    found = CELL.fullmatch(key)
    if found is None or not found["row"]:
        raise MissingResult(f"{key!r} is no key of a cell. Write NAME/TABLE[row][column].")
    whole = table(f"{found['study']}/{found['table']}")
    heads = [plain(head) for head in whole.columns]
    if found["column"] not in heads:
        raise missing(f"column in {found['table']!r}:", found["column"], heads)
    column = heads.index(found["column"])
    if found["row"] == "*":
        return [plain(row[column]) for row in whole.rows]
    by = {}
    for row in reversed(whole.rows):
        for n in range(len(row), 0, -1):
            by[", ".join(plain(c) for c in row[:n])] = plain(row[column])
    names = [name.strip() for name in found["row"].split(";")]
    for name in names:
        if name not in by:
            raise missing(f"row in {found['table']!r}:", name, {plain(row[0]) for row in whole.rows})
    return [by[name] for name in names]


def values(key: str) -> list[Any]:
    """Return what a key without a part stands for: one value, or one for each of several rows."""
    if "/" in key.partition("[")[0]:
        return list(cells(key))
    found = FIGURE.fullmatch(key)
    if found is None:
        raise MissingResult(f"{key!r} is no key. Write NAME/TABLE[row][column] or NAME.key.")
    known = _given(found["study"], "values")
    if found["key"] not in known:
        raise missing(f"value in {found['study']!r}:", found["key"], known)
    return [known[found["key"]]]


def lookup(key: str) -> list[Any]:
    """Return the values of a key; after a last dot, the `low`, `high` or `mean` of an interval."""
    base, dot, part = key.rpartition(".")
    if dot and part in PARTS:
        return [_part(value, part, key) for value in values(base)]
    return values(key)


def _part(value: Any, part: str, key: str) -> float:
    found = numbers(value)
    if part != "mean" and len(set(found)) == 1 and not (isinstance(value, str) and INTERVAL.search(value)):
        raise MissingResult(f"{key!r} has no interval")
    return found[PARTS[part]]


def numbers(value: Any) -> list[float]:
    """Return the numbers of a value: one, or mean, low and high of an interval.

    Raises:
        MissingResult: It has none.
    """
    if isinstance(value, bool | int | float):
        return [float(value)] * 3
    if isinstance(value, list | tuple):
        return [float(number) for number in value]
    interval = INTERVAL.search(value)
    if interval is not None:
        return [float(number.replace(",", "")) for number in interval.groups()]
    first = re.search(NUMBER, value)
    if first is None:
        raise MissingResult(f"{value!r} has no number")
    return [float(first[0].replace(",", ""))] * 3


def shown(value: Any, form: str = "") -> str:
    """Return a value as a page prints it, its numbers in a format such as ``.2f``."""
    if isinstance(value, str):
        if not form:
            return value.replace("*", "")
        found = INTERVAL.search(value)
        if found is None and not re.fullmatch(rf"{NUMBER}\*?", value):
            return re.sub(NUMBER, lambda m: format(float(m[0].replace(",", "")), form), value, count=1)
        value = numbers(value) if found else numbers(value)[0]
    if isinstance(value, list | tuple) and len(value) == 3 and all(isinstance(v, int | float) for v in value):
        mean, low, high = (format(float(v), form or ".2f") for v in value)
        return f"{mean} [{low}, {high}]"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, int):
        return format(value, form or ",")
    return format(float(value), form or ".2f")


# ---------------------------------------------------------------------- claims
SIDE = rf"{NUMBER}|[\w/.-]+(?:\[[^\]]+\]\[[^\]]+\])?(?:\.(?:low|high|mean))?"
CONDITION = re.compile(rf"(?P<left>{SIDE}) (?P<by><=|>=|==|<|>|contains|lacks) (?P<right>{SIDE}|'[^']*')")
COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
}  # fmt: skip
WITH: Mapping[str, str] = {"contains": "without", "lacks": "with"}
"""Conditions on words, and how a fault is told."""


def faults(claim: str) -> Iterator[str]:
    """Yield what is false in conditions joined by `` and ``; a condition holds if it does for every row.

    Raises:
        MissingResult: A key does not exist, or a condition cannot be read.
    """
    for condition in claim.split(" and "):
        found = CONDITION.fullmatch(condition.strip())
        if found is None:
            raise MissingResult(
                f"{condition!r} is no condition. Write `key < bound`, with <, <=, >, >=, ==, contains or lacks."
            )
        left = lookup(found["left"])
        if found["by"] in WITH:
            word, wanted = found["right"].strip("'"), found["by"] == "contains"
            wrong = (v for v in left if wanted != (word in (v if isinstance(v, str) else map(str, v))))
            yield from (f"{found['left']} is {value!r}, {WITH[found['by']]} {word!r}" for value in wrong)
            continue
        right = found["right"]
        bounds = [float(right)] if re.fullmatch(NUMBER, right) else [numbers(v)[0] for v in lookup(right)]
        for value in left:
            number = numbers(value)[0]
            if not all(COMPARE[found["by"]](number, bound) for bound in bounds):
                yield f"{found['left']} is {number:g}, not {found['by']} {right}"
