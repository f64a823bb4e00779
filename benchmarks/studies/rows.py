"""Renews the tables of pages that have a row for everything: `python benchmarks/studies/rows.py [--check]`.

A suite, an optimizer and a part of an env say in their own file what their row says: the first paragraph of the
docstring; of an observer and a codec the words before its first colon are the space; an agent states `state` and
`action` in its decorator. The figures that are counted from the shipped tables (`counts.py`) are renewed too. With
`--check` nothing is written, and a page that is out of date is named.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import counts
from marks import renewed

from hpo_gym.codecs import CODECS
from hpo_gym.errors import InvalidValueError
from hpo_gym.observers import OBSERVERS
from hpo_gym.optimizer import OPTIMIZERS
from hpo_gym.registry import Entry, Registry
from hpo_gym.rewards import REWARDS
from hpo_gym.score_scales import SCORES
from hpo_gym.suite import SUITES
from hpo_gym.suites import load_suite, surrogates
from hpo_gym.terminal.listing import suite_row

TOP = Path(__file__).resolve().parents[2]
PARTS: tuple[Registry[Any], ...] = (OBSERVERS, CODECS, REWARDS, SCORES)
Lines = Iterator[str]
Makers = Mapping[str, Mapping[str, Callable[[], Lines]]]


def pages() -> dict[Path, str]:
    """The pages as they should be."""
    found = counts.pages()
    for page, tables in TABLES.items():
        text = (TOP / page).read_text(encoding="utf-8")
        found[TOP / page] = renewed(text, [(mark, lines()) for mark, lines in tables.items()])
    return found


# ---------------------------------------------------------------------- what a file says
def said(entry: Entry) -> str:
    """The first paragraph of a docstring, up to what is printed in bold; the file is read, not imported."""
    assert entry.path is not None
    nodes = {getattr(node, "name", None): node for node in ast.parse(entry.path.read_text(encoding="utf-8")).body}
    text = ast.get_docstring(nodes[entry.maker])  # type: ignore[arg-type]
    if not text:
        raise InvalidValueError(f"`{entry.maker}` must have a docstring, its row in a table, in {entry.path}.")
    first = " ".join(text.split("\n\n")[0].split()).split(" **")[0]
    return first.removesuffix(".").replace("``", "`")


def space_and_use(entry: Entry) -> list[str]:
    """The two halves of "Space: what it holds, or what an action means"."""
    space, colon, use = said(entry).partition(": ")
    if not colon:
        raise InvalidValueError(f"The text of `{entry.maker}` must begin with its space and a colon: {entry.path}.")
    return [space, use]


def stated(entry: Entry, fact: str) -> str:
    """A fact of the decorator."""
    if fact not in entry.about:
        raise InvalidValueError(f"`register({entry.name!r}, ..)` must state `{fact}`, a cell of its row: {entry.path}.")
    return str(entry.about[fact])


def options(registry: Registry[Any], name: str) -> str:
    """The options of a part, all that is not handed to it by the env."""
    names = [p for p in inspect.signature(registry.get(name)).parameters if p != "served"]
    return ", ".join(f"`{name}`" for name in names)


# ---------------------------------------------------------------------- tables
def table(head: list[str], rows: list[list[str]]) -> Lines:
    """A Markdown table."""
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def optimizers(package: str) -> list[Entry]:
    """The optimizers of a package, by family and name."""
    entries = [e for e in OPTIMIZERS.entries().values() if e.package == package]
    return sorted(entries, key=lambda e: (stated(e, "family"), e.name))


def file_of(entry: Entry) -> str:
    """The name of the file, as code."""
    return f"`{entry.module.rpartition('.')[2]}.py`"


def agents() -> Lines:
    """A row for each agent."""
    rows = [
        [f"`{e.name}`", file_of(e), stated(e, "state"), stated(e, "action"), said(e)] for e in optimizers("hpo_agents")
    ]
    yield from table(["name", "file", "state", "action", "what it is"], rows)


def baselines() -> Lines:
    """A row for each baseline."""
    rows = [
        [
            f"`{e.name}`", file_of(e), stated(e, "family"), "yes" if stated(e, "trainable") == "True" else "",
            f"`{e.extra}`" if e.extra else "", said(e),
        ]
        for e in optimizers("hpo_baselines")
    ]  # fmt: skip
    yield from table(["name", "file", "family", "trained", "extra", "what it does"], rows)


def suites() -> Lines:
    """A row for each suite."""
    rows = []
    for name, entry in SUITES.entries().items():
        configurations = suite_row(load_suite(name), name)["configurations"]
        size = "no end" if configurations is None else f"{configurations:,}"
        tasks = f"{len(load_suite(name).members):,}"
        rows.append([f"`{name}`", file_of(entry), stated(entry, "kind"), tasks, size, said(entry)])
    yield from table(["name", "file", "kind", "tasks", "configurations", "what"], rows)


def ids() -> Lines:
    """A row for each env id."""
    rows = [[f"`hpo_gym/{name}-v0`", f"[{name}](suites.md)"] for name in SUITES.names()]
    rows += [
        [f"`hpo_gym/{name.partition(':')[0]}Surrogate-v0`", f"[`{name}`](#surrogates)"] for name in surrogates.served()
    ]
    rows.append(["`hpo_gym/HPO-v0`", "whatever `suite=` says: a registered name, a folder, or a `Suite`"])
    rows.append(["`hpo_gym/Live-v0`", "[live tasks](live.md): an objective of your own, or ready ones that train"])
    yield from table(["id", "suite"], rows)


def observers() -> Lines:
    """A row for each observer."""
    rows = [[f"`{n}`", *space_and_use(e), options(OBSERVERS, n)] for n, e in OBSERVERS.entries().items()]
    yield from table(["observer", "space", "holds", "options"], rows)


def codecs() -> Lines:
    """A row for each codec."""
    rows = [[f"`{n}`", *space_and_use(e), options(CODECS, n)] for n, e in CODECS.entries().items()]
    yield from table(["codec", "space", "an action is", "options"], rows)


def rewards() -> Lines:
    """A row for each reward."""
    rows = []
    for name, entry in REWARDS.entries().items():
        only = getattr(REWARDS.get(name), "training_only", False)
        rows.append([f"`{name}`", said(entry), "train" if only else "all", options(REWARDS, name)])
    yield from table(["reward", "value of a trial", "splits", "options"], rows)


def scores() -> Lines:
    """A row for each scale of scores."""
    yield from table(["`scores`", "shown"], [[f"`{name}`", said(e)] for name, e in SCORES.entries().items()])


def reference() -> Lines:
    """The classes of the parts, for the reference."""
    yield "```{eval-rst}"
    for registry in PARTS:
        yield from (f".. autoclass:: {e.module}.{e.maker}" for e in registry.entries().values())
    yield "```"


TABLES: Makers = {
    "agents/README.md": {"rows": agents},
    "baselines/README.md": {"rows": baselines},
    "hpo_gym/suites/README.md": {"rows": suites},
    "docs/environment.md": {
        "ids": ids, "observers": observers, "codecs": codecs, "rewards": rewards, "scores": scores
    },
    "docs/api.md": {"parts": reference},
}  # fmt: skip


def main(*, check: bool) -> None:
    """Write the pages, or end with the names of those that are out of date."""
    old = {path: text for path, text in pages().items() if path.read_text(encoding="utf-8") != text}
    if old and check:
        names = ", ".join(str(path.relative_to(TOP)) for path in old)
        sys.exit(f"out of date: {names}; run `python benchmarks/studies/rows.py`")
    for path, text in old.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(check="--check" in sys.argv[1:])
