"""The search space: a ConfigSpace and its batch encoding. This is the only place that scales hyperparameters.

One column per hyperparameter, in ConfigSpace's own order, each in [0, 1]: a range by its share (logarithmic ranges in
the logarithm), an integer or a choice by the middle of its share, an inactive hyperparameter by .5.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, shown, unknown, whole
from hpo_gym.problem.space import conditions
from hpo_gym.problem.space.hyperparameter import GRID, KEPT_IN_META, column, plain, without_kept
from hpo_gym.problem.space.hyperparameter import Hyperparameter as Hyperparameter
from hpo_gym.problem.space.scalar import unit_of, value_of
from hpo_gym.problem.space.snapping import ChoiceTable, Snapper

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

Configuration = dict[str, Any]
"""One value for each active hyperparameter: Python numbers, strings, booleans or None."""

Points = NDArray[np.float64]
"""Configurations as points of the unit cube, shape ``(n, d)``."""

_TABLE = 1 << 20  # entries of a table of what hangs on choices; where there would be more, it is worked out each time
_ONE = np.array(1.0).view(np.uint64)


class SearchSpace:
    """All that may be chosen on a task.

    Two spaces are equal if they encode alike: names and defaults included, units and exact values not.

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
        if not isinstance(data, Mapping) or not isinstance(data.get("hyperparameters"), (list, tuple)):
            raise InvalidValueError(
                "`config_space` must be a ConfigurationSpace or its JSON, with `hyperparameters`, got "
                f"{shown(config_space)}; `hpo_gym.problem.space.forms.read_space` takes spaces such as "
                "{'x': (0.0, 1.0)}."
            )
        self._json = json.dumps(without_kept(plain(data)), sort_keys=True)
        self.hyperparameters = tuple(column(h) for h in data["hyperparameters"])
        if not self.hyperparameters:
            raise InvalidValueError("A search space must have at least one hyperparameter, got none.")
        self.names = tuple(h.name for h in self.hyperparameters)
        self.d = len(self.names)
        self._by_name = {h.name: (j, h) for j, h in enumerate(self.hyperparameters)}
        given = plain(data.get("conditions", []))
        self._forbidden = tuple(plain(data.get("forbiddens", [])))
        conditions.check(given, self._forbidden, self.names)
        self._conditions = conditions.in_order(self.names, given)
        self.conditional = bool(self._conditions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SearchSpace) and self._json == other._json

    def __hash__(self) -> int:
        return hash(self._json)

    def __getstate__(self) -> dict[str, Any]:
        return {name: part for name, part in self.__dict__.items() if name not in ("_values", "_units")}  # closures

    def __repr__(self) -> str:
        return f"SearchSpace({', '.join(self.names)})"

    def to_json(self, *, units: bool = True) -> dict[str, Any]:
        """Return the space as ConfigSpace's own JSON, units and exact values in `meta`; without `units`, the input of
        data digests."""
        data: dict[str, Any] = json.loads(self._json)
        for part, h in zip(data["hyperparameters"], self.hyperparameters, strict=True):
            kept = {key: plain(value) for key in KEPT_IN_META if (value := getattr(h, key))}
            if units and kept:
                part["meta"] = {**(part.get("meta") or {}), **kept}
        return data

    def keeping(self, values: Mapping[str, Iterable[float]]) -> SearchSpace:
        """Return the space that decodes these values of its floats as they are; of values of one point, the lowest."""
        exact = {h.name: _inexact(h, [*h.exact, *values.get(h.name, ())]) for h in self.hyperparameters}
        if all(exact[h.name] == h.exact for h in self.hyperparameters):
            return self
        data = self.to_json()
        for part in data["hyperparameters"]:
            if exact[part["name"]]:
                part["meta"] = {**(part.get("meta") or {}), "exact": exact[part["name"]]}
        return SearchSpace(data)

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
        x: Points = self.snap(self._default_units[None])[0]
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
        numbers = [h.numbers(x[:, j]) for j, h in enumerate(self.hyperparameters)]
        for j, units, exact in self._exact:
            u = np.rint(x[:, j] * GRID) / GRID
            at = np.minimum(units.searchsorted(u), len(units) - 1)
            numbers[j] = np.where(units[at] == u, exact[at], numbers[j])
        columns = [h.values(v) for h, v in zip(self.hyperparameters, numbers, strict=True)]
        rows = zip(*columns, strict=True)
        if not self.conditional:
            return [dict(zip(self.names, row, strict=True)) for row in rows]
        keep = self.active(x).tolist()
        return [{k: v for k, v, a in zip(self.names, r, m, strict=True) if a} for r, m in zip(rows, keep, strict=True)]

    @functools.cached_property
    def _exact(self) -> list[tuple[int, Points, Points]]:
        """Return the columns with exact values: place, unit values, ascending, and the values there."""
        with_some = [(j, h, np.array(h.exact)) for j, h in enumerate(self.hyperparameters) if h.exact]
        return [(j, _canonical(h, v), v) for j, h, v in with_some]

    def from_unit(self, x: NDArray[Any]) -> Configuration:
        """Map one point of the unit cube, shape ``(d,)``, to a configuration."""
        x = self._points(np.asarray(x)[None])
        found = zip(self.names, self._values, x[0].tolist(), strict=True)
        config = {name: value(u) for name, value, u in found}
        for j, units, exact in self._exact:
            u = round(x.item(j) * GRID) / GRID
            at = units.searchsorted(u)
            if at < len(units) and units[at] == u:
                config[self.names[j]] = exact.item(at)
        if not self.conditional:
            return config
        return {name: value for (name, value), a in zip(config.items(), self.active(x)[0].tolist(), strict=True) if a}

    @functools.cached_property
    def _values(self) -> list[Callable[[float], Any]]:
        return [value_of(h) for h in self.hyperparameters]

    @functools.cached_property
    def _units(self) -> list[Callable[[float], float]]:
        return [unit_of(h) for h in self.hyperparameters]

    def active(self, x: NDArray[Any]) -> NDArray[np.bool_]:
        """Return the active hyperparameters of each point, shape ``(n, d)``."""
        x = np.asarray(x, np.float64)
        if not self._conditions:
            return np.ones(x.shape, bool)
        known = None if self._activity is None else self._activity.of(x)
        return self._active_by_conditions(x) if known is None else known

    def legal(self, x: NDArray[Any]) -> NDArray[np.bool_]:
        """Return the points that no forbidden clause excludes, shape ``(n,)``."""
        x = np.asarray(x, np.float64)
        if not self._forbidden:
            return np.ones(len(x), bool)
        known = None if self._legality is None else self._legality.of(x)
        return self._legal_by_clauses(x) if known is None else known

    def snap(self, x: NDArray[Any]) -> Points:
        """Move points to the canonical ones of the same configurations, shape ``(n, d)``."""
        x = self._points(x)
        out, positions = self._snapper(x)
        if self._conditions:
            active = self._active_by_conditions(x) if self._activity is None else self._activity.at(positions)
            np.copyto(out, 0.5, where=~active)
        return out

    @functools.cached_property
    def _snapper(self) -> Snapper:
        return Snapper(self.hyperparameters, self.parents if self._activity is not None else ())

    @functools.cached_property
    def parents(self) -> list[int]:
        """Columns that conditions look at, ascending."""
        return sorted({self._by_name[name][0] for c in self._conditions for name in conditions.looked_at(c)})

    @functools.cached_property
    def children(self) -> list[int]:
        """Columns that conditions make active, ascending."""
        return sorted({self._by_name[c["child"]][0] for c in self._conditions})

    @functools.cached_property
    def layers(self) -> list[list[int]]:
        """Columns by how many conditions stand above them: each after all that it depends on."""
        depth = dict.fromkeys(self.names, 0)
        for condition in self._conditions:  # those of a parent come before those of its children
            child, above = condition["child"], max(depth[name] for name in conditions.looked_at(condition))
            depth[child] = max(depth[child], above + 1)
        deepest = range(max(depth.values()) + 1)
        return [[j for j, name in enumerate(self.names) if depth[name] == level] for level in deepest]

    @functools.cached_property
    def _activity(self) -> ChoiceTable | None:
        """Return active hyperparameters by all parents' choices; None of numeric parents, or a large table."""
        return self._table_of(self.parents, self._active_by_conditions) if self._conditions else None

    @functools.cached_property
    def _legality(self) -> ChoiceTable | None:
        """Return legality by the choices in clauses and by their parents; None as in `_activity`."""
        named = {self._by_name[name][0] for clause in self._forbidden for name in conditions.looked_at(clause)}
        return self._table_of(sorted(named | set(self.parents)), self._legal_by_clauses)

    def _table_of(self, columns: list[int], values: Callable[[Points], NDArray[np.bool_]]) -> ChoiceTable | None:
        counts = [len(self.hyperparameters[j].choices) for j in columns]
        return ChoiceTable(self.d, columns, counts, values) if 0 < math.prod(counts) * self.d <= _TABLE else None

    def _active_by_conditions(self, x: Points) -> NDArray[np.bool_]:
        columns = conditions.Columns(self._by_name, x, np.ones(x.shape, bool))
        for condition in self._conditions:  # a child comes after its parents, and sees their state
            child = columns.active_in(condition["child"])
            child &= conditions.holds(condition, columns)
        return columns.active

    def _legal_by_clauses(self, x: Points) -> NDArray[np.bool_]:
        good, columns = np.ones(len(x), bool), conditions.Columns(self._by_name, x, self.active(x))
        for clause in self._forbidden:
            good &= ~conditions.holds(clause, columns)
        return good

    # ------------------------------------------------------------------ configurations -> points
    def encode(self, configs: Iterable[Mapping[str, Any]]) -> Points:
        """Map configurations to points of the unit cube, shape ``(n, d)``; a value of None means inactive.

        Raises:
            UnknownNameError: A hyperparameter that the space does not have.
            InvalidValueError: A value out of range, a missing active or given inactive one, or a forbidden choice.
        """
        given = list(configs)
        x = np.full((len(given), self.d), 0.5)
        present = np.zeros((len(given), self.d), bool)
        for i, config in enumerate(given):
            if not isinstance(config, Mapping):
                raise InvalidValueError(f"A configuration must be a dictionary of values by name, got {shown(config)}.")
            for name, value in config.items():
                if name not in self._by_name:
                    raise unknown("hyperparameter", name, self.names)
                j, h = self._by_name[name]
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
        if not isinstance(config, Mapping) or not self._by_name.keys() >= config.keys():
            return np.asarray(self.encode([config])[0])  # refuses
        x, present = [0.5] * self.d, [False] * self.d
        for name, value in config.items():
            j, h = self._by_name[name]
            if value is not None or None in h.choices:
                x[j], present[j] = self._units[j](h.position(value)), True
        point = np.array(x)
        if self.conditional or self._forbidden or not all(present):
            self._refuse_wrong([config], point[None], np.array([present]))
        return point

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
        return self.repair(rng, rng.random((whole("n", n, 0), self.d)))

    def repair(self, rng: np.random.Generator, x: NDArray[Any]) -> Points:
        """Snap points and redraw those excluded by a forbidden clause."""
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
        """Return unit values of each column, evenly spaced: all values up to `count` of them, else `count`."""
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
        # as bits, a number in [0, 1] is at most 1, a negative number or NaN is more: one pass says that all is well
        if x.size and x.view(np.uint64).max() > _ONE and not (x.min() >= 0.0 and x.max() <= 1.0):
            bad = x[~((x >= 0.0) & (x <= 1.0))][0]
            near = np.clip(np.nan_to_num(bad, nan=0.5), 0, 1)
            raise InvalidValueError(f"Points must lie in [0, 1], got {bad}; the nearest is {near}.")
        return x


@functools.lru_cache(maxsize=64)
def level_grid(space: SearchSpace, levels: int) -> tuple[NDArray[np.float64], ...]:
    """Return unit values of the levels of each hyperparameter."""
    return tuple(space.levels(levels))


def nearest_level(levels: NDArray[np.float64], u: NDArray[np.float64]) -> NDArray[np.int64]:
    """Position of the nearest level of each unit value; of two as near, the lower."""
    return np.searchsorted((levels[1:] + levels[:-1]) / 2, u, side="left")


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


def _canonical(h: Hyperparameter, v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the unit values of a column's canonical points that hold numbers, as `snap` has them."""
    return h.units(h.numbers(h.units(v)))


def _inexact(h: Hyperparameter, values: Iterable[float]) -> tuple[float, ...]:
    """Return, for each point that decodes to another number, the lowest of a float's values there, ascending."""
    v = np.unique(np.array(list(values), np.float64)) if h.kind == "float" else np.empty(0)
    u, first = np.unique(_canonical(h, v), return_index=True)
    return tuple(v[first][h.numbers(u) != v[first]].tolist())
