"""Augmented tasks: any task with other columns, other ranges, other names or other scores.

    augment(task, {"name": "permute", "seed": 3}, {"name": "distract", "count": 2}, "hide")

Specs are applied in order. Each declares its invariants (in words of `hpo_gym.suites.tasks.augmented.INVARIANTS`), and
a task keeps the invariants common to all its specs, its suite and its family: its side of the split.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from hpo_gym.base import Floats, InvalidValueError, Keys, real, seeding, unknown, whole
from hpo_gym.problem import Hyperparameter, Points, SearchSpace, Task, between, looked_at
from hpo_gym.suites.tasks.augmented import ALL, AugmentedColumns, AugmentedTask, optimum_of, score_range

Spec = str | Mapping[str, Any]


def augment(task: Task, *specs: Spec) -> Task:
    """Apply specs to a task, in order.

    Args:
        specs: Names of `AUGMENTATIONS`, or ``{"name": ..., option: value}``.

    Raises:
        UnknownNameError: No such augmentation or option.
        InvalidValueError: An option out of range, or a task that the augmentation does not fit.
    """
    for spec in specs:
        options: dict[str, Any] = {"name": spec} if isinstance(spec, str) else dict(spec)
        name = options.pop("name", None)
        if name not in AUGMENTATIONS:
            raise unknown("augmentation", name, AUGMENTATIONS)
        known = AUGMENTATIONS[name].__kwdefaults__ or {}
        for option in options:
            if option not in known:
                raise unknown(f"option of {name!r}", option, known)
        made = AUGMENTATIONS[name](task, **options)
        label = ",".join(f"{option}={options[option]}" for option in sorted(options))
        task = replace(made, name=f"{task.name}+{name}" + (f"({label})" if label else ""))
    return task


def permute(task: Task, *, seed: int = 0) -> AugmentedTask:
    """Return the task with its hyperparameters in another order."""
    order = np.argsort(seeding.uniform(_keys("permute", seed, task.space.d)), kind="stable")
    data = task.space.to_json()
    data["hyperparameters"] = [data["hyperparameters"][j] for j in order]
    columns = replace(_same(task), source=tuple(np.argsort(order).tolist()))
    return _augmented(task, SearchSpace(data), columns, ALL - {"columns"})


def rescale(task: Task, *, seed: int = 0, share: float = 0.5) -> AugmentedTask:
    """Return the task with the ranges of floats shifted and cut: random parts that contain a best configuration.

    Args:
        task: A task with a known optimum: a function, a table.
        share: Length of each part as a share of the original range (in the logarithm where the range is), in [1e-6, 1].
    """
    share = real("share", share, 1e-6, 1.0)
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
    columns = AugmentedColumns(same.source, tuple(low), tuple(span))
    return _augmented(task, SearchSpace(data), columns, ALL - {"columns", "configurations", "default"})


def drop(task: Task, *, seed: int = 0, count: int = 1, at: str = "default") -> AugmentedTask:
    """Return the task with some hyperparameters fixed, all outside conditions and forbidden clauses.

    Args:
        seed: Chooses the hyperparameters.
        count: Their number; one must be left.
        at: "default": fixed at their defaults; the best score may then be out of reach, and `best` is a bound.
            "best": fixed as in a best configuration, which must be known.
    """
    if at not in ("default", "best"):
        raise unknown("value of `at`", at, ("default", "best"))
    space, data = task.space, task.space.to_json()
    needed = set().union(*map(looked_at, [*data.get("conditions", []), *data.get("forbiddens", [])]))
    free = [j for j, name in enumerate(space.names) if name not in needed]
    count = whole("count", count, 1, min(len(free), space.d - 1))
    order = np.argsort(seeding.uniform(_keys("drop", seed, len(free))), kind="stable")
    gone = {free[i] for i in order[:count].tolist()}
    names = {space.names[j] for j in gone}
    kept = [j for j in range(space.d) if j not in gone]
    data["hyperparameters"] = [data["hyperparameters"][j] for j in kept]
    data["conditions"] = [c for c in data.get("conditions", []) if c["child"] not in names]
    value = _default_units(space) if at == "default" else _known_optimum(task, "drop")
    source = tuple(kept.index(j) if j in kept else -1 for j in range(space.d))
    low = tuple(float(value[j]) if j in gone else 0.0 for j in range(space.d))
    columns = AugmentedColumns(source, low, tuple(float(j not in gone) for j in range(space.d)))
    lost = {"best", "argmax"} if at == "default" else {"default"}
    return _augmented(task, SearchSpace(data), columns, ALL - {"columns", "configurations"} - lost)


def distract(task: Task, *, count: int = 1) -> AugmentedTask:
    """More hyperparameters, at the end: floats without any effect."""
    count = whole("count", count, 1, 1000)
    data = task.space.to_json()
    taken = set(task.space.names)
    fresh = (f"distractor{i}" for i in range(count + len(taken)))
    for name in [n for n in fresh if n not in taken][:count]:
        data["hyperparameters"].append(between(name, 0.0, 1.0, log=False, whole=False))
    return _augmented(task, SearchSpace(data), _same(task), ALL - {"columns"})


def hide(task: Task) -> AugmentedTask:
    """Return the task with hidden names: `h0`, `h1`, ..."""
    names = {name: f"h{j}" for j, name in enumerate(task.space.names)}
    return _augmented(task, SearchSpace(_renamed(task.space.to_json(), names)), _same(task), ALL - {"names"})


def warp(task: Task, *, seed: int = 0) -> AugmentedTask:
    """Return the task with monotone changes of its scores: ``offset + gain * share^power``, `share` = 0 at `worst`, 1
    at
    `best`.

    Gain (in units of ``best - worst``) and power are in [1/e, e], the offset is within one unit of `worst`. Below
    `worst` the power keeps the sign. Noise of the original is warped with the score.
    """
    u, unit = seeding.uniform(_keys("warp", seed, 3)), score_range(task)
    gain, power = unit * float(np.exp(2.0 * u[0] - 1.0)), float(np.exp(2.0 * u[1] - 1.0))
    offset = task.worst + unit * float(2.0 * u[2] - 1.0)
    made = _augmented(task, task.space, _same(task), ALL - {"scores", "best"})
    made = replace(made, warp=(gain, power, offset))
    best, worst = made.warped(np.array([task.best, task.worst])).tolist()
    return replace(made, best=best, worst=worst)


def noise(task: Task, *, sd: float = 0.1) -> AugmentedTask:
    """Gaussian noise added to the scores of trials that do not fail.

    Args:
        sd: Standard deviation as a share of ``best - worst``.
    """
    sd = real("sd", sd, 0.0, above=True)
    return replace(_augmented(task, task.space, _same(task), ALL - {"noise"}), noise=sd)


AUGMENTATIONS: Mapping[str, Callable[..., AugmentedTask]] = {
    f.__name__: f for f in (permute, rescale, drop, distract, hide, warp, noise)
}


# ------------------------------------------------------------------ helpers
def _known_optimum(task: Task, name: str) -> Points:
    best = optimum_of(task)
    if best is None:
        raise InvalidValueError(
            f"{name!r} needs a task whose optimum is known, such as a function or a table: {task.name!r}."
        )
    return best


def _augmented(task: Task, space: SearchSpace, columns: AugmentedColumns, invariant: frozenset[str]) -> AugmentedTask:
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


def _same(task: Task) -> AugmentedColumns:
    d = task.space.d
    return AugmentedColumns(tuple(range(d)), (0.0,) * d, (1.0,) * d)


def _keys(name: str, seed: int, count: int) -> Keys:
    start = np.array([seeding.key("augment", name, whole("seed", seed, 0, 2**63 - 1))], np.uint64)
    return seeding.mix(start, np.arange(count, dtype=np.uint64))


def _ends(h: Hyperparameter, values: Floats) -> Floats:
    low, high = h.bounds()
    u = ((np.log(values) if h.log else values) - low) / (high - low)
    return np.array([u[0], u[1] - u[0]])


def _default_units(space: SearchSpace) -> Points:
    return np.array([h.units(np.array([h.position(h.default)]))[0] for h in space.hyperparameters])


def _renamed(data: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    def visit(node: object) -> Any:
        if isinstance(node, list):
            return [visit(part) for part in node]
        if not isinstance(node, Mapping):
            return node
        fields = ("name", "parent", "child", "left", "right")
        return {k: names.get(v, v) if k in fields and isinstance(v, str) else visit(v) for k, v in node.items()}

    parts = {k: visit(data[k]) for k in ("hyperparameters", "conditions", "forbiddens") if k in data}
    return {**data, **parts}
