"""Suites of surrogates, ``NAME:surrogate``: the tasks of a table, answered at every configuration by a model of it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from hpo_gym.base import DATA, DamagedDataError, InvalidValueError, blame
from hpo_gym.problem import Suite
from hpo_gym.suites.own.files import read_npz
from hpo_gym.suites.own.suite import TableSuite
from hpo_gym.suites.tasks.surrogate.model import LAYERS, STEPS, SurrogateModel
from hpo_gym.suites.tasks.surrogate.task import SurrogateTask
from hpo_gym.system import check_seal, rule_of

SUFFIX = ":surrogate"
ABOUT, ARRAYS = "surrogate.json", "surrogate.npz"
FORMAT = 1
_MOST = 1 << 26  # bytes of a file
FLOOR = 0.8
"""Least median Kendall's tau on held-out rows of an available surrogate."""
NAMES = (*(f"{letter}{i}" for letter in "wb" for i in range(LAYERS)), "heads", "levels", "scales", "rising",
         "optimum", "best", "worst")  # fmt: skip


class _Agreement(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)
    tau: float
    top: float


class _About(BaseModel):
    """What is read of `surrogate.json`; a later format needs a later hpo-gym."""

    model_config = ConfigDict(strict=True)
    format: Literal[1]
    served: bool
    agreement: _Agreement
    table: str
    fidelities: list[float]
    version: int


def surrogate_suite(base: Suite, folder: Path | None = None) -> Suite:
    """Return the surrogates of a suite's tasks, named ``NAME:surrogate``: with its splits, families and meta-features.

    Scores come from a model, see `hpo_gym.suites.tasks.surrogate.model.Surrogate`: finite except for predicted
    failures, without noise, at no more than ten fidelities. There is no pool.

    Args:
        folder: Place of ``surrogate.json`` and ``surrogate.npz``; None: those shipped with the suite of that name.

    Raises:
        InvalidValueError: It has no surrogate, or stays tabular because its model does not agree well enough.
        DamagedDataError: The files contradict their checksums, or are of another table.
    """
    folder = DATA / base.name if folder is None else folder
    if not isinstance(base, TableSuite) or not (folder / ABOUT).is_file():
        raise InvalidValueError(f"`suite` must be a table with a surrogate, got {base.name!r}; there are {served()}.")
    said, path = read_about(folder), folder / ARRAYS
    if not said["served"]:
        tau = said["agreement"]["tau"]
        raise InvalidValueError(
            f"{base.name!r} stays tabular: the median tau of a surrogate on held-out rows must be at least {FLOOR}, "
            f"got {tau:.2f}; use {base.name!r} itself, or one of {served()}."
        )
    if said["table"] != base.data_hash:
        raise DamagedDataError(f"{folder / ABOUT}: `table` must be the hash of {base.name!r}; fit the surrogate anew.")
    with blame(path):
        arrays = _arrays(path, said)
        model = _model(base, arrays, tuple(said["fidelities"]))
        members = _members(base, model, arrays, tuple(said["fidelities"]))
    digest = hashlib.sha256(f"{base.data_hash} {said['sha256']}".encode()).hexdigest()
    return Suite(f"{base.name}{SUFFIX}", base.space, members, "surrogate", said["version"], base.splits,
                 _about(base, said), digest)  # fmt: skip


def served() -> list[str]:
    """Names of the suites of surrogates that ship."""
    return sorted(f"{path.parent.name}{SUFFIX}" for path in DATA.glob(f"*/{ARRAYS}"))


def read_about(folder: Path) -> dict[str, Any]:
    """Return the description of a surrogate; raise `DamagedDataError` where it is damaged or of a later format."""
    path = folder / ABOUT
    with blame(path):
        if path.stat().st_size > _MOST:
            raise InvalidValueError(f"It must have at most {_MOST:,} bytes.")
        said = json.loads(path.read_text(encoding="utf-8"))
        try:
            _About.model_validate(said)
        except ValidationError as fault:
            raise InvalidValueError(f"{rule_of(fault)}.") from fault
        check_seal(said)
    return dict(said)


def _arrays(path: Path, said: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    if path.stat().st_size > _MOST:
        raise DamagedDataError(f"{path} must have at most {_MOST:,} bytes, got {path.stat().st_size:,}.")
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != said["sha256"]:
        raise DamagedDataError(f"`sha256` must be {said['sha256']} (as {ABOUT} says), got {found}.")
    arrays = read_npz(data, NAMES, NAMES)
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            raise InvalidValueError(f"`{name}` must be finite numbers, got NaN or infinity.")
    return arrays


def _model(base: TableSuite, arrays: Mapping[str, NDArray[Any]], fidelities: tuple[float, ...]) -> SurrogateModel:
    weights, offsets = (tuple(arrays[f"{letter}{i}"] for i in range(LAYERS)) for letter in "wb")
    heads, levels, scales, rising = (arrays[name] for name in ("heads", "levels", "scales", "rising"))
    model = SurrogateModel(base.space, weights, offsets, heads, levels, scales, rising > 0)
    k, f, width = base.table.k, len(fidelities), model.encoding.width
    (e, _, h), r, q = weights[0].shape, weights[-1].shape[-1], heads.shape[1]
    layers = zip((width, h, h, h), (h, h, h, r), strict=True)
    wanted: dict[str, tuple[int, ...]] = {}
    for i, (before, after) in enumerate(layers):
        wanted |= {f"w{i}": (e, before, after), f"b{i}": (e, after)}
    wanted |= {"heads": (k, 3 * f if q == 3 * f else 2 * f, e * r), "levels": (k, q), "scales": (k, 2, f, STEPS + 1),
               "rising": (k, 2), "optimum": (k, base.space.d), "best": (k,), "worst": (k,)}  # fmt: skip
    for name, shape in wanted.items():
        if arrays[name].shape != shape:
            raise InvalidValueError(f"`{name}` must have the shape {shape}, got {arrays[name].shape}.")
    return model


def _members(
    base: TableSuite, model: SurrogateModel, arrays: Mapping[str, NDArray[Any]], fidelities: tuple[float, ...]
) -> tuple[SurrogateTask, ...]:
    k, optimum = len(base.members), arrays["optimum"]
    best = model(np.arange(k), optimum, np.full(k, model.f - 1)).score
    return tuple(
        SurrogateTask(
            t.name, t.family, f"{base.name}{SUFFIX}", base.space, float(best[i]),
            min(float(arrays["worst"][i]), float(best[i])), fidelities, t.meta_features,
            model, i, base.table.read_only(i), optimum[i], math.isfinite(t.cost_unit),
        )
        for i, t in enumerate(base.members)
    )  # fmt: skip


def _about(base: Suite, said: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: base.about[name] for name in ("score", "unit", "cost", "licence", "titles") if name in base.about}
    tau, top = said["agreement"]["tau"], said["agreement"]["top"]
    return {
        "title": f"{base.about.get('title', base.name)}: surrogates",
        "description": f"A model of each task of `{base.name}` that answers at every configuration. Kendall's tau with "
        f"held-out rows: {tau:.2f} (median); the best of them is in the table's top 5 % on {top:.0%} of the tasks.",
        "source": f"fitted to `{base.name}`",
        **kept,
    }
