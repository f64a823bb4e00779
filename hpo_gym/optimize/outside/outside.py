"""`Outside`: an optimizer that asks an agent outside this process, over any channel of lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from hpo_gym.optimize.outside.messages import HELLO, Request, Telling, Wording, answer_of, trial_of
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem import Query, Refusal, Trial

LATE = 3
"""Late answers in a row after which an agent is asked no more."""
_REQUESTS = 10_000  # lines that are no proposal, a trial


class Silent(Exception):
    """No answer came in time; the next one may."""


class Gone(Exception):
    """No answer will come: the agent ended, or is to be ended."""


class Channel(Protocol):
    """Carries messages to an agent and its lines back."""

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message; raise `Gone` if that is impossible."""

    def receive(self) -> str:
        """Return the next line; raise `Silent` or `Gone`, whose text is the reason for the agent."""


class Outside:
    """An optimizer behind a channel.

    An answer that cannot be read, leaves the space or comes too late is a `Refusal`: it costs a trial. Once the agent
    is gone, or late `LATE` times in a row, all further trials are refused, so the run ends.
    """

    def __init__(self, channel: Channel, wording: Wording = Wording()) -> None:  # noqa: B008 - frozen
        self.channel, self.wording = channel, wording
        self._runs, self._late, self._over, self._asked = 0, 0, "", False
        self._telling: Telling | None = None

    @property
    def gone(self) -> bool:
        """Return whether the agent is asked no more."""
        return bool(self._over)

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        if not self._runs:
            self._send(HELLO)
        self._telling = Telling(context, self.wording, self._runs)
        self._runs, self._asked = self._runs + 1, False
        self._send(self._telling.reset())

    def ask(self) -> Query | None:
        telling = self._begun()
        self._asked = True
        self._send(telling.ask())
        if self._over:
            return Refusal(self._over)
        try:
            answer = self._answer(telling)
        except Silent as fault:
            self._late += 1
            if self._late >= LATE:
                self._over = f"no answer came {LATE} times in a row"
            return Refusal(str(fault))
        except Gone as fault:
            self._over = str(fault)
            return Refusal(self._over)
        self._late = 0
        return answer

    def tell(self, trial: Trial) -> None:
        self._send(self._begun().trial(trial, given=not self._asked))

    def _begun(self) -> Telling:
        assert self._telling is not None, "`reset` comes first"
        return self._telling

    def _answer(self, telling: Telling) -> Query | None:
        number = len(telling.trials) + 1
        for _ in range(_REQUESTS):
            line = self.channel.receive()
            if trial_of(line) not in (None, number):  # a late answer to an earlier question
                continue
            answer = answer_of(line, telling.context, self.wording)
            if not isinstance(answer, Request):
                return answer
            self._send(telling.prior(answer))
            if self._over:
                return Refusal(self._over)
        return Refusal(f"more than {_REQUESTS} lines came without a proposal")

    def _send(self, message: Mapping[str, Any]) -> None:
        if not self._over:
            try:
                self.channel.send(message)
            except Gone as fault:
                self._over = str(fault)
