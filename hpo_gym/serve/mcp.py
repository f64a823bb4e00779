"""An MCP server on standard input and output, for desktop agents; with version 1 or 2 of the package `mcp`.

The tools return messages of hpo-gym/1 (`hpo_gym.optimize.outside.messages`), one a line: a question last, or ``bye``.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, TextIO

from hpo_gym.base import HPOGymError, StateError
from hpo_gym.optimize import BYE, Message, Session, line_of
from hpo_gym.serve.hall import Hall
from hpo_gym.serve.stdio import taken
from hpo_gym.serve.tuning_desk import TuningDesk


class SuiteDesk:
    """Runs on the tasks of a suite, one at a time; a refused proposal costs a trial."""

    def __init__(self, hall: Hall) -> None:
        self.hall, self._trials = hall, list[Message]()
        self._session: Session | None = None

    def begin(self, task: str | None = None, seed: int = 0, budget: float | None = None) -> list[Message]:
        """Begin a run, and forget the one before."""
        self._session, self._trials = self.hall.begin(task, seed, budget), []
        return self._told(self._session, self._session.opening)

    def propose(self, line: str) -> list[Message]:
        """Take an answer; return its outcome, and the next question."""
        said = self._begun().answer(line)
        return self._told(self._begun(), [] if said is None else [said])

    def history(self) -> list[Message]:
        """Return all trials."""
        return [*self._trials, *([BYE] if self._begun().over else [])]

    def _begun(self) -> Session:
        if self._session is None:
            raise StateError("`begin` comes first.")
        return self._session

    def _told(self, session: Session, messages: list[Message]) -> list[Message]:
        self._trials += [m for m in messages if m["type"] == "trial"]
        return [*messages, BYE if session.over else session.ask()]


def serve_mcp(desk: SuiteDesk | TuningDesk) -> None:
    """Serve until the client closes its end; call `wire` before anything that may print."""
    from anyio import CapacityLimiter, to_thread

    package: Any = importlib.import_module("mcp.server")
    server = (getattr(package, "MCPServer", None) or package.FastMCP)("hpo-gym", log_level="WARNING")
    room = type(server).__module__.rpartition(".")[0]  # that of FastMCP in version 1, of MCPServer in 2
    told: Any = importlib.import_module(f"{room}.exceptions").ToolError  # others' texts do not reach the agent
    one_at_a_time = CapacityLimiter(1) if isinstance(desk, SuiteDesk) else None

    async def aside(work: Callable[..., list[Message]], *words: Any) -> str:
        try:
            messages = await to_thread.run_sync(partial(work, *words), limiter=one_at_a_time)
        except HPOGymError as fault:
            raise told(str(fault)) from fault
        return "".join(map(line_of, messages))

    async def propose(config: dict[str, Any], fidelity: float = 1.0) -> str:
        """Evaluate a configuration: one value for each active hyperparameter. The higher the score, the better."""
        return await aside(desk.propose, json.dumps({"config": config, "fidelity": fidelity}))

    async def history() -> str:
        """Return all trials of this run."""
        return await aside(desk.history)

    async def begin() -> str:
        """Return the search space, the budget and the trials so far. Call this first."""
        return await aside(desk.begin)

    tools: dict[str, Callable[..., Any]] = {"begin": begin, "propose": propose, "history": history}
    if isinstance(desk, SuiteDesk):
        hall, begin_on = desk.hall, desk.begin

        async def list_tasks() -> str:
            """Return the names of the tasks."""
            return json.dumps({"suite": hall.suite.name, "split": hall.split, "tasks": [t.name for t in hall.tasks]})

        async def begin_task(task: str | None = None, seed: int = 0, budget: float | None = None) -> str:
            """Begin a run on a task (by default one drawn by the seed), with a budget in full evaluations."""
            return await aside(begin_on, task, seed, budget)

        tools |= {"list_tasks": list_tasks, "begin": begin_task}
    for name, tool in tools.items():
        server.tool(name=name, structured_output=False)(tool)
    server.run("stdio")
    if isinstance(desk, TuningDesk):
        desk.close()


class _Wire:
    """A standard stream whose `buffer` belongs to the client; in all else it is another stream."""

    def __init__(self, buffer: io.IOBase, other: TextIO) -> None:
        self.buffer, self._other = buffer, other

    def __getattr__(self, name: str) -> Any:
        return getattr(self._other, name)


def wire() -> None:
    """Keep standard input and output for the client, under the names by which `mcp` finds them: see `taken`."""
    read, write = taken()
    nothing = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - as long as the process
    sys.stdin = _Wire(os.fdopen(read, "rb"), nothing)
    sys.stdout = _Wire(os.fdopen(write, "wb"), sys.stderr)
