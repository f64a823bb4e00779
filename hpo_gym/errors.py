"""Every error of hpo-gym: the rule, the value, and what is near. One base class, `HPOGymError`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_WORD, _TEXT = 500, 3000  # characters of a message: of what has no space in it, and in all


class HPOGymError(Exception):
    """Base class of all errors that hpo-gym raises on purpose; a message that is too long loses its middle."""

    def __init__(self, *args: object) -> None:
        super().__init__(*(_within(a) if isinstance(a, str) else a for a in args))


class InvalidValueError(HPOGymError, ValueError):
    """A value breaks the rule that the message states."""


class UnknownNameError(HPOGymError, KeyError):
    """A name that is not registered; the message offers the nearest known ones."""

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0]) if self.args else ""


class StateError(HPOGymError, RuntimeError):
    """A call at the wrong time, such as a step before the first reset."""


class DamagedDataError(HPOGymError, ValueError):
    """A stored file does not hold what its checksum or format says."""


class StorageFullError(HPOGymError, OSError):
    """A store could not be written: disk full, quota, or an error of the disk. What was stored before is intact."""


class MissingExtraError(HPOGymError, ImportError):
    """An optional package is not installed; the message is the install command."""


class SplitError(HPOGymError, ValueError):
    """A task is on the wrong side of a split: training data used for testing, or the reverse."""


class CheckFailed(HPOGymError, AssertionError):
    """A contract check found faults; `faults` lists every one.

    Attributes:
        faults: One sentence per fault.
    """

    def __init__(self, subject: str, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"- {fault}" for fault in self.faults)
        super().__init__()
        self.args = (f"{subject} breaks its contract ({len(self.faults)}):\n{lines}",)  # every fault, however many


def shown(value: object, most: int = 200) -> str:
    """The repr of a value, cut where it is longer; in words where it has none."""
    try:
        return cut(repr(value), most)
    except Exception:  # a foreign object may raise anything, and Python does for integers of many digits
        return f"a value of type {type(value).__name__} that cannot be shown"


def cut(text: str, most: int) -> str:
    """A text of at most `most` characters, what is too long left out of the middle."""
    if len(text) <= most:
        return text
    head = most * 2 // 3
    return f"{text[:head]} ... {text[len(text) - (most - head - 5) :]}"


def _within(message: str) -> str:
    """A message whose words and whole length stay within bounds."""
    if len(message) <= _WORD:
        return message
    return cut(re.sub(rf"\S{{{_WORD + 1},}}", lambda found: cut(found[0], _WORD), message), _TEXT)


def unknown(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """Make the error for a name that is not in `known`, with the nearest one."""
    names = sorted(known)
    lower = {n.lower(): n for n in names}
    asked = name if isinstance(name, str) else shown(name)
    near = difflib.get_close_matches(asked.lower(), lower, n=1, cutoff=0.5)
    hint = f" Did you mean {lower[near[0]]!r}?" if near else ""
    listed = names if len(names) <= 40 else [*names[:40], f"... {len(names) - 40} more"]
    return UnknownNameError(f"No {kind} {shown(name)}.{hint} Known: {listed}.")


def check_whole(values: Mapping[str, object], least: int = 1) -> None:
    """Refuse settings, by their names, that are not integers of at least `least`; `True` is none."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InvalidValueError(f"`{name}` must be an integer >= {least}, got {shown(value)}.")


@contextmanager
def blame(path: Path) -> Iterator[None]:
    """Report whatever a parser says of a foreign file as damage of that file."""
    try:
        yield
    except DamagedDataError:
        raise
    except HPOGymError as fault:
        raise DamagedDataError(f"{path}: {fault}") from fault
    except Exception as fault:  # parsers raise anything on foreign bytes
        raise DamagedDataError(
            f"{path} must be a file that `save` wrote, got {type(fault).__name__}: {fault}."
        ) from fault
