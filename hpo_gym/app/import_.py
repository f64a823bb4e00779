"""`hpo-gym import`: make a suite of your own trials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpo_gym.app._options import words
from hpo_gym.app._output import notes
from hpo_gym.base import DamagedDataError, InvalidValueError

if TYPE_CHECKING:
    from hpo_gym.problem import Suite


def import_(
    out: Annotated[Path, typer.Option(help="Folder of the suite to write.")],
    file: Annotated[
        Path | None, typer.Argument(help="A CSV or Parquet file, one row per trial; or a folder that tune wrote.")
    ] = None,
    optuna: Annotated[
        str | None, typer.Option(help="A storage of Optuna instead of a file: sqlite:///study.db; a task per study.")
    ] = None,
    studies: Annotated[str | None, typer.Option(help="Studies of the storage, separated by commas; else all.")] = None,
    task: Annotated[str | None, typer.Option(help="Column of the task; by default `task`.")] = None,
    score: Annotated[
        str | None, typer.Option(help="Column of the score, by default `score`; higher is better, unless --loss.")
    ] = None,
    loss: Annotated[bool, typer.Option("--loss", help="Scores are better the lower they are.")] = False,
    test_score: Annotated[str | None, typer.Option(help="Column of the score on data that no choice has seen.")] = None,
    cost: Annotated[str | None, typer.Option(help="Column of the cost: numbers or durations.")] = None,
    fidelity: Annotated[str | None, typer.Option(help="Column of the fidelity (epochs, rows), in any unit.")] = None,
    family: Annotated[
        str | None, typer.Option(help="Column of the task's family: related data sets share one.")
    ] = None,
    minimize: Annotated[
        str | None, typer.Option(help="Columns of further objectives, such as size,latency: less is better.")
    ] = None,
    maximize: Annotated[str | None, typer.Option(help="The same, more is better.")] = None,
    ignore: Annotated[
        str | None, typer.Option(help="Columns that are no hyperparameters, separated by commas.")
    ] = None,
    hyperparameters: Annotated[
        str | None, typer.Option(help="Columns of the hyperparameters; by default all without another role.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="What stands between cells, or `tab`; by default ,.")] = None,
    decimal: Annotated[str | None, typer.Option(help="Point or comma of numbers; by default the point.")] = None,
    failures: Annotated[
        str | None, typer.Option(help="A failed repeat: worst score of its task (worst), fail or drop.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the suite; by default that of the file.")] = None,
    space: Annotated[Path | None, typer.Option(help="ConfigSpace JSON; inferred if left out.")] = None,
) -> None:
    """Make a suite of your own trials.

    Of a file with one trial a line, of the folder of a tuning, or of studies of Optuna.
    """
    from hpo_gym.suites import suite_from_csv, suite_from_optuna

    if (file is None) == (optuna is None):
        raise InvalidValueError("`hpo-gym import` must be given a file or --optuna, one of them.")
    of_files = {"--task": task, "--loss": loss or None, "--hyperparameters": hyperparameters,
                "--delimiter": delimiter, "--decimal": decimal,
                "--minimize": minimize, "--maximize": maximize}  # fmt: skip
    for option, value in ({"--studies": studies} if optuna is None else of_files).items():
        if value is not None:
            raise InvalidValueError(f"`{option}` must go with {'--optuna' if optuna is None else 'a file'}.")
    if file is not None and (file / "tune.sqlite").is_file():
        from hpo_gym.tuning import Tuned

        others = {"--score": score, "--cost": cost, "--fidelity": fidelity, "--family": family, "--space": space,
                  "--test-score": test_score, "--ignore": ignore, "--failures": failures, **of_files}  # fmt: skip
        for option, given_too in others.items():
            if given_too is not None:
                raise InvalidValueError(f"`{option}` must go with a file, {file} holds a tuning, which says all of it.")
        _finish(Tuned.load(file).suite(name or file.resolve().name), out)
        return
    given = _space(space)
    shared: dict[str, Any] = {
        "score": score, "cost": cost, "fidelity": fidelity, "family": family, "test_score": test_score,
        "ignore": words(ignore), "name": name, "failures": failures or "worst",
    }  # fmt: skip
    with notes():
        if optuna is not None:
            suite = suite_from_optuna(optuna, given, names=words(studies) or None, **shared)
        else:
            assert file is not None
            tab = "\t" if delimiter in ("tab", "\\t") else delimiter
            further = {**dict.fromkeys(words(minimize), "minimize"), **dict.fromkeys(words(maximize), "maximize")}
            suite = suite_from_csv(
                file, given, task or "task", hyperparameters=words(hyperparameters), loss=loss, delimiter=tab or ",",
                decimal=decimal or ".", objectives=further or None, **shared,
            )  # fmt: skip
    _finish(suite, out, tells_space=space is None)


def _space(path: Path | None) -> Any:
    if path is None:
        return None
    from hpo_gym.problem import SearchSpace
    from hpo_gym.system import text_of

    text = text_of(path)
    try:
        return SearchSpace(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise DamagedDataError(f"{path} must be the JSON of a ConfigSpace: {fault}") from fault


def _finish(suite: Suite, out: Path, *, tells_space: bool = True) -> None:
    """Write the suite, and print what it is."""
    from hpo_gym.text import outline

    suite.save(out)
    if tells_space:
        print("\n".join(outline(suite.space, names=True)))
    counts = {split: len(suite.tasks(split)) for split in ("train", "val", "test")}
    listed = ", ".join(f"{count} {split}" for split, count in counts.items())
    k = len(suite.members)
    print(f"{suite.name}: {k} task{'s' * (k > 1)} ({listed}), {suite.space.d} hyperparameters -> {out}")
    if not counts["train"]:
        print("Nothing to train on: what learns from other tasks needs another family.")
    if not counts["test"]:
        print(f"Nothing to test on; in turns:  hpo-gym bench --suite {out} --fold all")
    elif not counts["train"]:
        print(f"Compare others on it:  hpo-gym bench --suite {out} --optimizers random,ga,gp-ei")
        print(f'Tune on it in Python:  gym.make("hpo_gym/HPO-v0", suite="{out}", split="test")')
        print("Add tasks: more names in the task's column, more studies in the storage.")
