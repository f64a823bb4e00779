"""Makes a suite's folder out of the shards of a build."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.builders.data_sets import problems, roster, sources
from hpo_gym.builders.order import Order
from hpo_gym.builders.training.cells import LOST, MEMORY, Part, configurations, digest, load
from hpo_gym.builders.training.recipe import Recipe
from hpo_gym.errors import DamagedDataError, InvalidValueError
from hpo_gym.space import SearchSpace
from hpo_gym.tables.files import little
from hpo_gym.tables.flat import LEAST, TRIALS, splits_without_flat
from hpo_gym.transfer import meta_features

Arrays = dict[str, NDArray[Any]]
Parts = Mapping[str, Sequence[Part]]


def assemble(recipe: Recipe, order: Order, m: int, chosen: Sequence[roster.Entry], table: Parts, study: Parts) -> None:
    """Write the folder of the data sets whose `m` configurations are all there.

    Raises:
        InvalidValueError: None is finished.
        DamagedDataError: Shards of one data set were trained on different numbers.
    """
    done, found = [], []
    for entry in chosen:
        shard = _read(recipe, order, table[entry.name])
        if shard is not None and np.isfinite(shard["score"][:, -1]).any():
            done.append(entry)
            found.append(shard)
    if not done:
        raise InvalidValueError(
            f"`work` must hold a finished data set on which a configuration gives a model, {order.work / recipe.suite} "
            "holds none."
        )
    x = configurations(recipe, m) if recipe.search is None else np.stack([shard["x"] for shard in found])
    arrays = {name: np.stack([shard[name] for shard in found]) for name in ("score", "test_score")}
    seconds = np.stack([shard["seconds"] for shard in found])
    tasks = [_task(recipe, e, order.archives) for e in done]
    splits, flat = splits_without_flat(tasks, arrays["score"][..., -1])
    shipped = {"x": x, **arrays, "cost": np.minimum(seconds, 6e4).astype(np.float16)}
    others = [shard for entry in done for shard in _each(recipe, order, study.get(entry.name, ()))]
    wall, processor = table[done[0].name][0].shards.wall()
    built = {
        "command": _command(recipe, order, [e.name for e in done], whole=len(done) == len(chosen)),
        "libraries": table[done[0].name][0].shards.plan()["libraries"],
        "seed": 0,
        "seed_study": _study(recipe, order, found, done, study),
        "memory limit": MEMORY,
        "test rows": {e.name: problems.test_rows(load(recipe, e.name, order.archives, 0)) for e in done},
        "cells": int(np.prod(arrays["score"].shape[:2])),
        "lost cells": _lost(done, found),
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
    order.write(recipe.suite, {**_description(recipe, tasks, splits, done), "built": built}, shipped)


def _read(recipe: Recipe, order: Order, parts: Sequence[Part]) -> Arrays | None:
    """The shards of one data set, one after another; None where one is missing."""
    shards = [p.shards.read(p.data_set, p.chunk) for p in parts]
    found = [s for s in shards if s is not None]
    if len(found) < len(shards):
        return None
    data_set, seed = parts[0].data_set, parts[0].seed
    now = digest(load(recipe, data_set, order.archives, seed)).tobytes()
    if any(s["problem"].tobytes() != now for s in found):
        raise DamagedDataError(
            f"The shards of {data_set!r} must come from the numbers that are read now; remove {data_set} from "
            f"{parts[0].shards.folder} and build it again."
        )
    return {name: np.concatenate([s[name] for s in found]) for name in names(recipe)}


def names(recipe: Recipe) -> tuple[str, ...]:
    """The arrays of a shard that have a row for each configuration."""
    return (*(() if recipe.search is None else ("x",)), "score", "test_score", "lost", "seconds")


def _each(recipe: Recipe, order: Order, parts: Sequence[Part]) -> list[Arrays]:
    """The parts of a study that are there."""
    return [shard for part in parts if (shard := _read(recipe, order, [part])) is not None]


def _spent(recipe: Recipe, shard: Arrays) -> float:
    """Processor seconds of a shard; a cell that was lost with unknown cost is not counted."""
    seconds = shard["seconds"]
    return float(np.nansum(seconds[:, -1] if recipe.cumulative else seconds))


def _lost(done: Sequence[roster.Entry], found: Sequence[Arrays]) -> list[dict[str, Any]]:
    """Which cells have no score for another reason than their library's."""
    reasons = list(LOST.values())
    return [
        {"data set": entry.name, "configuration": int(row), "reason": reasons[shard["lost"][row] - 1]}
        for entry, shard in zip(done, found, strict=True)
        for row in np.flatnonzero(shard["lost"])
    ]


