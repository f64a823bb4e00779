"""`TuningDesk`: an agent that calls us tunes the user's own objective by `hpo_gym.tune`.

To `tune` the agent is an optimizer like others, `Outside` over a channel; so guards, storage, `resume`, `prior` and
reports are the same. A proposal that cannot be read, or leaves the space, is refused to the agent and costs nothing.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from hpo_gym.base import EndedTuningError, StateError
from hpo_gym.optimize import BYE, Message, Outside, Wording
from hpo_gym.problem import AnySpace, read_space
from hpo_gym.text import parse
from hpo_gym.tuning import Tuned, tune, write

PATIENCE = 50.0
"""Seconds until a proposal returns before its trial has ended: clients wait a minute."""
STOP = '{"stop": true}'


class TuningDesk:
    """A tuning whose proposals come from calls in other threads; itself the channel of its optimizer.

    Args:
        settings: Keywords of `tune`, such as `budget`, `out`, `resume`; with `out`, its report is written at the end.
    """

    def __init__(
        self, objective: Callable[..., Any], space: AnySpace, wording: Wording = Wording(), **settings: Any,  # noqa: B008
    ) -> None:  # fmt: skip
        self._objective, self._space = objective, read_space(space)
        self._wording, self._settings = wording, settings
        self._news, self._lines = threading.Condition(), SimpleQueue[str]()
        self._opening: Message = {}
        self._trials: list[Message] = []
        self._asked: Message | None = None
        self._ended: str | None = None
        self._known = 0  # trials that have ended, by now: below it, `tune` repeats what it has asked before
        self._agent: Outside | None = None
        self._busy = self._left = False

    # ------------------------------------------------------------------ what the agent calls
    def begin(self) -> list[Message]:
        """Return the space, the budget and the trials so far."""
        with self._news:
            self._news.wait_for(self._idle)
            return self._told([*([self._opening] if self._opening else []), *self._trials])

    def propose(self, line: str) -> list[Message]:
        """Take an answer; return its outcome, or, after `PATIENCE` seconds, that it is running.

        Raises:
            Unreadable: The answer cannot be read, or leaves the space.
            StateError: A trial is running, or the tuning has ended.
        """
        parse(line, self._space, names=self._wording.names)
        with self._news:
            self._news.wait_for(lambda: self._busy or self._idle())
            if self._asked is None:
                raise StateError(self._ended or "A trial is running: call `history` until it has ended.")
            self._asked, self._busy, before = None, True, len(self._trials)
            self._lines.put(line)
            ended = self._news.wait_for(self._idle, PATIENCE)
            return self._told(self._trials[before:] if ended else [])

    def history(self) -> list[Message]:
        """Return all trials, and whether one is running."""
        with self._news:
            return self._told(self._trials)

    def close(self) -> None:
        """Leave the tuning as it is, to be resumed; a trial that is running is cut off, and will run again."""
        with self._news:
            self._left = True
            if not self._idle():
                os.kill(os.getpid(), signal.SIGTERM)  # `tune` in the main thread ends as if it were told so itself
        self._lines.put(STOP)

    def _idle(self) -> bool:
        return self._asked is not None or self._ended is not None

    def _told(self, messages: list[Message]) -> list[Message]:
        bye = BYE | {"said": self._ended}
        return [*messages, bye if self._ended is not None else self._asked or {"type": "running"}]

    # ------------------------------------------------------------------ what the owner and `tune` call
    def run(self) -> None:
        """Tune until the budget is spent, the agent stops, or the desk is closed.

        Raises:
            HPOGymError: As by `tune`; but once trials have ended, the reason is the agent's.
        """

        def agent() -> Outside:
            self._agent = Outside(self, self._wording)
            return self._agent

        try:
            tuned = tune(self._objective, self._space, optimizer=agent, progress=self._count, **self._settings)
            ended = tuned.summary()
        except EndedTuningError as fault:
            if fault.tuned is None:
                raise
            tuned, ended = fault.tuned, str(fault)
        self._finish(tuned)
        with self._news:
            self._ended, self._asked = ended, None
            self._news.notify_all()

    def send(self, message: Mapping[str, Any]) -> None:
        """Note what the optimizer is told; a repeated question is not shown."""
        with self._news:
            kind = message["type"]
            if kind == "reset":
                self._opening, self._trials = {**message}, []
            elif kind == "trial":
                reason = message["reason"] if message["status"] == "ok" else self._reason()
                self._trials.append({**message, "reason": reason})
            elif kind == "ask" and len(self._trials) == self._known:
                self._asked, self._busy = {**message}, False
                self._news.notify_all()

    def receive(self) -> str:
        """Return the agent's answer; to a repeated question any does."""
        return self._lines.get() if len(self._trials) == self._known else STOP

    def _reason(self) -> str:
        """Return the reason of the trial that is told next, which failed; empty without a folder of trials."""
        out = self._settings.get("out")
        return "" if out is None else Tuned.load(out).ended[len(self._trials)].measured.reason

    def _count(self, done: int, total: int, doing: str) -> None:
        self._known = done

    def _finish(self, tuned: Tuned) -> None:
        """Tell the agent the last outcome, which `tune` tells nobody, and write the report."""
        if self._agent is not None and self._opening:
            for trial in tuned.history[len(self._trials) :]:
                self._agent.tell(trial)
        if self._settings.get("out") is not None and not self._left:
            write(tuned, Path(self._settings["out"]))
