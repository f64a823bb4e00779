"""Live suites on their way to workers: by the name of a function that makes them, or as bytes (`jobs.carried`)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpo_gym.base import HPOGymError, InvalidValueError
from hpo_gym.problem import SUITES, Suite
from hpo_gym.suites import identified
from hpo_gym.system import check_bytes, from_bytes, to_bytes


@dataclass(frozen=True, eq=False)
class Live:
    """A live suite: here the object itself, in another process a remade one.

    Attributes:
        suite: With the hash of its description, and failures as outcomes.
        name: "module:name" or "file.py:name" of its maker, or None: then it travels as it is.
    """

    suite: Suite
    name: str | None = None

    @classmethod
    def of(cls, suite: Suite, name: str | None = None) -> Live:
        """Return a suite whose tasks run code, for other processes; refuse one with a pool of configurations."""
        if any(t.pool is not None for t in suite.members):
            raise InvalidValueError(
                f"Suite {suite.name!r} must be registered or have a table, so that workers can load it."
            )
        return cls(identified(suite), name)

    def check_travels(self) -> None:
        """Refuse a suite of which a part cannot be pickled; the message names it."""
        if self.name is None:
            instead = "make what cannot travel inside the objective, name what makes the suite as 'file.py:name'"
            check_bytes(lambda: self._bytes, f"Suite {self.suite.name!r}", instead)

    def remember(self, fold: int | None, memory: str) -> None:
        """Make the allowed evaluations of earlier tasks here, where they are seen, once for all workers."""
        for e in self.suite.prior(fold, memory):
            _ = e.score
        self.__dict__.pop("_bytes", None)  # they travel with the suite

    @functools.cached_property
    def _bytes(self) -> bytes:
        return to_bytes(self.suite)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_received, (self._bytes,)) if self.name is None else (live_of, (self.name,))


def placed(text: str) -> str | None:
    """Return "module:name" or "file.py:name" for a process in another folder, a file in full; None of other text."""
    module, colon, name = text.rpartition(":")
    if not (colon and name.isidentifier()):
        return None
    if module.endswith(".py"):
        return f"{Path(module).resolve()}:{name}"
    return text if all(map(str.isidentifier, module.split("."))) else None


def suite_of(name: str) -> Suite:
    """Return the suite of "module:name" or "file.py:name"; only a name given by the user here and now may be imported.

    Raises:
        InvalidValueError: It makes no suite, or cannot without arguments.
        UnknownNameError: There is no such module, file or name.
    """
    maker = SUITES.resolve(name)
    try:
        found: object = maker()
    except HPOGymError:
        raise
    except Exception as fault:  # of the user's own function
        raise InvalidValueError(
            f"{name!r} must make a suite without arguments: {type(fault).__name__}: {fault}."
        ) from fault
    if not isinstance(found, Suite):
        raise InvalidValueError(f"{name!r} must make a suite, got {type(found).__name__}.")
    return found


@functools.lru_cache(maxsize=16)
def live_of(name: str) -> Live:
    """Return the live suite of "module:name", once in a process."""
    return Live.of(suite_of(name), name)


def _received(data: bytes) -> Live:
    return Live(from_bytes(data))
