"""Lists suites, optimizers and parts, for `hpo-gym list` and `info`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpo_gym.app._first import set_row
from hpo_gym.base import MissingExtraError, nearest, neighbours, unknown
from hpo_gym.bench import ONE_FAMILY, described, named_protocol, shipped_protocols
from hpo_gym.env import CODECS, OBSERVERS, REWARDS
from hpo_gym.optimize import OPTIMIZERS, SAVED, Form, Trainable, form_of, held, is_saved, parted, read_about, shipped
from hpo_gym.problem import SPLITS, SUITES, Suite
from hpo_gym.suites import SETS, load_suite
from hpo_gym.system import Column, Sheet


def listing() -> dict[str, Any]:
    """All that is registered, as plain JSON values."""
    return {
        "sets": [set_row(name) for name in SETS],
        "suites": [suite_row(load_suite(name), name) for name in SUITES.names()],
        "optimizers": [optimizer_row(name) for name in OPTIMIZERS.names()],
        "observers": list(OBSERVERS.names()),
        "codecs": list(CODECS.names()),
        "rewards": list(REWARDS.names()),
        "trained": {name: trained_row(folder) for name, folder in shipped().items()},
    }


def suite_row(suite: Suite, name: str | None = None) -> dict[str, Any]:
    """One suite of `listing`, registered as `name`: `families` of test tasks; `configurations` None without an end."""
    name = name or suite.name
    pools = {t.pool.shape[0] for t in suite.members[:1] if t.pool is not None}
    return {
        "name": name,
        "id": f"hpo_gym/{name}-v0" if name in SUITES.entries() else "hpo_gym/HPO-v0",
        "kind": suite.kind,
        "sets": [one for one, names in SETS.items() if name in names],
        "tasks": {split: len(suite.tasks(split)) for split in SPLITS},
        "families": len({task.family for task in suite.tasks("test")}),
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


def info(what: object) -> dict[str, Any]:
    """All about a set, a suite (or its folder), a protocol, or an optimizer in any form (`hpo_gym.optimize.forms`).

    Raises:
        UnknownNameError: There is none of that name; the message offers the nearest of either kind.
    """
    name = str(what) if isinstance(what, (str, Path)) else ""
    if name in SETS:
        return set_row(name)
    if name in shipped_protocols():
        return described(named_protocol(name))
    if name in SUITES.entries() or (Path(name) / "suite.json").is_file():
        suite = load_suite(name)
        about = {k: v for k, v in suite.about.items() if k not in ("name", "title", "description")}
        said = {key: suite.about[key] for key in ("title", "description") if key in suite.about}
        row = suite_row(suite)
        head = {key: row.pop(key) for key in ("name", "id")}
        further = [f"{o.name} ({o.unit or 'no unit'}, {o.direction})" for o in suite.members[0].objectives]
        trades = {"objectives": further} if further else {}
        columns = [h.to_json() for h in suite.space.hyperparameters]
        return {
            **head, **said, **row, **trades, "hyperparameters": columns, "version": suite.version, "about": about,
        }  # fmt: skip
    if name in OPTIMIZERS.entries():
        row = optimizer_row(name)
        try:
            maker = OPTIMIZERS.get(name)
            words, settings = _described(maker), _settings(maker)
        except MissingExtraError as missing:
            words, settings = str(missing), {}
        return {"name": row.pop("name"), "description": words, "settings": settings, **row}
    if name and ":" not in name and not is_saved(name):
        sets = SETS if name.islower() or not nearest(name, SUITES.names()) else ()
        near = [*neighbours(name, "suite.json"), *neighbours(name, "optimizer.json"), *sets]
        raise unknown("suite or optimizer", name, [*SUITES.entries(), *OPTIMIZERS.entries(), *shipped()], near)
    return _about(form_of(what))


def _about(form: Form) -> dict[str, Any]:
    """All about an optimizer that is not registered, or is trained."""
    try:
        optimizer: object = form.make()
    except MissingExtraError as missing:
        return {"name": form.name, "description": str(missing), **_training(form)}
    own = getattr(optimizer, "settings", None)
    seen = sorted(getattr(optimizer, "seen", ()))
    trained = {} if not seen else {"seen": f"{len(seen)} families of data sets", **_training(form)}
    return {
        "name": form.name,
        "description": _described(type(optimizer)),
        "class": f"{type(optimizer).__module__}.{type(optimizer).__qualname__}",
        "settings": dict(own) if isinstance(own, Mapping) else _settings(type(optimizer), optimizer),
        "trainable": isinstance(optimizer, Trainable),
        **trained,
    }


def _training(form: Form) -> dict[str, Any]:
    if not form.spec.startswith(SAVED):
        return {}
    files = held(folder := parted(form.spec.removeprefix(SAVED))[1])
    suites = read_about(folder).get("suites", []) if "optimizer.json" in files else []
    card = files.get("README.md", b"").decode(errors="replace").rpartition("\n---\n")[2].strip()
    page = "".join(sign for sign in card if sign.isprintable() or sign == "\n")  # may be a stranger's
    return {"trained on": ", ".join(suites), "folder": str(folder), **({"card": page} if page else {})}


def _described(maker: Callable[..., Any]) -> str:
    """Return the docstring of a class, and the descriptions of its settings that stand in those of its bases."""
    said = inspect.getdoc(maker) or ""
    left = set(_settings(maker)) - {name for names in _entries(said) for name in names}
    further: list[str] = []
    for base in inspect.getmro(maker)[1:] if inspect.isclass(maker) else ():
        for names, text in _entries(inspect.cleandoc(base.__doc__ or "")).items():
            if left.intersection(names):
                further.append(text)
                left -= set(names)
    return said + ("\n\nFurther settings:\n" + "\n".join(further) if further else "")


def _entries(said: str) -> dict[tuple[str, ...], str]:
    """Return the descriptions of arguments in a docstring, by the names that each is of."""
    _, _, listed = said.partition("Args:\n")
    block, _, _ = listed.partition("\n\n")
    return {tuple(text.split(":")[0].strip().split(", ")): text for text in re.split(r"\n(?=    \w)", block) if text}


def _settings(maker: Callable[..., Any], made: object = None) -> dict[str, Any]:
    """Arguments of a class: their defaults, or what one that was made keeps under their names."""
    known = [p for p in inspect.signature(maker).parameters.values() if p.name != "self"]
    values = {p.name: getattr(made, p.name, p.default) for p in known}
    return {k: v if isinstance(v, (str, int, float, bool, type(None))) else str(v) for k, v in values.items()}


# ---------------------------------------------------------------------- for people
def tables(data: Mapping[str, Any]) -> list[Sheet]:
    """Return the listing as tables for a terminal."""
    suites, optimizers, trained = data["suites"], data["optimizers"], data["trained"]
    sizes = ["unlimited" if s["configurations"] is None else f"{s['configurations']:,}" for s in suites]
    sheets = [
        Sheet(
            "Suites",
            [
                _column(suites, "suite", "name"),
                *(Column(split, [str(s["tasks"][split]) for s in suites], right=True) for split in SPLITS),
                Column("sets", [", ".join(s["sets"]) or ONE_FAMILY * (s["families"] == 1) for s in suites]),
                Column("configurations", sizes, 2, right=True),
                Column("d", [str(s["dimensions"]) for s in suites], 2, right=True),
                _column(suites, "kind", "kind", 1),
                _column(suites, "id", "id", 3),
                _column(suites, "licence", "licence", 4),
            ],
            "d: hyperparameters. Suites of one family of test tasks can tell nothing. hpo-gym info SUITE tells more.",
        ),
        Sheet(
            "Optimizers",
            [
                _column(optimizers, "optimizer", "name"),
                _column(optimizers, "kind", "kind"),
                _column(optimizers, "family", "family", 1),
                Column("learns", ["yes" if o["trainable"] else "" for o in optimizers], 2),
                _column(optimizers, "extra", "extra", 3),
                Column("installed", ["yes" if o["installed"] else "no" for o in optimizers], 2),
            ],
        ),
    ]
    if trained:
        sheets.append(
            Sheet(
                "Optimizers that ship trained",
                [
                    Column("name", list(trained)),
                    Column("optimizer", [t["optimizer"] for t in trained.values()], 1),
                    Column("trained on", [", ".join(t["suites"]) for t in trained.values()]),
                ],
                "hpo_gym.load(NAME) loads one.",
            )
        )
    kinds = ("observers", "codecs", "rewards")
    names = Column("names", [", ".join(data[kind]) for kind in kinds])
    return [*sheets, Sheet("Parts of an env", [Column("part", kinds), names])]


def _column(rows: Sequence[Mapping[str, Any]], head: str, key: str, rank: int = 0) -> Column:
    return Column(head, [row[key] or "" for row in rows], rank)


def text(data: Mapping[str, Any]) -> str:
    """Return the answer of `info` as YAML, texts of several lines as they are."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def represent_str(self, value: str) -> Any:
            style = "|" if "\n" in value else None
            return self.represent_scalar("tag:yaml.org,2002:str", value, style)

    Dumper.add_representer(str, Dumper.represent_str)
    return yaml.dump(dict(data), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1000,
                     default_flow_style=None)  # fmt: skip
