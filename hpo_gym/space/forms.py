"""A search space in any form that people have it in, as a `SearchSpace`."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from hpo_gym.errors import HPOGymError, InvalidValueError
from hpo_gym.space import SearchSpace
from hpo_gym.space.parts import Part, between, choices

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

AnySpace: TypeAlias = "SearchSpace | ConfigurationSpace | Mapping[str, Any]"
"""What `read_space` takes."""

_LEVELS = 1000  # steps of a range up to which it is an ordinal of its values


def read_space(given: AnySpace, what: str = "space") -> SearchSpace:
    """Read a search space.

    Args:
        given: A `SearchSpace`; a `ConfigurationSpace` of ConfigSpace, or its JSON; or a mapping of names to any of

            - ``(low, high)`` or ``(low, high, "log")``: a range, of whole numbers where both are ints;
            - ``{"low": low, "high": high, "log": True}``: the same, as in YAML;
            - ``["a", "b"]``: choices without an order, the first of them the default;
            - a hyperparameter of ConfigSpace;
            - a distribution of Optuna; one with steps is an ordinal of at most 1,000 values;
            - a frozen distribution of SciPy, as scikit-learn takes them: read by its bounds alone, and `loguniform` and
              `reciprocal` as a range in the logarithm;
            - a text, a number, a boolean or None: a constant.

            The default of a range is its middle.
        what: Name of the argument, for messages.

    Raises:
        InvalidValueError: It is none of these; the message says which part is not.
    """
    if isinstance(given, SearchSpace):
        return given
    if hasattr(given, "to_serialized_dict"):
        return SearchSpace(given)
    if not isinstance(given, Mapping):
        raise InvalidValueError(
            f"`{what}` must be a SearchSpace, a ConfigurationSpace, or a mapping of names to ranges, choices or "
            f"distributions, got {type(given).__name__}."
        )
    if isinstance(given.get("hyperparameters"), list):
        try:
            return SearchSpace(given)
        except (TypeError, KeyError, ValueError, AttributeError, IndexError, RecursionError) as fault:
            if isinstance(fault, HPOGymError):
                raise
            raise InvalidValueError(f"`{what}` must be the JSON of a ConfigSpace, got {fault!r} of it.") from fault
    if not given:
        raise InvalidValueError(f"`{what}` must have at least one hyperparameter, got none.")
    wrong = [name for name in given if not isinstance(name, str)]
    if wrong:
        raise InvalidValueError(f"Names in `{what}` must be texts, got {wrong[0]!r}.")
    parts = [_part(name, value) for name, value in given.items()]
    return SearchSpace({"name": None, "hyperparameters": parts, "conditions": [], "forbiddens": []})


def _part(name: str, value: Any) -> Part:
    module = type(value).__module__
    if module.startswith("optuna.distributions"):
        return of_distribution(name, value)
    if module.startswith("scipy.stats"):
        return _of_scipy(name, value)
    if module.startswith("ConfigSpace."):
        return _of_config_space(name, value)
    if isinstance(value, tuple):
        return _range(name, value)
    if isinstance(value, Mapping) and {"low", "high"} <= set(value) <= {"low", "high", "log"}:
        log = value.get("log", False)
        if not isinstance(log, bool):
            raise InvalidValueError(f"`log` of `{name}` must be true or false, got {log!r}.")
        return _range(name, (value["low"], value["high"], *(["log"] if log else [])))
    if isinstance(value, (list, np.ndarray)):
        return _choices(name, list(value))
    if _is_plain(value):
        return _choices(name, [value])
    raise InvalidValueError(
        f"`{name}` must be (low, high), (low, high, 'log'), a list of choices, a hyperparameter of ConfigSpace or a "
        f"distribution of Optuna or SciPy, got {value!r:.80}."
    )


def _range(name: str, value: tuple[Any, ...]) -> Part:
    low, high = (*value, None, None)[:2]
    log = len(value) == 3 and value[2] == "log"
    fine = len(value) == 2 or log
    if not (fine and _is_number(low) and _is_number(high)):
        raise InvalidValueError(
            f"A range of `{name}` must be (low, high) or (low, high, 'log'), got {value!r:.80}; choices are a list."
        )
    whole = isinstance(low, numbers.Integral) and isinstance(high, numbers.Integral)
    return _between(name, low, high, log=log, whole=whole)


def _between(name: str, low: Any, high: Any, *, log: bool, whole: bool) -> Part:
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InvalidValueError(f"`{name}` must have finite bounds, got [{low}, {high}]; give a range (low, high).")
    low, high = (int(low), int(high)) if whole else (float(low), float(high))
    if low > high:
        raise InvalidValueError(f"`{name}` must have low <= high, got ({low}, {high}); the nearest is ({high}, {low}).")
    if log and low <= 0:
        raise InvalidValueError(f"`{name}` must be above 0 to be searched in the logarithm, got ({low}, {high}).")
    return between(name, low, high, log=log, whole=whole)


def _choices(name: str, values: Sequence[Any]) -> Part:
    plain = [value.item() if isinstance(value, np.generic) else value for value in values]
    if not plain:
        raise InvalidValueError(f"`{name}` must have at least one choice, got none.")
    for i, value in enumerate(plain):
        if not _is_plain(value):
            raise InvalidValueError(
                f"Choices of `{name}` must be texts, finite numbers, booleans or None, got {value!r:.80}."
            )
        if any(value == other and isinstance(value, bool) == isinstance(other, bool) for other in plain[:i]):
            raise InvalidValueError(f"Choices of `{name}` must differ, got {value!r} twice.")
    return choices(name, plain)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, bool)) or (_is_number(value) and math.isfinite(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def of_distribution(name: str, distribution: Any) -> Part:
    """A hyperparameter of a distribution of Optuna."""
    from optuna.distributions import CategoricalDistribution, IntDistribution

    if isinstance(distribution, CategoricalDistribution):
        return choices(name, distribution.choices)
    levels = levels_of(distribution)
    if levels is not None:
        return choices(name, levels, ordinal=True)
    whole = isinstance(distribution, IntDistribution)
    return between(name, distribution.low, distribution.high, log=distribution.log, whole=whole)


def levels_of(distribution: Any) -> list[float] | None:
    """The values of a range with steps; None of one without, or with very many."""
    low, high, step = distribution.low, distribution.high, distribution.step
    plain = step is None or (step == 1 and isinstance(low, int))
    count = 0 if plain else round((high - low) / step) + 1
    return [round(low + i * step, 12) for i in range(count)] if 1 < count <= _LEVELS else None


def _of_scipy(name: str, frozen: Any) -> Part:
    """A frozen distribution, by its bounds."""
    low, high = (float(bound) for bound in frozen.support())
    whole = "discrete" in type(frozen).__name__
    log = getattr(frozen.dist, "name", "") in ("loguniform", "reciprocal")
    return _between(name, low, high, log=log, whole=whole)


def _of_config_space(name: str, value: Any) -> Part:
    from ConfigSpace import ConfigurationSpace

    if getattr(value, "name", name) != name:
        raise InvalidValueError(f"The hyperparameter at {name!r} must have this name, got {value.name!r}.")
    try:
        (part,) = ConfigurationSpace({name: value}).to_serialized_dict()["hyperparameters"]
    except Exception as fault:  # of whatever ConfigSpace makes of it
        raise InvalidValueError(f"`{name}` must be a hyperparameter of ConfigSpace, got {value!r:.80}.") from fault
    return dict(part)
