"""Roles of the columns in rows of trials: the user names them. Exports of Optuna and of `hpo-gym tune` are known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.base import InvalidValueError, Mask, UnknownNameError, unknown
from hpo_gym.problem import Status
from hpo_gym.suites.own.reading import TrialRows
from hpo_gym.suites.own.values import given, texts_of, typed

if TYPE_CHECKING:
    from pandas import DataFrame, Series

TASK = "task"
PARAMS = "params_"
"""Optuna's prefix of hyperparameter names."""
COLUMNS = ("trial", "status", "reason", "score", "stopped", "cost", "seconds")
"""Columns of `trials.csv`, a file that `hpo-gym tune` writes, before the hyperparameters."""
WEIGHT = "prior_weight"
"""A column between them, of optimizers that tell it."""
FURTHER = "objective "
"""Begins the role of a further objective; its name follows."""

_CONSTRAINTS = "system_attrs_constraints"  # columns of Optuna's exports: a list, or a number for each name
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_STATES = ("state", "status")  # columns that say how a trial ended
_FAILED = {"fail", "error", "crash", *(s.label for s in Status if s not in (Status.OK, Status.STOPPED))}
_UNFINISHED = {"pruned", "running", "waiting", "stopped"}
_FINISHED = {"complete", "completed", "done", "finished", "ok", "success"}
_FEW, _CHOICES = 10, 50  # rows that may differ, or twice as many go up, by chance; texts that are choices


@dataclass(frozen=True)
class Roles:
    """The user's description of the columns; see `hpo_gym.suites.own.trials.suite_from_csv`."""

    task: str = TASK
    score: str | None = None
    cost: str | None = None
    test_score: str | None = None
    fidelity: str | None = None
    family: str | None = None
    hyperparameters: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    loss: bool = False
    objectives: Mapping[str, str] = field(default_factory=dict)
    failures: str = "worst"

    def columns(self, rows: TrialRows, score: str) -> dict[str, str]:
        """Return the column of each role, of the score the default name `score`.

        Raises:
            UnknownNameError: No such column.
            InvalidValueError: A column of two roles.
        """
        if self.score is None and score not in rows:
            raise UnknownNameError(
                f"No column {score!r} in {rows.source}: say which one the score is (`--score`), and loss=True "
                f"(`--loss`) if less is better; of a CSV file also what stands between cells (`--delimiter`). Known: "
                f"{rows.names}."
            )
        asked = {"score": self.score or score, "cost": self.cost, "test_score": self.test_score,
                 "fidelity": self.fidelity, "family": self.family}  # fmt: skip
        asked["task"] = self.task if self.task != TASK or TASK in rows else None
        asked |= {FURTHER + column: column for column in self.objectives}
        out = {role: _known(rows, column) for role, column in asked.items() if column is not None}
        named = {"ignore": self.ignore, "hyperparameters": self.hyperparameters}
        said = [*out.items(), *((which, _known(rows, name)) for which, names in named.items() for name in names)]
        by_column: dict[str, str] = {}
        for role, column in said:
            other = by_column.setdefault(column, role)
            if other != role:
                raise InvalidValueError(
                    f"{rows.source}: a column must have one role, {column!r} is `{other}` and `{role}`."
                )
        return out


@dataclass(frozen=True)
class Known:
    """What is known of a file by its form.

    Attributes:
        who: Its writer, for messages.
        hyperparameters: Its only ones.
        score, state: Columns of the score and of the outcome.
        nones: Whether an empty cell of it may be the choice None.
    """

    who: str
    hyperparameters: tuple[str, ...]
    score: str = "score"
    state: str | None = None
    nones: bool = False


def known_form(rows: TrialRows, roles: Roles) -> tuple[TrialRows, Roles, Known | None]:
    """Return the rows with plain names of hyperparameters, the roles, and what their form says; None of others."""
    ours = {name: name.removeprefix(PARAMS) for name in rows.names if name.startswith(PARAMS) and name != PARAMS}
    if ours and {"state", "number"} & set(rows.names):
        if not set(ours.values()) & set(rows.names):
            rows, ours = replace(rows, frame=rows.frame.rename(columns=ours)), {name: name for name in ours.values()}
        state = "state" if "state" in rows else None
        score = "score" if "score" in rows else "value"
        return rows, roles, Known("an export of Optuna", tuple(ours), score, state, nones=True)
    if tuple(rows.names[: len(COLUMNS)]) != COLUMNS:
        return rows, roles, None
    rest = tuple(name for name in rows.names[len(COLUMNS) :] if name != WEIGHT)
    if roles.cost is None and "cost" not in roles.ignore:
        reported, took = (rows[name].astype(object) for name in ("cost", "seconds"))
        cost = reported.where(reported.notna() & (reported != ""), took)
        rows, roles = replace(rows, frame=rows.frame.assign(cost=cost)), replace(roles, cost="cost")
    return rows, roles, Known("a file of `hpo-gym tune`", rest, state="status")


