"""Runs for a parent in any language: the messages of `cmd:` on this process's own standard output and input."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from hpo_gym.base import real
from hpo_gym.bench import regret_of
from hpo_gym.optimize import BYE, Context, Gone, Lines, Outside, Run, choices_of, run_one
from hpo_gym.problem import History, Refusal, horizon
from hpo_gym.serve.hall import Hall


class Wire(Lines):
    """Standard input and output, for messages alone: whatever else is printed goes to standard error."""

    def __init__(self, seconds: float) -> None:
        super().__init__(*taken(), seconds)

    def send(self, message: Mapping[str, Any]) -> None:
        super().send(message)
        if self.deaf:
            raise Gone("Nobody reads the messages.")


def taken() -> tuple[int, int]:
    """Take standard input and output for a client, now and in child processes; return their descriptors.

    What prints, prints to standard error; what reads, finds nothing.
    """
    theirs, nothing = (os.dup(0), os.dup(1)), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return theirs


def serve_stdio(hall: Hall, task: str | None = None, seed: int = 0, episodes: int = 1, seconds: float = 60.0) -> bool:
    """Let the parent of this process play; return whether it was there to the end.

    Each run ends with a ``result`` message: trials, refused ones, the best score, and on training tasks the normalised
    regret of the incumbent; the conversation ends with ``bye``.

    Args:
        task: Of all runs; None: each is on one drawn by its seed.
        seed: Of the first run; the next ones have the numbers that follow.
        seconds: Limit of an answer.

    Raises:
        UnknownNameError: No such task in the split, before anything is said.
    """
    seconds, first = real("seconds", seconds, 0.0, 86_400.0, above=True), hall.run(task, seed)
    wire = Wire(seconds)
    agent = Outside(wire, hall.wording)
    for number in range(episodes):
        run, context, instance = hall.run(task, seed + number) if number else first
        run_one(agent, run, context, choices_of(agent, instance))
        result = {"type": "result", "run": number, **_result(run, context, train=hall.split == "train")}
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
