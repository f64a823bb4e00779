"""`kernel`: the functions of `hpo_gym.suites.tasks.fits.network`, compiled by numba where it is installed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from hpo_gym.suites.tasks.fits import network, vectors
from hpo_gym.suites.tasks.loops import numbers
from hpo_gym.suites.tasks.loops.compiled import Space, by_numba, by_numpy


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
    """Return the kernel compiled by numba."""
    return _picked(by_numba((numbers, network)))


@functools.cache
def by_arrays() -> Kernel:
    """Return the kernel with NumPy's operations."""
    return _picked(by_numpy((numbers, network), vectors))


def _picked(space: Space) -> Kernel:
    return Kernel(space["train"], space["judge"])
