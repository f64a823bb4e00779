"""Lists suites, optimizers and parts, for `hpo-gym list` and `info`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo_gym.codecs import CODECS
from hpo_gym.errors import MissingExtraError, unknown
from hpo_gym.learning.saved import read_about, shipped
from hpo_gym.observers import OBSERVERS
from hpo_gym.optimizer import OPTIMIZERS
from hpo_gym.rewards import REWARDS
from hpo_gym.suite import SPLITS, SUITES, Suite
from hpo_gym.suites import load_suite

if TYPE_CHECKING:
    from rich.table import Table


def listing() -> dict[str, Any]:
    """All that is registered, as plain JSON values."""
    return {
        "suites": [suite_row(load_suite(name), name) for name in SUITES.names()],
        "optimizers": [optimizer_row(name) for name in OPTIMIZERS.names()],
        "observers": list(OBSERVERS.names()),
        "codecs": list(CODECS.names()),
        "rewards": list(REWARDS.names()),
        "trained": {name: trained_row(folder) for name, folder in shipped().items()},
    }


def suite_row(suite: Suite, name: str | None = None) -> dict[str, Any]:
    """One suite of `listing`, registered as `name`; `configurations` is None where there is no end of them."""
    name = name or suite.name
    pools = {t.pool.shape[0] for t in suite.members[:1] if t.pool is not None}
    return {
        "name": name,
        "id": f"hpo_gym/{name}-v0" if name in SUITES.entries() else "hpo_gym/HPO-v0",
        "kind": suite.kind,
        "tasks": {split: len(suite.tasks(split)) for split in SPLITS},
        "configurations": pools.pop() if pools else None,
        "dimensions": suite.space.d,
        "fidelities": list(suite.members[0].fidelities),
        "conditional": suite.space.conditional,
        "licence": suite.about.get("licence"),
    }


def optimizer_row(name: str) -> dict[str, Any]:
    """One optimizer of `listing`."""
    entry = OPTIMIZERS.entries()[name]
    return {
        "name": name,
        "kind": "agent" if entry.package.startswith("hpo_agents") else "baseline",
        "family": entry.about.get("family"),
        "trainable": bool(entry.about.get("trainable", False)),
        "extra": entry.extra,
        "installed": OPTIMIZERS.installed(name),
    }


def trained_row(folder: Path) -> dict[str, Any]:
    """One trained optimizer of `listing`."""
    head = read_about(folder)
    return {"optimizer": head["optimizer"], "suites": head["suites"], "settings": head["settings"]}


def info(name: str) -> dict[str, Any]:
    """All about a suite (or a suite's folder) or an optimizer.

    Raises:
        UnknownNameError: There is none of that name; the message offers the nearest of either kind.
    """
    if name in SUITES.entries() or (Path(name) / "suite.json").is_file():
        suite = load_suite(name)
        hyperparameters = [
            {
                "name": h.name, "kind": h.kind, "log": h.log, "default": h.default,
                "values": list(h.choices) or [h.low, h.high],
            }
            for h in suite.space.hyperparameters
        ]  # fmt: skip
        about = {k: v for k, v in suite.about.items() if k != "name"}
        return {**suite_row(suite), "version": suite.version, "about": about, "hyperparameters": hyperparameters}
    if name in OPTIMIZERS.entries():
        row = optimizer_row(name)
        try:
            maker = OPTIMIZERS.get(name)
        except MissingExtraError as missing:
            return {**row, "settings": {}, "description": str(missing)}
        settings = {p.name: _default(p) for p in inspect.signature(maker).parameters.values() if p.name != "self"}
        return {**row, "settings": settings, "description": inspect.getdoc(maker) or ""}
    raise unknown("suite or optimizer", name, [*SUITES.entries(), *OPTIMIZERS.entries()])


def _default(parameter: inspect.Parameter) -> Any:
    value = parameter.default
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


# ---------------------------------------------------------------------- for people
def tables(data: Mapping[str, Any]) -> list[Table]:
    """The listing as tables for a terminal."""
    from rich.table import Table

    suites = Table("suite", "id", "kind", "train", "val", "test", "configurations", "d", "licence", title="Suites")
    for s in data["suites"]:
        counts = [str(s["tasks"][split]) for split in SPLITS]
        size = "unlimited" if s["configurations"] is None else f"{s['configurations']:,}"
        suites.add_row(s["name"], s["id"], s["kind"], *counts, size, str(s["dimensions"]), s["licence"] or "")
    optimizers = Table("optimizer", "kind", "family", "trained", "extra", "installed", title="Optimizers")
    for o in data["optimizers"]:
        flags = ["yes" if o["trainable"] else "", o["extra"] or "", "yes" if o["installed"] else "no"]
        optimizers.add_row(o["name"], o["kind"], o["family"] or "", *flags)
    parts = Table("part", "names", title="Observers, codecs, rewards")
    for kind in ("observers", "codecs", "rewards"):
        parts.add_row(kind, ", ".join(data[kind]))
    trained = Table("name", "optimizer", "trained on", title="Trained optimizers: hpo_gym.load")
    for name, t in data["trained"].items():
        trained.add_row(name, t["optimizer"], ", ".join(t["suites"]))
    return [suites, optimizers, parts, *([trained] if data["trained"] else [])]


def text(data: Mapping[str, Any], indent: int = 0) -> str:
    """What `info` found, as indented lines."""
    lines = []
    for key, value in data.items():
        pad = " " * indent
        if isinstance(value, Mapping):
            lines += [f"{pad}{key}:", text(value, indent + 2)]
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            lines.append(f"{pad}{key}:")
            lines += [f"{pad}  {v['name']}: {v['kind']}, {_values(v)}, default {v['default']}" for v in value]
        elif isinstance(value, str) and "\n" in value:
            lines += [f"{pad}{key}:", *(f"{pad}  {line}" for line in value.splitlines())]
        else:
            lines.append(f"{pad}{key}: {value}")
    return "\n".join(lines)


def _values(row: Mapping[str, Any]) -> str:
    values = row["values"]
    if row["kind"] in ("float", "int"):
        return f"{values[0]} to {values[1]}" + (", logarithmic" if row["log"] else "")
    return ", ".join(map(str, values))
