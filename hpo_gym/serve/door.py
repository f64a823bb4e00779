"""Filter of requests to a server on a network: an ASGI application around that of OpenEnv, by a closed list.

The WebSocket `/ws`, and pages to read. Nothing else is passed on, so no request's body is ever read.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from hpo_gym.base import InvalidValueError, real

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

PAGES = ("/health", "/schema", "/metadata", "/docs", "/redoc", "/openapi.json")
LONGEST = 1 << 20
"""Bytes of a message."""
_NO_OBJECT = {"message": 'A message must be a JSON object, such as {"type": "reset"}.', "code": "INVALID_JSON"}
_POLICY, _GOING_AWAY = 1008, 1001  # codes of RFC 6455


@dataclass(frozen=True)
class Place:
    """Address of a server, and its clients.

    Attributes:
        port: 0: any free one.
        anybody: Whether everybody may play: there is no password. Beyond loopback, it must be.
        idle: Seconds without a message, after which a client's place is free again.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    anybody: bool = False
    idle: float = 1800.0

    def __post_init__(self) -> None:
        real("idle", self.idle, 0.0, 86_400.0, above=True)
        if not (self.anybody or is_loopback(self.host)):
            raise InvalidValueError(
                f"`host` must be a loopback address unless anybody may play, got {self.host!r}: there is no "
                "password, so whoever reaches it may. Stay at 127.0.0.1, or say so by `--anybody`."
            )


def is_loopback(host: str) -> bool:
    """Return whether a host is reached from this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Door:
    """Pass on permitted requests: see this file's head. Browsers may come from a page of this machine alone."""

    def __init__(self, app: App, place: Place) -> None:
        self._app, self._place = app, place

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "websocket":
            if scope["path"] == "/ws" and not scope["query_string"] and self._may(scope["headers"]):
                connection = _Connection(receive, send, self._place.idle)
                await self._app(scope, connection.receive, connection.send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": _POLICY})
        elif kind == "http" and not (scope["method"] in ("GET", "HEAD") and scope["path"] in PAGES):
            await _refuse(send)
        else:
            await self._app(scope, receive, send)

    def _may(self, headers: list[tuple[bytes, bytes]]) -> bool:
        """Return whether a client is no browser's page, or one of this machine or of the server's own host."""
        origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
        try:
            hosts = [urlsplit(origin).hostname or "" for origin in origins]
        except ValueError:
            return False
        return all(is_loopback(host) or host == self._place.host for host in hosts)


async def _refuse(send: Send) -> None:
    """Answer a request that is none of ours, without reading it."""
    said = f"A run needs a connection of its own: the WebSocket /ws. To read, there are {', '.join(PAGES)}."
    head = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 404, "headers": head})
    await send({"type": "http.response.body", "body": json.dumps({"detail": said}).encode()})


class _Connection:
    """The messages of one client: JSON objects, the others are answered here."""

    def __init__(self, receive: Receive, send: Send, idle: float) -> None:
        self._receive, self._send, self._idle, self._closed = receive, send, idle, False

    async def receive(self) -> Event:
        while True:
            try:
                event = await asyncio.wait_for(self._receive(), self._idle)
            except TimeoutError:
                reason = f"No message for {self._idle:g} seconds."
                await self.send({"type": "websocket.close", "code": _GOING_AWAY, "reason": reason})
                return {"type": "websocket.disconnect", "code": _GOING_AWAY}
            if event["type"] != "websocket.receive" or is_object(event.get("text")):
                return event
            await self.send({"type": "websocket.send", "text": json.dumps({"type": "error", "data": _NO_OBJECT})})

    async def send(self, event: Event) -> None:
        if self._closed:  # for being idle; the application closes it once more
            return
        self._closed = event["type"] == "websocket.close"
        await self._send(event)


def is_object(text: str | None) -> bool:
    """Return whether a text is a JSON object."""
    try:
        return text is not None and isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
