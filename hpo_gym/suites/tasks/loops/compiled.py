"""Name spaces of kernels: functions over numbers compiled by numba, or replaced by their twins over whole arrays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from hpo_gym.base import seeding

Space = Mapping[str, Any]


def by_numba(modules: Sequence[ModuleType], fastmath: Sequence[str] = (), inlined: Sequence[str] = ()) -> Space:
    """Return the functions of modules, compiled when they are first called, and then kept in files for later ones.

    Args:
        modules: Their names together; those of later ones replace those of earlier ones.
        fastmath: Freedoms of the compiler, as numba has them.
        inlined: Functions that are compiled into each of their callers, for the constants that these hand over.

    Raises:
        ImportError: numba is not installed, or not for this NumPy.
    """
    import numba  # an extra, and slow to import

    sources = [Path(str(module.__file__)).read_text(encoding="utf-8") for module in modules]
    made_of = seeding.digest([*sources, *fastmath, *inlined])[:12]

    def compiled(function: Any) -> Any:
        options: dict[str, Any] = {"error_model": "numpy", "fastmath": set(fastmath) or False}
        options["forceinline"] = function.__name__ in inlined
        function.__qualname__ = f"{function.__name__}-{made_of}"  # names its file: numba does not look at callees
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
