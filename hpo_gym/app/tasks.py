"""`hpo-gym tasks`: write questions with a verifier, to train language models on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def tasks(
    suite: Annotated[str, typer.Option(help="A suite or a folder.")] = "AutoML",
    split: Annotated[str, typer.Option(help="train by default: test tasks are for judging alone.")] = "train",
    episodes: Annotated[int, typer.Option(min=1, help="Questions; tasks take turns.")] = 100,
    history: Annotated[int, typer.Option(min=0, help="Trials in each question.")] = 8,
    behaviour: Annotated[str, typer.Option(help="The optimizer of these trials.")] = "random",
    seed: Annotated[int, typer.Option(min=0, help="Of the runs.")] = 0,
    form: Annotated[str, typer.Option(help="Of the text: plain, compact or table.")] = "plain",
    no_names: Annotated[
        bool, typer.Option("--no-names", help="Hide the names of hyperparameters and choices.")
    ] = False,
    out: Annotated[Path, typer.Option(help="The file.")] = Path("tasks.jsonl"),
) -> None:
    """Write questions with a verifier, to train language models on.

    A line each: a prompt, a run that has one trial left, and the command that turns an answer into a reward.
    """
    from hpo_gym.optimize import Wording
    from hpo_gym.serve import Hall, question_line, questions_of
    from hpo_gym.suites import load_suite

    hall = Hall(load_suite(suite), split, wording=Wording(form, not no_names))
    first = seed * len(hall.tasks)
    found = questions_of(hall, suite, range(first, first + episodes), history, behaviour)
    lines = [question_line(question, out) for question in found]
    out.write_text("".join(lines), encoding="utf-8")
    print(f"{len(lines)} questions -> {out}")
