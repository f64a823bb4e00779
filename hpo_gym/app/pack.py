"""`hpo-gym pack`: an entry for the leaderboard, from results under a named protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def pack(
    folder: Annotated[Path, typer.Argument(help="Folder that hpo-gym bench --protocol NAME wrote.")],
    card: Annotated[Path, typer.Option(help="YAML file about the entry: authors, code, about, test_evaluations ..")],
    out: Annotated[Path, typer.Option(help="File of the entry.")],
    optimizer: Annotated[str | None, typer.Option(help="Name in the results, where there are several.")] = None,
    protocol: Annotated[Path | None, typer.Option(metavar="FILE", help="A protocol that is not shipped.")] = None,
) -> None:
    """Make an entry of the leaderboard.

    It holds choices and a card, no scores: hpo-gym leaderboard computes them anew from the choices.
    """
    from hpo_gym.bench import pack as packed

    entry = packed(folder, optimizer=optimizer, protocol=protocol, card=card)
    entry.write(out)
    runs = sum(len(part.choices["count"]) for part in entry.parts.values())
    print(f"{entry.name}: {runs} runs under {entry.protocol}, {out.stat().st_size / 1000:.0f} kB -> {out}")
