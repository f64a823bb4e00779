"""What a stored description must be, and what a file that a user names: each rule at its edge."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpo_gym.base.errors import InvalidValueError
from hpo_gym.system.storage.expected import exactly, expect, listed, mapping, of_type, text
from hpo_gym.system.storage.given import check_ordinary, text_of


@pytest.mark.parametrize(
    ("check", "right", "wrong", "rule"),
    [
        (mapping, {"a": 1}, [1], "its x must be a mapping, got [1]"),
        (listed, [1], {"a": 1}, "its x must be a list, got {'a': 1}"),
        (lambda what, v: of_type(what, v, int), 1, True, "its x must be of type int, got True"),
        (lambda what, v: text(what, v, 2), "ab", "abc", "its x must be a text of at most 2 characters, got 'abc'"),
        (text, "é" * 10_000, "a\udc80", "its x must be a text of at most 10000 characters, got 'a\\udc80'"),
    ],
)
def test_a_value_is_returned_or_refused_by_its_rule(
    check: Callable[[str, object], Any], right: object, wrong: object, rule: str
) -> None:
    assert check("x", right) == right
    with pytest.raises(InvalidValueError) as refused:
        check("x", wrong)
    assert str(refused.value) == f"{rule}."


def test_keys_are_those_that_are_needed_and_some_more() -> None:
    exactly("x", {"a": 1}, {"a"})
    exactly("x", {"a": 1, "b": 2}, {"a"}, {"b"})
    with pytest.raises(InvalidValueError, match=r"^its x lacks \['a', 'b'\]\.$"):
        exactly("x", {"c": 1}, {"b", "a"}, {"c"})
    with pytest.raises(InvalidValueError, match=r"^its x has the unknown \['c'\]\.$"):
        exactly("x", {"a": 1, "c": 1}, {"a"}, {"b"})
    expect(True, "never")


def test_a_file_of_a_user_is_an_ordinary_one_of_a_bounded_size_in_utf_8(tmp_path: Path) -> None:
    file, pipe = tmp_path / "file", tmp_path / "pipe"
    file.write_bytes("é1".encode())
    assert text_of(file, 3) == "é1"
    with pytest.raises(InvalidValueError, match="must have at most 2 bytes, it has more"):
        text_of(file, 2)
    file.write_bytes(b"\xff")
    with pytest.raises(InvalidValueError, match="must be text in UTF-8"):
        text_of(file)
    check_ordinary(tmp_path / "none")  # what is not there is no fault yet
    with pytest.raises(InvalidValueError, match="must be a file, it is a folder"):
        check_ordinary(tmp_path)
    os.mkfifo(pipe)
    with pytest.raises(InvalidValueError, match="must be a file, it is a pipe or a device"):
        check_ordinary(pipe)
