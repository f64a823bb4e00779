"""`hpo-gym list`: show suites, optimizers and parts."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from hpo_gym.app._options import Wide
from hpo_gym.app._output import print_sheets


def list_(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False, wide: Wide = False) -> None:
    """Show suites, optimizers and parts of an env."""
    from hpo_gym.app import _listing as listing

    data = listing.listing()
    if as_json:
        print(json.dumps(data, indent=1))
        return
    print_sheets(*listing.tables(data), wide=wide)
