"""Roles of the columns in a file of trials: hyperparameters, and columns that only look like them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from hpo_gym.base import Mask
from hpo_gym.problem import Status
from hpo_gym.suites.own.columns import TableColumn, TableColumns, is_integer, is_number

PARAMS = "params_"
"""Optuna's prefix of hyperparameter names."""
COLUMNS = ("trial", "status", "reason", "score", "stopped", "cost", "seconds")
"""Columns of `trials.csv`, a file that `hpo-gym tune` writes, before the hyperparameters."""
WEIGHT = "prior_weight"
"""A column between them, of optimizers that tell it."""

_CONSTRAINTS = "system_attrs_constraints"  # columns of Optuna's exports: a list, or a number for each name
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")

_FAILED = {"fail", "failure", "error", "crash", "killed", "oom"} | {
    status.label for status in Status if status not in (Status.OK, Status.STOPPED)
}
_UNFINISHED = {"pruned", "running", "waiting", "stopped", "aborted", "cancelled", "canceled", "pending", "queued"}
_FINISHED = {"complete", "completed", "done", "finished", "ok", "success", "succeeded", "successful"}
_STATES = _FAILED | _UNFINISHED | _FINISHED

_DAY, _MONTH, _YEAR = r"(0?[1-9]|[12]\d|3[01])", r"(0?[1-9]|1[0-2])", r"(19|20)\d{2}"
_DATE = re.compile(
    rf"({_YEAR}[-/.]{_MONTH}[-/.]{_DAY}|{_DAY}[-/.]{_MONTH}[-/.]{_YEAR}|{_MONTH}[-/.]{_DAY}[-/.]{_YEAR})"
    r"([T ]+\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?"
)
_DURATION = re.compile(r"-?(\d+ days?,? )?[+-]?\d+:\d{2}(:\d{2}([.,]\d+)?)?|-?\d+ days?")
_ID_NAMES = {"id", "number", "trial", "trialid", "trialnumber", "run", "runid", "jobid", "uuid", "guid", "index",
             "configid", "experimentid", "hash", "rowid", "unnamed0", "indexlevel0"}  # fmt: skip
_DATE_NAMES = {"timestamp", "datetime", "date", "starttime", "endtime", "startedat", "finishedat", "createdat",
               "completedat", "timestart", "timeend", "datetimestart", "datetimecomplete"}  # fmt: skip
_DURATION_NAMES = {"duration", "elapsed", "elapsedtime", "elapsedseconds", "walltime", "wallclocktime", "runtime",
                   "traintime", "trainingtime", "fittime"}  # fmt: skip
_COUNTED, _ASCENDING = 10, 20  # rows of a task from which a column that counts them, or only goes up, is an id


def with_optuna_names(table: TableColumns) -> tuple[TableColumns, set[str]]:
    """Return the table with plain names of hyperparameters, if Optuna exported it, and these names, else none."""
    ours = [name for name in table.names if name.startswith(PARAMS) and name != PARAMS]
    if not ours or not {"state", "number"} & set(table.names):
        return table, set()
    plain = {name: name.removeprefix(PARAMS) for name in ours}
    if set(plain.values()) & set(table.names):
        return table, set(ours)
    renamed = {plain.get(name, name): column for name, column in table.by_name.items()}
    return table.changed(renamed), set(plain.values())


def with_tuned_cost(table: TableColumns) -> tuple[TableColumns, set[str]]:
    """Return the table of a file of `hpo-gym tune`, its cost as reported or else the seconds, and its hyperparameters.

    Another table is unchanged, and has none.
    """
    names = [name for name in table.names if name != ""]
    if tuple(names[: len(COLUMNS)]) != COLUMNS:
        return table, set()
    reported, took = table["cost"], table["seconds"]
    cost = (
        reported.texts[i] or took.texts[j] for i, j in zip(reported.codes.tolist(), took.codes.tolist(), strict=True)
    )
    return table.changed({**table.by_name, "cost": TableColumn.of(cost)}), set(names[len(COLUMNS) :]) - {WEIGHT}


