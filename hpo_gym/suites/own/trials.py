"""A suite out of columns of trials: roles, space, points and numbers are read off them, and faults have their row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hpo_gym.base import Ints, InvalidValueError, UnknownNameError, unknown
from hpo_gym.problem import AnySpace, read_space
from hpo_gym.suites.own import roles as of
from hpo_gym.suites.own.arrange import Trials, families_of
from hpo_gym.suites.own.columns import TableColumn, TableColumns
from hpo_gym.suites.own.csv_space import infer_space
from hpo_gym.suites.own.failures import failures_of
from hpo_gym.suites.own.measures import FURTHER, has_commas, numbers_of, shares_of, with_point
from hpo_gym.suites.own.points import Infer, inferred, points_of
from hpo_gym.suites.own.suite import TableSuite

TASK = "task"
_SCORES = ("score", "acc", "auc", "f1", "r2", "metric", "value", "reward", "fitness", "objective")
_LOSSES = ("loss", "error", "rmse", "mse", "mae", "perplexity", "regret")
"""Parts of names of columns that may be the score."""


@dataclass(frozen=True)
class Given:
    """The user's description of the columns; see `hpo_gym.suites.own.csv.suite_from_csv`."""

    task: str = TASK
    score: str | None = None
    cost: str | None = None
    test_score: str | None = None
    fidelity: str | None = None
    family: str | None = None
    ignore: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    loss: bool = False
    objectives: Mapping[str, str] = field(default_factory=dict)
    decimal: str | None = "."
    failures: str = "worst"

    def roles(self, table: TableColumns, optuna: bool) -> dict[str, str]:
        """Return the columns of the given roles.

        Raises:
            UnknownNameError: No such column.
            InvalidValueError: A column of two roles.
        """
        score = self.score or ("value" if optuna and "score" not in table else "score")
        asked = {"score": score, "cost": self.cost, "test_score": self.test_score, "fidelity": self.fidelity,
                 "family": self.family}  # fmt: skip
        asked |= {FURTHER + column: column for column in self.objectives}
        if self.score is None and score not in table:
            raise _no_score(table, score)
        out = {role: _known(table, column) for role, column in asked.items() if column is not None}
        if self.task != TASK or TASK in table:
            out["task"] = _known(table, self.task)
        by_column: dict[str, str] = {}
        for role, column in out.items():
            other = by_column.setdefault(column, role)
            if other != role:
                raise InvalidValueError(
                    f"{table.source}: a column must have one role, {column!r} is `{other}` and `{role}`."
                )
        return out

    def named(self, table: TableColumns, which: str, roles: Mapping[str, str]) -> list[str]:
        """Return the columns of `ignore` or `keep`; they must have no role."""
        names = [_known(table, column) for column in getattr(self, which)]
        for column in names:
            if column in roles.values() or (which == "keep" and column in self.ignore):
                raise InvalidValueError(
                    f"{table.source}: `{which}` must name columns that are nothing else, got {column!r}."
                )
        return names


@dataclass(frozen=True)
class Source:
    """Origin of columns.

    Attributes:
        infer: Makes the space of the columns of hyperparameters.
        tell: Whether to list columns that are no hyperparameters, and to say that an export of Optuna has no direction.
    """

    infer: Infer = infer_space
    notes: Sequence[str] = ()
    tell: bool = True


