"""A search space in any form that people have it in, as a `SearchSpace`."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, cast

import numpy as np

from hpo_gym.base import HPOGymError, InvalidValueError, shown
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.space.branches import joined
from hpo_gym.problem.space.hyperparameter import Part, between, check_unit, choices, is_finite, place_of

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

AnySpace: TypeAlias = "SearchSpace | ConfigurationSpace | Mapping[str, Any] | Sequence[Mapping[str, Any]]"
"""Forms that `read_space` accepts."""

_LEVELS = 1000  # steps of a range up to which it is an ordinal of its values
_LARGEST = 1 << 51  # halves of whole numbers beyond are no floats, and the ends of a range are such
_ENDS = {"min": "low", "minimum": "low", "lower": "low", "max": "high", "maximum": "high", "upper": "high"}


def read_space(given: AnySpace, what: str = "space") -> SearchSpace:
    """Read a search space.

    Args:
        given: A `SearchSpace`; a `ConfigurationSpace` of ConfigSpace, or its JSON; or a mapping of names to any of

            - ``(low, high)`` or ``(low, high, "log")``: a range, of whole numbers if both are ints;
            - ``{"low": low, "high": high, "log": True, "unit": "seconds"}``: the same, as in YAML; ``log`` and ``unit``
              are optional. Earlier tasks are matched by the unit too: see `Hyperparameter`;
            - ``["a", "b"]``: choices without an order, the first is the default;
            - a hyperparameter of ConfigSpace;
            - a distribution of Optuna; one with steps is an ordinal of at most 1,000 values;
            - a frozen distribution of SciPy, as in scikit-learn: read by its bounds alone, and `loguniform` and
              `reciprocal` as a range in the logarithm;
            - a text, a number, a boolean or None: a constant.

            The default of a range is its middle. A list of such mappings means alternatives
            (`hpo_gym.problem.space.branches`).
        what: Name of the argument, for messages.

    Raises:
        InvalidValueError: It has another form; the message names the part.
    """
    if isinstance(given, SearchSpace):
        return given
    if hasattr(given, "to_serialized_dict"):
        return SearchSpace(cast("ConfigurationSpace", given))
    if is_branches(given):
        return read_space(given[0], what) if len(given) == 1 else SearchSpace(joined(given, _part, what))
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


def is_branches(given: object) -> TypeGuard[Sequence[Mapping[str, Any]]]:
    """Return whether a space is given as a list of mappings."""
    return isinstance(given, (list, tuple)) and bool(given) and all(isinstance(one, Mapping) for one in given)


def _part(name: str, value: object) -> Part:
    module = type(value).__module__
    if module.startswith("optuna.distributions"):
        return of_distribution(name, value)
    if module.startswith("scipy.stats"):
        return _of_scipy(name, value)
    if module.startswith("ConfigSpace."):
        return _of_config_space(name, value)
    if isinstance(value, tuple):
        low, high = (*value, None, None)[:2]
        log = len(value) == 3 and value[2] == "log"
        if not ((len(value) == 2 or log) and _is_number(low) and _is_number(high)):
            forms = "(low, high) or (low, high, 'log')"
            raise InvalidValueError(f"A range of `{name}` must be {forms}, got {shown(value)}; choices are a list.")
        return _between(name, low, high, log=log)
    if isinstance(value, Mapping):
        return _described(name, value)
    if isinstance(value, (list, np.ndarray)):
        return _listed(name, list(value))
    if is_plain(value):
        return _choices(name, [value])
    raise InvalidValueError(
        f"`{name}` must be (low, high), (low, high, 'log'), a list of choices, a hyperparameter of ConfigSpace or a "
        f"distribution of Optuna or SciPy, got {shown(value)}."
    )


def _described(name: str, value: Mapping[Any, Any]) -> Part:
    """Return a range described by a mapping, as in YAML."""
    ends = {_ENDS.get(key, key): end for key, end in value.items()}
    if not {"low", "high"} <= set(value) <= {"low", "high", "log", "unit"}:
        form = _form(ends.get("low", 1), ends.get("high", 100), log=value.get("log") is True)
        raise InvalidValueError(
            f"A range of `{name}` must have `low` and `high`, and may have `log` and `unit`, got the keys "
            f"{shown(list(value))}; write {form}."
        )
    low, high, log, unit = value["low"], value["high"], value.get("log", False), value.get("unit")
    if not isinstance(log, bool):
        raise InvalidValueError(f"`log` of `{name}` must be true or false, got {shown(log)}.")
    for end in (low, high):
        if not _is_number(end):
            raise InvalidValueError(f"`low` and `high` of `{name}` must be numbers, got {shown(end)}{_read(end)}.")
    return _between(name, low, high, log=log) | ({} if unit is None else {"meta": {"unit": check_unit(name, unit)}})


def _listed(name: str, values: Sequence[Any]) -> Part:
    """Choices, unless a range was meant: numbers and the word "log"."""
    others = [value for value in values if not (isinstance(value, str) and value.lower() == "log")]
    if 2 <= len(others) < len(values) and all(_is_number(value) or _read(value) for value in others):
        low, high = others[:2]
        raise InvalidValueError(
            f"`{name}` must not be a list of numbers and 'log', which would be {len(values)} choices, got "
            f"{shown(list(values))}; a range is {_form(low, high, log=True)}, in Python also ({shown(low)}, "
            f"{shown(high)}, 'log'){next(filter(None, map(_read, others)), '')}."
        )
    return _choices(name, values)


def _form(low: object, high: object, *, log: bool) -> str:
    """Return a range in its YAML form."""
    return f"{{low: {shown(low)}, high: {shown(high)}{', log: true' * log}}}"


def _read(value: object) -> str:
    """Return a hint for a text that a person reads as a number, as YAML does with 1e-4; else an empty one."""
    try:
        meant = isinstance(value, str) and not math.isnan(float(value))
    except ValueError:
        return ""
    return f"; {value!r} is a text, YAML reads 1.0e-4 as a number but not 1e-4" if meant else ""


def _between(name: str, low: Any, high: Any, *, log: bool, whole: bool | None = None) -> Part:
    """Return a range, of whole numbers if both ends are, unless `whole` says otherwise."""
    if whole is None:
        whole = isinstance(low, numbers.Integral) and isinstance(high, numbers.Integral)
    if not (is_finite(low) and is_finite(high) and is_finite(float(high) - float(low))):
        raise InvalidValueError(
            f"`{name}` must have finite bounds, got [{shown(low)}, {shown(high)}]; give a range (low, high)."
        )
    low, high = (int(low), int(high)) if whole else (float(low), float(high))
    if whole and max(abs(low), abs(high)) > _LARGEST:
        raise InvalidValueError(f"Whole bounds of `{name}` must be within 2**51 = {_LARGEST}, got [{low}, {high}].")
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
        if not is_plain(value):
            raise InvalidValueError(
                f"Choices of `{name}` must be texts, finite numbers, booleans or None, got {shown(value)}."
            )
        if place_of(plain[:i], value) >= 0:
            raise InvalidValueError(f"Choices of `{name}` must differ, got {shown(value)} twice.")
    return choices(name, plain)


def is_plain(value: object) -> bool:
    """Return whether a value may be a choice: a text, a boolean, a finite number or None."""
    return value is None or isinstance(value, (str, bool, np.bool_)) or (_is_number(value) and is_finite(value))


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def of_distribution(name: str, distribution: Any) -> Part:
    """Return the hyperparameter of an Optuna distribution."""
    from optuna.distributions import CategoricalDistribution, IntDistribution

    if isinstance(distribution, CategoricalDistribution):
        return choices(name, distribution.choices)
    levels = levels_of(distribution)
    if levels is not None:
        return choices(name, levels, ordinal=True)
    whole = isinstance(distribution, IntDistribution)
    return _between(name, distribution.low, distribution.high, log=distribution.log, whole=whole)


def levels_of(distribution: Any) -> list[float] | None:
    """Return the values of a range with steps; None without steps, or with very many."""
    low, high, step = distribution.low, distribution.high, distribution.step
    plain = step is None or (step == 1 and isinstance(low, int))
    count = 0 if plain else round((high - low) / step) + 1
    return [round(low + i * step, 12) for i in range(count)] if 1 < count <= _LEVELS else None


def _of_scipy(name: str, frozen: Any) -> Part:
    """Return a frozen distribution as a range, by its bounds."""
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
