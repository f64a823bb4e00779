"""`hpo-gym info`: show a set, a suite, an optimizer, a protocol or a tuning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def info(
    name: Annotated[
        str, typer.Argument(help="A set, suite, optimizer, protocol or tuning: name, folder, file.py:Name.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show all about a set, suite, optimizer, protocol or tuning."""
    from hpo_gym.app import _listing as listing
    from hpo_gym.tuning import about, is_tuning

    data = about(Path(name)) if is_tuning(Path(name)) else listing.info(name)
    print(json.dumps(data, indent=1) if as_json else listing.text(data), end="\n" if as_json else "")