def suite_of(
    table: TableColumns, given: Given, space: AnySpace | None = None, *, name: str, source: Source = Source()
) -> TableSuite:
    """Make a suite of columns; see `hpo_gym.suites.own.csv.suite_from_csv`.

    Args:
        space: The search space; None to infer it.
    """
    said, decimal = list(source.notes), given.decimal
    table, optuna = of.with_optuna_names(table)
    table, tuned = of.with_tuned_cost(table)
    if tuned and given.cost is None and "cost" not in (*given.ignore, *given.keep):
        given = replace(given, cost="cost")
    roles = given.roles(table, bool(optuna))
    ignored, kept = given.named(table, "ignore", roles), given.named(table, "keep", roles)
    if decimal == "," or (decimal is None and has_commas(table[roles["score"]])):
        table = table.changed({n: c.mapped(with_point) for n, c in table.by_name.items()})
    table, out = _without_index(table)
    taken = {*roles.values(), *ignored}
    state = of.state_of(table, {*taken, *kept})
    if state is not None:
        table = _finished(table, state, said)
    free = [column for column in table.names if column not in taken]
    table = table.changed({n: _without_nan(c) if n in free else c for n, c in table.by_name.items()})
    column = table[roles["task"]] if "task" in roles else None
    names, others = of.hyperparameters_of(table, free, kept, column, optuna | tuned)
    if not names:
        raise InvalidValueError(f"{table.source} must have at least one column of a hyperparameter, got {table.names}.")
    if (optuna or tuned) and source.tell and not given.loss:
        who = "an export of Optuna" if optuna else "a file of `hpo-gym tune`"
        said.append(f"{who} does not say its direction: more counts as better; set `loss` if less is")
    if source.tell and out | others:
        listed = ", ".join(f"{column} ({kind})" for column, kind in (out | others).items())
        said.append(f"left out of the search space: {listed}; what `keep` names is taken in")
    if space is None:
        table, found = inferred(table, names, state, source.infer, bool(optuna))
    else:
        found = read_space(space)
    table, x = points_of(table, names, state, found, said)
    task, tasks = _tasks_of(table, roles, name)
    measured = [role for role in roles if role in ("score", "test_score", "cost") or role.startswith(FURTHER)]
    values = {role: numbers_of(table, roles[role], role, given.loss) for role in measured}
    values["score"][of.failed_rows(table, state)] = -math.inf
    share = shares_of(table, roles["fidelity"]) if "fidelity" in roles else np.ones(len(x))
    families = families_of(table, task, tasks, roles["family"]) if "family" in roles else None
    how = failures_of(given.failures)
    return Trials(table, found, x, tasks, task, values, share, families, given.objectives, how).suite(name, said)


def _no_score(table: TableColumns, score: str) -> UnknownNameError:
    """Return the error of a table without a column of the default name; it suggests one that may be the score."""
    like = [name for name in table.names if any(word in name.lower() for word in (*_SCORES, *_LOSSES))]
    numbers = [name for name in table.names if table[name].given() and table[name].numeric]
    near = next((name for name in like if name in numbers), (numbers or table.names)[-1])
    loss = any(word in near.lower() for word in _LOSSES)
    option, keyword = f"--score {near}{' --loss' if loss else ''}", f"score={near!r}{', loss=True' if loss else ''}"
    return UnknownNameError(
        f"No column {score!r} in {table.source}: say which one the score is, such as {keyword} (`{option}`). "
        f"Known: {table.names}."
    )


def _known(table: TableColumns, column: str) -> str:
    """Return the name of a column, also from Optuna's name for it."""
    short = column.removeprefix(of.PARAMS)
    if column in table or short not in table:
        if column not in table:
            raise unknown(f"column in {table.source}:", column, table.names)
        return column
    return short


# ---------------------------------------------------------------------------------------------- rows
def _without_index(table: TableColumns) -> tuple[TableColumns, dict[str, str]]:
    """Return the table without an unnamed first column, pandas' index; and its description."""
    if "" not in table:
        return table, {}
    if not all(map(str.isdecimal, table[""].given())):
        raise InvalidValueError(f"{table.source}: columns must have names, each once, got {table.names}.")
    left = {n: c for n, c in table.by_name.items() if n != ""}
    return table.changed(left), {"the column without a name": "an id"}


def _without_nan(column: TableColumn) -> TableColumn:
    """Return the column with empty cells in place of NaN: inactive hyperparameters."""
    nans = [text for text in column.texts if len(text) == 3 and text.lower() == "nan"]
    return column.mapped(lambda text: "" if text in nans else text) if nans else column


def _finished(table: TableColumns, state: str, said: list[str]) -> TableColumns:
    """Return the table without pruned or running trials: their scores are of no full evaluation."""
    rows = of.unfinished(table[state])
    if not rows.any():
        return table
    if rows.all():
        raise InvalidValueError(f"{table.source} must have a trial that is finished, and `{state}` says that none is.")
    n = int(rows.sum())
    what = "trials that were pruned or are" if n > 1 else "trial that was pruned or is"
    said.append(f"left out: {n} {what} not finished; with `{state}` in `ignore` their scores count")
    return table.take(~rows)


def _tasks_of(table: TableColumns, roles: Mapping[str, str], name: str) -> tuple[Ints, list[str]]:
    """Return the task of each row ``(n,)``, and the names of the tasks: `name` without a column of them."""
    import pandas as pd

    if "task" not in roles:
        return np.zeros(len(table.rows), np.int64), [name]
    column = table[roles["task"]]
    table.check(roles["task"], "the name of a task", ~column.empty())
    task, codes = pd.factorize(column.codes)
    return task, [column.texts[i] for i in codes.tolist()]
