"""`hpo-gym demo`: watch an optimizer tune."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hpo_gym.problem import Trial


def demo(
    agent: Annotated[
        str, typer.Argument(help="An optimizer: a name, the folder of a trained one, file.py:Name.")
    ] = "transfer-mix",
    suite: Annotated[str, typer.Argument(help="A suite or a folder.")] = "SVM",
    task: Annotated[
        str | None, typer.Argument(help="By default the first validation task of bench --split val.")
    ] = None,
    budget: Annotated[
        int | None, typer.Option(min=1, help="Full evaluations; by default the suite's own, mostly 33.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the task instance and of all choices.")] = 0,
    picture: Annotated[Path | None, typer.Option(help="Also write an animated picture, an .svg file.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="How it ended, in a line.")] = False,
) -> None:
    """Watch an optimizer tune beside portfolio and random.

    A line for each evaluation. Nothing is stored.
    """
    from hpo_gym.app._picture import shown_score, summary, svg
    from hpo_gym.app._race import Race
    from hpo_gym.base import InvalidValueError
    from hpo_gym.suites import load_suite
    from hpo_gym.system import write_files

    if picture is not None and picture.suffix.lower() != ".svg":
        raise InvalidValueError(f"`--picture` must be an .svg file, got {str(picture)!r}.")
    race = Race.of(agent, load_suite(suite), task, budget=budget, seed=seed)
    if not quiet:
        widths = [max(len(lane.name), 7) for lane in race.lanes]
        heads = "  ".join(f"{lane.name:>{w}}" for lane, w in zip(race.lanes, widths, strict=True))
        print(f"{race.title}\n{race.said}\n{'':>4}  {heads}  {race.lanes[0].name} tries (* its best so far)")
        for k, found in enumerate(race.lanes[0].tried):
            values = "  ".join(f"{shown_score(r.values[k]):>{w}}" for r, w in zip(race.lanes, widths, strict=True))
            print(f"{k + 1:>4}  {values}  {_tried(*found) if found else '-'}")
    print(summary(race))
    for note in race.notes:
        print(f"note: {note}", file=sys.stderr)
    if picture is not None:
        write_files(picture.parent, {picture.name: svg(race).encode()})
        print(f"picture: {picture}")


def _tried(trial: Trial, best: bool) -> str:
    from hpo_gym.env import short

    level = f"at fidelity {trial.fidelity:.3g}: " if trial.fidelity < 1 else ""
    return level + " ".join(f"{name}={short(value)}" for name, value in trial.config.items()) + " *" * best
