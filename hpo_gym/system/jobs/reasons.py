"""Why a trial raised, in a few lines: the exception, the end of its message, and the user's line that it came from."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

_MOST = 500  # characters of a reason
_HEAD = 100  # of them, those of the beginning where a message is too long: libraries put the cause last
_INSTALLED = ("site-packages", "dist-packages")
_HERE = Path(__file__).resolve().parent
_LIBRARIES = [_HERE.parents[1], *(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))]


def reason_of(fault: BaseException) -> str:
    """Return type and message of an exception, and the line of the user's own code behind it.

    A long message keeps its first line and its last ones.
    """
    what = "it could not allocate memory" if isinstance(fault, MemoryError) else type(fault).__name__
    try:
        message = str(fault).strip().encode("utf-8", "backslashreplace").decode()  # paths may hold lone surrogates
    except Exception:  # a foreign exception may raise anything
        message = "its message cannot be shown"
    place = place_of(fault)
    at = f" ({place})"[-_MOST // 2 :] if place else ""
    return _shortened(f"{what}: {message}", _MOST - len(at)) + at


def place_of(fault: BaseException) -> str:
    """Return the innermost line of the user's own code, as ``file.py:12, in name``; empty without one."""
    places = list(_places(fault))
    own = [place for place in places if not _of_library(place[0])] or places
    if not own:
        return ""
    file, line, name = own[-1]
    return f"{_short(file)}:{line}, in {name}"


def _places(fault: BaseException) -> Iterator[tuple[str, int, str]]:
    """File, line and function of each call from the objective inwards."""
    for frame, line in traceback.walk_tb(fault.__traceback__):
        if Path(frame.f_code.co_filename).parent != _HERE:
            yield frame.f_code.co_filename, line, frame.f_code.co_name


def _of_library(file: str) -> bool:
    path = Path(file)
    inside = any(path.is_relative_to(root) for root in _LIBRARIES)
    return inside or file.startswith("<") or any(part in _INSTALLED for part in path.parts)


def _short(file: str) -> str:
    """Return a file relative to the working directory if below it; for a notebook, whose files change, its cell."""
    if "ipykernel_" in file:
        return "cell"
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return file


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    first = text.partition("\n")[0][:_HEAD]
    tail = text[len(first) :][-(most - len(first) - 5) :]
    whole = tail.partition("\n")[2].strip("\n")  # without a line that is cut
    return f"{first} ...\n{whole}" if whole else f"{first} ... {tail}"
