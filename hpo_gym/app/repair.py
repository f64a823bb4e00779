"""`hpo-gym repair`: keep undamaged results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def repair(folder: Annotated[Path, typer.Argument(help="A folder that bench or tune wrote.")]) -> None:
    """Keep what is whole of damaged results.

    The damaged store stays beside the new one; `bench --resume` and `tune --resume` run what was lost.
    """
    from hpo_gym.system import repair as mend
    from hpo_gym.system import store_of
    from hpo_gym.tuning import folder as tunings

    tuned = tunings.is_tuning(folder)
    found = tunings.repair(folder) if tuned else mend(store_of(folder))
    command, what = ("tune", "trials") if tuned else ("bench", "cells")
    for lost in found.lost:
        print(f"lost: {lost}")
    if found.damaged is None:
        print(f"{found.kept} {what}, nothing damaged")
    else:
        print(f"{found.kept} {what} kept; the damaged store is {found.damaged}; `hpo-gym {command} --resume` runs the "
              "others")  # fmt: skip
