"""Messages to an agent outside this process, and its answers: JSON objects, one a line, protocol ``hpo-gym/1``.

| message | content | answer |
|---|---|---|
| ``hello`` | protocol, version | |
| ``reset`` | a new run: space, budget, fidelities, seed, meta-features, number of earlier tasks | |
| ``trial`` | an outcome: configuration, fidelity, score, status, cost, reason; the initial design comes first | |
| ``ask`` | the number of the next trial, spending, budget left, best score, all of it in words as ``text`` | one line |
| ``prior`` | an earlier task, as asked for: configurations, scores, costs | |
| ``bye`` | the end | |

An answer is ``{"config": {..}, "fidelity": 1.0}``, ``{"stop": true}``, ``{"text": ".."}`` or plain words with such an
object in them; or ``{"get": "prior", "task": 3}``, after which an answer is still due. An agent gets the facts of
`Context`, no more: no name of the task, no test score.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpo_gym.base import InvalidValueError, __version__, unknown, whole
from hpo_gym.optimize.outside.advice import Advice
from hpo_gym.optimize.protocol import OPTIMIZERS, Context
from hpo_gym.problem import Query, Refusal, SearchSpace, Trial
from hpo_gym.text import FORMS, Unreadable, columns_of, conditions_of, describe, parse, renamed

CMD = "cmd:"
"""Begins the name of an optimizer that is a program; its command follows."""
PROTOCOL = "hpo-gym/1"
HELLO = {"type": "hello", "protocol": PROTOCOL, "version": __version__}
BYE = {"type": "bye"}
Message = dict[str, Any]


@dataclass(frozen=True)
class Wording:
    """How an agent is told of a run.

    Attributes:
        form: Of the text: "plain", "compact" or "table".
        names: Whether hyperparameters and choices have their names; else `h1`, `h2`, .. and `a`, `b`, .., and no
            meta-features are shown.
        advice: Optimizers whose next choices the text has too, such as "gp-ei" or "transfer-mix".
    """

    form: str = "plain"
    names: bool = True
    advice: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise unknown("form of text", self.form, FORMS)
        for name in self.advice:
            if name not in OPTIMIZERS.entries():
                raise unknown("optimizer", name, OPTIMIZERS.entries())


@dataclass(frozen=True)
class Request:
    """An agent's wish to see an earlier task, by its number from 0."""

    task: int


