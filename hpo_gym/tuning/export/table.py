"""The trials of a folder that `bench` or `tune` wrote as one table: a row per trial, a column per hyperparameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from hpo_gym.base import InvalidValueError, as_csv, require
from hpo_gym.bench import opened, trials
from hpo_gym.problem import SearchSpace
from hpo_gym.suites import PARAMS
from hpo_gym.system import whole_files
from hpo_gym.tuning.folder import is_tuning
from hpo_gym.tuning.tuned import Tuned

RUN = ["suite", "task", "family", "fold", "optimizer", "replicate"]  # the same in all trials of a run
_NUMBERS = ["fidelity", "score", "test_score", "cost"]
_DTYPES = {bool: "boolean", int: "Int64", float: "Float64"}


def write_table(folder: Path, file: Path, ending: str) -> int:
    """Write the trials to a file that ends in "csv" or "parquet"; return their number.

    An inactive hyperparameter is missing; one with the name of another column has the prefix ``params_``. Floats are
    exact: in CSV, the shortest text that reads back as the same float.
    """
    if file.suffix != f".{ending}":
        raise InvalidValueError(f"`--{ending}` must be a file that ends in '.{ending}', got {file.name!r}.")
    if ending == "parquet":
        require("parquet")
    table = _table(*stored(folder)[:2])
    with whole_files(file.absolute().parent, file.name) as (part,):
        part.write_bytes(as_csv(table).encode()) if ending == "csv" else table.to_parquet(part, index=False)
    return len(table)


def stored(folder: Path) -> tuple[pd.DataFrame, Mapping[tuple[str, str], SearchSpace], str]:
    """Return the ended trials, a row each as of `hpo_gym.bench.trials`; spaces by suite and task; the direction.

    A tuning is a run on the task "tuned"; its rows have `steps` and `constraints` too.
    """
    if is_tuning(folder):
        tuned, name = Tuned.load(folder), folder.resolve().name
        frame, spaces, direction = _of(tuned, name), {(name, "tuned"): tuned.space}, tuned.plan.direction
    else:
        with opened(folder) as (plan, store):
            spaces = {(s.name, t): s.task(t).space for spec, s in plan.suites.items() for t, _ in plan.tasks[spec]}
            frame, direction = trials(plan, store), "maximize"
    if frame.empty:
        raise InvalidValueError(f"{folder} must hold a trial that has ended, there is none.")
    return frame, spaces, direction


def _of(tuned: Tuned, name: str) -> pd.DataFrame:
    rows = [
        {
            "suite": name, "task": "tuned", "family": "tuned", "optimizer": tuned.plan.optimizer, "replicate": 0,
            "trial": e.number + 1, "fidelity": 1.0, "score": e.measured.score, "test_score": e.measured.test_score,
            "cost": e.cost, "status": e.measured.status.label, "config": e.config, "steps": e.steps,
            "constraints": e.measured.constraints,
        }
        for e in sorted(tuned.ended, key=lambda e: e.number)
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(fold=pd.Series(dtype="Int64"))


def _table(frame: pd.DataFrame, spaces: Mapping[tuple[str, str], SearchSpace]) -> pd.DataFrame:
    run, names = frame[[*RUN, "trial"]], dict.fromkeys(name for space in spaces.values() for name in space.names)
    ends = frame[_NUMBERS].astype("float64").join(frame["status"])
    clash = {n for n in names if n in run or n in ends or n.startswith(PARAMS)}
    columns = {PARAMS * (n in clash) + n: _column([c.get(n, pd.NA) for c in frame["config"]]) for n in names}
    table = pd.concat([run, pd.DataFrame(columns), ends], axis=1)
    return table if ends["test_score"].notna().any() else table.drop(columns="test_score")


def _column(values: Sequence[Any]) -> pd.Series[Any]:
    """Return values of one type as a column of it, values of several types as texts."""
    kinds = {type(v) for v in values if v is not pd.NA}
    dtype = _DTYPES.get(kinds.pop(), "string") if len(kinds) == 1 else "string"
    return pd.Series([v if v is pd.NA or dtype != "string" else str(v) for v in values], dtype=dtype)
