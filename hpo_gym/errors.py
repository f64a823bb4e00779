"""Every error of hpo-gym: the rule, the value, and what is near. One base class, `HPOGymError`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class HPOGymError(Exception):
    """Base class of all errors that hpo-gym raises on purpose."""


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
        super().__init__(f"{subject} breaks its contract ({len(self.faults)}):\n{lines}")


def unknown(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """Make the error for a name that is not in `known`, with the nearest one."""
    names = sorted(known)
    lower = {n.lower(): n for n in names}
    near = difflib.get_close_matches(str(name).lower(), lower, n=1, cutoff=0.5)
    hint = f" Did you mean {lower[near[0]]!r}?" if near else ""
    listed = names if len(names) <= 40 else [*names[:40], f"... {len(names) - 40} more"]
    return UnknownNameError(f"No {kind} {name!r}.{hint} Known: {listed}.")


def check_whole(values: Mapping[str, object], least: int = 1) -> None:
    """Refuse settings, by their names, that are not integers of at least `least`; `True` is none."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InvalidValueError(f"`{name}` must be an integer >= {least}, got {value!r}.")


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
