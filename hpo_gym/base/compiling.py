"""Functions over numbers, compiled by numba where it is installed (extra `fast`); all have a twin without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function compiled at its first call for types of arguments, and kept in a file for later processes.

    Sums are made in the order written: no option lets the compiler change a bit.

    Raises:
        ImportError: numba is not installed, or not for this NumPy.
    """
    import numba  # an extra, and slow to import

    try:
        return numba.njit(cache=True, error_model="numpy")(function)
    except RuntimeError:  # no folder to keep it in
        return numba.njit(error_model="numpy")(function)
