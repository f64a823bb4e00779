"""`hpo-gym export`: write trials, an optimizer or a suite in the form of another tool."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.base import InvalidValueError


def export(
    store: Annotated[Path | None, typer.Argument(help="A folder that bench or tune wrote: its trials.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Trials as a table, a row each: trials.csv.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="The same as trials.parquet.")] = None,
    optuna: Annotated[str | None, typer.Option(help="Trials as studies of Optuna: sqlite:///new.db.")] = None,
    optunahub: Annotated[Path | None, typer.Option(help="A sampler or benchmark: a registry of OptunaHub.")] = None,
    huggingface: Annotated[Path | None, typer.Option(help="A trained optimizer: a new folder for the Hub.")] = None,
    optimizer: Annotated[str | None, typer.Option(help="A name, or the folder of one that is trained.")] = None,
    suite: Annotated[str | None, typer.Option(help="A name or a folder, for --optunahub.")] = None,
) -> None:
    """Write trials, an optimizer or a suite for another tool."""
    from hpo_gym import tuning
    from hpo_gym.bench import counted

    of_trials = {"--csv": csv, "--parquet": parquet, "--optuna": optuna}
    forms = {**of_trials, "--optunahub": optunahub, "--huggingface": huggingface}
    form, place = _one("`hpo-gym export`", forms, forms)
    takes = {"--optunahub": ["--optimizer", "--suite"], "--huggingface": ["--optimizer"]}.get(form, ["FOLDER"])
    _, source = _one(f"`{form}`", {"FOLDER": store, "--optimizer": optimizer, "--suite": suite}, takes)
    if form == "--optuna":
        print(f"{counted(tuning.write_studies(Path(source), place), 'run')} -> {place}")
    elif form in of_trials:
        print(f"{counted(tuning.write_table(Path(source), Path(place), form[2:]), 'trial')} -> {place}")
    elif form == "--huggingface":
        tuning.write_repository(source, Path(place))
        print(f"{source} -> {place}; it is loaded by hpo_gym.load({place!r})")
    else:
        made = (tuning.write_sampler if suite is None else tuning.write_problem)(source, Path(place))
        print(f"{source} -> {made}; example.py loads it")


def _one(what: str, options: Mapping[str, object], allowed: Iterable[str]) -> tuple[str, str]:
    """Return the only option that has a value, and the value; refuse none, several, and one that is not allowed."""
    given, known = [(name, str(value)) for name, value in options.items() if value is not None], list(allowed)
    if len(given) != 1 or given[0][0] not in known:
        names = ", ".join(name for name, _ in given) or "none"
        raise InvalidValueError(f"{what} must be given one of {', '.join(known)}, got {names}.")
    return given[0]
