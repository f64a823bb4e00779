"""`hpo-gym export`: write trials in the form of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.base import InvalidValueError


def export(
    store: Annotated[Path, typer.Argument(help="A folder that bench or tune wrote.")],
    csv: Annotated[Path | None, typer.Option(help="A table, a row for each trial: trials.csv.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="The same as trials.parquet.")] = None,
    optuna: Annotated[str | None, typer.Option(help="Studies of Optuna: sqlite:///new.db.")] = None,
) -> None:
    """Write trials for another tool."""
    from hpo_gym import tuning
    from hpo_gym.bench import counted

    if sum(one is not None for one in (csv, parquet, optuna)) != 1:
        raise InvalidValueError("`hpo-gym export` must be given one of --csv, --parquet, --optuna.")
    if optuna is not None:
        print(f"{counted(tuning.write_studies(store, optuna), 'run')} -> {optuna}")
    elif (file := csv or parquet) is not None:
        print(f"{counted(tuning.write_table(store, file, 'csv' if csv else 'parquet'), 'trial')} -> {file}")
