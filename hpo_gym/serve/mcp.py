"""An MCP server on standard input and output, for desktop agents; with version 1 or 2 of the package `mcp`.

The tools return messages of hpo-gym/1 (`hpo_gym.optimize.outside.messages`): ``{"messages": [..], "done": false}``.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TextIO

from hpo_gym.base import StateError
from hpo_gym.optimize import Message, Session
from hpo_gym.serve.hall import Hall


class Desk(Protocol):
    """What the tools of a client act on."""

    def begin(self) -> Message:
        """Return the opening messages, with the first question."""

    def propose(self, line: str) -> Message:
        """Take an answer; return its outcome and the next question."""

    def history(self) -> Message:
        """Return all trials."""


class SuiteDesk:
    """Runs on the tasks of a suite, one at a time; a refused proposal costs a trial."""

    def __init__(self, hall: Hall) -> None:
        self.hall, self._trials = hall, list[Message]()
        self._session: Session | None = None

    def begin(self, task: str | None = None, seed: int = 0, budget: float | None = None) -> Message:
        """Begin a run, and forget the one before."""
        self._session = self.hall.begin(self.hall.task(task, seed=seed), seed, budget)
        self._trials = []
        return self._told(self._session, self._session.opening)

    def propose(self, line: str) -> Message:
        session = self._begun()
        said = session.answer(line)
        return self._told(session, [] if said is None else [said])

    def history(self) -> Message:
        return {"messages": self._trials, "done": self._begun().over}

    def _begun(self) -> Session:
        if self._session is None:
            raise StateError("`begin` comes first.")
        return self._session

    def _told(self, session: Session, messages: list[Message]) -> Message:
        self._trials += [m for m in messages if m["type"] == "trial"]
        return {"messages": messages if session.over else [*messages, session.ask()], "done": session.over}


def serve_mcp(desk: Desk) -> None:
    """Serve until the client closes its end; call `wire` before anything that may print."""
    from anyio import CapacityLimiter, to_thread

    package: Any = importlib.import_module("mcp.server")
    server = (getattr(package, "MCPServer", None) or package.FastMCP)("hpo-gym")
    one_at_a_time = CapacityLimiter(1) if isinstance(desk, SuiteDesk) else None

    async def aside(work: Callable[..., Message], *words: Any) -> Message:
        return await to_thread.run_sync(partial(work, *words), limiter=one_at_a_time)

    async def propose(config: dict[str, Any], fidelity: float = 1.0) -> dict[str, Any]:
        """Evaluate a configuration: one value for each active hyperparameter. Returns its score: higher is better."""
        return await aside(desk.propose, json.dumps({"config": config, "fidelity": fidelity}))

    async def history() -> dict[str, Any]:
        """Return all trials of this run."""
        return await aside(desk.history)

    async def begin() -> dict[str, Any]:
        """Return the search space, the budget and the trials so far. Call this first."""
        return await aside(desk.begin)

    tools: list[Callable[..., Any]] = [begin, propose, history]
    if isinstance(desk, SuiteDesk):
        hall, begin_on = desk.hall, desk.begin

        async def list_tasks() -> dict[str, Any]:
            """Return the names of the tasks."""
            return {"suite": hall.suite.name, "split": hall.split, "tasks": hall.names}

        async def begin_task(task: str | None = None, seed: int = 0, budget: float | None = None) -> dict[str, Any]:
            """Begin a run on a task (by default one drawn by the seed), with a budget in full evaluations."""
            return await aside(begin_on, task, seed, budget)

        begin_task.__name__ = "begin"
        tools[0] = begin_task
        tools.append(list_tasks)
    for tool in tools:
        server.tool(name=tool.__name__)(tool)
    server.run("stdio")


class _Wire:
    """A standard stream whose `buffer` belongs to the client; in all else it is another stream."""

    def __init__(self, buffer: io.IOBase, other: TextIO) -> None:
        self.buffer, self._other = buffer, other

    def __getattr__(self, name: str) -> Any:
        return getattr(self._other, name)


def wire() -> None:
    """Keep standard input and output for the client, now and in child processes.

    What prints, prints to standard error; what reads, finds nothing.
    """
    theirs = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - as long as the process
    os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdin, sys.stdout = _Wire(theirs[0], nothing), _Wire(theirs[1], sys.stderr)  # type: ignore[assignment]
