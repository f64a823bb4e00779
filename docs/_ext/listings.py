"""Tables with a row for each suite, optimizer and part, made of their own files.

The row of a part is the first paragraph of its docstring; of an observer and a codec the words before its first colon
are the space. An agent states `state` and `action` in its decorator. Counts come from the shipped tables.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterable, Mapping
from typing import Any

from stored import Grid

from hpo_gym.base import Entry, InvalidValueError, Registry
from hpo_gym.bench import ONE_FAMILY
from hpo_gym.env import CODECS, OBSERVERS, REWARDS, SCORES
from hpo_gym.optimize import OPTIMIZERS, held, read_about, shipped
from hpo_gym.problem import FOLDS, SPLITS, SUITES, Suite
from hpo_gym.suites import load_suite, surrogates

Rows = Iterable[Iterable[str]]
WITHOUT_RESULTS = ("Trainings",)
"""Suites on which no rule was tuned, no bound searched and no agent trained."""


# ---------------------------------------------------------------------- what a file says
def said(entry: Entry) -> str:
    """Return the first paragraph of a docstring, up to bold text; the file is read, not imported."""
    assert entry.path is not None
    nodes = {getattr(node, "name", None): node for node in ast.parse(entry.path.read_text(encoding="utf-8")).body}
    text = ast.get_docstring(nodes[entry.maker])  # type: ignore[arg-type]
    if not text:
        raise InvalidValueError(f"`{entry.maker}` must have a docstring, its row in a table, in {entry.path}.")
    first = " ".join(text.split("\n\n")[0].split()).split(" **")[0]
    return first.removesuffix(".").replace("``", "`")


def space_and_use(entry: Entry) -> list[str]:
    """Return the two halves of "Space: contents, or the meaning of an action"."""
    space, colon, use = said(entry).partition(": ")
    if not colon:
        raise InvalidValueError(f"The text of `{entry.maker}` must begin with its space and a colon: {entry.path}.")
    return [space, use]


def stated(entry: Entry, fact: str) -> str:
    """Return a fact of the decorator."""
    if fact not in entry.about:
        raise InvalidValueError(f"`register({entry.name!r}, ..)` must state `{fact}`, a cell of its row: {entry.path}.")
    return str(entry.about[fact])


def options(registry: Registry[Any], name: str) -> str:
    """Return the options of a part, without the one that the env sets."""
    names = [p for p in inspect.signature(registry.get(name)).parameters if p != "served"]
    return ", ".join(f"`{name}`" for name in names)


def file_of(entry: Entry) -> str:
    """Return the name of the file, as code."""
    return f"`{entry.module.rpartition('.')[2]}.py`"


def marks(suite: Suite) -> list[str]:
    """Return the words beside a suite's name: it has no results, or they can tell nothing."""
    few = len({task.family for task in suite.tasks("test")}) == 1
    return ["without results"] * (suite.name in WITHOUT_RESULTS) + [ONE_FAMILY] * few


# ---------------------------------------------------------------------- rows
def optimizers(package: str) -> list[Entry]:
    """Return the optimizers of a package, by family and name."""
    entries = [e for e in OPTIMIZERS.entries().values() if e.package == package]
    return sorted(entries, key=lambda e: (stated(e, "family"), e.name))


def agents() -> Rows:
    """Yield a row for each agent."""
    for e in optimizers("hpo_agents"):
        yield f"`{e.name}`", file_of(e), stated(e, "state"), stated(e, "action"), said(e)


def baselines() -> Rows:
    """Yield a row for each baseline."""
    for e in optimizers("hpo_baselines"):
        trained, extra = "yes" if stated(e, "trainable") == "True" else "", f"`{e.extra}`" if e.extra else ""
        yield f"`{e.name}`", file_of(e), stated(e, "family"), trained, extra, said(e)


def suites() -> Rows:
    """Yield a row for each suite."""
    for name, entry in SUITES.entries().items():
        members = load_suite(name).members
        size = "unlimited" if members[0].pool is None else f"{len(members[0].pool):,}"
        text = "; ".join((said(entry), *marks(load_suite(name))))
        yield f"`{name}`", file_of(entry), stated(entry, "kind"), f"{len(members):,}", size, text


