"""The search space: a ConfigSpace and its batch encoding. This is the only place that scales hyperparameters.

One column per hyperparameter, in ConfigSpace's own order, each in [0, 1]: a range by its share (logarithmic ranges in
the logarithm), an integer or a choice by the middle of its share, an inactive hyperparameter by .5.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym import _conditions as conditions
from hpo_gym.errors import InvalidValueError, unknown

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

Configuration = dict[str, Any]
"""One value for each active hyperparameter: Python numbers, strings, booleans or None."""

Points = NDArray[np.float64]
"""Configurations as points of the unit cube, shape ``(n, d)``."""

_GRID = float(1 << 32)  # floats lie on a grid of 2**-32, so that decode, encode, decode gives the same number again


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One column of the encoding.

    Attributes:
        kind: "float", "int", "ordinal", "categorical" or "constant".
        low, high: Range of a number; 0 and the number of choices less one otherwise.
        log: Whether the range is uniform in the logarithm.
        choices: Values of an ordinal, categorical or constant hyperparameter, else empty.
        default: The value of the default configuration.
    """

    name: str
    kind: str
    low: float
    high: float
    log: bool
    choices: tuple[Any, ...]
    default: Any

    @property
    def size(self) -> float:
        """Number of distinct values, infinite for a float."""
        if self.kind == "float":
            return math.inf if self.high > self.low else 1
        return len(self.choices) or int(self.high - self.low) + 1

    @property
    def metric(self) -> bool:
        """Whether distance along the column means anything (numbers and ordinals, not categoricals)."""
        return self.kind in ("float", "int", "ordinal")

    def bounds(self) -> tuple[float, float]:
        """Ends of the encoded range: those of the share of the first and last integer, in the logarithm if `log`."""
        low, high = (self.low - 0.5, self.high + 0.5) if self.kind == "int" else (self.low, self.high)
        return (math.log(low), math.log(high)) if self.log else (low, high)

    def numbers(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Decode unit values to numbers; choices to their position."""
        if self.choices:
            return np.minimum(np.floor(u * len(self.choices)), len(self.choices) - 1)
        low, high = self.bounds()
        if self.kind == "float":
            u = np.rint(u * _GRID) / _GRID
        v = low + u * (high - low)
        v = np.exp(v) if self.log else v
        return np.asarray(np.clip(np.rint(v) if self.kind == "int" else v, self.low, self.high), np.float64)

    def units(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Encode what `numbers` gives."""
        if self.choices:
            return np.asarray((v + 0.5) / len(self.choices), np.float64)
        low, high = self.bounds()
        if high == low:
            return np.full(v.shape, 0.5)
        u = ((np.log(v) if self.log else v) - low) / (high - low)
        u = np.rint(u * _GRID) / _GRID if self.kind == "float" else u
        return np.asarray(np.clip(u, 0.0, 1.0), np.float64)

    def position(self, value: object) -> float:
        """The number that stands for a value: itself, or its place among the choices.

        Raises:
            InvalidValueError: The value is not one that the hyperparameter can take.
        """
        if self.choices:
            for i, choice in enumerate(self.choices):
                if choice == value and isinstance(choice, bool) == isinstance(value, (bool, np.bool_)):
                    return float(i)
            raise InvalidValueError(f"`{self.name}` must be one of {list(self.choices)}, got {value!r}.")
        number = _number(value)
        if number is None or not self.low <= number <= self.high or (self.kind == "int" and number != int(number)):
            kind = "an integer" if self.kind == "int" else "a number"
            near = f"; the nearest is {min(max(number, self.low), self.high):g}" if number is not None else ""
            limits = f"[{self.low:g}, {self.high:g}]"
            raise InvalidValueError(f"`{self.name}` must be {kind} in {limits}, got {value!r}{near}.")
        return number

    def values(self, v: NDArray[np.float64]) -> list[Any]:
        """Python values of what `numbers` gives."""
        if self.choices:
            return [self.choices[i] for i in v.astype(np.int64).tolist()]
        return v.astype(np.int64).tolist() if self.kind == "int" else v.tolist()  # type: ignore[no-any-return]


class SearchSpace:
    """All that may be chosen on a task.

    Args:
        config_space: A ConfigSpace `ConfigurationSpace`, or its JSON (`to_serialized_dict`). Distributions are read
            by their bounds only; hyperparameters without bounds are refused.

    Attributes:
        names: Hyperparameters in column order.
        hyperparameters: The columns, `d` of them.
    """

    def __init__(self, config_space: ConfigurationSpace | Mapping[str, Any]) -> None:
        serialize = getattr(config_space, "to_serialized_dict", None)  # a ConfigurationSpace is a Mapping too
        data: Mapping[str, Any] = serialize() if serialize else config_space
        self._json = json.dumps(_plain(data), sort_keys=True)
        self.hyperparameters = tuple(_column(h) for h in data["hyperparameters"])
        if not self.hyperparameters:
            raise InvalidValueError("A search space must have at least one hyperparameter, got none.")
        self.names = tuple(h.name for h in self.hyperparameters)
        self.d = len(self.names)
        self._index = {name: j for j, name in enumerate(self.names)}
        self._conditions = conditions.in_order(self.names, _plain(data.get("conditions", [])))
        self._forbidden = tuple(_plain(data.get("forbiddens", [])))
        self.conditional = bool(self._conditions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SearchSpace) and self._json == other._json

    def __hash__(self) -> int:
        return hash(self._json)

    def __repr__(self) -> str:
        return f"SearchSpace({', '.join(self.names)})"

    def to_json(self) -> dict[str, Any]:
        """The space as ConfigSpace's own JSON."""
        return json.loads(self._json)  # type: ignore[no-any-return]

    @property
    def config_space(self) -> ConfigurationSpace:
        """A new ConfigSpace object of this space."""
        from ConfigSpace import ConfigurationSpace

        data = {"name": None, "python_module_version": "1.2.0", "format_version": 0.4, **self.to_json()}
        return ConfigurationSpace.from_serialized_dict(data)

    @functools.cached_property
    def size(self) -> float:
        """Number of combinations of values, conditions not counted; infinite where a float is tuned."""
        return math.prod(h.size for h in self.hyperparameters)

    @functools.cached_property
    def default_x(self) -> Points:
        """The default configuration as a point, shape ``(d,)``."""
        v = [h.units(np.array([h.position(h.default)]))[0] for h in self.hyperparameters]
        x: Points = self.snap(np.array([v]))[0]
        x.flags.writeable = False
        return x

    @property
    def default(self) -> Configuration:
        """The default configuration."""
        return self.from_unit(self.default_x)

    # ------------------------------------------------------------------ points -> configurations
    def decode(self, x: NDArray[Any]) -> list[Configuration]:
        """Map points of the unit cube, shape ``(n, d)``, to configurations of their active hyperparameters."""
        x = self._points(x)
        columns = [h.values(h.numbers(x[:, j])) for j, h in enumerate(self.hyperparameters)]
        rows = zip(*columns, strict=True)
        if not self.conditional:
            return [dict(zip(self.names, row, strict=True)) for row in rows]
        keep = self.active(x).tolist()
        return [{k: v for k, v, a in zip(self.names, r, m, strict=True) if a} for r, m in zip(rows, keep, strict=True)]

    def from_unit(self, x: NDArray[Any]) -> Configuration:
        """Map one point of the unit cube, shape ``(d,)``, to a configuration."""
        return self.decode(np.asarray(x)[None])[0]

    def active(self, x: NDArray[Any]) -> NDArray[np.bool_]:
        """Which hyperparameters are active at each point, shape ``(n, d)``."""
        x = np.asarray(x, np.float64)
        mask = np.ones(x.shape, bool)
        if not self._conditions:
            return mask
        values = _Columns(self, x)
        active = {name: mask[:, j] for j, name in enumerate(self.names)}  # views: a child sees its parents' state
        for condition in self._conditions:
            child = active[condition["child"]]
            child &= conditions.holds(condition, values, active)
        return mask

    def legal(self, x: NDArray[Any]) -> NDArray[np.bool_]:
        """Which points no forbidden clause rules out, shape ``(n,)``."""
        x = np.asarray(x, np.float64)
        good = np.ones(len(x), bool)
        if self._forbidden:
            values, mask = _Columns(self, x), self.active(x)
            active = {name: mask[:, j] for j, name in enumerate(self.names)}
            for clause in self._forbidden:
                good &= ~conditions.forbidden(clause, values, active)
        return good

    def snap(self, x: NDArray[Any]) -> Points:
        """Move points to the canonical ones of the same configurations, shape ``(n, d)``."""
        x = self._points(x)
        out = np.empty_like(x)
        for j, h in enumerate(self.hyperparameters):
            out[:, j] = h.units(h.numbers(x[:, j]))
        if self._conditions:
            out[~self.active(x)] = 0.5
        return out

    # ------------------------------------------------------------------ configurations -> points
    def encode(self, configs: Iterable[Mapping[str, Any]]) -> Points:
        """Map configurations to points of the unit cube, shape ``(n, d)``; a value of None means inactive.

        Raises:
            UnknownNameError: A hyperparameter that the space does not have.
            InvalidValueError: A value out of range, an active hyperparameter that is missing, an inactive one that
                is given, or a forbidden combination.
        """
        given = list(configs)
        x = np.full((len(given), self.d), 0.5)
        present = np.zeros((len(given), self.d), bool)
        for i, config in enumerate(given):
            for name, value in config.items():
                j = self._index.get(name)
                if j is None:
                    raise unknown("hyperparameter", name, self.names)
                h = self.hyperparameters[j]
                if value is None and None not in h.choices:
                    continue
                present[i, j] = True
                x[i, j] = h.position(value)
        for j, h in enumerate(self.hyperparameters):
            x[present[:, j], j] = h.units(x[present[:, j], j])
        self._refuse_wrong(given, x, present)
        return x

    def to_unit(self, config: Mapping[str, Any]) -> Points:
        """Map a configuration to a point of the unit cube, shape ``(d,)``; raises as `encode`."""
        return np.asarray(self.encode([config])[0])

    def _refuse_wrong(self, given: Sequence[Mapping[str, Any]], x: Points, present: NDArray[np.bool_]) -> None:
        active = self.active(x)
        for i, j in np.argwhere(active != present).tolist():
            name, config = self.names[j], dict(given[i])
            if active[i, j]:
                raise InvalidValueError(f"`{name}` is active and must be given, got only {config}.")
            raise InvalidValueError(f"`{name}` is inactive here and must be left out, got {config}.")
        for i in np.flatnonzero(~self.legal(x)).tolist():
            raise InvalidValueError(f"A forbidden clause of the space rules this configuration out: {dict(given[i])}.")

    # ------------------------------------------------------------------ sets of points
    def spread(self, count: int) -> Points:
        """`count` points that fill the cube evenly, canonical, ``(count, d)``: the R2 sequence (Roberts, 2018)."""
        phi = 2.0
        for _ in range(50):
            phi = (1 + phi) ** (1 / (self.d + 1))
        steps = phi ** -np.arange(1.0, self.d + 1)
        return self.snap((0.5 + np.arange(1, count + 1)[:, None] * steps) % 1.0)

    def sample(self, rng: np.random.Generator, n: int) -> Points:
        """Draw `n` legal configurations, uniform in the unit cube, as canonical points ``(n, d)``."""
        return self.repair(rng, rng.random((n, self.d)))

    def repair(self, rng: np.random.Generator, x: NDArray[Any]) -> Points:
        """Snap points and draw anew those that a forbidden clause rules out."""
        x = self.snap(x)
        for _ in range(1000 if self._forbidden else 0):
            bad = np.flatnonzero(~self.legal(x))
            if not bad.size:
                return x
            x[bad] = self.snap(rng.random((bad.size, self.d)))
        if self._forbidden and not self.legal(x).all():
            raise InvalidValueError("The forbidden clauses leave (almost) no configuration: 1000 draws were ruled out.")
        return x

    def levels(self, count: int) -> list[NDArray[np.float64]]:
        """Unit values of each column, evenly spaced: all values where there are at most `count`, else so many."""
        if not 2 <= count <= 10_000:
            raise InvalidValueError(f"`2 <= levels <= 10000` must hold, got {count}.")
        out = []
        for h in self.hyperparameters:
            if h.choices or h.size <= count:  # every choice is a level: a grid must reach each
                u = h.units(np.arange(h.low, h.high + 1, dtype=np.float64))
            else:
                u = np.unique(h.units(h.numbers(np.linspace(0.0, 1.0, count))))
            out.append(u)
        return out

    def neighbours(self, x: NDArray[Any], steps: int = 10) -> Points:
        """All configurations one step away from a point ``(d,)``: a metric value up or down, another choice.

        A range of more than `steps` values is cut into `steps` equal steps of the encoding.
        """
        x = self.snap(np.asarray(x, np.float64)[None])[0]
        active, out = self.active(x[None])[0], []
        for j, h in enumerate(self.hyperparameters):
            if not active[j]:
                continue
            for u in _one_step(h, x[j], steps):
                y = x.copy()
                y[j] = u
                woken = self.active(y[None])[0] & ~active  # what the change wakes starts at its default
                y[woken] = self._default_units[woken]
                out.append(y)
        if not out:
            return np.empty((0, self.d))
        points = self.snap(np.array(out))
        return points[self.legal(points)]

    @functools.cached_property
    def _default_units(self) -> NDArray[np.float64]:
        return np.array([h.units(np.array([h.position(h.default)]))[0] for h in self.hyperparameters])

    def _points(self, x: NDArray[Any]) -> Points:
        x = np.asarray(x, np.float64)
        if x.ndim != 2 or x.shape[1] != self.d:
            raise InvalidValueError(f"Points must have shape (n, {self.d}), got {x.shape}.")
        if x.size and not (x.min() >= 0.0 and x.max() <= 1.0):  # also refuses NaN
            bad = x[~((x >= 0.0) & (x <= 1.0))][0]
            near = np.clip(np.nan_to_num(bad, nan=0.5), 0, 1)
            raise InvalidValueError(f"Points must lie in [0, 1], got {bad}; the nearest is {near}.")
        return x


@functools.lru_cache(maxsize=64)
def level_grid(space: SearchSpace, levels: int) -> tuple[NDArray[np.float64], ...]:
    """Unit values of the levels of each hyperparameter."""
    return tuple(space.levels(levels))


def nearest_level(levels: NDArray[np.float64], u: NDArray[np.float64]) -> NDArray[np.int64]:
    """Position of the nearest level of each unit value; of two as near, the lower."""
    return np.searchsorted((levels[1:] + levels[:-1]) / 2, u, side="left")


@dataclass
class _Columns:
    """The decoded columns of points, made as conditions ask for them."""

    space: SearchSpace
    x: Points

    def column(self, name: str) -> NDArray[np.float64]:
        j = self.space._index[name]
        return self.space.hyperparameters[j].numbers(self.x[:, j])

    def operand(self, name: str, value: object) -> float:
        h = self.space.hyperparameters[self.space._index[name]]
        return h.position(value) if h.choices else float(value)  # type: ignore[arg-type]

    def number(self, name: str) -> NDArray[np.float64]:
        h = self.space.hyperparameters[self.space._index[name]]
        column = self.column(name)
        return np.array(h.values(column), np.float64) if h.choices else column


def _one_step(h: Hyperparameter, u: float, steps: int) -> list[float]:
    if h.kind == "constant":
        return []
    if h.kind == "categorical":
        here = int(h.numbers(np.array([u]))[0])
        return [(i + 0.5) / len(h.choices) for i in range(len(h.choices)) if i != here]
    if h.size <= steps or h.choices:
        v = h.numbers(np.array([u]))[0]
        last = len(h.choices) - 1 if h.choices else h.high
        first = 0 if h.choices else h.low
        return [float(h.units(np.array([w]))[0]) for w in (v - 1, v + 1) if first <= w <= last]
    moved = h.units(h.numbers(np.clip([u - 1 / steps, u + 1 / steps], 0.0, 1.0)))
    return [float(m) for m in moved if m != u]


def _column(data: Mapping[str, Any]) -> Hyperparameter:
    kind, name = data["type"], data["name"]
    if kind in ("categorical", "ordinal", "constant"):
        key = {"categorical": "choices", "ordinal": "sequence"}.get(kind)
        choices = tuple(_plain(data[key])) if key else (_plain(data["value"]),)
        default = _plain(data["default_value"]) if key else choices[0]
        kind = "constant" if len(choices) == 1 else kind
        return Hyperparameter(name, kind, 0, len(choices) - 1, False, choices, default)
    if not kind.endswith(("_float", "_int")):
        raise InvalidValueError(
            f"`type` of `{name}` must be float, int, categorical, ordinal or constant, got {kind!r}."
        )
    low, high = data.get("lower"), data.get("upper")
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        raise InvalidValueError(f"`{name}` must have finite bounds, got [{low}, {high}].")
    short, default = ("float" if kind.endswith("float") else "int"), _plain(data["default_value"])
    return Hyperparameter(name, short, low, high, bool(data.get("log", False)), (), min(max(default, low), high))


def _number(value: object) -> float | None:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        return None
    return float(value) if math.isfinite(float(value)) else None


def _plain(value: object) -> Any:
    """Python values for NumPy scalars, all the way down: what JSON and users expect."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    return str(value) if isinstance(value, str) else value