def hyperparameters_of(
    rows: TrialRows, roles: Roles, taken: Iterable[str], known: Known | None, notes: list[str]
) -> DataFrame:
    """Return the columns of hyperparameters: those named, else those of the form, else all with a value and no role.

    Args:
        notes: Gets a remark on each of the last that may be an id.

    Raises:
        InvalidValueError: A column that may be none; the message names the options that tell.
    """
    import pandas as pd

    out = {*taken, *(_known(rows, name) for name in roles.ignore)}
    named = [_known(rows, name) for name in roles.hyperparameters]
    like = named or [*(known.hyperparameters if known else rows.names)]
    found = {name: typed(rows[name]) for name in rows.names if name in like and name not in out}
    frame = pd.DataFrame({name: column for name, column in found.items() if named or column.notna().any()})
    if frame.empty:
        raise InvalidValueError(
            f"{rows.source} must have at least one column of a hyperparameter, got {rows.names}; give "
            "hyperparameters=[..] (`--hyperparameters`)."
        )
    if not named and known is None:
        tasks = texts_of(rows[roles.task]) if roles.task in rows else np.zeros(len(frame))
        several = (frame.nunique() > 1).sum() > 1
        for name, column in frame.items():
            notes += _remarks(rows.source, str(name), column, tasks if several else None, list(frame))
    return frame


def _remarks(source: str, name: str, column: Series[Any], tasks: Any, names: list[Any]) -> list[str]:
    """Return what to say of a column that may be an id; refuse one that goes up in each task, or of very many texts.

    Args:
        tasks: The task of each row, ``(n,)``; None where no other column varies.
    """
    n, many, why = column.nunique(), len(column) >= _FEW, ""
    if column.dtype.kind == "O" and (n > _CHOICES or (n == len(column) and many)):
        why = f"has {n} different texts in {len(column)} rows"
    elif column.dtype.kind in "if" and tasks is not None and n >= 2 * _FEW:
        steps = column.groupby(tasks).diff()
        why = "goes up with each row" * bool((steps.dropna() > 0).all() and steps.notna().any())
        if not why and column.dtype.kind == "i" and column.groupby(tasks).nunique().sum() == len(column):
            return [
                f"column {name!r} is a hyperparameter, though each row of a task has another whole number there, as of "
                f"ids: leave it out with ignore=[{name!r}] (`--ignore {name}`)"
            ]
    if not why:
        return []
    raise InvalidValueError(
        f"{source}: column {name!r} {why}: give ignore=[{name!r}] (`--ignore {name}`), or, if it is a "
        f"hyperparameter, hyperparameters={names} (`--hyperparameters {','.join(map(str, names))}`)."
    )


# ---------------------------------------------------------------------------------------------- outcomes
def state_of(rows: TrialRows, taken: Iterable[str], known: Known | None = None) -> str | None:
    """Return the column with the outcome of each trial; None without one, or if it has another role."""
    for name in (known.state,) if known else _STATES:
        if name is not None and name in rows and name not in taken:
            words = {str(text).lower() for text in given(typed(rows[name]))}
            if words and words <= _FAILED | _UNFINISHED | _FINISHED:
                return name
    return None


def failed_rows(rows: TrialRows, state: str | None) -> Mask:
    """Return the rows whose trial failed, by the column `state`, or broke a constraint stored by Optuna."""
    failed = np.zeros(len(rows), bool) if state is None else _says(rows, state, _FAILED)
    for name in rows.names:
        if name == _CONSTRAINTS or name.startswith(f"{_CONSTRAINTS}:"):
            failed |= np.array([any(float(v) > 0 for v in _NUMBER.findall(str(cell))) for cell in rows[name]], bool)
    return failed


def finished(rows: TrialRows, state: str, notes: list[str]) -> TrialRows:
    """Return the rows without pruned or running trials: their scores are of no full evaluation."""
    open_ = _says(rows, state, _UNFINISHED)
    n = int(open_.sum())
    if not n:
        return rows
    if n == len(rows):
        raise InvalidValueError(f"{rows.source} must have a trial that is finished, and `{state}` says that none is.")
    what = "trials that were pruned or are" if n > 1 else "trial that was pruned or is"
    notes.append(f"left out: {n} {what} not finished; with `{state}` in `ignore` their scores count")
    return rows.take(~open_)


def _says(rows: TrialRows, state: str, words: Iterable[str]) -> Mask:
    return np.asarray(rows[state].astype(str).str.strip().str.lower().isin(list(words)), bool)


# ---------------------------------------------------------------------------------------------- names
def _known(rows: TrialRows, column: str) -> str:
    """Return the name of a column, also from Optuna's name for it."""
    short = column.removeprefix(PARAMS)
    if column not in rows and short not in rows:
        raise unknown(f"column in {rows.source}:", column, rows.names)
    return column if column in rows else short
