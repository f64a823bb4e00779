"""The builder of a name: of a table, or of the surrogates of one."""

from __future__ import annotations

import functools
from collections.abc import Callable

from hpo_builders.order import BUILDERS, Order
from hpo_gym.base import InvalidValueError
from hpo_gym.problem import SUITES
from hpo_gym.suites import SUFFIX, load_suite


def builder_of(name: str, order: Order) -> Callable[[], None]:
    """Return the builder of a suite's table, or for ``NAME:surrogate`` that of the surrogates of its tasks.

    Raises:
        UnknownNameError: No such builder.
        InvalidValueError: The table, or further rows for its surrogates, are trained by an earlier commit, or the order
            asks a table for 0 rows.
    """
    table = name.removesuffix(SUFFIX)
    surrogates, known = name != table, table in BUILDERS.entries()
    if not known and table in SUITES.entries() and (order.rows or not surrogates):
        built = load_suite(table).about.get("built", {})
        where = f"that of {table} is at commit {built['commit']}" if "commit" in built else f"{table} has none"
        raise InvalidValueError(f"`suites` must have a builder in this checkout, {where}.")
    if surrogates:
        from hpo_builders.surrogates.build import build_surrogates

        SUITES.get(table)
        return functools.partial(build_surrogates, name, order)
    build = BUILDERS.get(name)
    if order.rows == 0:
        raise InvalidValueError(f"`rows` of {name} must be at least 1, got 0.")
    return functools.partial(build, order)
