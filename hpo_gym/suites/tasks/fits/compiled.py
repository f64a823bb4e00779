"""`kernel`: the functions of `hpo_gym.suites.tasks.fits.network`, compiled by numba where it is installed.

Where it is not, operations over numbers are replaced by their twins over whole arrays.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

from hpo_gym.base import compiled, seeding
from hpo_gym.suites.tasks.fits import network, numbers, vectors

_MODULES = (numbers, network)


class Kernel(NamedTuple):
    """`train` and `judge`, as `hpo_gym.suites.tasks.fits.network` tells."""

    train: Callable[..., float]
    judge: Callable[..., tuple[float, float]]


@functools.cache
def kernel() -> Kernel:
    """Return the fastest kernel; nothing is compiled before its first call, and then kept in files for later ones."""
    try:
        return by_loops()
    except ImportError:  # not installed, or not for this NumPy
        return by_arrays()


@functools.cache
def by_loops() -> Kernel:
    """Return the kernel compiled by numba; raise `ImportError` without it."""
    made_of = seeding.digest([Path(str(module.__file__)).read_text(encoding="utf-8") for module in _MODULES])[:12]

    def named(function: Any) -> Any:
        function.__qualname__ = f"{function.__name__}-{made_of}"  # names its file: numba does not look at callees
        return compiled(function)

    return _made({}, named)


@functools.cache
def by_arrays() -> Kernel:
    """Return the kernel with NumPy's operations."""
    return _made(vars(vectors), lambda function: function)


def _made(given: Mapping[str, Any], wrap: Callable[[Any], Any]) -> Kernel:
    """Return the kernel of a name space of its own: operations as given, all else wrapped."""
    space: dict[str, Any] = {}
    for module in _MODULES:
        space |= vars(module)
    for name, value in list(space.items()):
        if isinstance(value, FunctionType):
            space[name] = given.get(name) or wrap(FunctionType(value.__code__, space, name))
    return Kernel(space["train"], space["judge"])
