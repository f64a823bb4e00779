"""Makes a suite's folder out of the shards of a build."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.flat import LEAST, TRIALS, splits_without_flat
from hpo_builders.order import Order
from hpo_builders.pools import keyed_orders
from hpo_builders.training.cells import LOST, MEMORY, Part, beside, configurations, digest, load
from hpo_builders.training.material import Entry
from hpo_builders.training.recipe import Recipe
from hpo_gym.base import DamagedDataError, InvalidValueError
from hpo_gym.problem import SearchSpace
from hpo_gym.suites import PROPOSED, little

Arrays = dict[str, NDArray[Any]]
Parts = Mapping[str, Sequence[Part]]


def assemble(recipe: Recipe, order: Order, m: int, chosen: Sequence[Entry], table: Parts, study: Parts) -> None:
    """Write the folder of the tasks whose `m` configurations are all there.

    Raises:
        InvalidValueError: None is finished.
        DamagedDataError: Shards of one task were trained on different numbers.
    """
    done, found = [], []
    for entry in chosen:
        shard = _read(recipe, order, table[entry.name])
        if shard is not None and np.isfinite(shard["score"][:, -1]).any():
            done.append(entry)
            found.append(shard)
    if not done:
        raise InvalidValueError(
            f"`work` must hold a finished task on which a configuration gives a model, {order.work / recipe.suite} "
            "holds none."
        )
    x = configurations(recipe, m) if recipe.search is None else np.stack([shard["x"] for shard in found])
    arrays = {name: np.stack([shard[name] for shard in found]) for name in ("score", "test_score")}
    seconds = np.stack([shard["seconds"] for shard in found])
    problems = {e.name: load(recipe, e.name, order.archives, 0) for e in done}
    tasks = [_task(recipe, e, problems[e.name], order.archives) for e in done]
    splits, flat = splits_without_flat(tasks, arrays["score"][..., -1], sides=recipe.material.sides())
    shipped = {"x": x, **arrays, "cost": np.minimum(seconds, 6e4).astype(np.float16)}
    if recipe.repeats:
        shipped["repeats"] = np.stack([shard["repeats"] for shard in found])
    if recipe.objectives:
        shipped["objectives"] = _known(np.stack([shard["objectives"] for shard in found]))
    lost = np.stack([shard["lost"] for shard in found])
    if recipe.search is not None:
        rows = keyed_orders(recipe.suite, [e.name for e in done], m, recipe.search.drawn)
        shipped = {n: a[np.arange(len(done))[:, None], rows] for n, a in shipped.items()}
        lost = np.take_along_axis(lost, rows, 1)
    others = [shard for entry in done for shard in _each(recipe, order, study.get(entry.name, ()))]
    wall, processor = table[done[0].name][0].shards.wall()
    built = {
        "command": _command(recipe, order, [e.name for e in done], whole=len(done) == len(chosen)),
        "libraries": table[done[0].name][0].shards.plan()["libraries"],
        "seed": 0,
        "seed_study": _study(recipe, order, found, done, study),
        "memory limit": MEMORY,
        **recipe.material.record(problems),
        "cells": int(np.prod(arrays["score"].shape[:2])),
        "lost cells": _lost(done, lost),
        "failed share at full fidelity": round(float(np.isneginf(arrays["score"][..., -1]).mean()), 6),
        "flat tasks, in no split": flat,
        "flat": f"expected regret of the best of {TRIALS} random rows below {LEAST}",
        "sha256 of arrays": {n: hashlib.sha256(little(a).data).hexdigest() for n, a in shipped.items() if n != "cost"},
        "timings": {
            "processor": processor,
            "processor seconds": round(sum(_spent(recipe, shard) for shard in (*found, *others))),
            "wall seconds": round(wall),
            "sha256 of cost": hashlib.sha256(little(shipped["cost"]).data).hexdigest(),
        },
    }
    proposed = 0 if recipe.search is None else max(m - recipe.search.drawn, 0)
    said = {**_description(recipe, tasks, splits, done), PROPOSED: proposed, "built": built}
    order.write(recipe.suite, said, shipped)


def _read(recipe: Recipe, order: Order, parts: Sequence[Part]) -> Arrays | None:
    """Return the shards of one data set, one after another; None where one is missing."""
    shards = [p.shards.read(p.task, p.chunk) for p in parts]
    found = [s for s in shards if s is not None]
    if len(found) < len(shards):
        return None
    task, seed = parts[0].task, parts[0].seed
    now = digest(recipe, load(recipe, task, order.archives, seed)).tobytes()
    if any(s["problem"].tobytes() != now for s in found):
        raise DamagedDataError(
            f"The shards of {task!r} must come from the numbers that are read now; remove {task} from "
            f"{parts[0].shards.folder} and build it again."
        )
    return {name: np.concatenate([s[name] for s in found]) for name in names(recipe)}


def names(recipe: Recipe) -> tuple[str, ...]:
    """Return the arrays of a shard that have a row for each configuration."""
    return (*(() if recipe.search is None else ("x",)), "score", "test_score", *beside(recipe), "lost", "seconds")


def _each(recipe: Recipe, order: Order, parts: Sequence[Part]) -> list[Arrays]:
    """Return the parts of a study that are there."""
    return [shard for part in parts if (shard := _read(recipe, order, [part])) is not None]


def _spent(recipe: Recipe, shard: Arrays) -> float:
    """Processor seconds of a shard; a cell that was lost with unknown cost is not counted."""
    seconds = shard["seconds"]
    return float(np.nansum(seconds[:, -1] if recipe.cumulative else seconds))


def _lost(done: Sequence[Entry], lost: NDArray[np.uint8]) -> list[dict[str, Any]]:
    """Return the cells without a score for another reason than their library's."""
    reasons = list(LOST.values())
    return [
        {"task": entry.name, "configuration": int(row), "reason": reasons[codes[row] - 1]}
        for entry, codes in zip(done, lost, strict=True)
        for row in np.flatnonzero(codes)
    ]


