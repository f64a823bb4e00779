"""What a stored description must be, and what a file that a user names: each rule at its edge."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hpo_gym.base.errors import InvalidValueError
from hpo_gym.system.storage.given import check_ordinary, text_of


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
