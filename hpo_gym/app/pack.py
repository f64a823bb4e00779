"""`hpo-gym pack`: an entry for the leaderboard, from results under a named protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.app._options import words


def pack(
    folder: Annotated[Path, typer.Argument(help="Folder that hpo-gym bench --protocol NAME wrote.")],
    out: Annotated[Path, typer.Option(help="File of the entry.")],
    authors: Annotated[str, typer.Option(help="Names, separated by commas.")],
    code: Annotated[str, typer.Option(help="Where the code is: an address with a commit.")],
    about: Annotated[str, typer.Option(help="What the optimizer does, in a sentence.")],
    test_evaluations: Annotated[
        int, typer.Option(help="How often a variant was evaluated on test tasks, this time included.")
    ],
    optimizer: Annotated[str | None, typer.Option(help="Name in the results, where there are several.")] = None,
    name: Annotated[str | None, typer.Option(help="Name on the leaderboard; by default that in the results.")] = None,
    training: Annotated[str | None, typer.Option(help="What it learned from, in words; filled in where known.")] = None,
    families: Annotated[
        str | None, typer.Option(help="Families of data sets that it learned from; filled in where known.")
    ] = None,
    train_seconds: Annotated[float | None, typer.Option(help="CPU seconds of it; filled in where known.")] = None,
    hardware: Annotated[str | None, typer.Option(help="Machine; that of the results by default.")] = None,
    protocol: Annotated[Path | None, typer.Option(metavar="FILE", help="A protocol that is not shipped.")] = None,
) -> None:
    """Pack the choices of an optimizer as an entry of the leaderboard.

    The entry holds no scores: hpo-gym leaderboard computes them anew from the choices.
    """
    from hpo_gym.bench import pack as packed

    card = {
        "authors": words(authors), "code": code, "about": about, "test_evaluations": test_evaluations,
        "training": training, "families": None if families is None else words(families),
        "train_seconds": train_seconds, "hardware": hardware,
    }  # fmt: skip
    entry = packed(folder, optimizer=optimizer, name=name, protocol=protocol, card=card)
    entry.write(out)
    runs = sum(len(part.choices["count"]) for part in entry.parts.values())
    print(f"{entry.name}: {runs} runs under {entry.protocol}, {out.stat().st_size / 1000:.0f} kB -> {out}")
