"""`hpo-gym build NAME:surrogate`: fits the surrogates of a suite, measures them, and writes those that agree."""

from __future__ import annotations

import importlib
import importlib.metadata
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders import files
from hpo_builders.order import BUILDERS, Order
from hpo_builders.surrogates.agreement import FOLDS, Foretold, agreement, held_out, summary
from hpo_builders.surrogates.fit import Plan, fit
from hpo_builders.surrogates.optimum import optima
from hpo_builders.surrogates.rows import Material, material
from hpo_gym.base import InvalidValueError, require
from hpo_gym.problem import Suite
from hpo_gym.suites import (
    ABOUT,
    ARRAYS,
    FLOOR,
    FORMAT,
    LAYERS,
    SUFFIX,
    SurrogateModel,
    TableSuite,
    load_suite,
    write_npz,
)
from hpo_gym.system import sealed, sha256, whole_files

FURTHER: Mapping[str, tuple[str, ...]] = {"Boosting": ("Studies",)}
"""Shipped tables of the same tasks in the same space, whose rows are learned from as well."""

OWN: Mapping[str, int] = {"SVM": 200, "Linear": 200}
"""Configurations that are trained for the surrogate alone, other ones on each task: what all tasks say of the same few
hundred configurations tells little of the space between them."""

LARGE = Plan(epochs=2, batch=1024)
PLANS: Mapping[str, Plan] = {"AutoML": LARGE, "FineTune": LARGE, "Pipelines": LARGE}
"""How networks of tables of 275,000 cells and more are trained, which as others are would take hours."""

ALL = 100_000
"""More configurations than are ever trained: all are drawn, and a build may grow on the same shards."""


def build_surrogates(name: str, order: Order, plan: Plan | None = None) -> None:
    """Fit and measure the surrogates of ``NAME:surrogate``, and write ``surrogate.json`` below ``order.out / NAME``.

    Beside it comes ``surrogate.npz`` if the median tau on held-out rows is at least `FLOOR`; else one that was there is
    removed. ``order.rows`` says how many configurations are trained for the surrogate alone; 0: none.

    Raises:
        InvalidValueError: The suite has no table.
        MissingExtraError: Torch is not installed.
    """
    require("build")
    suite = load_suite(name.removesuffix(SUFFIX))
    if not isinstance(suite, TableSuite):
        raise InvalidValueError(f"`{name}` must be of a suite with a table, {suite.name!r} is of kind {suite.kind!r}.")
    further = [load_suite(other) for other in FURTHER.get(suite.name, ())]
    own = OWN.get(suite.name, 0) if order.rows is None else order.rows
    if own:
        further.append(trained(suite.name, own, order))
    option = "" if order.rows is None else f" --rows {order.rows}"
    built = {
        "command": f"hpo-gym build {suite.name}{SUFFIX}{option}",
        "further tables": [other.name for other in further if other.name != suite.name],
        "configurations trained for it, each task": own,
    }
    write_surrogates(suite, further, order, plan or PLANS.get(suite.name, Plan()), built)


def write_surrogates(
    suite: TableSuite, further: Sequence[Suite], order: Order, plan: Plan, built: Mapping[str, Any]
) -> None:
    """Fit surrogates to the table of a suite and to further ones of its tasks, measure them and write them.

    Args:
        suite: Whose tasks they are, and on whose rows they are measured.
        further: Suites as of `material`.
        order: Its `out` gets the folder; its `progress` is told the fits that are done.
        plan: How networks are trained.
        built: What the record says besides.
    """
    start, found = time.process_time(), material(suite, further)
    agrees = _measured(suite, found, plan, order)
    served = agrees["tau"] >= FLOOR
    model = fit(found.space, [a.and_of(b) for a, b in zip(found.own, found.more, strict=True)], plan)
    said = {
        "format": FORMAT,
        "suite": suite.name,
        "version": suite.version,
        "table": suite.data_hash,
        "fidelities": list(found.fidelities),
        "served": served,
        "agreement": agrees,
        "built": {
            **built,
            "rows of the table": sum(map(len, found.own)),
            "rows beside it": sum(map(len, found.more)),
            "plan": asdict(plan),
            "libraries": {"python": platform.python_version(), "torch": importlib.metadata.version("torch")},
            "processor seconds": round(time.process_time() - start),
        },
    }
    _write(order, suite.name, said, _arrays(model, found) if served else None)


def trained(name: str, count: int, order: Order) -> Suite:
    """Return a table of configurations that are drawn for each task by itself, by the recipe of the suite's own.

    Raises:
        InvalidValueError: `count` is no multiple of the size of a shard.
    """
    from hpo_builders.training.build import build
    from hpo_builders.training.recipe import CHUNK, Search

    if count % CHUNK:
        raise InvalidValueError(f"`rows` must be a multiple of {CHUNK}, got {count}.")
    recipe = importlib.import_module(BUILDERS.get(name).__module__).RECIPE
    search = Search(drawn=ALL, propose=_none)
    recipe = replace(recipe, configurations=count, search=search, study=0)
    build(recipe, replace(order, out=order.work / "tables", work=order.work / "surrogates", rows=None))
    return load_suite(order.work / "tables" / name)


def _none(*_: Any) -> NDArray[np.float64]:
    raise InvalidValueError("`propose` must not be asked: all configurations are drawn.")


def _measured(suite: TableSuite, found: Material, plan: Plan, order: Order) -> dict[str, Any]:
    """Return the agreement on held-out rows, over the tasks that stand in a split."""
    in_split = [i for i, task in enumerate(suite.members) if suite.split(task) is not None]
    said: list[Foretold] = []
    for fold, so_far in enumerate(held_out(found, plan)):
        order.progress(fold + 1, FOLDS + 1, f"{suite.name}{SUFFIX}")
        said = so_far
    rows, foretold = [found.own[i] for i in in_split], [said[i] for i in in_split]
    return summary([agreement(r, f) for r, f in zip(rows, foretold, strict=True)], foretold, rows)


def _arrays(model: SurrogateModel, found: Material) -> dict[str, NDArray[Any]]:
    optimum, best, worst = optima(model, [rows.x for rows in found.own])
    return {
        **{f"w{i}": model.weights[i] for i in range(LAYERS)},
        **{f"b{i}": model.offsets[i] for i in range(LAYERS)},
        "heads": model.heads,
        "levels": model.levels,
        "scales": model.scales,
        "rising": model.rising.astype(np.float32),
        "optimum": optimum,
        "best": best,
        "worst": worst,
    }


def _write(order: Order, name: str, said: dict[str, Any], arrays: Mapping[str, NDArray[Any]] | None) -> None:
    folder = order.out / name
    folder.mkdir(parents=True, exist_ok=True)
    with files.locked(folder, wait=True):
        if arrays is None:
            with whole_files(folder, ABOUT) as (about,):
                about.write_bytes(sealed(said))
            _remove(order.out, folder / ARRAYS)
        else:
            with whole_files(folder, ARRAYS, ABOUT) as (stored, about):
                write_npz(stored, arrays)
                about.write_bytes(sealed({**said, "sha256": sha256(stored), "bytes": stored.stat().st_size}))
    files.update_manifest(order.out, [path for path in (folder / ARRAYS, folder / ABOUT) if path.is_file()])


def _remove(data: Path, path: Path) -> None:
    """Remove a file, and its line of the manifest."""
    path.unlink(missing_ok=True)
    manifest = data / files.MANIFEST
    if manifest.exists():
        with files.locked(data, wait=True):
            gone = path.relative_to(data).as_posix()
            files.write_json(manifest, {name: said for name, said in files.read_json(manifest).items() if name != gone})
