"""`hpo-gym list`: show suites, optimizers and parts."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from hpo_gym.app._options import Wide
from hpo_gym.app._output import print_sheets


def list_(
    every: Annotated[bool, typer.Option("--all", help="All suites and optimizers, and the parts of an env.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="All as JSON.")] = False,
    wide: Wide = False,
) -> None:
    """Show sets of suites and well-known optimizers."""
    from hpo_gym.app import _listing as listing
    from hpo_gym.app._first import first_tables

    if as_json:
        print(json.dumps(listing.listing(), indent=1))
    else:
        print_sheets(*(listing.tables(listing.listing()) if every else first_tables()), wide=wide)
