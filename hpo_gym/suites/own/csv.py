"""A suite out of a file with one trial a line; the search space is read off the columns where none is given."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo_gym.base import InvalidValueError, name_checked, name_near
from hpo_gym.problem import AnySpace, Objective, read_space
from hpo_gym.suites.own.reading import read_csv, read_frame, read_parquet
from hpo_gym.suites.own.suite import TableSuite
from hpo_gym.suites.own.trials import Given, suite_of

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
    ignore: Sequence[str] = (),
    keep: Sequence[str] = (),
    loss: bool = False,
    name: str | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    failures: str = "worst",
) -> TableSuite:
    """Make a suite of a file with one trial a line: CSV (UTF-8, a header line), Parquet, or a frame of pandas.

    An empty score means not measured; `nan`, `failed` or `-inf` a failure. An empty hyperparameter is inactive. Lines
    with the same task, configuration and fidelity count by the mean of their scores; a failed one counts as `failures`
    says. Costs are averaged alike. Tasks share one pool of configurations if at least half of all
    pairs of task and configuration were tried; else each has its own. A suite of one family has all its tasks in the
    split "test": there is nothing to train on.

    Output of Optuna's `study.trials_dataframe()` is understood, from a file as well: hyperparameters are its `params_`
    columns, a failed trial is a failure, a pruned or running one is left out.

    A warning lists everything left out; `about["preprocessing"]` of the suite keeps it.

    Args:
        path: The file, Parquet if it ends in `.parquet` (with the extra "parquet"); or the frame.
        space: The search space; None to read it off the columns, as in `infer_space`. `describe` puts it in words.
        task: Column with the task's name. Without a column of the default name, all lines are of one task.
        score: Column with the score; default "score", of an export of Optuna "value".
        cost: Column with the cost of a trial, not negative: numbers, or durations, converted to seconds.
        fidelity: Column with the fidelity in any unit (epochs, rows); the largest is a full evaluation.
        family: Column with the task's family; data sets of one origin share one.
        test_score: Column with the score on data unused by any choice.
        objectives: Columns of further objectives, each with its direction: ``{"size": "minimize"}``; finite where a
            trial of full fidelity succeeded, averaged like scores.
        ignore: Columns that are no hyperparameters, such as a seed; with Optuna's `state`, all scores count.
        keep: Columns that are hyperparameters even if they look like ids, dates, durations or states.
        loss: Whether lower scores are better; they are negated.
        name: Name of the suite, default the file's name without its ending.
        delimiter: Separator of the cells of a CSV file; default the fitting one of comma, semicolon, tab and bar.
        decimal: Decimal sign of a CSV file, "." or ","; default the comma if scores have it.
        failures: How a configuration counts of which some repeats failed: "worst", each failed one as the worst score
            of its task and fidelity; "fail", as failed; "drop", by the mean of the others.

    Raises:
        UnknownNameError: A column that the file or the space does not have.
        InvalidValueError: A value that cannot be read; the message has the line.
        MissingExtraError: A Parquet file, and PyArrow is not installed.
    """
    if name is not None:
        name_checked("`name`", name)
    if decimal not in (None, ".", ","):
        raise InvalidValueError(f"`decimal` must be '.' or ',', got {decimal!r}.")
    if isinstance(path, (str, Path)):
        file = Path(path)
        parquet = file.suffix.lower() in (".parquet", ".pq")
        table, short = (read_parquet(file) if parquet else read_csv(file, delimiter)), file.stem
    else:
        table, short = read_frame(path), "frame"
    if objectives is not None and not isinstance(objectives, Mapping):
        raise InvalidValueError(f"`objectives` must be a mapping of columns to directions, got {objectives!r}.")
    further = {column: Objective(column, "", direction).direction for column, direction in (objectives or {}).items()}
    given = Given(task, score, cost, test_score, fidelity, family, tuple(ignore), tuple(keep), loss, further, decimal,
                  failures)  # fmt: skip
    suite = suite_of(table, given, space, name=name or name_near(short))
    warn(suite)
    return suite


def warn(suite: TableSuite) -> None:
    """Warn the caller of the caller about omissions."""
    for note in suite.about.get("preprocessing", ()):
        warnings.warn(note, stacklevel=3)


def describe(space: AnySpace) -> str:
    """Return the search space in words, one line a hyperparameter."""
    space = read_space(space)
    when: dict[str, list[str]] = {}
    for condition in space.to_json().get("conditions", []):
        when.setdefault(condition["child"], []).append(_condition(condition))
    lines = []
    for h in space.hyperparameters:
        values = f"one of {', '.join(map(str, h.choices))}" if h.choices else f"in [{h.low:g}, {h.high:g}]"
        scale, unit = ", logarithmic" if h.log else "", f" ({h.unit})" if h.unit else ""
        only = f", only if {' and '.join(when[h.name])}" if h.name in when else ""
        lines.append(f"{h.name}: {h.kind} {values}{unit}{scale}{only}")
    return "\n".join(lines)


_WORDS = {"EQ": "is", "NEQ": "is not", "LT": "is below", "GT": "is above", "IN": "is one of"}


def _condition(condition: Mapping[str, Any]) -> str:
    kind = condition["type"]
    if kind in ("AND", "OR"):
        return "(" + f" {kind.lower()} ".join(_condition(c) for c in condition["conditions"]) + ")"
    value = ", ".join(map(str, condition["values"])) if kind == "IN" else condition["value"]
    return f"{condition['parent']} {_WORDS[kind]} {value}"
