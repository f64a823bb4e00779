"""`hpo-gym demo`: watch an optimizer tune."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def demo(
    agent: Annotated[
        str, typer.Argument(help="An optimizer: a name, the folder of a trained one, file.py:Name.")
    ] = "transfer-mix",
    suite: Annotated[str, typer.Argument(help="A suite or a folder.")] = "SVM",
    task: Annotated[
        str | None, typer.Argument(help="By default the first validation task of bench --split val.")
    ] = None,
    budget: Annotated[
        int | None, typer.Option(min=1, help="Full evaluations; by default the suite's own, mostly 33.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the task instance and of all choices.")] = 0,
    seconds: Annotated[
        float | None, typer.Option(min=0, max=3600, help="That it takes at least, in a terminal; by default 8.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Also write an animated picture, an .svg file.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="How it ended, in a line.")] = False,
) -> None:
    """Watch an optimizer tune beside portfolio and random.

    Drawn anew after each evaluation in a terminal, a line for each elsewhere. Nothing is stored.
    """
    from rich.console import Console

    from hpo_gym.app.play import screen
    from hpo_gym.app.play.picture import check_path, write
    from hpo_gym.app.play.race import Race
    from hpo_gym.suites import load_suite

    check_path(picture)
    race = Race.of(agent, load_suite(suite), task, budget=budget, seed=seed)
    if quiet:
        while not race.over:
            race.step()
    else:
        screen.show(race, Console(), seconds)
    print(screen.summary(race))
    for note in race.notes:
        print(f"note: {note}", file=sys.stderr)
    if picture is not None:
        write(race, picture)
        print(f"picture: {picture}")
