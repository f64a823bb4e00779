"""The builder of a name: of a table, or of the surrogates of one."""

from __future__ import annotations

import functools
from collections.abc import Callable

from hpo_builders.order import BUILDERS, Order
from hpo_gym.base import InvalidValueError
from hpo_gym.suites import SUFFIX


def builder_of(name: str, order: Order) -> Callable[[], None]:
    """Return the builder of a suite's table, or for ``NAME:surrogate`` that of the surrogates of its tasks.

    Raises:
        UnknownNameError: No such builder.
        InvalidValueError: The order has `rows` or `tasks` for a published table, or asks a table for 0 rows.
    """
    table = name.removesuffix(SUFFIX)
    build = BUILDERS.get(table)
    if BUILDERS.entries()[table].about.get("kind") == "converted":
        for option, value in (("tasks", order.tasks), ("rows", order.rows)):
            if value not in (None, 0):
                raise InvalidValueError(f"`{option}` must not be given for {name}, which trains nothing; got {value}.")
    if name != table:
        from hpo_builders.surrogates.build import build_surrogates

        return functools.partial(build_surrogates, name, order)
    if order.rows == 0:
        raise InvalidValueError(f"`rows` of {name} must be at least 1, got 0.")
    return functools.partial(build, order)