def ids() -> Rows:
    """Yield a row for each env id."""
    yield from ((f"`hpo_gym/{name}-v0`", f"[{name}](suites.md#{name.lower()})") for name in SUITES.names())
    for name in surrogates.served():
        yield f"`hpo_gym/{name.partition(':')[0]}Surrogate-v0`", f"[`{name}`](#surrogates)"
    yield "`hpo_gym/HPO-v0`", "the value of `suite=`: a registered name, a folder, or a `Suite`"
    yield "`hpo_gym/Live-v0`", "[live tasks](live.md): your own objective, or one of the ready ones"


def observers() -> Rows:
    """Yield a row for each observer."""
    for name, entry in OBSERVERS.entries().items():
        yield f"`{name}`", *space_and_use(entry), options(OBSERVERS, name)


def codecs() -> Rows:
    """Yield a row for each codec."""
    for name, entry in CODECS.entries().items():
        yield f"`{name}`", *space_and_use(entry), options(CODECS, name)


def rewards() -> Rows:
    """Yield a row for each reward."""
    for name, entry in REWARDS.entries().items():
        only = getattr(REWARDS.get(name), "training_only", False)
        yield f"`{name}`", said(entry), "train" if only else "all", options(REWARDS, name)


def scores() -> Rows:
    """Yield a row for each score normalisation."""
    yield from ((f"`{name}`", said(entry)) for name, entry in SCORES.entries().items())


def policies() -> Rows:
    """Yield a row for each shipped policy, of its own files."""
    for name, folder in shipped().items():
        head, files = read_about(folder), held(folder)
        record = json.loads(files.get("training.json", b"{}"))
        agent, size = OPTIMIZERS.entries()[head["optimizer"]], sum(map(len, files.values()))
        seconds = f"{record['cpu_seconds']:,.0f}" if "cpu_seconds" in record else "not recorded"
        suites, seen, codec = ", ".join(head["suites"]), str(len(head["seen"])), head["settings"].get("codec")
        part = CODECS.entries().get(codec)
        action = space_and_use(part)[1] if part else stated(agent, "action").partition(";")[0]
        if action.startswith("as `"):  # another agent
            action = stated(OPTIMIZERS.entries()[action.split("`")[1]], "action")
        row = (f"`{name}`", f"`{agent.name}`", suites, seen, seconds, action, f"{size / 1000:.0f}")
        yield *row, "[page](agents.md#results)"


def counts() -> Rows:
    """Yield a row of counts for each suite."""
    for suite in (load_suite(name) for name in sorted(SUITES.entries())):
        table = getattr(suite, "table", None)
        yield (
            ", ".join((f"[`{suite.name}`](#{suite.name.lower()})", *marks(suite))),
            f"{len(suite.members):,}",
            " / ".join(str(len(suite.tasks(s))) for s in SPLITS),
            " / ".join(str(len({t.family for t in suite.tasks(s)})) for s in SPLITS),
            folds(suite),
            str(sum(suite.split(t) is None for t in suite.members)),
            "unlimited" if table is None else f"{table.m:,}",
            str(suite.space.d),
            "1" if table is None else str(len(table.fidelities)),
            "yes" if table is not None and table.test_score is not None else "",
            "yes" if table is not None and table.repeats is not None else "",
        )


def folds(suite: Suite) -> str:
    """Return the sizes of a suite's test parts in cross-validation."""
    return ", ".join(str(len(suite.tasks("test", fold))) for fold in range(FOLDS))


HEADS: Mapping[str, str] = {
    "agents": "name | file | state | action | description",
    "baselines": "name | file | family | trained | extra | description",
    "suites": "name | file | kind | tasks | configurations | description",
    "ids": "id | suite",
    "observers": "observer | space | contents | options",
    "codecs": "codec | space | an action is | options",
    "rewards": "reward | value of a trial | splits | options",
    "scores": "`scores` | shown",
    "policies": "policy | agent | trained on | families | CPU seconds | action | kB | results",
    "counts": "suite | tasks | train / val / test | families | folds | left out | configurations | columns "
    "| fidelities | test scores | seeds kept",
}
"""The heads of each table; a function of its name yields its rows."""


def listing(name: str) -> Grid:
    """Return one table."""
    return Grid(tuple(HEADS[name].split(" | ")), tuple(tuple(row) for row in globals()[name]()))


def tables(stored: Any) -> dict[str, Grid]:
    """Return all tables."""
    return {name: listing(name) for name in HEADS}
