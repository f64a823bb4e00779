"""Questions with a verifier, for trainers of language models: a run in words, to be continued by one configuration.

The reward is the share of the task's configurations that the answer outdoes, ties counting a half:
``(worse + equal / 2) / n`` over the `n` others that a table measured, or over 1,000 evenly spread points where there
is no table. The best of them has 1, a random one .5 in the mean. It is 0 for an answer that cannot be read, leaves the
space, fails, or repeats a trial of the question.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hpo_gym.base import DamagedDataError, InvalidValueError
from hpo_gym.optimize import Telling, Wording, begun, choices_of, optimizer_of, turns
from hpo_gym.problem import Query, Task, Trial
from hpo_gym.serve.hall import Hall
from hpo_gym.suites import load_suite
from hpo_gym.text import Unreadable, parse


class Verdict(NamedTuple):
    """What an answer is worth: a reward in [0, 1], its score, and the reason of a reward of 0 (else empty)."""

    reward: float
    score: float | None
    reason: str


@dataclass(frozen=True)
class Question:
    """A run that has one trial left.

    Attributes:
        suite: The name or the folder that loads it.
        behaviour: The optimizer of its trials.
        names: As of `Wording`.
        tried: The configurations of its trials, as evaluated.
    """

    id: str
    suite: str
    task: str
    seed: int
    behaviour: str
    names: bool
    prompt: str
    tried: tuple[Mapping[str, Any], ...]

    def judge(self, answer: str) -> Verdict:
        """Return what an answer is worth: the same at all times."""
        task = _loaded(self.suite).task(self.task)
        try:
            query = parse(answer, task.space, names=self.names)
        except Unreadable as fault:
            return Verdict(0.0, None, str(fault))
        if query is None:
            return Verdict(0.0, None, "`stop` must not be the answer: a configuration is asked for.")
        run, _, _ = begun(task, 1.0, seed=self.seed)
        return judged(task, run.submit(Query(query.config)), self.tried)


_loaded = functools.cache(load_suite)


def judged(task: Task, trial: Trial, tried: Sequence[Mapping[str, Any]]) -> Verdict:
    """Return what the outcome of an answer is worth."""
    if dict(trial.config) in [dict(config) for config in tried]:
        return Verdict(0.0, trial.score, "The configuration was tried already; a new one is asked for.")
    if trial.status:
        return Verdict(0.0, None, f"The trial has the status {trial.status.label!r}.")
    others = task.evaluations().score
    others, itself = others[~np.isnan(others)], int(task.pool is not None)
    worse, equal = int((others < trial.score).sum()), int((others == trial.score).sum()) - itself
    return Verdict((worse + equal / 2) / max(1, len(others) - itself), trial.score, "")


def questions_of(hall: Hall, source: str, numbers: range, history: int, behaviour: str) -> Iterator[Question]:
    """Yield questions by number: tasks take turns, and each turn has a further seed.

    Args:
        source: The name or the folder that loads the suite.

    Raises:
        InvalidValueError: Trials of the suite go on from each other: a configuration alone has no score there.
    """
    suite, wording = hall.suite, hall.wording
    if hall.tasks[0].alone.signals:
        raise InvalidValueError(f"`suite` must be one whose trials stand alone, got {suite.name!r}.")
    for number in numbers:
        seed, place = divmod(number, len(hall.tasks))
        name = hall.tasks[place].name
        trials, prompt = _asked(hall.tasks[place], history, behaviour, seed, wording)
        yield Question(
            f"{suite.name}/{name}/{behaviour}/{seed}", source, name, seed, behaviour, wording.names, prompt,
            tuple(dict(trial.config) for trial in trials),
        )  # fmt: skip


def _asked(task: Task, history: int, behaviour: str, seed: int, wording: Wording) -> tuple[list[Trial], str]:
    """Return the trials of a run that has one left, and the run in words."""
    run, context, instance = begun(task, history + 1.0, seed=seed)
    optimizer = optimizer_of(behaviour)
    trials = list(islice(turns(optimizer, run, context, choices_of(optimizer, instance)), history))
    telling = Telling(replace(context, fidelities=(1.0,)), wording)
    for trial in trials:
        telling.trial(trial)
    return trials, telling.text()


def question_line(question: Question, path: Path) -> str:
    """Return a question as a line of the file at `path`; its `verifier` reads an answer and prints the reward."""
    verifier = ["hpo-gym", "judge", str(path), "-", "--id", question.id]
    return json.dumps({**asdict(question), "verifier": verifier}, ensure_ascii=False) + "\n"


def read_questions(path: str | Path) -> dict[str, Question]:
    """Return the questions of a file by id.

    Raises:
        DamagedDataError: A line is no question; the message has its number.
    """
    found: dict[str, Question] = {}
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").rstrip("\n").split("\n"), 1):
        try:
            said = {key: value for key, value in json.loads(line).items() if key != "verifier"}
            found[said["id"]] = Question(**{**said, "tried": tuple(said["tried"])})
        except (ValueError, TypeError, KeyError, AttributeError) as fault:
            raise DamagedDataError(f"{path}:{number} holds no question: {fault}.") from fault
    return found
