"""Distributions of Optuna as hyperparameters, and the values of parameters as texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hpo_gym.base import InvalidValueError, Mask
from hpo_gym.problem import SearchSpace, levels_of, of_distribution
from hpo_gym.suites.own.columns import TableColumn
from hpo_gym.suites.own.csv_space import LARGEST
from hpo_gym.suites.own.parts import with_conditions
from hpo_gym.suites.own.roles import PARAMS

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def space_of(
    distributions: Mapping[str, BaseDistribution],
    columns: Mapping[str, TableColumn],
    where: str,
    judged: Mask | None = None,
) -> SearchSpace:
    """Return the space of the distributions, each parameter active where it has a value."""
    parts = {n: of_distribution(n, distributions[n if n in distributions else n.removeprefix(PARAMS)]) for n in columns}
    return with_conditions(parts, columns, where, judged)


def reader_for(name: str, distribution: Any) -> Callable[[Any], str]:
    """Return a function from a parameter's value to text, as `reader_of` reads it."""
    from optuna.distributions import CategoricalDistribution

    if isinstance(distribution, CategoricalDistribution):
        texts = [str(choice) for choice in distribution.choices]
        fine = all(choice is None or isinstance(choice, (bool, int, float, str)) for choice in distribution.choices)
        if not fine or "" in texts or len(set(texts)) < len(texts):
            raise InvalidValueError(
                f"Choices of {name!r} must be None, booleans, numbers and texts that read differently, got "
                f"{distribution.choices}."
            )
        return str
    levels = levels_of(distribution)
    if levels is None:
        return repr
    low, step = distribution.low, distribution.step
    return lambda value: str(levels[min(max(round((value - low) / step), 0), len(levels) - 1)])


def merged(trials: Iterable[tuple[str, Mapping[str, BaseDistribution]]]) -> dict[str, BaseDistribution]:
    """One distribution of each parameter, as wide as the widest of all trials."""
    out: dict[str, BaseDistribution] = {}
    for study, distributions in trials:
        for name, distribution in distributions.items():
            other = out.setdefault(name, distribution)
            if other != distribution:
                out[name] = _joined(study, name, other, distribution)
    for name, found in out.items():
        if max(abs(getattr(found, "low", 0)), abs(getattr(found, "high", 0))) > LARGEST:
            raise InvalidValueError(f"Parameter {name!r} must have bounds of at most {LARGEST:g}, got {found}.")
    return out


def _joined(study: str, name: str, a: Any, b: Any) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    kinds = {isinstance(a, CategoricalDistribution), isinstance(b, CategoricalDistribution)}
    if kinds == {True}:
        return CategoricalDistribution(list(dict.fromkeys([*a.choices, *b.choices])))
    if kinds == {True, False}:
        raise InvalidValueError(
            f"Parameter {name!r} must be a range or choices in all studies, got {a} and, in {study!r}, {b}."
        )
    low, high, log = min(a.low, b.low), max(a.high, b.high), a.log and b.log
    if isinstance(a, IntDistribution) and isinstance(b, IntDistribution):
        return IntDistribution(low, high, log, a.step if a.step == b.step and a.low == b.low else 1)
    return FloatDistribution(low, high, log)
