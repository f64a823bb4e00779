"""`hpo-gym judge`: turn answers to the questions of `hpo-gym tasks` into rewards."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.base import InvalidValueError, unknown


def judge(
    tasks: Annotated[Path, typer.Argument(help="The file of hpo-gym tasks.")],
    answers: Annotated[Path, typer.Argument(help='Lines {"id": .., "answer": ".."}; - with --id: one, as plain text.')],
    id: Annotated[str | None, typer.Option(help="Of the question that standard input answers.")] = None,
) -> None:
    """Turn answers to questions into rewards in [0, 1].

    The questions are those of `hpo-gym tasks`. Prints a line each: id, reward, score, and the reason of a reward of 0.
    """
    from hpo_gym.serve import read_questions

    known = read_questions(tasks)
    text = sys.stdin.read() if str(answers) == "-" else answers.read_text(encoding="utf-8")
    for name, answer in [(id, text)] if id is not None else map(_answer, text.rstrip("\n").split("\n")):
        if name not in known:
            raise unknown("question", name, known)
        print(json.dumps({"id": name, **known[name].judge(answer)._asdict()}))


def _answer(line: str) -> tuple[str, str]:
    try:
        said = json.loads(line)
        return said["id"], str(said["answer"])
    except (ValueError, TypeError, KeyError) as fault:
        raise InvalidValueError(f'An answer must be a line {{"id": .., "answer": ".."}}, got {line!r:.80}.') from fault
