"""`hpo-gym train`: train an optimizer on suites."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.app._options import Resume, settings_of, suites_of


def train(
    name: Annotated[str, typer.Argument(help="A trainable optimizer; file.py:Name for a class of your own.")],
    suite: Annotated[
        str, typer.Option(help="Suites, sets or folders, separated by commas; all: those that the optimizer names.")
    ] = "AutoML",
    leave_suite_out: Annotated[
        str | None, typer.Option(metavar="NAME", help="Leave out relatives of this suite's test tasks.")
    ] = None,
    fold: Annotated[int | None, typer.Option(help="0..4, instead of the published split.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Trials; by default the optimizer's own.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Everything random is drawn from it.")] = 0,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, the value as JSON or a word; repeatable.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of `hpo-gym collect` to learn from, in the place of suites.")
    ] = None,
    test_data: Annotated[bool, typer.Option("--test-data", help="Accept relatives of test tasks in the data.")] = False,
    out: Annotated[
        Path, typer.Option(help="Folder of the trained optimizer, checkpoints and TensorBoard logs.")
    ] = Path("hpo-gym-trained"),
    resume: Resume = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Train an optimizer on suites.

    It learns from the meta-train tasks; the version that does best on the validation tasks is kept.
    """
    from hpo_gym.optimize import summary
    from hpo_gym.optimize import train as run
    from hpo_gym.system import bar

    names = suites_of(suite, leave_suite_out)
    with bar("trials", shown=not quiet) as progress:
        curve = run(
            name, names, fold=fold, steps=steps, seed=seed, settings=settings_of(settings or ()), data=data,
            test_data=test_data, out=out, resume=resume, progress=progress,
        )  # fmt: skip
    if curve and not quiet:
        print(summary(curve))
    print(f"{name} -> {name}@{out}" if ":" in name else f"{name} -> {out}")