class Telling:
    """The messages of one run, in the order of its trials.

    Args:
        run: Number of the run in this conversation, from 0.
    """

    def __init__(self, context: Context, wording: Wording, run: int = 0) -> None:
        self.context, self.wording, self.run = context, wording, run
        self.trials: list[Trial] = []
        self.spent = 0.0
        self._about = context.meta_features if wording.names else {}  # they would name the data set
        self._said = -1, ""  # after so many trials
        self._advice = Advice(wording.advice, context, wording.names)

    def reset(self) -> Message:
        """Return the message that begins the run."""
        c = self.context
        seed = None if c.starts is None else int(c.starts % 2**31)
        return {
            "type": "reset", "run": self.run, "space": space_json(c.space, self.wording.names), "budget": c.budget,
            "unit": c.unit, "fidelities": list(c.fidelities), "seed": seed,
            "meta_features": dict(self._about), "signals": dict(c.signals), "prior": len(c.prior),
        }  # fmt: skip

    def trial(self, trial: Trial, *, given: bool = False) -> Message:
        """Note an outcome and return its message; the initial design is `given`, free of charge."""
        self.trials.append(trial)
        self._advice.tell(trial)
        self.spent += 0.0 if given else self.context.charge(trial)
        refused = isinstance(trial.query, Refusal)
        return {
            "type": "trial", "number": len(self.trials), "config": {} if refused else self._config(trial.config),
            "fidelity": trial.fidelity, "score": trial.score, "status": trial.status.label, "cost": trial.cost,
            "reason": trial.query.reason if isinstance(trial.query, Refusal) else "", "signals": dict(trial.signals),
            "objectives": dict(trial.objectives),
        }  # fmt: skip

    def ask(self) -> Message:
        """Return the message that asks for the next trial."""
        good = [t.score for t in self.trials if not t.status and t.fidelity == 1.0]
        return {
            "type": "ask", "trial": len(self.trials) + 1, "spent": self.spent, "left": self.context.budget - self.spent,
            "best": max(good, default=None), "text": self.text(),
        }  # fmt: skip

    def text(self) -> str:
        """Return the run so far in words; advisers are asked once a trial."""
        if self._said[0] != len(self.trials):
            self._said = len(self.trials), self._words()
        return self._said[1]

    def _words(self) -> str:
        c, about = self.context, [f"{name} {value:.4g}" for name, value in self._about.items() if value is not None]
        return describe(
            c.space, self.trials, budget=c.budget, spent=self.spent, fidelities=c.fidelities, unit=c.unit,
            objectives=c.objectives, signals=(self.trials[-1].signals if self.trials else c.signals) or None,
            form=self.wording.form, names=self.wording.names,
            notes=[*([f"The data: {', '.join(about)}."] if about else []), *self._advice.lines()],
        )  # fmt: skip

    def prior(self, request: Request) -> Message:
        """Return the message about an earlier task.

        Raises:
            InvalidValueError: There is no such task.
        """
        at = whole("task", request.task, 0, len(self.context.prior) - 1)
        c, earlier = self.context, self.context.prior[at]
        known = earlier.score == earlier.score  # not NaN
        return {
            "type": "prior", "task": at, "configs": list(map(self._config, c.space.decode(earlier.x[known]))),
            "scores": earlier.score[known].tolist(), "costs": earlier.cost[known].tolist(),
        }  # fmt: skip

    def _config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        if self.wording.names:
            return dict(config)
        return {h.name: value for h, value in renamed(self.context.space, False, config)}


def answer_of(line: str, context: Context, wording: Wording) -> Query | Request | None:
    """Return the meaning of an agent's line: a query, a `Refusal` with its reason, a request, or None for a stop."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        said = None
    if isinstance(said, Mapping) and said.get("get") == "prior":
        task = said.get("task")
        if isinstance(task, int) and 0 <= task < len(context.prior):
            return Request(task)
        return Refusal(f"`task` must be a number of an earlier task, below {len(context.prior)}, got {task!r:.80}.")
    if isinstance(said, Mapping) and "trial" in said:
        line = json.dumps({key: value for key, value in said.items() if key != "trial"})
    text = said["text"] if isinstance(said, Mapping) and isinstance(said.get("text"), str) else line
    try:
        return parse(text, context.space, context.fidelities, names=wording.names)
    except Unreadable as fault:
        return Refusal(str(fault))


def trial_of(line: str) -> int | None:
    """Return the number of the trial that an answer names, None if it names none."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    number = said.get("trial") if isinstance(said, Mapping) else None
    return number if isinstance(number, int) else None


def space_json(space: SearchSpace, names: bool) -> list[Message]:
    """Return the hyperparameters: range or choices, default, and in words the condition that makes each active."""
    when, default = conditions_of(space, names), {h.name: h.default for h in space.hyperparameters}
    shown = {h.name: value for h, value in renamed(space, names, default)}
    columns = zip(space.names, columns_of(space, names), strict=True)
    return [
        h.to_json()
        | {"default": shown.get(h.name, h.default if names else "a")}
        | ({"when": when[name]} if name in when else {})
        for name, h in columns
    ]


def line_of(message: Mapping[str, Any]) -> str:
    """Return a message as a line of JSON, with its newline.

    Raises:
        InvalidValueError: It holds a number without a place in JSON, such as NaN.
    """
    try:
        return json.dumps(message, allow_nan=False, ensure_ascii=False, separators=(",", ":")) + "\n"
    except ValueError as fault:
        raise InvalidValueError(f"A message must hold finite numbers alone, got {fault}.") from fault
