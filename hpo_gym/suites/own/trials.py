"""A suite out of rows of trials, step by step: their roles, the search space, points and numbers, the arrays."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpo_gym.base import Ints, InvalidValueError, name_checked, name_near
from hpo_gym.problem import AnySpace, Objective, read_space
from hpo_gym.suites.own.arrange import Trials, families_of
from hpo_gym.suites.own.failures import failures_of
from hpo_gym.suites.own.reading import TrialRows, of_frame, read_rows
from hpo_gym.suites.own.roles import (
    FURTHER,
    Roles,
    failed_rows,
    finished,
    hyperparameters_of,
    known_form,
    state_of,
)
from hpo_gym.suites.own.space import Infer, explained, infer_space, points_of, refuse_row, too_close
from hpo_gym.suites.own.suite import TableSuite
from hpo_gym.suites.own.values import numbers_of, shares_of, texts_of

if TYPE_CHECKING:
    from pandas import DataFrame


def suite_from_csv(
    path: str | Path | DataFrame,
    space: AnySpace | None = None,
    task: str = "task",
    score: str | None = None,
    cost: str | None = None,
    *,
    fidelity: str | None = None,
    family: str | None = None,
    test_score: str | None = None,
    objectives: Mapping[str, str] | None = None,
    hyperparameters: Sequence[str] = (),
    ignore: Sequence[str] = (),
    loss: bool = False,
    name: str | None = None,
    delimiter: str = ",",
    decimal: str = ".",
    failures: str = "worst",
) -> TableSuite:
    """Make a suite of a file with one trial a line: CSV (UTF-8, a header line), Parquet, or a frame of pandas.

    An empty score means not measured; `nan`, `failed` or `-inf` a failure. An empty hyperparameter is inactive. Lines
    with the same task, configuration and fidelity count by the mean of their scores; a failed one counts as `failures`
    says. Costs are averaged alike. Tasks share one pool of configurations if at least half of all
    pairs of task and configuration were tried; else each has its own. A suite of one family has all its tasks in the
    split "test": there is nothing to train on.

    Output of Optuna's `study.trials_dataframe()` is understood, from a file as well: hyperparameters are its `params_`
    columns, a failed trial is a failure, a pruned or running one is left out. So is `trials.csv` of `hpo-gym tune`, and
    a column `state` or `status` with the words of these.

    A warning lists everything left out; `about["preprocessing"]` of the suite keeps it.

    Args:
        path: The file, Parquet if it ends in `.parquet` (with the extra "parquet"); or the frame.
        space: The search space; None to read it off the columns, as in `infer_space`.
        task: Column with the task's name. Without a column of the default name, all lines are of one task.
        score: Column with the score; default "score", of an export of Optuna "value".
        cost: Column with the cost of a trial, not negative: numbers, or durations, converted to seconds.
        fidelity: Column with the fidelity in any unit (epochs, rows); the largest is a full evaluation.
        family: Column with the task's family; data sets of one origin share one.
        test_score: Column with the score on data unused by any choice.
        objectives: Columns of further objectives, each with its direction: ``{"size": "minimize"}``; finite where a
            trial of full fidelity succeeded, averaged like scores.
        hyperparameters: Columns of the hyperparameters; default all without another role.
        ignore: Columns that are no hyperparameters, such as a seed; with Optuna's `state`, all scores count.
        loss: Whether lower scores are better; they are negated.
        name: Name of the suite, default the file's name without its ending.
        delimiter: Separator of the cells of a CSV file.
        decimal: Decimal sign of a CSV file, "." or ",".
        failures: How a configuration counts of which some repeats failed: "worst", each failed one as the worst score
            of its task and fidelity; "fail", as failed; "drop", by the mean of the others.

    Raises:
        UnknownNameError: A column that the file or the space does not have.
        InvalidValueError: A value that cannot be read, or a column of which it is not clear whether it is a
            hyperparameter; the message has the line, or the option that tells.
        MissingExtraError: A Parquet file, and PyArrow is not installed.
    """
    if name is not None:
        name_checked("`name`", name)
    if objectives is not None and not isinstance(objectives, Mapping):
        raise InvalidValueError(f"`objectives` must be a mapping of columns to directions, got {objectives!r}.")
    file = isinstance(path, (str, Path))
    rows = read_rows(path, delimiter, decimal) if isinstance(path, (str, Path)) else of_frame(path)
    further = {column: Objective(column, "", direction).direction for column, direction in (objectives or {}).items()}
    roles = Roles(task, score, cost, test_score, fidelity, family, tuple(hyperparameters), tuple(ignore), loss, further,
                  failures)  # fmt: skip
    suite = suite_of(rows, roles, space, name=name or name_near(Path(str(path)).stem if file else "frame"))
    warn(suite)
    return suite


def warn(suite: TableSuite) -> None:
    """Warn the caller of the caller about omissions."""
    for note in suite.about.get("preprocessing", ()):
        warnings.warn(note, stacklevel=3)


@dataclass(frozen=True)
class Source:
    """Origin of rows.

    Attributes:
        infer: Makes the space of the columns of hyperparameters.
        tell: Whether to list columns that are no hyperparameters, and to say that an export has no direction.
    """

    infer: Infer = infer_space
    notes: Sequence[str] = ()
    tell: bool = True


def suite_of(
    rows: TrialRows, roles: Roles, space: AnySpace | None = None, *, name: str, source: Source = Source()
) -> TableSuite:
    """Make a suite of rows; see `suite_from_csv`.

    Args:
        space: The search space; None to infer it.
    """
    notes = list(source.notes)
    rows, roles, known = known_form(rows, roles)
    columns = roles.columns(rows, "score" if known is None else known.score)
    state = state_of(rows, {*columns.values(), *roles.ignore, *roles.hyperparameters}, known)
    if state is not None:
        rows = finished(rows, state, notes)
    values = hyperparameters_of(rows, roles, {*columns.values(), *([] if state is None else [state])}, known, notes)
    if known and source.tell and not roles.loss:
        notes.append(f"{known.who} does not say its direction: more counts as better; set `loss` if less is")
    rest = [c for c in rows.names if c not in (*columns.values(), *values, *roles.ignore)]
    if source.tell and rest and not roles.hyperparameters:
        notes.append(f"left out of the search space: {', '.join(rest)}; what `hyperparameters` names is taken in")
    failed = failed_rows(rows, state)
    if space is None:
        nones = known is not None and known.nones
        values, found = explained(values, failed, rows.source, source.infer, none=nones)
    else:
        found = read_space(space)
    x, fine, found = points_of(rows, values, found)
    for row in np.flatnonzero(~fine & ~failed)[:1]:
        refuse_row(rows, values, found, int(row))
    if n := int((~fine).sum()):  # they ended before their hyperparameters were chosen
        notes.append(f"left out: {n} trial{'s' * (n > 1)} that failed and lack{'s' * (n == 1)} hyperparameters")
    rows, x, failed = rows.take(fine), x[fine], failed[fine]
    if near := too_close(values[fine], x, found):
        notes.append(f"closer than 2^-32 of the range, so taken for one: values of {', '.join(near)}")
    task, tasks = _tasks_of(rows, columns, name)
    numbers = {
        role: numbers_of(rows, column, role.split()[0], loss=roles.loss and role in ("score", "test_score"))
        for role, column in columns.items()
        if role in ("score", "test_score", "cost") or role.startswith(FURTHER)
    }
    numbers["score"][failed] = -np.inf
    share = shares_of(rows, columns["fidelity"]) if "fidelity" in columns else np.ones(len(x))
    families = families_of(rows, task, tasks, columns["family"]) if "family" in columns else None
    how = failures_of(roles.failures)
    return Trials(rows, found, x, tasks, task, numbers, share, families, roles.objectives, how).suite(name, notes)


def _tasks_of(rows: TrialRows, columns: Mapping[str, str], name: str) -> tuple[Ints, list[str]]:
    """Return the task of each row ``(n,)``, and the names of the tasks: `name` without a column of them."""
    import pandas as pd

    if "task" not in columns:
        return np.zeros(len(rows), np.int64), [name]
    texts = texts_of(rows[columns["task"]])
    rows.check(columns["task"], "the name of a task", texts != "")
    task, tasks = pd.factorize(texts)
    return task, list(tasks)
