"""`hpo-gym play`: tune by hand. The game, and the race of `hpo-gym demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.app._options import Wide
from hpo_gym.app._output import print_sheets


def play(
    suite: Annotated[str, typer.Argument(help="A suite or a folder.")],
    task: Annotated[
        str | None, typer.Option(help="A validation or test task; by default a validation task that the seed draws.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of the task that is drawn and of what is offered; 0.")
    ] = None,
    budget: Annotated[
        int | None, typer.Option(min=1, help="Full evaluations; by default the suite's own, mostly 10.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What you are called in the results; person.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("hpo-gym-play"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the game that the folder holds.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No table at the end.")] = False,
    wide: Wide = False,
) -> None:
    """Tune by hand, beside portfolio, default and random.

    Each trial is chosen from a list or typed; the run is stored as bench stores one, and a report is written.
    """
    from rich.console import Console

    from hpo_gym.app.play.game import Game, sheet
    from hpo_gym.app.play.talk import Talk

    width = None if wide else Console().width
    results = Game(suite, task, seed, budget, name).play(out, Talk(width), resume=resume)
    if not quiet:
        print()
        print_sheets(sheet(results), wide=wide)
    print(f"report: {results.folder / 'report.html'}")
