"""An OpenEnv server of a suite: every connection plays its own runs, one answer a step.

The reward is the env's `normalized_improvement`: the lift of the best score so far, counted from the mean score of
meta-train, in its standard deviations (`Suite.scale`). A suite without training tasks has the plain scale: from 0, in
units of score. A refused answer is a step with reward 0.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from openenv.core.env_server.http_server import create_fastapi_app
from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import Action, EnvironmentMetadata, Observation, State
from pydantic import Field

from hpo_gym.base import InvalidValueError, StateError, __version__, unknown
from hpo_gym.optimize import Session
from hpo_gym.serve.hall import Hall

CONNECTIONS = 64
"""Most clients at a time."""


class Answer(Action):
    """An agent's answer."""

    text: str = Field(description='A configuration, {"config": {..}, "fidelity": 1.0}, in any words; or {"stop": true}')


class Told(Observation):
    """The news since the last step."""

    text: str = Field(default="", description="The run so far in words, with what is asked; empty at the end")
    messages: list[dict[str, Any]] = Field(default_factory=list, description="Messages of hpo-gym/1: trial, ask, ..")


class Standing(State):
    """The state of a run, for who trains an agent: the agent is not told the task."""

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
        self._hall, self._scale = hall, hall.suite.scale()
        self._session: Session | None = None
        self._standing = Standing(suite=hall.suite.name, split=hall.split)
        self._episodes = 0

    def reset(
        self, seed: int | None = None, episode_id: str | None = None, task: str | None = None,
        budget: float | None = None, **more: Any,
    ) -> Told:  # fmt: skip
        """Begin a run.

        Args:
            seed: Of the task instance and, without `task` or `index`, of the task; by default 0, 1, .. in turn.
            budget: In full evaluations.
            more: `index`, the position of the task; `split`, which must be that of the server.
        """
        index, split = more.pop("index", None), more.pop("split", self._hall.split)
        if more:
            raise unknown("argument of `reset`", next(iter(more)), ("seed", "task", "index", "split", "budget"))
        self._check_split(split)
        seed = self._episodes if seed is None else seed
        chosen = self._hall.task(task, index=index, seed=seed)
        self._session = self._hall.begin(chosen, seed, budget)
        self._standing = Standing(
            episode_id=episode_id or f"{chosen.name}/{seed}", suite=self._hall.suite.name, split=split,
            task=chosen.name, seed=seed,
        )  # fmt: skip
        self._episodes += 1
        return self._told(self._session, self._session.opening, None)

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

    def get_metadata(self) -> EnvironmentMetadata:
        """Return what this server is."""
        about = f"Tune hyperparameters on the suite {self._hall.suite.name} ({self._hall.split} tasks)."
        return EnvironmentMetadata(name="hpo-gym", description=about, version=__version__)

    def list_splits(self) -> list[str]:
        """Return the one split that is served."""
        return [self._hall.split]

    def num_tasks(self, split: str) -> int:
        """Return the number of tasks."""
        self._check_split(split)
        return len(self._hall.tasks)

    def get_task(self, split: str, index: int) -> dict[str, Any]:
        """Return a task's place and name."""
        self._check_split(split)
        return {"index": index, "id": self._hall.task(index=index).name}

    def list_tasks(self, split: str) -> list[dict[str, Any]]:
        """Return the places and names of all tasks."""
        return [self.get_task(split, index) for index in range(self.num_tasks(split))]

    def _check_split(self, split: object) -> None:
        if split != self._hall.split:
            raise InvalidValueError(f"`split` must be {self._hall.split!r}, which this server offers, got {split!r}.")

    def _told(self, session: Session, messages: list[dict[str, Any]], reward: float | None) -> Told:
        asked = None if session.over else session.ask()
        told = [*messages, *([] if asked is None else [asked])]
        return Told(text=(asked or {}).get("text", ""), messages=told, reward=reward, done=session.over)

    def _reached(self, session: Session) -> float:
        best, floor = session.history.incumbent, self._scale.mean
        return floor if best is None or best.status else max(floor, best.score)


def app_of(hall: Hall) -> Any:
    """Return the application, for a server of ASGI."""
    return create_fastapi_app(
        lambda: TuningEnvironment(hall), Answer, Told, CONNECTIONS, env_name="hpo-gym", state_cls=Standing
    )


def serve_openenv(hall: Hall, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve until interrupted; `say` gets the address once it is bound, port 0 being any free one."""
    import uvicorn

    with socket.create_server((host, port)) as bound:
        say(f"http://{host}:{bound.getsockname()[1]}")
        uvicorn.Server(uvicorn.Config(app_of(hall), log_level="warning")).run(sockets=[bound])