def _command(recipe: Recipe, order: Order, done: Sequence[str], *, whole: bool) -> str:
    """Return the command that makes the same table; options at their shipped values are left out."""
    tasks = order.tasks if whole and not isinstance(order.tasks, tuple) else ",".join(done)
    options = [f"--{name} {value}" for name, value in (("tasks", tasks), ("rows", order.rows)) if value is not None]
    return " ".join(["hpo-gym build", recipe.suite, *options])


def _study(
    recipe: Recipe, order: Order, found: Sequence[Arrays], done: Sequence[Entry], study: Parts
) -> dict[str, Any] | None:
    """Return the noise of a score by folds and initial weights: the standard deviation over seeds."""
    spreads: list[float] = []
    spans: list[float] = []
    seeds = set()
    for entry, table in zip(done, found, strict=True):
        others = [s["score"][:, -1] for s in _each(recipe, order, study.get(entry.name, ()))]
        if not others:
            continue
        scores = np.stack([table["score"][: len(others[0]), -1], *others])  # (seeds, rows)
        good = np.isfinite(scores).all(0)
        spreads += scores[:, good].std(0, ddof=1).tolist()
        spans.append(float(np.std(table["score"][np.isfinite(table["score"][:, -1]), -1])))
        seeds.add(len(scores))
    if not spreads:
        return None
    return {
        "what": "other data and other initial weights: standard deviation of the score at full fidelity",
        "tasks": len(spans),
        "cells": len(spreads),
        "seeds": max(seeds),
        "sd_between_seeds": round(float(np.median(spreads)), 6),
        "sd_between_configurations": round(float(np.median(spans)), 6),
    }


def _task(recipe: Recipe, entry: Entry, problem: Any, archives: Path) -> dict[str, Any]:
    meta = recipe.material.meta(entry, problem, archives)
    return {"name": entry.name, "title": f"{entry.name} ({entry.kind})", "family": entry.family, "meta": meta}


def _description(
    recipe: Recipe, tasks: list[dict[str, Any]], splits: Mapping[str, Sequence[str]], done: Sequence[Entry]
) -> dict[str, Any]:
    reported = recipe.material.describe()
    further: dict[str, Any] = {"objectives": [asdict(o) for o in recipe.objectives]} if recipe.objectives else {}
    if recipe.sizes is not None:
        further["fidelity"] = recipe.sizes.to_json()
    return {
        "name": recipe.suite,
        "version": recipe.version,
        "title": recipe.title,
        "description": recipe.description,
        "space": {**SearchSpace(recipe.space()).to_json(), "python_module_version": "1.2.0"},
        "tasks": tasks,
        "splits": splits,
        "score": reported["score"],
        "cost": cost(recipe),
        **further,
        "fidelities": list(recipe.fidelities),
        "licence": "MIT (results); data: see source",
        "source": recipe.material.source(done),
        "preprocessing": {"fidelity": recipe.fidelity, **reported["preprocessing"]},
    }


def cost(recipe: Recipe) -> dict[str, Any]:
    """Return the part of `suite.json` on costs."""
    reported = dict(recipe.material.describe()["cost"])
    return {**reported, "cumulative": True} if recipe.cumulative else reported


def _known(objectives: NDArray[np.float32]) -> NDArray[np.float32]:
    """Objectives ``(k, m, o)`` all of which are finite: a cell that was lost before one was known has the mean of its
    configuration on other tasks, or of its task."""
    out = objectives.astype(np.float64)
    for axis in (0, 1):
        there = np.isfinite(out)
        mean = np.where(there, out, 0.0).sum(axis, keepdims=True) / np.maximum(there.sum(axis, keepdims=True), 1)
        seen = np.broadcast_to(there.any(axis, keepdims=True), out.shape)
        out = np.where(~there & seen, np.broadcast_to(mean, out.shape), out)
    return out.astype(np.float32)
