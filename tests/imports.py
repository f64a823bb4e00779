"""The import graph of the packages, the tests and the benchmarks, read with `ast`: nothing is imported."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (".", "agents", "baselines", "benchmarks/builders")
"""Folders of packages, whose modules have dotted names."""
SCRIPTS = ("tests", "benchmarks")
"""Folders of files that import each other by plain names, wherever they lie below."""


@dataclass(frozen=True)
class Graph:
    """Files that import each other.

    Attributes:
        root: The repository.
        modules: The file of each dotted name.
        plain: The files of each plain name.
    """

    root: Path
    modules: Mapping[str, Path] = field(hash=False)
    plain: Mapping[str, tuple[Path, ...]] = field(hash=False)

    @classmethod
    def of(cls, root: Path = ROOT) -> Graph:
        """Return the graph of a repository."""
        modules, plain = {}, dict[str, tuple[Path, ...]]()
        for top in PACKAGES:
            for package in sorted((root / top).glob("hpo_*/__init__.py")):
                for path in sorted(package.parent.rglob("*.py")):
                    modules[_dotted(path, root / top)] = path
        for folder in SCRIPTS:
            for path in sorted((root / folder).rglob("*.py")):
                if path not in modules.values():
                    plain[path.stem] = (*plain.get(path.stem, ()), path)
        return cls(root, modules, plain)

    def files(self) -> tuple[Path, ...]:
        """Return all files."""
        return (*self.modules.values(), *(path for paths in self.plain.values() for path in paths))

    def needs(self, path: Path) -> frozenset[Path]:
        """Return the files that a file imports, late imports among them and those for type checkers not."""
        tree = ast.parse(path.read_text(encoding="utf-8"))
        return frozenset(found for name in _imported(tree) for found in self._found(name, path)) - {path}

    def distances(self, changed: Iterable[Path]) -> dict[Path, int]:
        """Return the imports between each file and the nearest that changed; files without a way are left out."""
        users: dict[Path, set[Path]] = {}
        for path in self.files():
            for need in self.needs(path):
                users.setdefault(need, set()).add(path)
        found = dict.fromkeys(changed, 0)
        ring = list(found)
        while ring:
            ring = sorted({user for path in ring for user in users.get(path, ()) if user not in found})
            found |= dict.fromkeys(ring, max(found.values()) + 1)
        return found

    def _found(self, name: str, user: Path) -> Iterator[Path]:
        """Yield the files of a dotted name: its module, or the package that offers it and the module behind."""
        if name in self.modules:
            yield self.modules[name]
            return
        module, _, last = name.rpartition(".")
        if module in self.modules:
            yield self.modules[module]
            offered = self._offers(module).get(last)
            if offered is not None and offered != name:
                yield from self._found(offered, user)
        elif module.split(".")[0] not in self._tops():
            yield from self._beside(name.split(".")[0], user)

    def _offers(self, module: str) -> dict[str, str]:
        path = self.modules[module]
        return _offers(path) if path.name == "__init__.py" else {}

    @functools.cache  # noqa: B019 - a graph or two in a process
    def _tops(self) -> frozenset[str]:
        return frozenset(name.split(".")[0] for name in self.modules)

    def _beside(self, name: str, user: Path) -> Iterator[Path]:
        """Yield the files of a plain name: the one beside its user if there is one."""
        paths = self.plain.get(name, ())
        yield from [path for path in paths if path.parent == user.parent] or paths


@functools.cache
def _offers(path: Path) -> dict[str, str]:
    """Return where a package has its names from, those that it loads late too: by the imports for type checkers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return {alias.asname or alias.name: f"{node.module}.{alias.name}" for node in found for alias in node.names}


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted names that a file imports, or uses of a package: `hpo_gym.tune` after `import hpo_gym`."""
    nodes = list(ast.walk(tree))
    typing = {id(n) for node in nodes if _is_typing(node) for n in ast.walk(node)}
    for node in nodes:
        if id(node) in typing:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id.startswith("hpo_"):
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("hpo_"):
            yield from _in_text(node.value)  # what is patched or run as a module


def _in_text(text: str) -> Iterator[str]:
    parts = text.split(".")
    if len(parts) > 1 and all(map(str.isidentifier, parts)):
        yield from (".".join(parts[:end]) for end in range(2, len(parts) + 1))


def _is_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _dotted(path: Path, top: Path) -> str:
    parts = path.relative_to(top).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
