"""`hpo-gym tune`: tune an objective of your own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.app._options import settings_of
from hpo_gym.app._output import FAILED_CELLS, notes
from hpo_gym.base import EndedTuningError, TrialsFailedError


def tune(
    objective: Annotated[str, typer.Argument(help="file.py:name or module:name; it is called with a configuration.")],
    space: Annotated[Path, typer.Option(help="The search space: YAML, or the JSON of a ConfigSpace.")],
    optimizer: Annotated[
        str, typer.Option(help="A name, the folder of one that is trained, or file.py:Name.")
    ] = "auto",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the optimizer, key=value; repeatable.")
    ] = None,
    budget: Annotated[int | None, typer.Option(min=1, help="Trials; 33, or as many as --budget-cost pays for.")] = None,
    budget_cost: Annotated[
        float | None, typer.Option(help="What the trials may cost in all: seconds, or what the objective tells.")
    ] = None,
    direction: Annotated[str, typer.Option(help="maximize or minimize.")] = "maximize",
    prior: Annotated[
        list[str] | None,
        typer.Option(help="Earlier trials: a folder of tune, a file, a storage of Optuna; repeatable."),
    ] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds after which no trial begins.")] = None,
    trial_timeout: Annotated[float | None, typer.Option(help="Seconds that a trial may take.")] = None,
    memory: Annotated[float | None, typer.Option(help="GB that a trial may take.")] = None,
    no_guard: Annotated[bool, typer.Option("--no-guard", help="Run trials in this process, without limits.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Trials side by side.")] = 1,
    max_failures: Annotated[
        int, typer.Option(min=0, help="End after so many first trials that fail alike; 0: never.")
    ] = 3,
    seed: Annotated[int | None, typer.Option(min=0, help="Everything random is drawn from it.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the trials.")] = Path("hpo-gym-tuned"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue what the folder holds; finished trials are kept.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Tune an objective of your own.

    Each trial has a fresh process, limits of time and memory. Writes tune.sqlite, trials.csv, tune.svg and report.html.
    """
    from hpo_gym.base import user_function
    from hpo_gym.system import bar
    from hpo_gym.tuning import read_file, write
    from hpo_gym.tuning import tune as run

    found, why = user_function(objective, "objective"), ""
    try:
        with notes(), bar("trials", shown=not quiet) as progress:
            tuned = run(
                found, read_file(space), optimizer={"name": optimizer, **settings_of(settings or ())}, budget=budget,
                budget_cost=budget_cost, direction=direction, prior=prior or (), timeout=timeout, guard=not no_guard,
                trial_timeout=trial_timeout, memory=None if memory is None else memory * 1e9, n_jobs=jobs,
                max_failures=max_failures or None, seed=seed, out=out, resume=resume, progress=progress,
            )  # fmt: skip
    except TrialsFailedError as fault:
        tuned, why = fault.tuned, f"error: {fault}"
    except EndedTuningError as fault:
        if fault.tuned is not None:  # nowhere else is it to be had
            print(fault.tuned.summary(), file=sys.stderr)
        raise
    write(tuned, out)
    if not quiet:
        print(tuned.summary())
    print(f"{len(tuned.ended)} trials -> {out}")
    if why:
        print(why, file=sys.stderr)
    if not tuned.succeeded:
        raise typer.Exit(FAILED_CELLS)
