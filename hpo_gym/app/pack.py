"""`hpo-gym pack`: an entry for the leaderboard, or a trained policy as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.base import InvalidValueError, beside


def pack(
    folder: Annotated[str, typer.Argument(help="Results of hpo-gym bench --protocol NAME, or a trained policy.")],
    card: Annotated[Path, typer.Option(help="YAML file about it: authors, about, test_evaluations ..")],
    out: Annotated[Path, typer.Option(help="File of the entry; NAME.hpo for a policy.")],
    optimizer: Annotated[str | None, typer.Option(help="Name in the results, where there are several.")] = None,
    protocol: Annotated[Path | None, typer.Option(metavar="FILE", help="A protocol that is not shipped.")] = None,
) -> None:
    """Make an entry of the leaderboard, or one file of an agent.

    An entry holds choices and a card, no scores: hpo-gym leaderboard computes them anew. A policy gets a model card.
    """
    from hpo_gym.bench import pack as packed
    from hpo_gym.optimize import is_saved
    from hpo_gym.tuning import pack_policy

    if (Path(folder) / "store.sqlite").is_file():
        entry = packed(folder, optimizer=optimizer, protocol=protocol, card=card)
        entry.write(out)
        runs = sum(len(part.choices["count"]) for part in entry.parts.values())
        said = f"{entry.name}: {runs} runs under {entry.protocol}"
    elif not is_saved(folder):
        raise InvalidValueError(f"FOLDER must hold results of bench or optimizer.json, got {folder!r}.{beside(folder)}")
    elif optimizer is not None or protocol is not None:
        raise InvalidValueError(f"`--optimizer` and `--protocol` are for results of bench, {folder} is a policy.")
    else:
        said = f"{out.stem}: {', '.join(pack_policy(folder, card, out))}"
    print(f"{said}, {out.stat().st_size / 1000:.0f} kB -> {out}")
