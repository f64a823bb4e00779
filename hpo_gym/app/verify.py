"""`hpo-gym verify`: check checksums."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.app._output import DAMAGED


def verify(
    folder: Annotated[
        Path | None, typer.Argument(help="Results, a tuning, or a suite's folder; by default what is shipped.")
    ] = None,
) -> None:
    """Check checksums.

    Of the shipped data, of a suite's folder, of every stored cell of results, or of every trial of a tuning.
    """
    from hpo_gym.checks import shipped
    from hpo_gym.tuning import folder as tunings

    if folder is not None and tunings.is_tuning(folder):
        faults, checked = tunings.verify(folder)
    else:
        faults, checked = shipped.verify(folder)
    for fault in faults:
        print(f"damaged: {fault}")
    print(f"{checked} checked, {len(faults)} damaged")
    if faults:
        raise typer.Exit(DAMAGED)
