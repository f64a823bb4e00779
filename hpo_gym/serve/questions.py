"""Questions with a verifier, for trainers of language models: a run in words, to be continued by one configuration.

The reward is the share of the task's configurations that the answer outdoes, ties counting a half:
``(worse + equal / 2) / (n - 1)`` over the other ``n - 1`` ones that a table measured, or 1,000 evenly spread points where
there is no table; so 1 is the best of them, and a random one has .5 in the mean. It is 0 for an answer that cannot be
read, leaves the space, fails, or repeats a trial of the question.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hpo_gym.base import DamagedDataError, InvalidValueError, whole
from hpo_gym.optimize import Telling, Wording, begun, choices_of, optimizer_of, turns
from hpo_gym.problem import Query, Suite, Task, Trial
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
    """A run of `history` trials, all but the last one of its budget.

    Attributes:
        behaviour: The optimizer of these trials.
        form, names: As of `Wording`.
        tried: Their configurations, as evaluated.
    """

    id: str
    suite: str
    task: str
    seed: int
    behaviour: str
    history: int
    form: str
    names: bool
    prompt: str
    tried: tuple[Mapping[str, Any], ...]

    def judge(self, answer: str) -> Verdict:
        """Return what an answer is worth: the same at all times."""
        task = load_suite(self.suite).task(self.task)
        try:
            query = parse(answer, task.space, names=self.names)
        except Unreadable as fault:
            return Verdict(0.0, None, str(fault))
        if query is None:
            return Verdict(0.0, None, "`stop` must not be the answer: a configuration is asked for.")
        run, _, _ = begun(task, 1.0, seed=self.seed)
        return judged(task, run.submit(Query(query.config)), self.tried)


def judged(task: Task, trial: Trial, tried: Sequence[Mapping[str, Any]]) -> Verdict:
    """Return what the outcome of an answer is worth."""
    if dict(trial.config) in [dict(config) for config in tried]:
        return Verdict(0.0, trial.score, "The configuration was tried already; a new one is asked for.")
    if trial.status:
        return Verdict(0.0, None, f"The trial has the status {trial.status.label!r}.")
    others = task.evaluations().score
    others = others[~np.isnan(others)]
    worse, equal = int((others < trial.score).sum()), int((others == trial.score).sum())
    reward = (worse + max(0, equal - 1) / 2) / max(1, len(others) - 1)
    return Verdict(min(1.0, reward), trial.score, "")


def questions(hall: Hall, source: str, episodes: int, history: int = 8, *, behaviour: str, seed: int = 0) -> Iterator[Question]:
    """Yield so many questions, on the tasks in turn; the same for the same arguments.

    Args:
        source: The name or the folder that loads the suite.

    Raises:
        InvalidValueError: Trials of the suite go on from each other: a configuration alone has no score there.
    """
    suite, wording, history = hall.suite, hall.wording, whole("history", history, 0)
    if hall.tasks[0].alone.signals:
        raise InvalidValueError(f"`suite` must have trials of their own, those of {suite.name!r} go on from each other.")
    for number in range(whole("episodes", episodes)):
        task, replicate = hall.tasks[number % len(hall.tasks)], seed + number // len(hall.tasks)
        trials, prompt = _asked(task, history, behaviour, replicate, wording)
        name = f"{suite.name}/{task.name}/{behaviour}/{replicate}"
        tried = tuple(dict(trial.config) for trial in trials)
        yield Question(
            name, source, task.name, replicate, behaviour, history, wording.form, wording.names, prompt, tried
        )


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


def read_questions(path: Path) -> dict[str, Question]:
    """Return the questions of a file by id.

    Raises:
        DamagedDataError: A line is no question; the message has its number.
    """
    found: dict[str, Question] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            said = {key: value for key, value in json.loads(line).items() if key != "verifier"}
            found[said["id"]] = Question(**{**said, "tried": tuple(said["tried"])})
        except (ValueError, TypeError, KeyError, AttributeError) as fault:
            raise DamagedDataError(f"{path}:{number} holds no question: {fault}.") from fault
    return found