def hyperparameters_of(
    table: TableColumns,
    candidates: Sequence[str],
    keep: Iterable[str],
    tasks: TableColumn | None,
    known: Iterable[str] = (),
) -> tuple[list[str], dict[str, str]]:
    """Return the hyperparameters among the columns without a role.

    Empty columns, ids, dates, durations and states are none: columns of their names or looks. An id differs in each
    row of a task: a text; a whole number with the name of an id, or one that counts the rows or increases with each. It
    stays if nothing else would vary.

    Args:
        candidates: Names of columns without a known role.
        keep: Columns that are hyperparameters whatever they look like.
        tasks: The column of the task, None if all rows are of one.
        known: The hyperparameters of a file of Optuna or `hpo-gym tune`, its only ones.

    Returns:
        Names of hyperparameters; and of omitted columns, each with its kind.
    """
    sure = {*keep, *known}
    kinds = {name: _kind(name, table[name]) for name in candidates if name not in sure}
    ids = {name for name, kind in kinds.items() if kind is None and _is_id(name, table[name], tasks)}
    others = [name for name in candidates if kinds.get(name) is None and name not in ids]
    if any(len(table[name].given()) > 1 for name in others):
        kinds |= dict.fromkeys(ids, "an id")
    if known:
        kinds = {name: kind or "of the trial" for name, kind in kinds.items()}
    out = {name: kind for name, kind in kinds.items() if kind is not None}
    return [name for name in candidates if name not in out], out


def state_of(table: TableColumns, taken: Iterable[str]) -> str | None:
    """Return the column with the outcome of each trial, None without one, or if it has another role."""
    for name in table.names:
        if name not in taken and _kind(name, table[name]) == "a state":
            return name
    return None


def failed_rows(table: TableColumns, state: str | None) -> Mask:
    """Return the rows whose trial failed, by the column `state`, or broke a constraint stored by Optuna."""
    failed = np.zeros(len(table.rows), bool)
    if state is not None:
        failed |= table[state].where(lambda text: text.lower() in _FAILED)
    for name in table.names:
        if name == _CONSTRAINTS or name.startswith(f"{_CONSTRAINTS}:"):
            failed |= table[name].where(lambda text: any(float(v) > 0 for v in _NUMBER.findall(text)))
    return failed


def unfinished(state: TableColumn) -> Mask:
    """Return the rows with pruned or running trials."""
    return state.where(lambda text: text.lower() in _UNFINISHED)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _kind(name: str, column: TableColumn) -> str | None:
    """Return the kind of a column: a date, a duration, a state or empty; None for all else."""
    given = column.given()
    if not given:
        return "empty"
    if name.lower() in ("state", "status") and all(text.lower() in _STATES for text in given):
        return "a state"
    for kind, pattern, names in (("a date", _DATE, _DATE_NAMES), ("a duration", _DURATION, _DURATION_NAMES)):
        if all(map(pattern.fullmatch, given)) or (_plain(name) in names and all(map(is_number, given))):
            return kind
    return None


def _is_id(name: str, column: TableColumn, tasks: TableColumn | None) -> bool:
    n = len(column.codes)
    within = np.zeros(n, np.int64) if tasks is None else tasks.codes.astype(np.int64)
    if n < 2 or column.empty().any() or len(np.unique(within * len(column.texts) + column.codes)) < n:
        return False
    given = column.given()
    whole = all(map(is_integer, given))
    if _plain(name) in _ID_NAMES:
        return whole or not all(map(is_number, given))
    if not whole:
        return len(given) == n >= _COUNTED and not any(map(is_number, given))
    order = np.argsort(within, kind="stable")
    task, number = within[order], column.values(lambda text: float(text or 0))[order]
    same = task[1:] == task[:-1]
    steps, most = np.diff(number)[same], int(np.bincount(within).max())
    starts = number[np.r_[True, ~same]]
    counts = bool((steps == 1).all() and (starts <= 1).all() and (starts >= 0).all())
    return (counts and most >= _COUNTED) or (bool((steps > 0).all()) and most >= _ASCENDING)


def seconds(text: str) -> float | None:
    """Return the seconds of a duration such as `0 days 00:01:30.5`; None for another text."""
    if not _DURATION.fullmatch(text):
        return None
    days, _, clock = text.replace(",", ".").rpartition(" ")
    if ":" not in clock:
        days, clock = text, "0:00:00"
    hours, minutes, *rest = clock.lstrip("+-").split(":")
    if not rest:
        return None  # hours and minutes, or minutes and seconds?
    size = int(hours) * 3600 + int(minutes) * 60 + float(rest[0])
    return (int(days.split()[0]) * 86400 if days else 0) + (-size if clock.startswith("-") else size)
