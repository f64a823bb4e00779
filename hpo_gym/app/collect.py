"""`hpo-gym collect`: collect episodes of optimizers as a data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hpo_gym.app._options import Resume, settings_of
from hpo_gym.app._output import notes
from hpo_gym.base import InvalidValueError

Part = typer.Option(metavar="NAME|JSON", help="As of gym.make; by default the suite's own.")


def collect(
    standard: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A standard set, whose checksums are compared; list: their names."),
    ] = None,
    suite: Annotated[
        str | None, typer.Option(help="A suite, a set of them or a folder; of a replay, which of the results. AutoML.")
    ] = None,
    behaviour: Annotated[
        str, typer.Option(help="An optimizer in any form; random:.5,portfolio:.5 or mixed for several; replay.")
    ] = "random",
    episodes: Annotated[int | None, typer.Option(help="1,000; of a replay, all.")] = None,
    of: Annotated[Path | None, typer.Option(help="With replay: a folder of collect or bench.")] = None,
    split: Annotated[str, typer.Option(help="Tasks that are played: train, val or test.")] = "train",
    observer: Annotated[str | None, Part] = None,
    codec: Annotated[str | None, Part] = None,
    reward: Annotated[str | None, Part] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A further keyword of the env, such as budget=20; repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Everything random is drawn from it.")] = 0,
    engine: Annotated[str, typer.Option(help="serial, process, dask or ray.")] = "process",
    workers: Annotated[int | None, typer.Option(help="Processes; by default one per core.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the set.")] = Path("hpo-gym-episodes"),
    resume: Resume = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Collect episodes of optimizers as a data set.

    Writes episodes.jsonl and a Minari set; the same line gives the same bytes. Tasks are those of meta-train.
    """
    from hpo_gym.optimize import collect as run
    from hpo_gym.optimize import collect_standard, standard_sets
    from hpo_gym.system import bar

    hands: dict[str, Any] = {"engine": engine, "workers": workers, "out": out, "resume": resume}
    with notes(), bar("episodes", shown=not quiet) as progress:
        if standard == "list":
            print("\n".join(standard_sets()))
            return
        if standard is not None:
            collect_standard(standard, progress=progress, **hands)
        else:
            parts = {"observer": observer, "codec": codec, "reward": reward}
            env = {
                "split": split,
                **{name: _part(name, text) for name, text in parts.items()},
                **settings_of(settings or ()),
            }
            run(
                behaviour, suite or "AutoML", episodes, of=None if of is None else _recorded(of, suite), env=env,
                seed=seed, progress=progress, **hands,
            )  # fmt: skip
    print(f'{out}: minari.MinariDataset("{out / "data"}"), hpo_gym.Episodes.read("{out}")')


def _part(name: str, text: str | None) -> Any:
    """Return a name, or the mapping of a JSON object."""
    if text is None or not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError as fault:
        raise InvalidValueError(f"--{name} must be a name or a JSON object, got {text!r:.80}: {fault}.") from fault


def _recorded(folder: Path, suite: str | None) -> Any:
    """Return the choices that a folder holds."""
    from hpo_gym.bench import recorded
    from hpo_gym.optimize import Episodes

    if (folder / "store.sqlite").is_file():
        return recorded(folder, suite)
    if (folder / "tune.sqlite").is_file():
        raise InvalidValueError(
            f"`--of` must hold runs on tasks of a suite, {folder} holds trials of your own objective."
        )
    return Episodes.read(folder)
