"""The frame of a study: options, cells that are stored as they are measured, provenance, tables.

The command line of `python benchmarks/studies NAME` is in `__main__.py`.

A study is a module of this folder. Its results stand in `NAME.json` beside it; pages take tables and numbers from
there when the site is built. The module defines, as far as it applies:

- ``cells()``: the path of each cell in the results, for example ``("cost", "SVM", "gp-ei")``; perhaps a `grid`;
- ``cell(*path)``, perhaps with ``out=``, a folder for runs, and ``names=``, some optimizers: measure one cell, as JSON;
- ``tables(found)`` and ``values(found)``: tables, and numbers that no table has, from the stored results alone;
- ``draw(found)``: write the figure;
- ``CHEAP``: paths of cells that take seconds, with the ``names`` if a few optimizers are enough, or ``again(found)``:
  results measured anew, and the stored ones;
- ``LOOKS``: a `Look` for a study that judges on test tasks, otherwise a few words on its tasks;
- ``stored()``: the results, where they are not in `NAME.json`.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import itertools
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

HERE = Path(__file__).resolve().parent
FIGURES = HERE.parents[1] / "docs" / "figures"
FOUND, MADE_OF, SOURCES, DIFFERS = "found", "made_of", "sources", "differs"
"""Keys of a file: the results, suites and optimizers they were made of, hashes of the code that measured them, and what
is known to differ from results of today."""
ARCHIVES = "HPO_GYM_ARCHIVES"
"""The variable of the folder of the archives from which the builders make their data sets."""

Address = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table of a page; cells are inline Markdown.

    Attributes:
        columns: Heads.
        rows: Cells, as many in each row as there are columns.
        note: A paragraph beside the table, or "".
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    @classmethod
    def of(cls, columns: Iterable[str], rows: Iterable[Iterable[str]], note: str = "") -> Table:
        """Build a table from any iterables."""
        return cls(tuple(columns), tuple(tuple(row) for row in rows), note)

    def lines(self) -> Iterator[str]:
        """Yield the table as Markdown."""
        yield f"| {' | '.join(self.columns)} |"
        yield "|---" * len(self.columns) + "|"
        yield from (f"| {' | '.join(row)} |" for row in self.rows)
        yield from ("", self.note) if self.note else ()


class Later(Mapping[str, Table]):
    """Tables by name, each made when it is asked for."""

    def __init__(self, made: Mapping[str, Callable[[], Table]]) -> None:
        self._made = made
        self._of = functools.cache(lambda name: made[name]())

    def __getitem__(self, name: str) -> Table:
        return self._of(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


# ---------------------------------------------------------------------- stored results
def path_of(name: str) -> Path:
    """Return the file of a study's results."""
    return HERE / f"{name}.json"


def whole(name: str) -> dict[str, Any]:
    """Return the results of a study with their provenance; of a file without any, the results alone."""
    path = path_of(name)
    read: Any = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return read if isinstance(read, dict) and FOUND in read else {FOUND: read}


def stored(name: str) -> Any:
    """Return the results of a study."""
    study = module(name)
    return study.stored() if hasattr(study, "stored") else whole(name)[FOUND]


def at(found: Any, path: Address) -> Any:
    """Return the result at a path, None where there is none."""
    for key in path:
        if not isinstance(found, Mapping) or key not in found:
            return None
        found = found[key]
    return found


def store(name: str, path: Address, result: Any) -> None:
    """Add one cell to the file of a study, with the provenance of today.

    A file with results of another day's sources or data keeps its provenance, so that it stays stale.
    """
    known = whole(name)
    found = place = known.pop(FOUND)
    fresh = not found or not stale(name)
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = result
    write(name, found, provenance(name, found) if fresh else known)


