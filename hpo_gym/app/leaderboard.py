"""`hpo-gym leaderboard`: replay entries, and write the board."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.app._output import FAILED_CELLS


def leaderboard(
    entries: Annotated[list[Path], typer.Argument(help="Files of hpo-gym pack, or folders of them.")],
    out: Annotated[Path, typer.Option(help="Folder of the board; the files of an earlier one are replaced.")] = Path(
        "hpo-gym-leaderboard"
    ),
    protocol: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A protocol that is not shipped; may be repeated.")
    ] = None,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Whether to write the reports.")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar, no table.")] = False,
) -> None:
    """Replay entries and compare them.

    Scores come from the replay of each choice; an entry that cannot have been made under its protocol is refused. The
    others are compared, and the exit code is 1.
    """
    from hpo_gym.bench import leaderboard as compare
    from hpo_gym.system import bar

    with bar("entries", shown=not quiet) as progress:
        board = compare(entries, out, protocols=protocol or (), report=report, progress=progress)
    if not quiet:
        for one in board:
            print(f"{one.named.name}: {', '.join(row.entry.name for row in one.rows)}")
    print(f"board: {out / 'index.html'}")
    for path, why in board.refused.items():
        print(f"refused: {path}: {why}", file=sys.stderr)
    if board.refused:
        raise typer.Exit(FAILED_CELLS)
