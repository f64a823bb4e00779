"""`kernel`: the functions of `hpo_gym.suites.tasks.learners.kernel`, compiled by numba where it is installed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from hpo_gym.base import Singles
from hpo_gym.suites.tasks.learners import kernel as loops
from hpo_gym.suites.tasks.learners import network, physics, vectors
from hpo_gym.suites.tasks.loops import numbers
from hpo_gym.suites.tasks.loops.compiled import Space, by_numba, by_numpy

MODULES = (numbers, physics, network, loops)
FREEDOMS = ("contract", "nsz", "reassoc")
"""Sums may be in any order: bits depend on the processor, as those of BLAS do."""
INLINED = ("act", "forward", "move", "normal", "see", "slopes")


class Kernel(NamedTuple):
    """`begun`, `stages` and `judged`, as `hpo_gym.suites.tasks.learners.kernel` tells."""

    begun: Callable[..., Singles]
    stages: Callable[..., Singles]
    judged: Callable[..., Singles]


@functools.cache
def kernel() -> Kernel:
    """Return the fastest kernel."""
    try:
        return by_loops()
    except ImportError:  # not installed, or not for this NumPy
        return by_arrays()


@functools.cache
def by_loops() -> Kernel:
    """Return the kernel compiled by numba."""
    return _picked(by_numba(MODULES, FREEDOMS, INLINED))


@functools.cache
def by_arrays() -> Kernel:
    """Return the kernel with NumPy's operations, far slower."""
    return _picked(by_numpy(MODULES, vectors))


def _picked(space: Space) -> Kernel:
    return Kernel(*(space[name] for name in Kernel._fields))
