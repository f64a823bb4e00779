"""`hpo-gym merge`: join results of one protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.app._options import Wide
from hpo_gym.app._output import finish, show


def merge(
    folders: Annotated[list[Path], typer.Argument(help="Folders that bench wrote, of one protocol.")],
    out: Annotated[Path, typer.Option(help="Folder of the joined results; a new one.")],
    allow_failures: Annotated[
        bool, typer.Option("--allow-failures", help="Exit 0 even if cells failed or are missing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar, no table.")] = False,
    wide: Wide = False,
) -> None:
    """Join results of one protocol.

    Shards, or comparisons of other optimizers, suites, tasks or seeds; what several hold must be equal.
    """
    from hpo_gym.bench import merge as join
    from hpo_gym.bench import remake
    from hpo_gym.system import bar

    with bar("cells", shown=not quiet) as progress:
        done = join(folders, out, progress=progress)
    print(f"{done.cells} cells of {len(folders)} folders, {done.twice} duplicates -> {out}")
    results = remake(out)
    if not quiet:
        show(results, wide=wide)
    finish(results, allow_failures=allow_failures)
