"""`hpo-gym reference`: make the shipped runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def reference(
    folders: Annotated[list[Path], typer.Argument(help="Finished folders of bench: all suites, cold and init5.")],
    out: Annotated[Path, typer.Option(help="Folder that gets a file or two per suite.")] = Path("reference"),
    keep: Annotated[bool, typer.Option("--keep", help="Keep the optimizers that `out` has and these lack.")] = False,
) -> None:
    """Make the runs that `bench --with-reference` shows.

    In a checkout of the repository.
    """
    from hpo_builders.files import update_manifest
    from hpo_builders.reference_runs import collect
    from hpo_gym.bench import FOLDER

    for one in collect(folders, out if keep else None):
        paths = one.write(out)
        if out.resolve() == FOLDER:
            update_manifest(FOLDER.parents[1], [path.resolve() for path in paths])
        print(f"{one.suite}: {len(one.entrants)} optimizers, {len(one.tasks)} tasks, {one.seeds} seeds -> {paths[1]}")
