"""An OpenEnv server of a suite: every connection plays its own runs, one answer a step.

The reward is the env's `normalized_improvement`: the lift of the best score so far, counted from the mean score of
meta-train, in its standard deviations (`Suite.scale`). A suite without training tasks has the plain scale: from 0, in
units of score. A refused answer has the reward 0.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import Callable
from typing import Any

from openenv.core.env_server.http_server import create_fastapi_app
from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import Action, Observation, State
from pydantic import Field

from hpo_gym.base import InvalidValueError, StateError, unknown
from hpo_gym.optimize import Message, Session
from hpo_gym.serve.door import LONGEST, Door, Place
from hpo_gym.serve.hall import Hall

CONNECTIONS = 64
"""Most clients at a time."""


class Answer(Action):
    """An agent's answer."""

    text: str = Field(description='A configuration, {"config": {..}, "fidelity": 1.0}, in any words; or {"stop": true}')


class Told(Observation):
    """The news since the last step."""

    text: str = Field(default="", description="The run so far in words, with what is asked; empty at the end")
    messages: list[Message] = Field(default_factory=list, description="Messages of hpo-gym/1: trial, ask, ..")


class Standing(State):
    """The state of a run, for the trainer: its agent is not told the task."""

    suite: str
    split: str
    task: str = ""
    seed: int = 0
    spent: float = 0.0


class TuningEnvironment(Environment[Answer, Told, Standing]):
    """One connection's runs."""

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, hall: Hall) -> None:
        super().__init__()
        self._hall, self._scale, self._episodes = hall, hall.suite.scale(), 0
        self._session: Session | None = None
        self._standing = Standing(suite=hall.suite.name, split=hall.split)

    def reset(
        self, seed: int | None = None, episode_id: str | None = None, task: str | None = None,
        budget: float | None = None, **more: Any,
    ) -> Told:  # fmt: skip
        """Begin a run.

        Args:
            seed: Of the task instance and, without `task`, of the task; by default 0, 1, .. in turn.
            budget: In full evaluations.
            more: `split`, for OpenEnv: it must be the server's.
        """
        if more.pop("split", self._hall.split) != self._hall.split:
            raise InvalidValueError(f"`split` must be {self._hall.split!r}, which this server offers.")
        if more:
            raise unknown("argument of `reset`", next(iter(more)), ("seed", "episode_id", "task", "budget", "split"))
        seed = self._episodes if seed is None else seed
        self._session = session = self._hall.begin(task, seed, budget)
        self._episodes += 1
        name, suite = session.run.task.name, self._hall.suite.name
        self._standing = Standing(
            episode_id=episode_id or f"{name}/{seed}", suite=suite, split=self._hall.split, task=name, seed=seed
        )
        return self._told(session, session.opening, None)

    def step(self, action: Answer, timeout_s: float | None = None, **_: Any) -> Told:
        """Take an answer: evaluate its configuration, or charge a refusal."""
        if self._session is None:
            raise StateError("`reset` comes before `step`.")
        session, before = self._session, self._reached(self._session)
        said = session.answer(action.text)
        self._standing.step_count += 1
        self._standing.spent = session.run.spent
        gain = max(0.0, self._reached(session) - before) / self._scale.sd
        return self._told(session, [] if said is None else [said], gain)

    @property
    def state(self) -> Standing:
        """The state of the run."""
        return self._standing

    def _told(self, session: Session, messages: list[Message], reward: float | None) -> Told:
        asked = [] if session.over else [session.ask()]
        text = asked[0].get("text", "") if asked else ""
        return Told(text=text, messages=[*messages, *asked], reward=reward, done=session.over)

    def _reached(self, session: Session) -> float:
        best, floor = session.history.incumbent, self._scale.mean
        return floor if best is None or best.status else max(floor, best.score)


def app_of(hall: Hall, place: Place) -> Door:
    """Return the application, for a server of ASGI."""
    make = functools.partial(TuningEnvironment, hall)
    return Door(create_fastapi_app(make, Answer, Told, CONNECTIONS, state_cls=Standing), place)


def serve_openenv(hall: Hall, place: Place, say: Callable[[str], None]) -> None:
    """Serve until interrupted; `say` gets the address once it is bound."""
    import uvicorn

    app = app_of(hall, place)
    with socket.create_server((place.host, place.port)) as bound:
        say(f"http://{place.host}:{bound.getsockname()[1]}")
        uvicorn.Server(uvicorn.Config(app, log_level="warning", ws_max_size=LONGEST)).run(sockets=[bound])
