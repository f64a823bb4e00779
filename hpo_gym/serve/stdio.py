"""Runs for a parent in any language: the messages of `cmd:` on this process's own standard output and input."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hpo_gym.base import InvalidValueError, seeding, unknown
from hpo_gym.bench import regret_of
from hpo_gym.optimize import BYE, Context, Gone, Lines, Outside, Run, Wording, begun, choices_of, run_one
from hpo_gym.problem import History, Refusal, Suite, Task, horizon


@dataclass(frozen=True)
class Plays:
    """The runs of a conversation.

    Attributes:
        split: "train", "val" or "test".
        task: Of all runs; None: each is on one drawn by its seed.
        seed: Of the first run; the next ones have the numbers that follow.
        budget: Full evaluations of a run; None: the suite's own.
        seconds: Limit of an answer.
    """

    suite: Suite
    split: str = "train"
    task: str | None = None
    seed: int = 0
    budget: float | None = None
    episodes: int = 1
    wording: Wording = field(default_factory=Wording)
    seconds: float = 60.0

    def __iter__(self) -> Iterator[tuple[Task, int]]:
        """Yield the task and the seed of each run.

        Raises:
            UnknownNameError: No such task in this split.
            InvalidValueError: The split has no task.
        """
        known = {one.name: one for one in self.suite.tasks(self.split)}
        if not known:
            raise InvalidValueError(f"The split {self.split!r} of {self.suite.name!r} must have a task, it has none.")
        if self.task is not None and self.task not in known:
            raise unknown(f"task in the split {self.split!r} of {self.suite.name!r}:", self.task, known)
        for seed in range(self.seed, self.seed + self.episodes):
            drawn = list(known)[seeding.key("serve", self.suite.name, self.split, seed) % len(known)]
            yield known[self.task or drawn], seed


class Wire(Lines):
    """Standard input and output, for messages alone: whatever else is printed goes to standard error."""

    def __init__(self, seconds: float) -> None:
        read, write = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)  # a process of an objective reads no answer
        os.dup2(2, 1)
        os.close(nothing)
        super().__init__(read, write, seconds)

    def send(self, message: Mapping[str, Any]) -> None:
        super().send(message)
        if self.deaf:
            raise Gone("Nobody reads the messages.")


def serve_stdio(plays: Plays) -> bool:
    """Let the parent of this process play; return whether it was there to the end.

    Each run ends with a ``result`` message: trials, refused ones, the best score, and on training tasks the normalised
    regret of the incumbent; the conversation ends with ``bye``.
    """
    todo, wire = list(plays), Wire(plays.seconds)
    agent = Outside(wire, plays.wording)
    for number, (task, seed) in enumerate(todo):
        prior = [earlier for earlier in plays.suite.prior() if earlier.family != task.family]
        run, context, instance = begun(task, plays.budget, seed=seed, prior=prior)
        run_one(agent, run, context, choices_of(agent, instance))
        result = {"type": "result", "run": number, **_result(run, context, train=plays.split == "train")}
        if not _sent(wire, result) or agent.gone:
            break
    return _sent(wire, BYE) and not agent.gone


def _sent(wire: Wire, message: Mapping[str, Any]) -> bool:
    """Send a message; return whether somebody reads it."""
    try:
        wire.send(message)
    except Gone:
        return False
    return True


def _result(run: Run, context: Context, *, train: bool) -> dict[str, Any]:
    history, task = History(tuple(run.trials), run.n_init), run.task
    best, refused = history.incumbent, sum(isinstance(t.query, Refusal) for t in history)
    score = None if best is None or best.status else best.score
    said = {"trials": len(history), "refused": refused, "best": score}
    if not (train and task.bounded):
        return said
    return {**said, "regret": float(regret_of(history, task, max(1, horizon(context.budget)))[-1])}
