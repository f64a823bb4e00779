"""Earlier tasks of another search space: their results by the values of the hyperparameters common to both spaces."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hpo_gym.base import DATA, Floats, Mask, cut
from hpo_gym.problem import Evaluations, Hyperparameter, Points, SearchSpace, place_of, successes

_ROUNDING = 1e-9  # of the larger bound
_FACTOR = re.compile(r"([0-9.]+(?:e[+-]?[0-9]+)?) \* (.+)")


@dataclass(frozen=True)
class Matched:
    """Earlier tasks in terms of a search space, and the part of them that it can use.

    Attributes:
        names: Hyperparameters of the space.
        tasks: A column is NaN throughout, invisible to `Surrogate`, where a task does not have the hyperparameter.
        known: Hyperparameters of a task.
        rows, inside, mapped: Configurations: in all, within all ranges, and with a value moved into its range. The
            others have a choice that the space lacks.
        lacking: The reason why there is no task, in words; empty where none was asked for.
    """

    names: tuple[str, ...]
    tasks: tuple[Evaluations, ...] = ()
    known: frozenset[str] = frozenset()
    rows: int = 0
    inside: int = 0
    mapped: int = 0
    lacking: str = ""

    def __iter__(self) -> Iterator[Evaluations]:
        return iter(self.tasks)

    def __len__(self) -> int:
        return len(self.tasks)

    def __add__(self, other: Matched) -> Matched:
        known, counts = self.known | other.known, (self.rows + other.rows, self.inside + other.inside)
        return Matched(self.names, self.tasks + other.tasks, known, *counts, self.mapped + other.mapped)

    @property
    def whole(self) -> bool:
        """Return whether the tasks have all hyperparameters, and no configuration is left out or mapped."""
        return len(self.known) == len(self.names) and self.inside == self.rows

    def __str__(self) -> str:
        if not self:
            return self.lacking
        alone = ", ".join(name for name in self.names if name not in self.known)
        return (
            f"{len(self.known)} of {len(self.names)} hyperparameters matched{alone and f' (not {cut(alone, 60)})'}, "
            f"{self.inside:,} of {self.rows:,} configurations inside your ranges, {self.mapped:,} mapped"
        )


def matched(tasks: Sequence[Evaluations], source: SearchSpace, target: SearchSpace) -> Matched:
    """Return tasks of the space `source` as tasks of the space `target`; none without common information.

    Two hyperparameters match if they have one name, up to the prefixes of a pipeline's steps and to the synonyms of
    ``data/synonyms.yaml``; one kind: both are floats or both integers, where an ordinal of ascending numbers counts as
    its numbers, or both have a choice in common; and one unit, up to a factor, or no stated one.

    Values keep their meaning, whatever the scale: 3 in the unit ``2 * inches`` is 6 in ``inches``. A number outside the
    target's range becomes the nearest one inside: a good one tells to go that way, while a model asked inside the range
    would tell its guesses as if they were measured. A point with a choice that the target lacks is left out, since none
    can stand for it. Where the source's hyperparameter is inactive, the point has the target's default. A
    hyperparameter of the source alone is ignored.
    """
    pairs = common(source, target)
    known = frozenset(target.names[j] for _, j in pairs)
    pools = {id(e.x): e.x for e in tasks}  # tasks of one pool share one array
    if source == target and len(pairs) == target.d and _units_of(source) == _units_of(target):
        rows = sum(map(len, pools.values()))
        return Matched(target.names, tuple(tasks), known, rows, rows)
    if not tasks or all(target.hyperparameters[j].size == 1 for _, j in pairs):
        return Matched(target.names)
    moved = {key: _moved(x, source, target, pairs) for key, x in pools.items()}
    parts = [e.part(kept, x) for e in tasks for x, kept, _ in [moved[id(e.x)]]]
    counts = [(len(kept), (kept & inside).sum(), (kept & ~inside).sum()) for _, kept, inside in moved.values()]
    return Matched(target.names, tuple(e for e in parts if successes(e).any()), known, *np.sum(counts, 0).tolist())


def common(source: SearchSpace, target: SearchSpace) -> list[tuple[int, int]]:
    """Return the columns of the hyperparameters that match in two spaces."""
    theirs, mine = source.hyperparameters, target.hyperparameters
    return [(i, j) for i, j in partners(source, target) if _alike(theirs[i], mine[j])]


def partners(source: SearchSpace, target: SearchSpace) -> list[tuple[int, int]]:
    """Return the columns of one hyperparameter in two spaces: those of one name, and of the others those of synonyms,
    where only one on each side has them."""
    theirs, mine = source.names, target.names
    pairs = [(theirs.index(name), j) for j, name in enumerate(mine) if name in theirs]
    left = [(i, a) for i, a in enumerate(theirs) if a not in mine]
    others = [(i, j) for j, b in enumerate(mine) if b not in theirs for i, a in left if _are_synonyms(a, b)]
    columns = Counter(i for i, _ in others), Counter(j for _, j in others)
    return pairs + [(i, j) for i, j in others if columns[0][i] == columns[1][j] == 1]


def foreign_units(source: SearchSpace, target: SearchSpace) -> list[tuple[Hyperparameter, Hyperparameter]]:
    """Return what would match but for different units, one of them not stated: their hyperparameters and ours."""
    pairs = [(source.hyperparameters[i], target.hyperparameters[j]) for i, j in partners(source, target)]
    return [(a, b) for a, b in pairs if _unit(a)[1] != _unit(b)[1] and not (a.unit and b.unit)]


def _unit(h: Hyperparameter) -> tuple[float, str | None]:
    """Return how many of a unit a hyperparameter counts in, and that unit: ``2 * inches`` is 2 inches."""
    found = None if h.unit is None else _FACTOR.fullmatch(h.unit)
    return (1.0, h.unit) if found is None else (float(found[1]), found[2])


def _units_of(space: SearchSpace) -> list[tuple[float, str | None]]:
    return [_unit(h) for h in space.hyperparameters]


@functools.cache
def _synonyms() -> tuple[list[set[str]], list[list[Any]], list[list[str]]]:
    """Return groups of names, groups of choices, and names that mean little without each other."""
    import yaml

    said = yaml.safe_load((DATA / "synonyms.yaml").read_text(encoding="utf-8"))
    return [set(group["names"]) for group in said["names"]], said["choices"], said["together"]


def lacking(space: SearchSpace, e: Evaluations) -> str:
    """Return in words the part of a space that an earlier task lacks, if that is more than half of its varying
    hyperparameters, or one of two that mean little without each other; else ""."""
    gaps = np.isnan(e.x)
    varying = [(h.name, not gaps[:, j].all()) for j, h in enumerate(space.hyperparameters) if h.size != 1]
    gone = [name for name, known in varying if not known]
    if 2 * len(gone) > len(varying):
        return f"{len(varying) - len(gone)} of {len(varying)} hyperparameters (not {cut(', '.join(gone), 60)})"
    for pair in _synonyms()[2]:
        a, b = ([(n, known) for n, known in varying if _are_synonyms(n, word)] for word in pair)
        if a and b and any(known for _, known in a) != any(known for _, known in b):
            (has, _), (lacks, _) = sorted((a[0], b[0]), key=lambda one: not one[1])
            return f"`{has}` without `{lacks}`"
    return ""


def _are_synonyms(a: str, b: str) -> bool:
    a, b = (name.rpartition("__")[2] for name in (a, b))
    return a == b or any({a, b} <= group for group in _synonyms()[0])


def _place(choices: Sequence[Any], choice: str | float | None) -> int:
    """Return the place of a choice or of its synonym, else -1."""
    others = [word for group in _synonyms()[1] if place_of(group, choice) >= 0 for word in group]
    return next((place for word in (choice, *others) if (place := place_of(choices, word)) >= 0), -1)


def _kind(h: Hyperparameter) -> str:
    """Return the kind; of an ordinal of ascending numbers, that of these."""
    types = {type(choice) for choice in h.choices}
    if h.kind == "ordinal" and types <= {int, float} and list(h.choices) == sorted(set(h.choices)):
        return "int" if types == {int} else "float"
    return h.kind


def _alike(a: Hyperparameter, b: Hyperparameter) -> bool:
    if _unit(a)[1] != _unit(b)[1]:
        return False
    if _kind(a) == _kind(b) in ("int", "float"):
        return True
    alike = {a.kind, b.kind} <= {"categorical", "constant"} or {a.kind, b.kind} <= {"ordinal", "constant"}
    return alike and any(_place(b.choices, choice) >= 0 for choice in a.choices)


def _moved(
    x: Points, source: SearchSpace, target: SearchSpace, pairs: Sequence[tuple[int, int]]
) -> tuple[Points, Mask, Mask]:
    """Return points of a space in terms of another: those kept, a mask of them, and one of the points in its ranges."""
    snapped = source.snap(x)
    active = source.active(snapped)
    out, kept, within = np.full((len(x), target.d), np.nan), np.ones(len(x), bool), np.ones(len(x), bool)
    for i, j in pairs:
        u, inside, there = _units(source.hyperparameters[i], target.hyperparameters[j], snapped[:, i])
        out[:, j] = np.where(active[:, i], u, target.default_x[j])
        kept &= there | ~active[:, i]
        within &= inside | ~active[:, i]
    used = target.active(np.where(np.isnan(out), target.default_x, out))
    return np.where(used | np.isnan(out), out, 0.5)[kept], kept, within


def _units(a: Hyperparameter, b: Hyperparameter, u: Floats) -> tuple[Floats, Any, Any]:
    """Return unit values of `a` in the terms of `b`, and whether `b` has each, and whether it has or maps it."""
    factor = _unit(a)[0] / _unit(b)[0]
    if factor == 1.0 and replace(a, name="", default=None) == replace(b, name="", default=None):
        return u, True, True
    v = a.numbers(u)
    if _kind(a) != _kind(b) or _kind(b) not in ("int", "float"):
        v = np.array([_place(b.choices, choice) for choice in a.choices], np.float64)[v.astype(np.int64)]
        return b.units(np.maximum(v, 0.0)), v >= 0, v >= 0
    v = (np.array(a.choices, np.float64)[v.astype(np.int64)] if a.choices else v) * factor
    if b.choices:
        gaps = np.abs(np.array(b.choices, np.float64) - v[:, None])
        return b.units(gaps.argmin(1).astype(np.float64)), gaps.min(1) == 0.0, True
    near = np.clip(v, b.low, b.high)
    return b.units(near), np.abs(near - v) <= _ROUNDING * max(abs(b.low), abs(b.high)), True
