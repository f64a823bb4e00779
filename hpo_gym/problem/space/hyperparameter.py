"""One hyperparameter: its range or choices, and how its values are numbers in [0, 1]."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, shown

Part = dict[str, Any]
"""A hyperparameter as ConfigSpace's JSON has it; its own classes would round the ends of a range."""

KEPT_IN_META = ("unit", "exact")  # in the JSON of a hyperparameter, what changes neither encoding nor equality
GRID = float(1 << 32)  # floats lie on a grid of 2**-32, so that decode, encode, decode gives the same number again


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One column of the encoding.

    Attributes:
        kind: "float", "int", "ordinal", "categorical" or "constant".
        low, high: Range of a number; 0 and the number of choices less one otherwise.
        log: Whether the range is uniform in the logarithm.
        choices: Values of an ordinal, categorical or constant hyperparameter, else empty.
        default: The value of the default configuration.
        unit: Unit of a number, if it differs from the usual one, such as "multiple of scale" for the `gamma` of an SVM.
            Earlier tasks tell nothing about one with another unit. It changes neither the encoding nor equality.
        exact: Floats that are decoded as they are, of the points that they encode to, such as those of a user's table.
            They change neither the encoding nor equality.
    """

    name: str
    kind: str
    low: float
    high: float
    log: bool
    choices: tuple[Any, ...]
    default: Any
    unit: str | None = field(default=None, compare=False)
    exact: tuple[float, ...] = field(default=(), compare=False)

    @property
    def size(self) -> float:
        """Number of distinct values, infinite for a float."""
        if self.kind == "float":
            return math.inf if self.high > self.low else 1
        return len(self.choices) or int(self.high - self.low) + 1

    @property
    def metric(self) -> bool:
        """Return whether distance along the column has a meaning (numbers and ordinals, not categoricals)."""
        return self.kind in ("float", "int", "ordinal")

    def bounds(self) -> tuple[float, float]:
        """Return the ends of the encoded range: outer ends of the extreme integers' shares, in the logarithm if so."""
        low, high = (self.low - 0.5, self.high + 0.5) if self.kind == "int" else (self.low, self.high)
        return (math.log(low), math.log(high)) if self.log else (low, high)

    def numbers(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Decode unit values to numbers; choices to their position. 0 and 1 are the very ends of a range."""
        if self.choices:
            return np.minimum(np.floor(u * len(self.choices)), len(self.choices) - 1)
        low, high = self.bounds()
        if self.kind == "float":
            u = np.rint(u * GRID) / GRID
        v = low + u * (high - low)
        v = np.exp(v) if self.log else v
        v = np.clip(np.rint(v) if self.kind == "int" else v, self.low, self.high)
        return np.asarray(np.where(u <= 0.0, self.low, np.where(u >= 1.0, self.high, v)), np.float64)

    def units(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Encode the output of `numbers`."""
        if self.choices:
            return np.asarray((v + 0.5) / len(self.choices), np.float64)
        low, high = self.bounds()
        if high == low:
            return np.full(v.shape, 0.5)
        u = ((np.log(v) if self.log else v) - low) / (high - low)
        u = np.rint(u * GRID) / GRID if self.kind == "float" else u
        return np.asarray(np.clip(u, 0.0, 1.0), np.float64)

    def position(self, value: object) -> float:
        """Return the number for a value, itself or its place among the choices; refuse a value out of range."""
        if self.choices:
            place = place_of(self.choices, value)
            if place < 0:
                raise InvalidValueError(f"`{self.name}` must be one of {list(self.choices)}, got {shown(value)}.")
            return float(place)
        number = _number(value)
        if number is None or not self.low <= number <= self.high or (self.kind == "int" and number != int(number)):
            kind = "an integer" if self.kind == "int" else "a number"
            whole = round(number) if number is not None and self.kind == "int" else number
            near = f"; the nearest is {min(max(whole, self.low), self.high):g}" if whole is not None else ""
            limits = f"[{self.low:g}, {self.high:g}]"
            raise InvalidValueError(f"`{self.name}` must be {kind} in {limits}, got {shown(value)}{near}.")
        return number

    def values(self, v: NDArray[np.float64]) -> list[Any]:
        """Return the output of `numbers` as Python values."""
        if self.choices:
            return [self.choices[i] for i in v.astype(np.int64).tolist()]
        return v.astype(np.int64).tolist() if self.kind == "int" else v.tolist()  # type: ignore[no-any-return]

    def to_json(self) -> dict[str, Any]:
        """Return name, kind, scale, default, values and unit, ready for JSON."""
        values = list(self.choices) or [self.low, self.high]
        said = {"name": self.name, "kind": self.kind, "log": self.log, "default": self.default, "values": values}
        return said | ({"unit": self.unit} if self.unit else {})


def place_of(choices: Sequence[Any], value: object) -> int:
    """Return the place of a value among choices, else -1; 1 and True are two choices."""
    for i, choice in enumerate(choices):
        if choice == value and isinstance(choice, bool) == isinstance(value, (bool, np.bool_)):
            return i
    return -1


def choices(name: str, values: Sequence[Any], *, ordinal: bool = False) -> Part:
    """Return a categorical or an ordinal; with one value, a constant."""
    if len(values) == 1 and isinstance(values[0], (int, float, str)):
        return {"type": "constant", "name": name, "value": values[0], "meta": None}
    if ordinal:
        return {"type": "ordinal", "name": name, "sequence": list(values), "default_value": values[0], "meta": None}
    return {"type": "categorical", "name": name, "choices": list(values), "weights": None, "default_value": values[0],
            "meta": None}  # fmt: skip


def between(name: str, low: float, high: float, *, log: bool, whole: bool) -> Part:
    """Return a range, its middle the default; for equal ends, a constant."""
    if low == high:
        return choices(name, [low])
    middle = math.exp((math.log(low) + math.log(high)) / 2) if log else low / 2 + high / 2
    default = min(max(round(middle) if whole else middle, low), high)
    return {"type": "uniform_int" if whole else "uniform_float", "name": name, "lower": low, "upper": high,
            "default_value": default, "log": log, "meta": None}  # fmt: skip


def column(data: Mapping[str, Any]) -> Hyperparameter:
    """Return a hyperparameter from ConfigSpace's JSON."""
    kind, name = data["type"], _unicode("A name", data["name"])
    unit, exact = (_meta(data).get(key) for key in KEPT_IN_META)
    unit = None if unit is None else check_unit(name, unit)
    if kind in ("categorical", "ordinal", "constant"):
        key = {"categorical": "choices", "ordinal": "sequence"}.get(kind)
        choices = tuple(plain(data[key])) if key else (plain(data["value"]),)
        for choice in choices:
            _unicode(f"A choice of `{name}`", choice)
        default = plain(data["default_value"]) if key else choices[0]
        kind = "constant" if len(choices) == 1 else kind
        return Hyperparameter(name, kind, 0, len(choices) - 1, False, choices, default, unit)
    if not kind.endswith(("_float", "_int")):
        raise InvalidValueError(
            f"`type` of `{name}` must be float, int, categorical, ordinal or constant, got {kind!r}."
        )
    low, high = data.get("lower"), data.get("upper")
    if low is None or high is None or not (is_finite(low) and is_finite(high)):
        raise InvalidValueError(f"`{name}` must have finite bounds, got [{shown(low)}, {shown(high)}].")
    short, default = ("float" if kind.endswith("float") else "int"), min(max(plain(data["default_value"]), low), high)
    exact = _check_exact(name, exact, low, high) if exact is not None and short == "float" else ()
    return Hyperparameter(name, short, low, high, bool(data.get("log", False)), (), default, unit, exact)


def _unicode(what: str, value: object) -> Any:
    """Return a value, checked: texts must be writable to a file, so without lone surrogates."""
    try:
        str.encode(value) if isinstance(value, str) else None
    except UnicodeEncodeError as fault:
        raise InvalidValueError(f"{what} must be Unicode, without lone surrogates, got {shown(value)}.") from fault
    return value


def _number(value: object) -> float | None:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        return None
    return float(value) if is_finite(value) else None


def is_finite(number: Any) -> bool:
    """Return whether a number is finite as a float; 10**400 is not."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _meta(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the `meta` of a hyperparameter's ConfigSpace JSON, empty if it has none."""
    meta = data.get("meta")
    return meta if isinstance(meta, Mapping) else {}


def without_kept(data: Mapping[str, Any]) -> dict[str, Any]:
    """ConfigSpace's JSON of a space, as it would be if no hyperparameter had a unit or exact values."""
    parts = []
    for part in data["hyperparameters"]:
        if any(_meta(part).get(key) is not None for key in KEPT_IN_META):
            part = {**part, "meta": {k: v for k, v in part["meta"].items() if k not in KEPT_IN_META} or None}
        parts.append(part)
    return {**data, "hyperparameters": parts}


def check_unit(name: str, unit: object) -> str:
    """Refuse a unit that is no text."""
    if not isinstance(unit, str) or not unit.strip():
        raise InvalidValueError(f"`unit` of `{name}` must be a text such as 'seconds', got {shown(unit)}.")
    return unit


def _check_exact(name: str, values: object, low: float, high: float) -> tuple[float, ...]:
    """Return exact values as floats, ascending; refuse others than numbers of the range."""
    numbers = [_number(value) for value in values] if isinstance(values, (list, tuple)) else [None]
    found = sorted(number for number in numbers if number is not None and low <= number <= high)
    if len(found) < len(numbers):
        raise InvalidValueError(f"`exact` of `{name}` must be numbers in [{low:g}, {high:g}], got {shown(values)}.")
    return tuple(found)


def plain(value: object) -> Any:
    """Replace NumPy scalars by Python values, at all depths, for JSON and for users."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    return str(value) if isinstance(value, str) else value
