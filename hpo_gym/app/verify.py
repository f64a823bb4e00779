"""`hpo-gym verify`: check checksums, and list what is out of date."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.app._output import DAMAGED, FAILED_CELLS
from hpo_gym.base import BUILDERS, StateError, import_from_checkout


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
    shipped, a checkout also lists results of an older suite or optimizer: they load, and are no error.
    """
    from hpo_gym.checks import shipped
    from hpo_gym.tuning import folder as tunings

    if folder is not None and tunings.is_tuning(folder):
        faults, checked = tunings.verify(folder)
    else:
        faults, checked = shipped.verify(folder)
    for fault in faults:
        print(f"damaged: {fault}")
    old = _out_of_date(current) if folder is None and not faults else {}
    for what, words in old.items():
        print(f"out of date: {what}: {', '.join(words)}")
    print(f"{checked} checked, {len(faults)} damaged" + (f", {len(old)} out of date" if old else ""))
    if faults:
        raise typer.Exit(DAMAGED)
    if old and current:
        raise typer.Exit(FAILED_CELLS)


def _out_of_date(asked: bool) -> Mapping[str, tuple[str, ...]]:
    """Return the outdated results; none of an installed release, whose parts are of one day, unless that is asked."""
    try:
        import_from_checkout(BUILDERS, "`hpo-gym verify --current`")
    except StateError:
        if asked:
            raise
        return {}
    from hpo_builders import outdated

    return outdated.out_of_date()
