"""The builder of a name: of a table, or of the surrogates of one."""

from __future__ import annotations

import functools
from collections.abc import Callable

from hpo_gym.builders.order import BUILDERS, Order
from hpo_gym.suites.surrogates import SUFFIX


def builder_of(name: str) -> Callable[[Order], None]:
    """What builds a suite's table, or for ``NAME:surrogate`` the surrogates of its tasks.

    Raises:
        UnknownNameError: No such builder.
    """
    if not name.endswith(SUFFIX):
        return BUILDERS.get(name)
    from hpo_gym.builders.surrogates.build import build_surrogates

    BUILDERS.get(name.removesuffix(SUFFIX))
    return functools.partial(build_surrogates, name)
