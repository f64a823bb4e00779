"""`hpo-gym verify`: check checksums, and list what is out of date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.app._output import DAMAGED, FAILED_CELLS


def verify(
    folder: Annotated[
        Path | None, typer.Argument(help="Results, a tuning, or a suite's folder; by default what is shipped.")
    ] = None,
    current: Annotated[
        bool, typer.Option("--current", help="Fail where a shipped result is out of date, as a release must not be.")
    ] = False,
) -> None:
    """Check checksums.

    Of the shipped data, of a suite's folder, of every stored cell of results, or of every trial of a tuning. Of what is
    shipped, also list the results that were made of an older suite or optimizer: they load, and are no error.
    """
    from hpo_gym.checks import shipped
    from hpo_gym.tuning import folder as tunings

    if folder is not None and tunings.is_tuning(folder):
        faults, checked = tunings.verify(folder)
    else:
        faults, checked = shipped.verify(folder)
    for fault in faults:
        print(f"damaged: {fault}")
    old = shipped.out_of_date() if folder is None and not faults else {}
    for what, words in old.items():
        print(f"out of date: {what}: {', '.join(words)}")
    print(f"{checked} checked, {len(faults)} damaged" + (f", {len(old)} out of date" if old else ""))
    if faults:
        raise typer.Exit(DAMAGED)
    if old and current:
        raise typer.Exit(FAILED_CELLS)