def _command(recipe: Recipe, order: Order, done: Sequence[str], *, whole: bool) -> str:
    """What makes the same table: what is not said is as shipped."""
    tasks = order.tasks if whole and not isinstance(order.tasks, tuple) else ",".join(done)
    options = [f"--{name} {value}" for name, value in (("tasks", tasks), ("rows", order.rows)) if value is not None]
    return " ".join(["hpo-gym build", recipe.suite, *options])


def _study(
    recipe: Recipe, order: Order, found: Sequence[Arrays], done: Sequence[roster.Entry], study: Parts
) -> dict[str, Any] | None:
    """How much a score changes with folds and initial weights: the standard deviation over seeds."""
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
        "what": "other test rows, folds and initial weights: standard deviation of the score at full fidelity",
        "tasks": len(spans),
        "cells": len(spreads),
        "seeds": max(seeds),
        "sd_between_seeds": round(float(np.median(spreads)), 6),
        "sd_between_configurations": round(float(np.median(spans)), 6),
    }


def _task(recipe: Recipe, entry: roster.Entry, archives: Path) -> dict[str, Any]:
    meta = problems.meta_features(load(recipe, entry.name, archives, 0), entry.load(archives))
    return {"name": entry.name, "title": f"{entry.name} ({entry.kind})", "family": entry.family, "meta": meta}


def _description(
    recipe: Recipe, tasks: list[dict[str, Any]], splits: Mapping[str, Sequence[str]], done: Sequence[roster.Entry]
) -> dict[str, Any]:
    by_package = {p: [e.name for e in done if e.package == p] for p in sources.PACKAGES}
    return {
        "name": recipe.suite,
        "version": recipe.version,
        "title": recipe.title,
        "description": recipe.description,
        "space": {**SearchSpace(recipe.space()).to_json(), "python_module_version": "1.2.0"},
        "tasks": tasks,
        "splits": splits,
        "score": {
            "name": "balanced accuracy (classification) or R^2, at least -1 (regression)",
            "unit": "share",
            "range": [-1, 1],
            "protocol": f"mean over {problems.REPEATS} repeats of {problems.FOLDS} folds; test, at full fidelity: mean "
            "of the same models on rows that no fold has",
        },
        "cost": {
            "unit": "processor seconds",
            "what": f"to train and predict, {problems.REPEATS} x {problems.FOLDS} folds",
        },
        "fidelities": list(recipe.fidelities),
        "licence": "MIT (results); data sets: see source",
        "source": {
            "trained by": "hpo-gym",
            "data sets": {p: names for p, names in by_package.items() if names},
            "packages": {p: asdict(sources.PACKAGES[p]) for p, names in by_package.items() if names},
        },
        "preprocessing": {"fidelity": recipe.fidelity, **_account(recipe)},
    }


def _account(recipe: Recipe) -> dict[str, str]:
    return {
        "folds": f"{problems.REPEATS} repeats of {problems.FOLDS} folds, stratified, of at most {recipe.rows} rows and "
        f"{1 - problems.TEST_SHARE:.0%} of the data set; a model learns from at most {recipe.training_rows} of them",
        "test rows": f"the other rows, at most {problems.TEST_ROWS}; from {problems.FOLDS * problems.TEST_EACH} on, "
        f"dealt among the models, at least {problems.TEST_EACH} each",
        "features": "missing values imputed by the median, categories one-hot (the "
        f"{meta_features.MAX_LEVELS} most frequent levels and the rest), by rows that are no test rows; nothing scaled",
        "target": "standardised in regression; its logarithm where it is positive and its skewness above "
        f"{meta_features.MAX_SKEWNESS}; classes of fewer than {problems.MIN_CLASS} rows left out",
    }