def write(name: str, found: Mapping[str, Any], of: Mapping[str, Any]) -> None:
    """Write the file of a study: the provenance, then a line for each key of the results."""
    from hpo_gym.system import write_files

    def lines(part: Mapping[str, Any], indent: str) -> str:
        texts = (json.dumps(value, separators=(",", ":"), ensure_ascii=False) for value in part.values())
        return ",\n".join(f"{indent}{json.dumps(k)}: {text}" for k, text in zip(part, texts, strict=True))

    inner = f' "{FOUND}": {{\n{lines(found, "  ")}\n }}'
    head = f"{lines(of, ' ')},\n" if of else ""
    write_files(HERE, {path_of(name).name: f"{{\n{head}{inner}\n}}\n".encode()})


# ---------------------------------------------------------------------- provenance
def provenance(name: str, found: Any) -> dict[str, Any]:
    """Return the origin of results of today: suites, optimizers and package, and the sources of the study."""
    from sources import sources

    from hpo_gym.optimize import made_of

    declared = getattr(module(name), "SUITES", ())
    words = sorted(_words(found).union(declared if isinstance(declared, tuple) else ()))
    return {MADE_OF: made_of(words, words), SOURCES: sources(name)}


def _words(found: Any) -> set[str]:
    """Return the words of all keys, among them the names of suites and optimizers."""
    if not isinstance(found, Mapping):
        return set()
    keys = {word for key in found for word in (key, *re.split("[ ,`/]+", key))}
    return keys.union(*map(_words, found.values()))


def stale(name: str) -> list[str]:
    """Say what the stored results of a study were made of that is different today."""
    from sources import sources

    from hpo_gym.optimize import stale as moved_on

    known = whole(name)
    old, new = known.get(SOURCES, {}), sources(name)
    files = [f"{file}: other code" for file in sorted({*old, *new}) if old.get(file) != new.get(file)]
    return [*known.get(DIFFERS, ()), *moved_on(known.get(MADE_OF, {})), *files]


def archives() -> Path | None:
    """Return the folder of the archives of data sets, None where there is none."""
    folder = Path(os.environ.get(ARCHIVES, "results/archives"))
    return folder if folder.is_dir() else None


# ---------------------------------------------------------------------- all studies
def names() -> list[str]:
    """Return the studies: the modules of this folder that `main` runs."""
    files = {**{p.stem: p for p in HERE.glob("*.py")}, **{p.parent.name: p for p in HERE.glob("*/__init__.py")}}
    pattern = re.compile(r"^LOOKS\b", re.MULTILINE)
    return sorted(name for name, path in files.items() if pattern.search(path.read_text(encoding="utf-8")))


def module(name: str) -> ModuleType:
    """Import a study."""
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    return importlib.import_module(name)


def tables(name: str) -> dict[str, Table]:
    """Return the tables of a study."""
    study = module(name)
    return dict(study.tables(stored(name))) if hasattr(study, "tables") else {}


def values(name: str) -> dict[str, Any]:
    """Return the numbers of a study that no table has; an interval is the list of its middle and its ends."""
    study = module(name)
    return dict(study.values(stored(name))) if hasattr(study, "values") else {}


# ---------------------------------------------------------------------- one study
def measure(name: str, only: Sequence[str] = (), part: str = "1/1", out: Path = Path()) -> None:
    """Measure the cells that are missing, and store each when it is done."""
    import looks

    study, (mine, of) = module(name), map(int, part.split("/"))
    for i, path in enumerate(study.cells()):
        text = " / ".join(path)
        chosen = i % of == mine - 1 and (not only or any(word in text for word in only))
        if not chosen or at(stored(name), path) is not None:
            continue
        looks.count_of(study, path)
        result = run(study, path, out)
        store(name, path, result)
        print(text, json.dumps(result)[:160], flush=True)


def run(study: ModuleType, path: Address, out: Path, names: Sequence[str] = ()) -> Any:
    """Measure one cell, perhaps of some optimizers alone."""
    options = {"out": out} if "out" in inspect.signature(study.cell).parameters else {}
    return study.cell(*path, **options, **({"names": names} if names else {}))


def grid(*keys: Iterable[str]) -> Callable[[], Iterator[Address]]:
    """Return the ``cells`` of a whole grid."""
    return lambda: itertools.product(*keys)
