"""`hpo-gym validity`: report how informative suites are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.app import FAILED_CELLS
from hpo_gym.base import STUDIES, import_from_checkout


def validity(
    suites: Annotated[list[str] | None, typer.Argument(help="Suites or folders; by default all with tables.")] = None,
    out: Annotated[Path | None, typer.Option(help="The page to write; by default it is printed.")] = None,
) -> None:
    """Report how informative suites are.

    Noise, ties, importance, transfer, signs; reproducible byte for byte.
    """
    from hpo_gym.suites import load_suite

    import_from_checkout(STUDIES, "`hpo-gym validity`")
    import validity as study
    from validity import page

    names, left_out = study.suites_of(suites or ())
    found = [study.validity(load_suite(name)) for name in names]
    faults = page.failures(found)
    if out is None:
        print(page.page(found, left_out), end="")
    else:
        page.write(out, found, left_out)
        print(f"{len(found)} suites examined, {len(faults)} sign checks failed -> {out}")
    for fault in faults:
        print(f"failed: {fault}")
    if faults:
        raise typer.Exit(FAILED_CELLS)
