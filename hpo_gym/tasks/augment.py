"""Augmented tasks: any task with other columns, other ranges, other names or other scores.

    augment(task, {"name": "permute", "seed": 3}, {"name": "distract", "count": 2}, "hide")

Specs are applied in order. Each declares what stays as it was (`INVARIANTS` says what the words mean), and an augmented task
keeps what all of its specs declare. Suite and family stay, so an augmented task is on its original's side of the split.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym import seeding
from hpo_gym.errors import InvalidValueError, unknown
from hpo_gym.space import Hyperparameter, Points, SearchSpace
from hpo_gym.task import Evaluated, Floats, Keys, Task
from hpo_gym.trial import Status

INVARIANTS: Mapping[str, str] = {
    "configurations": "each configuration of the original corresponds to one here",
    "columns": "the search space is the original's but for names",
    "names": "hyperparameters that are kept have the original's names",
    "default": "the default configurations correspond",
    "scores": "corresponding configurations have equal scores (without noise)",
    "ranks": "of two configurations, the better one is the one whose original is better (without noise)",
    "best": "`best` is the original's, and it can be reached",
    "argmax": "a best configuration of the original corresponds to a best one here",
    "costs": "corresponding configurations cost the same and end the same way",
    "noise": "there is noise only where the original has it",
}

Spec = str | Mapping[str, Any]


@dataclass(frozen=True)
class Columns:
    """From points here to points of the original: ``inner[:, j] = low[j] + span[j] * x[:, source[j]]``.

    Attributes:
        source: Column here of each of the original's columns; -1 where it is fixed at `low`.
        low, span: As many numbers.
    """

    source: tuple[int, ...]
    low: tuple[float, ...]
    span: tuple[float, ...]

    def inward(self, x: Points) -> Points:
        """Points of the original, not yet canonical."""
        low, span = np.array(self.low), np.array(self.span)
        return np.asarray(np.clip(low + span * x[:, np.maximum(self.source, 0)], 0.0, 1.0))

    def outward(self, inner: Points, d: int) -> Points:
        """Points here, `d` columns, that `inward` maps nearest to the given ones; a column without effect is .5."""
        x = np.full((len(inner), d), 0.5)
        for j, (i, low, span) in enumerate(zip(self.source, self.low, self.span, strict=True)):
            if i >= 0:
                x[:, i] = np.clip((inner[:, j] - low) / span, 0.0, 1.0)
        return x


@dataclass(frozen=True, eq=False)
class AugmentedTask(Task):
    """A task seen through one spec. Make it with `augment`.

    A trial keeps the configuration that was asked for, also where the original is a table that answers with a near row.

    Attributes:
        inner: The original, itself augmented where there are more specs.
        invariant: What is as in `inner`, words of `INVARIANTS`.
        optimum_x: A point of the best score, ``(d,)``, or None where it is not known.
        columns: Where each column of `inner` comes from.
        warp: Gain, power and offset of a monotone change of scores, or None.
        noise: Standard deviation of added noise, as a share of ``best - worst``.
    """

    inner: Task = None  # type: ignore[assignment]
    invariant: frozenset[str] = frozenset()
    optimum_x: NDArray[np.float64] | None = None
    columns: Columns = None  # type: ignore[assignment]
    warp: tuple[float, float, float] | None = None
    noise: float = 0.0

    @property
    def noisy(self) -> bool:
        """Whether noise was added here or is in the original."""
        return self.noise > 0 or self.inner.noisy

    @functools.cached_property
    def kept(self) -> frozenset[str]:
        """What is as in the task that was augmented first."""
        return self.invariant & (self.inner.kept if isinstance(self.inner, AugmentedTask) else self.invariant)

    def original(self, x: Points) -> Points:
        """Canonical points of `inner` that correspond to points here."""
        return self.inner.space.snap(self.columns.inward(np.asarray(x, np.float64)))

    def corresponding(self, inner: Points) -> tuple[Points, NDArray[np.bool_]]:
        """Canonical points here of points of `inner`, and which of them correspond, ``(n,)``."""
        x = self.space.snap(self.columns.outward(inner, self.space.d))
        return x, np.asarray(np.abs(self.original(x) - inner).max(1) < 1e-6) & self.space.legal(x)

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        """Score the corresponding points of the original."""
        out = self.inner.evaluate(self.original(x), fidelity, key)
        score = self._warped(out.score)
        if self.noise:
            salted = seeding.mix(key, seeding.key("augment", self.name))
            moved = score + self.noise * (self.best - self.worst) * seeding.normal(salted)
            score = np.where(out.status == Status.OK, moved, score)
        return Evaluated(score, out.cost, out.status)

    def noise_free(self, x: Points) -> Floats:
        """The score without any noise, warped as scores are."""
        return self._warped(self.inner.noise_free(self.original(x)))

    @functools.cached_property
    def _pool(self) -> Points | None:
        inner = self.inner.pool
        if inner is None:
            return None
        measured: NDArray[np.bool_] | None = getattr(self.inner, "measured", None)
        x, good = self.corresponding(inner if measured is None else inner[measured])
        x = np.unique(x[good], axis=0)
        x.flags.writeable = False
        return x if len(x) else None

    @property
    def pool(self) -> Points | None:
        """The measured rows of the original that correspond to a configuration here, sorted; None if there are none."""
        return self._pool

    def _warped(self, score: Floats) -> Floats:
        if self.warp is None:
            return score
        gain, power, offset = self.warp
        share = (score - self.inner.worst) / _range(self.inner)
        return np.asarray(offset + gain * np.sign(share) * np.abs(share) ** power)


def augment(task: Task, *specs: Spec) -> Task:
    """Apply specs to a task, in order.

    Args:
        task: Any task.
        specs: Names of `AUGMENTATIONS`, or ``{"name": ..., option: value}``.

    Raises:
        UnknownNameError: No such augmentation or option.
        InvalidValueError: An option out of range, or a task that the augmentation does not fit.
    """
    for spec in specs:
        options = {"name": spec} if isinstance(spec, str) else dict(spec)
        name = options.pop("name", None)
        if name not in AUGMENTATIONS:
            raise unknown("augmentation", name, AUGMENTATIONS)
        known = AUGMENTATIONS[name].__kwdefaults__
        for option in options:
            if option not in known:
                raise unknown(f"option of {name!r}", option, known)
        label = json.dumps(options, sort_keys=True, separators=(",", ":")) if options else ""
        made = AUGMENTATIONS[name](task, **options)
        task = replace(made, name=f"{task.name}+{name}{label}")
    return task


_ALL = frozenset(INVARIANTS)


def permute(task: Task, *, seed: int = 0) -> AugmentedTask:
    """The hyperparameters in another order."""
    order = np.argsort(seeding.uniform(_keys("permute", seed, task.space.d)), kind="stable")
    data = task.space.to_json()
    data["hyperparameters"] = [data["hyperparameters"][j] for j in order]
    columns = replace(_same(task), source=tuple(np.argsort(order).tolist()))
    return _augmented(task, SearchSpace(data), columns, _ALL - {"columns"})


def rescale(task: Task, *, seed: int = 0, share: float = 0.5) -> AugmentedTask:
    """The ranges of floats shifted and cut: each is a random part of the original that holds a best configuration.

    Args:
        task: One whose optimum is known: a function, a table.
        seed: Of the parts.
        share: Length of each part as a share of the original range (in the logarithm where the range is), in (0, 1].
    """
    if not 0.0 < share <= 1.0:
        raise InvalidValueError(f"`0 < share <= 1` must hold, got {share}.")
    best = _known_optimum(task, "rescale")
    data, same, u = task.space.to_json(), _same(task), seeding.uniform(_keys("rescale", seed, task.space.d))
    low, span = list(same.low), list(same.span)
    for j, h in enumerate(task.space.hyperparameters):
        if h.kind == "float" and h.high > h.low:
            first, last = max(0.0, best[j] - share), min(best[j], 1.0 - share)
            start = first + (last - first) * float(u[j])
            ends = h.numbers(np.array([start, start + share]))
            column = data["hyperparameters"][j]
            column["lower"], column["upper"] = float(ends[0]), float(ends[1])
            column["default_value"] = min(max(h.default, column["lower"]), column["upper"])
            low[j], span[j] = (float(v) for v in _ends(h, ends))
    columns = Columns(same.source, tuple(low), tuple(span))
    return _augmented(task, SearchSpace(data), columns, _ALL - {"columns", "configurations", "default"})


def drop(task: Task, *, seed: int = 0, count: int = 1, at: str = "default") -> AugmentedTask:
    """Some hyperparameters left out and fixed; only such that no condition and no forbidden clause looks at.

    Args:
        task: Any task.
        seed: Chooses the hyperparameters.
        count: How many; one must be left.
        at: "default": fixed at their defaults; the best score may then be out of reach, and `best` is a bound.
            "best": fixed as in a best configuration, which must be known.
    """
    if at not in ("default", "best"):
        raise unknown("value of `at`", at, ("default", "best"))
    space, data = task.space, task.space.to_json()
    looked_at = _mentioned(data)
    free = [j for j, name in enumerate(space.names) if name not in looked_at]
    most = min(len(free), space.d - 1)
    if not 1 <= count <= most:
        raise InvalidValueError(f"`1 <= count <= {most}` must hold on task {task.name!r}, got {count}.")
    order = np.argsort(seeding.uniform(_keys("drop", seed, len(free))), kind="stable")
    gone = {free[i] for i in order[:count].tolist()}
    names = {space.names[j] for j in gone}
    kept = [j for j in range(space.d) if j not in gone]
    data["hyperparameters"] = [data["hyperparameters"][j] for j in kept]
    data["conditions"] = [c for c in data.get("conditions", []) if c["child"] not in names]
    value = _default_units(space) if at == "default" else _known_optimum(task, "drop")
    source = tuple(kept.index(j) if j in kept else -1 for j in range(space.d))
    low = tuple(float(value[j]) if j in gone else 0.0 for j in range(space.d))
    columns = Columns(source, low, tuple(float(j not in gone) for j in range(space.d)))
    lost = {"best", "argmax"} if at == "default" else {"default"}
    return _augmented(task, SearchSpace(data), columns, _ALL - {"columns", "configurations"} - lost)


def distract(task: Task, *, count: int = 1) -> AugmentedTask:
    """More hyperparameters, at the end: floats without any effect."""
    if count < 1:
        raise InvalidValueError(f"`count >= 1` must hold, got {count}.")
    data = task.space.to_json()
    taken = set(task.space.names)
    fresh = (f"distractor{i}" for i in range(count + len(taken)))
    for name in [n for n in fresh if n not in taken][:count]:
        column = {"type": "uniform_float", "lower": 0.0, "upper": 1.0, "default_value": 0.5, "log": False}
        data["hyperparameters"].append({**column, "name": name, "meta": None})
    return _augmented(task, SearchSpace(data), _same(task), _ALL - {"columns"})


def hide(task: Task) -> AugmentedTask:
    """The names hidden: `h0`, `h1`, ..."""
    names = {name: f"h{j}" for j, name in enumerate(task.space.names)}
    return _augmented(task, SearchSpace(_renamed(task.space.to_json(), names)), _same(task), _ALL - {"names"})


def warp(task: Task, *, seed: int = 0) -> AugmentedTask:
    """The scores changed monotonely: ``offset + gain * share^power``, `share` = 0 at `worst` and 1 at `best`.

    Gain (in units of ``best - worst``) and power are in [1/e, e], the offset is within one unit of `worst`. Below `worst`
    the power keeps the sign. Noise of the original is warped with the score.
    """
    u, unit = seeding.uniform(_keys("warp", seed, 3)), _range(task)
    gain, power = unit * float(np.exp(2.0 * u[0] - 1.0)), float(np.exp(2.0 * u[1] - 1.0))
    offset = task.worst + unit * float(2.0 * u[2] - 1.0)
    made = _augmented(task, task.space, _same(task), _ALL - {"scores", "best"})
    best, worst = made.inner.best, made.inner.worst
    made = replace(made, warp=(gain, power, offset))
    best, worst = made._warped(np.array([best, worst])).tolist()
    return replace(made, best=best, worst=worst)


def noise(task: Task, *, sd: float = 0.1) -> AugmentedTask:
    """Gaussian noise added to the scores of trials that do not fail.

    Args:
        task: Any task.
        sd: Standard deviation as a share of ``best - worst``.
    """
    if not 0.0 < sd < np.inf:
        raise InvalidValueError(f"`0 < sd < inf` must hold, got {sd}.")
    return replace(_augmented(task, task.space, _same(task), _ALL - {"noise"}), noise=sd)


AUGMENTATIONS: Mapping[str, Callable[..., AugmentedTask]] = {
    f.__name__: f for f in (permute, rescale, drop, distract, hide, warp, noise)
}


# ------------------------------------------------------------------ helpers
def optimum_of(task: Task) -> Points | None:
    """A point of the best score ``(d,)``, or None where it is not known."""
    known: Points | None = getattr(task, "optimum_x", None)
    if known is not None or task.pool is None:
        return known
    pool = task.pool[getattr(task, "measured", slice(None))]
    return np.asarray(pool[task.noise_free(pool).argmax()])


def _known_optimum(task: Task, name: str) -> Points:
    best = optimum_of(task)
    if best is None:
        raise InvalidValueError(f"{name!r} needs a task whose optimum is known, such as a function or a table: {task.name!r}.")
    return best


def _augmented(task: Task, space: SearchSpace, columns: Columns, invariant: frozenset[str]) -> AugmentedTask:
    made = AugmentedTask(
        task.name, task.family, task.suite, space, task.best, task.worst, task.fidelities, task.meta_features,
        inner=task, invariant=invariant, columns=columns,
    )  # fmt: skip
    best = optimum_of(task)
    if best is None or "argmax" not in invariant:
        return made
    x, _ = made.corresponding(best[None])
    x.flags.writeable = False
    return replace(made, optimum_x=x[0])


def _same(task: Task) -> Columns:
    d = task.space.d
    return Columns(tuple(range(d)), (0.0,) * d, (1.0,) * d)


def _range(task: Task) -> float:
    return task.best - task.worst if task.best > task.worst else 1.0


def _keys(name: str, seed: int, count: int) -> Keys:
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InvalidValueError(f"`seed` must be an integer >= 0, got {seed!r}.")
    start = np.array([seeding.key("augment", name, seed)], np.uint64)
    return seeding.mix(start, np.arange(count, dtype=np.uint64))


def _ends(h: Hyperparameter, values: Floats) -> Floats:
    low, high = h.bounds()
    u = ((np.log(values) if h.log else values) - low) / (high - low)
    return np.array([u[0], u[1] - u[0]])


def _default_units(space: SearchSpace) -> Points:
    return np.array([h.units(np.array([h.position(h.default)]))[0] for h in space.hyperparameters])


def _mentioned(data: Mapping[str, Any]) -> set[str]:
    """Hyperparameters that conditions or forbidden clauses read."""
    found: set[str] = set()

    def visit(node: Any, fields: Sequence[str]) -> None:
        if isinstance(node, Mapping):
            found.update(node[f] for f in fields if isinstance(node.get(f), str))
            for part in node.values():
                visit(part, fields)
        elif isinstance(node, list):
            for part in node:
                visit(part, fields)

    visit(data.get("conditions", []), ("parent",))
    visit(data.get("forbiddens", []), ("name", "left", "right"))
    return found


def _renamed(data: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    def visit(node: Any) -> Any:
        if isinstance(node, list):
            return [visit(part) for part in node]
        if not isinstance(node, Mapping):
            return node
        fields = ("name", "parent", "child", "left", "right")
        return {k: names.get(v, v) if k in fields and isinstance(v, str) else visit(v) for k, v in node.items()}

    parts = {k: visit(data[k]) for k in ("hyperparameters", "conditions", "forbiddens") if k in data}
    return {**data, **parts}
