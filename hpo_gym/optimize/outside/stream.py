"""`Lines`: messages to and lines from an agent over pipes; no call takes longer than its deadline."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Mapping
from typing import Any

from hpo_gym.optimize.outside.messages import line_of
from hpo_gym.optimize.outside.outside import Gone, Silent

LINE = 1_000_000
"""Bytes of a line, at most."""
_CHUNK, _TAIL = 65_536, 4096


class Lines:
    """A `Channel` over file descriptors, which stay in their blocking mode: another process may share them.

    An agent that ends, or does not read, may have said more: its lines are handed out, and messages to it are dropped.

    Args:
        read, write: Of its lines, and of our messages.
        seconds: Deadline of an answer after its question, and of a message that the agent does not read.
        errors: Of what it prints beside its lines; None: nothing.

    Attributes:
        tail: The last 4,096 bytes from `errors`.
        ended, deaf: Whether it has ended its lines, and whether it reads no more.
    """

    def __init__(self, read: int, write: int, seconds: float, *, errors: int | None = None, limit: int = LINE) -> None:
        self._read, self._write, self._errors, self.seconds, self.limit = read, write, errors, seconds, limit
        self._held, self._looked, self._until = bytearray(), 0, time.monotonic() + seconds
        self.tail, self.ended, self.deaf = b"", False, False

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message; with a question, the time for its answer begins."""
        left, until, late = memoryview(line_of(message).encode()), time.monotonic() + self.seconds, False
        while left and not self.deaf:
            self.deaf, late = late, time.monotonic() >= until
            try:
                if self._wait(until, writing=True):
                    left = left[os.write(self._write, left[: select.PIPE_BUF]) :]  # so much fits without blocking
            except OSError:
                self.deaf = True
        if message.get("type") == "ask":
            self._until = time.monotonic() + self.seconds

    def receive(self) -> str:
        """Return the next line; raise `Silent` after the deadline, `Gone` at the end or beyond the limit."""
        late = False
        if time.monotonic() >= self._until:
            raise Silent(self._late())
        while (end := self._held.find(b"\n", self._looked)) < 0:
            self._looked = end = len(self._held)
            if end > self.limit or (self.ended and end):  # the last line needs no newline
                break
            if self.ended:
                raise Gone(self.why())
            if late:
                raise Silent(self._late())
            late = time.monotonic() >= self._until
            self._wait(self._until)
        if end > self.limit:
            raise Gone(f"A line must have at most {self.limit:,} bytes.")
        line = self._held[:end].decode("utf-8", "replace")
        del self._held[: end + 1]
        self._looked = 0
        return line

    def why(self) -> str:
        """Return the reason of an end, in words."""
        said = self.tail.decode("utf-8", "replace").strip()
        return "The agent has ended its output." + (f" It said: {said}" if said else "")

    def _late(self) -> str:
        return f"An answer must come within {self.seconds:g} seconds."

    def _wait(self, until: float, *, writing: bool = False) -> bool:
        """Wait until something comes in, and take it, or there is room to write; return whether there is room."""
        ears = select.poll()
        if not self.ended and len(self._held) <= self.limit:  # what is not asked for waits in the pipe
            ears.register(self._read, select.POLLIN)
        if self._errors is not None:
            ears.register(self._errors, select.POLLIN)
        if writing:
            ears.register(self._write, select.POLLOUT)
        ready = [fd for fd, _ in ears.poll(1e3 * max(until - time.monotonic(), 0.0))]
        for fd in ready:
            if fd == self._errors:
                chunk = os.read(fd, _CHUNK)
                self.tail, self._errors = (self.tail + chunk)[-_TAIL:], self._errors if chunk else None
            elif fd == self._read:
                chunk = os.read(fd, _CHUNK)
                self._held += chunk
                self.ended = not chunk
        return writing and self._write in ready
