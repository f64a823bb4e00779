"""Name spaces of kernels: functions over numbers compiled by numba, or replaced by their twins over whole arrays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import FunctionType, ModuleType
from typing import Any

Space = Mapping[str, Any]


def by_numba(modules: Collection[ModuleType], fastmath: Collection[str] = ()) -> Space:
    """Return the functions of modules, compiled when they are first called, and then kept in files for later ones.

    Args:
        modules: Their names together; those of later ones replace those of earlier ones.
        fastmath: Freedoms of the compiler, as numba has them.

    Raises:
        ImportError: numba is not installed, or not for this NumPy.
    """
    import numba  # an extra, and slow to import

    options: dict[str, Any] = {"error_model": "numpy", "fastmath": set(fastmath) or False}

    def compiled(function: Any) -> Any:
        function.__qualname__ = "-".join([function.__name__, *sorted(fastmath)])  # of the file where it is kept
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # no folder to keep it in
            return numba.njit(**options)(function)

    return _made(modules, {}, compiled)


def by_numpy(modules: Collection[ModuleType], twins: ModuleType) -> Space:
    """Return the functions of modules in Python, but the twins of some."""
    return _made(modules, vars(twins), lambda function: function)


def _made(modules: Collection[ModuleType], given: Space, wrap: Callable[[Any], Any]) -> Space:
    """Return a name space of its own: operations as given, all else wrapped."""
    space: dict[str, Any] = {}
    for module in modules:
        space |= vars(module)
    for name, value in list(space.items()):
        if isinstance(value, FunctionType):
            space[name] = given.get(name) or wrap(FunctionType(value.__code__, space, name))
    return space
