"""Files that a user names, and may have from a stranger: ordinary ones, of a bounded size."""

from __future__ import annotations

from pathlib import Path

from hpo_gym.base import InvalidValueError

_MOST = 1 << 26  # bytes of a text


def check_ordinary(path: Path) -> None:
    """Refuse an existing path that is no ordinary file: a pipe (a read may wait for ever), a device, a folder."""
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "a pipe or a device"
        raise InvalidValueError(f"{path} must be a file, it is {kind}.")


def text_of(path: Path, most: int = _MOST) -> str:
    """Return the text of a file in UTF-8, of a limited number of bytes.

    Raises:
        InvalidValueError: No ordinary file, a larger one, or no UTF-8.
        OSError: It cannot be read.
    """
    check_ordinary(path)
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise InvalidValueError(f"{path} must have at most {most} bytes, it has more.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise InvalidValueError(f"{path} must be text in UTF-8: {fault}.") from fault
