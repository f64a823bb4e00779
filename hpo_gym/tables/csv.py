"""A suite out of a CSV file with one trial a line; the search space is read off the columns where none is given."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.errors import HPOGymError, InvalidValueError, unknown
from hpo_gym.space import Points, SearchSpace
from hpo_gym.tables.csv_space import LARGEST, infer_space, reader_of
from hpo_gym.tables.suite import TableSuite, table_suite

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

_NOT_MEASURED = ("", "nan", "na", "null", "none")
_FAILED = ("failed", "-inf", "-infinity")
_UNION = 0.5  # share of measured cells above which the pools of the tasks become one

Cell = dict[str, list[float]]
"""Values of one trial and its repeats, by role."""


def suite_from_csv(
    path: str | Path,
    space: ConfigurationSpace | SearchSpace | None = None,
    task: str = "task",
    score: str = "score",
    cost: str | None = None,
    *,
    fidelity: str | None = None,
    family: str | None = None,
    test_score: str | None = None,
    ignore: Sequence[str] = (),
    loss: bool = False,
    name: str | None = None,
) -> TableSuite:
    """Make a suite of a CSV file (UTF-8, commas, a header line) that has one trial a line.

    An empty score means not measured; `failed` or `-inf` a failure. An empty hyperparameter is inactive. Of lines with
    the same task, configuration and fidelity the mean of the scores counts, failures aside; a failure counts where no
    repeat succeeded. Costs are averaged alike. Tasks share one pool of configurations where at least half of all pairs
    of task and configuration were tried; else each has its own.

    Args:
        path: The file.
        space: The search space; None to read it off the columns, as `infer_space` says. `describe` puts it in words.
        task: Column with the task's name. Where there is no column of the default name, all lines are of one task.
        score: Column with the score.
        cost: Column with the cost of a trial, not negative.
        fidelity: Column with the fidelity in any unit (epochs, rows); the largest is a full evaluation.
        family: Column with the task's family; data sets of one origin share one.
        test_score: Column with the score on data that no choice has seen.
        ignore: Columns that are no hyperparameters, such as a seed or a date.
        loss: Whether the scores are better the lower they are; they are negated.
        name: Name of the suite, default the file's name without its ending.

    Raises:
        UnknownNameError: A column that the file or the space does not have.
        InvalidValueError: A value that cannot be read; the message has the line.
    """
    table = _read(Path(path))
    roles = {"score": score, "cost": cost, "test_score": test_score, "fidelity": fidelity, "family": family}
    named = [c for c in (*roles.values(), *ignore) if c is not None]
    for column in (*named, *([task] if task != "task" else [])):
        if column not in table.columns:
            raise unknown(f"column in {path}:", column, table.columns)
    taken = {*named, *((task,) if task in table.columns else ())}
    hyperparameters = [c for c in table.columns if c not in taken]
    if not hyperparameters:
        raise InvalidValueError(f"{path} must have at least one column of a hyperparameter, got {table.columns}.")
    columns = {c: ["" if v.lower() == "nan" else v for v in table.column(c)] for c in hyperparameters}
    found = infer_space(columns, str(path)) if space is None else space
    found = found if isinstance(found, SearchSpace) else SearchSpace(found)
    x = _points(table, columns, found)
    names = table.column(task) if task in table.columns else [Path(path).stem] * len(x)
    if "" in names:
        raise table.fault(names.index(""), f"`{task}` must be the name of a task, got ''.")
    trials = _Trials(table, names, x, {r: c for r, c in roles.items() if c is not None}, loss)
    return trials.suite(name or Path(path).stem, found)


def describe(space: ConfigurationSpace | SearchSpace) -> str:
    """The search space in words, one line a hyperparameter."""
    space = space if isinstance(space, SearchSpace) else SearchSpace(space)
    when: dict[str, list[str]] = {}
    for condition in space.to_json().get("conditions", []):
        when.setdefault(condition["child"], []).append(_condition(condition))
    lines = []
    for h in space.hyperparameters:
        values = f"one of {', '.join(map(str, h.choices))}" if h.choices else f"in [{h.low:g}, {h.high:g}]"
        scale = ", logarithmic" if h.log else ""
        only = f", only if {' and '.join(when[h.name])}" if h.name in when else ""
        lines.append(f"{h.name}: {h.kind} {values}{scale}{only}")
    return "\n".join(lines)


_WORDS = {"EQ": "is", "NEQ": "is not", "LT": "is below", "GT": "is above", "IN": "is one of"}


def _condition(condition: Mapping[str, Any]) -> str:
    kind = condition["type"]
    if kind in ("AND", "OR"):
        return "(" + f" {kind.lower()} ".join(_condition(c) for c in condition["conditions"]) + ")"
    value = ", ".join(map(str, condition["values"])) if kind == "IN" else condition["value"]
    return f"{condition['parent']} {_WORDS[kind]} {value}"


# ---------------------------------------------------------------------------------------------- reading
@dataclass(frozen=True)
class _Csv:
    """The cells of the file, and the line that each row ends on."""

    path: Path
    columns: list[str]
    rows: list[list[str]]
    lines: list[int]

    def column(self, name: str) -> list[str]:
        j = self.columns.index(name)
        return [row[j] for row in self.rows]

    def fault(self, row: int, message: str) -> InvalidValueError:
        return InvalidValueError(f"{self.path}, line {self.lines[row]}: {message}")


def _read(path: Path) -> _Csv:
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            for row in reader:
                if row:
                    rows.append([cell.strip() for cell in row])
                    lines.append(reader.line_num)
    except (csv.Error, UnicodeDecodeError) as fault:
        raise InvalidValueError(f"{path} must be a CSV file in UTF-8, got {fault}.") from fault
    if len(rows) < 2:
        raise InvalidValueError(f"{path} must have a header and at least one line of values, got {len(rows)} lines.")
    header = rows.pop(0)
    if "" in header or len(set(header)) < len(header):
        raise InvalidValueError(f"{path}: columns must have names, each once, got {header}.")
    out = _Csv(path, header, rows, lines[1:])
    for i, row in enumerate(rows):
        if len(row) != len(header):
            raise out.fault(i, f"there must be {len(header)} values, as in the header, got {len(row)}.")
    return out


def _points(table: _Csv, columns: Mapping[str, Sequence[str]], space: SearchSpace) -> Points:
    """The configuration of each line as a canonical point, ``(n, d)``."""
    readers: dict[str, Callable[[str], Any]] = {}
    kinds = {h.name: h for h in space.hyperparameters}
    for name in columns:
        if name not in kinds:
            raise unknown(f"hyperparameter in the space (column of {table.path}):", name, kinds)
        readers[name] = reader_of(kinds[name])
    known: dict[tuple[str, ...], int] = {}
    which = np.array([known.setdefault(row, len(known)) for row in zip(*columns.values(), strict=True)])
    configs = [{c: readers[c](v) for c, v in zip(columns, row, strict=True) if v != ""} for row in known]
    try:
        points = space.encode(configs)
    except HPOGymError:
        for i, config in enumerate(configs):
            try:
                space.encode([config])
            except HPOGymError as fault:
                raise table.fault(int(np.argmax(which == i)), str(fault)) from fault
        raise  # pragma: no cover - some configuration was at fault
    return np.asarray(space.snap(points)[which])


# ---------------------------------------------------------------------------------------------- arranging
class _Trials:
    """The lines by task, configuration and fidelity."""

    def __init__(self, table: _Csv, names: Sequence[str], x: Points, roles: Mapping[str, str], loss: bool) -> None:
        self.table, self.loss = table, loss
        self.rows: dict[bytes, int] = {}
        row_of = [self.rows.setdefault(p.tobytes(), len(self.rows)) for p in x]
        self.points = np.array([np.frombuffer(p) for p in self.rows])
        self.tasks = list(dict.fromkeys(names))
        values = {role: self._numbers(roles[role], role) for role in ("score", "test_score", "cost") if role in roles}
        share = self._shares(roles["fidelity"]) if "fidelity" in roles else [1.0] * len(x)
        self.fidelities = sorted(set(share))
        self.has = tuple(values)
        self.cells: dict[tuple[str, int, float], Cell] = {}
        for i, at in enumerate(zip(names, row_of, share, strict=True)):
            cell = self.cells.setdefault(at, {role: [] for role in values})
            for role, column in values.items():
                cell[role].append(column[i])
        self.families = self._families(names, roles["family"]) if "family" in roles else None

    def suite(self, name: str, space: SearchSpace) -> TableSuite:
        """Put the cells in arrays."""
        pools = self._pools()
        arrays = {
            role: [self._array(t, pool, role) for t, pool in zip(self.tasks, pools, strict=True)] for role in self.has
        }
        shared = all(pool is pools[0] for pool in pools)
        given = {role: np.stack(parts) if shared else parts for role, parts in arrays.items()}
        return table_suite(
            name,
            space,
            self.points if shared else [self.points[pool] for pool in pools],
            given["score"],
            test_scores=given.get("test_score"),
            costs=given.get("cost"),
            fidelities=self.fidelities,
            tasks=self.tasks,
            families=self.families,
        )

    def _pools(self) -> list[list[int]]:
        own: dict[str, dict[int, None]] = {t: {} for t in self.tasks}
        for task, row, _ in self.cells:
            own[task][row] = None
        everything = list(range(len(self.points)))
        if sum(map(len, own.values())) >= _UNION * len(own) * len(everything):
            return [everything] * len(own)
        return [list(rows) for rows in own.values()]

    def _array(self, task: str, pool: Iterable[int], role: str) -> Any:
        cells = [[self.cells.get((task, row, f)) for f in self.fidelities] for row in pool]
        return np.array([[math.nan if c is None else _mean(c[role]) for c in row] for row in cells])

    def _numbers(self, column: str, role: str) -> list[float]:
        out = []
        for i, text in enumerate(self.table.column(column)):
            value = _number(text, -1.0 if self.loss and role != "cost" else 1.0)
            if value is None or value == math.inf or (role == "cost" and value < 0):
                rule = (
                    f"in [0, {LARGEST:g}], or empty"
                    if role == "cost"
                    else f"a number of at most {LARGEST:g}, empty (not measured) or `failed`"
                )
                raise self.table.fault(i, f"`{column}` must be {rule}, got {text!r}.")
            out.append(value)
        return out

    def _shares(self, column: str) -> list[float]:
        values = [_number(text) for text in self.table.column(column)]
        for i, value in enumerate(values):
            if value is None or not 0 < value < math.inf:
                raise self.table.fault(
                    i, f"`{column}` must be a positive number, got {self.table.column(column)[i]!r}."
                )
        numbers = [float(v) for v in values if v is not None]
        return [v / max(numbers) for v in numbers]

    def _families(self, names: Sequence[str], column: str) -> list[str]:
        out: dict[str, str] = {}
        for i, (task, family) in enumerate(zip(names, self.table.column(column), strict=True)):
            if out.setdefault(task, family or task) != (family or task):
                raise self.table.fault(
                    i, f"a task must have one family, got {out[task]!r} and {family!r} for {task!r}."
                )
        return list(out.values())


def _number(text: str, sign: float = 1.0) -> float | None:
    lower = text.lower()
    if lower in _NOT_MEASURED:
        return math.nan
    if lower in _FAILED:
        return math.inf if sign < 0 and lower != "failed" else -math.inf
    try:
        value = sign * float(text)
    except ValueError:
        return None
    return value if abs(value) <= LARGEST or "inf" in lower else None


def _mean(values: Sequence[float]) -> float:
    good = [v for v in values if math.isfinite(v)]
    if good:
        return math.fsum(good) / len(good)
    return -math.inf if -math.inf in values else math.nan
