"""Objects of a user's own on their way to workers: as bytes through the pipe, made by cloudpickle.

The bytes are for this process's own workers: they are never written to a file, nor read from one.
"""

from __future__ import annotations

import functools
import io
import sys
from collections import ChainMap
from collections.abc import Callable
from types import CodeType
from typing import Any

from hpo_gym.base import FILES, InvalidValueError


class Carried:
    """A maker for other processes, also one from a script, a notebook or a named file. Calling it makes the object."""

    def __init__(self, maker: Callable[..., Any], name: str) -> None:
        self.maker, self.name = maker, name

    def __call__(self, *args: Any, **settings: Any) -> Any:
        return self.maker(*args, **settings)

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (self._bytes, self.name)

    def check_travels(self) -> None:
        """Refuse a maker that no other process can receive; see `check_bytes`."""
        check_bytes(lambda: self._bytes, repr(self.name), "name what makes it as 'file.py:Name'")

    @functools.cached_property
    def _bytes(self) -> bytes:
        return to_bytes(self.maker)


def check_bytes(made: Callable[[], bytes], what: str, instead: str) -> bytes:
    """Return the bytes of an object, or refuse one that no other process can receive.

    Args:
        what, instead: A description, and an alternative, for the message.

    Raises:
        InvalidValueError: A part of it cannot be pickled; the message names it.
    """
    try:
        return made()
    except Exception as fault:  # of whatever the object holds
        raise InvalidValueError(
            f"{what} must be able to travel to workers: {type(fault).__name__}: {fault}; {instead}, or use the engine "
            "'serial'."
        ) from fault


def to_bytes(thing: object) -> bytes:
    """Return an object as bytes, together with code from named files, which no worker can import."""
    import cloudpickle

    within = cloudpickle.list_registry_pickle_by_value()  # of what holds this thing, and is being written
    own = [sys.modules[name] for name in FILES if name in sys.modules and name not in within]
    for module in own:
        cloudpickle.register_pickle_by_value(module)
    try:
        file = io.BytesIO()
        _pickler()(file).dump(thing)
        return file.getvalue()
    finally:
        for module in own:
            cloudpickle.unregister_pickle_by_value(module)


@functools.cache
def _pickler() -> Any:
    """Return a pickler of cloudpickle that keeps the files of functions, so that an exception tells its line."""
    import cloudpickle

    known = cloudpickle.Pickler.dispatch_table

    def reduced(code: CodeType) -> tuple[Any, ...]:
        make, arguments = known[CodeType](code)[:2]
        return _of_file, (code.co_filename, make, arguments)

    return type("_Pickler", (cloudpickle.Pickler,), {"dispatch_table": ChainMap({CodeType: reduced}, known)})


def _of_file(name: str, make: Callable[..., CodeType], arguments: tuple[Any, ...]) -> CodeType:
    return make(*arguments).replace(co_filename=name)


@functools.lru_cache(maxsize=16)
def from_bytes(data: bytes) -> Any:
    """Return the object of bytes from the pipe, once in a process."""
    import cloudpickle

    return cloudpickle.loads(data)  # S301: our own bytes, from the driver's pipe


def _arrived(data: bytes, name: str) -> Carried:
    return Carried(from_bytes(data), name)
