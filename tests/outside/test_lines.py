"""Lines over pipes: whole ones come out in order, and no call outlasts its deadline."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from hpo_gym.optimize import Gone, Lines, Silent


class Ends(NamedTuple):
    """Ours, and the agent's: what it writes, prints as errors, and reads."""

    lines: Lines
    out: int
    err: int
    into: int

    def receive(self) -> str:
        self.lines.send({"type": "ask"})
        return self.lines.receive()


@pytest.fixture
def ends() -> Iterator[Ends]:
    (read, out), (into, write), (errors, err) = os.pipe(), os.pipe(), os.pipe()
    yield Ends(Lines(read, write, 0.05, errors=errors, limit=100), out, err, into)
    for fd in (read, out, into, write, errors, err):
        try:
            os.close(fd)
        except OSError:  # a test has closed it
            continue


def test_lines_come_in_order_however_they_are_cut(ends: Ends) -> None:
    os.write(ends.out, b"one\ntwo\nth")
    assert [ends.receive(), ends.receive()] == ["one", "two"]
    with pytest.raises(Silent, match=r"within 0\.05 seconds"):
        ends.receive()
    os.write(ends.out, "rée\n".encode())
    assert ends.receive() == "thrée"


def test_the_last_line_needs_no_newline_and_then_it_is_over(ends: Ends) -> None:
    os.write(ends.out, b"\nlast")
    os.write(ends.err, b"Oh.\n")
    os.close(ends.out)
    assert [ends.receive(), ends.receive()] == ["", "last"]
    with pytest.raises(Gone, match=r"has ended its output\. It said: Oh\."):
        ends.receive()


@pytest.mark.parametrize(("size", "end"), [(100, b"\n"), (101, b"\n"), (101, b"")])
def test_a_line_has_at_most_so_many_bytes(ends: Ends, size: int, end: bytes) -> None:
    os.write(ends.out, b"x" * size + end)
    if size == 100:
        assert ends.receive() == "x" * 100
        return
    with pytest.raises(Gone, match="at most 100 bytes"):
        ends.receive()


def test_bytes_that_are_no_text_are_replaced(ends: Ends) -> None:
    os.write(ends.out, b"\xff\x00\n")
    assert ends.receive() == "\ufffd\x00"


def test_errors_without_end_do_not_move_the_deadline(ends: Ends) -> None:
    stop = threading.Event()

    def shout() -> None:
        while not stop.is_set():
            try:
                os.write(ends.err, b"!" * 1000)
            except OSError:  # nobody reads on
                return

    thread = threading.Thread(target=shout)
    thread.start()
    began = time.monotonic()
    try:
        with pytest.raises(Silent):
            ends.receive()
        assert time.monotonic() - began < 2.0
        assert ends.lines.tail == b"!" * 4096
    finally:
        stop.set()
        os.close(ends.lines._errors or 0)
        thread.join()


def test_a_reader_that_does_not_read_is_given_up_after_the_deadline(ends: Ends) -> None:
    began = time.monotonic()
    for _ in range(50):
        ends.lines.send({"x": "y" * 100_000})
    assert 0.05 < time.monotonic() - began < 2.0  # once, not at each message
    assert ends.lines.deaf
    os.write(ends.out, b"still here\n")
    assert ends.receive() == "still here"


def test_a_reader_that_has_gone_is_told_nothing(ends: Ends) -> None:
    os.close(ends.into)
    ends.lines.send({"x": 1})
    assert ends.lines.deaf


def test_a_message_is_a_line(ends: Ends) -> None:
    ends.lines.send({"x": "é\n"})
    assert os.read(ends.into, 100) == '{"x":"é\\n"}\n'.encode()
