"""Servers as real child processes: of OpenEnv, and of MCP with its official client, of version 1 or 2."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Call = Callable[..., Awaitable[list[dict[str, Any]]]]


class Refused(Exception):
    """A tool tells an error."""


def with_server(words: list[str], folder: Path, play: Callable[[Call, Any], Awaitable[Any]]) -> Any:
    """Return what `play` returns: it gets a function that calls a tool, and the session."""
    return asyncio.run(_with_server(words, folder, play))


async def _with_server(words: list[str], folder: Path, play: Callable[[Call, Any], Awaitable[Any]]) -> Any:
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    command = ["-m", "hpo_gym", "serve", *words]
    place = StdioServerParameters(command=sys.executable, args=command, env=dict(os.environ), cwd=str(folder))
    with (folder / "stderr.txt").open("w") as errors:
        async with stdio_client(place, errlog=errors) as streams, ClientSession(*streams) as session:
            await session.initialize()

            async def call(tool: str, **arguments: Any) -> list[dict[str, Any]]:
                told = await session.call_tool(tool, arguments)
                text = told.content[0].text
                if getattr(told, "isError", False) or getattr(told, "is_error", False):
                    raise Refused(text)
                return [json.loads(line) for line in text.splitlines()]

            return await play(call, session)


@contextmanager
def served(suite: str, *more: str) -> Iterator[tuple[str, int]]:
    """Return the address and the process of a server of OpenEnv."""
    command = [sys.executable, "-m", "hpo_gym", "serve", suite, "--openenv", "--port", "0", *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        yield child.stdout.readline().split(": ")[1].strip(), child.pid
        child.terminate()
