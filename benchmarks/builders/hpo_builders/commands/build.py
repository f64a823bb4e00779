"""`hpo-gym build`: make the tables of suites."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.app import tasks_of
from hpo_gym.base import InvalidValueError


def build(
    suites: Annotated[
        list[str], typer.Argument(help="Suites whose tables, or NAME:surrogate: benchmarks/builders/README.md.")
    ],
    archives: Annotated[Path, typer.Option(help="Folder of the downloaded packages.")] = Path("archives"),
    out: Annotated[Path, typer.Option(help="Folder that gets a folder per suite.")] = Path("hpo-gym-data"),
    work: Annotated[Path, typer.Option(help="Folder of the shards of an unfinished build.")] = Path("hpo-gym-build"),
    engine: Annotated[str, typer.Option(help="serial, process or dask.")] = "process",
    workers: Annotated[int | None, typer.Option(help="Processes; by default one per core.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the shards that are there.")] = False,
    assemble: Annotated[
        bool, typer.Option("--assemble", help="Train nothing: make the table of what is finished.")
    ] = False,
    tasks: Annotated[str | None, typer.Option(help="Only so many data sets, or those of these names.")] = None,
    rows: Annotated[
        int | None, typer.Option(min=0, help="Only so many configurations; 0: none are trained for a surrogate.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Make the tables of suites.

    Trains and scores what is missing, or converts a published table; then writes the suites' folders.
    """
    from hpo_builders.order import Order
    from hpo_builders.surrogates.named import builder_of
    from hpo_gym.system import bar

    chosen = tasks_of(tasks)
    if isinstance(chosen, str):
        raise InvalidValueError(f"`--tasks` must be a number, or names, got {tasks!r}.")
    with bar("cells", shown=not quiet) as progress:
        order = Order(archives, out, work, engine, workers, resume, assemble, chosen, rows, progress)
        for build_one in [builder_of(name, order) for name in suites]:
            build_one()
    for name in suites:
        print(f"{name} -> {out / name.partition(':')[0]}")
