"""Hashes of optimizers' code, independent of the place of its files and of their explanations.

A hash covers the file of an optimizer and its imports from `hpo_agents` and `hpo_baselines`. Docstrings, comments,
imports, annotations, type aliases, messages of errors and registrations do not count.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hpo_gym.base import Entry
from hpo_gym.optimize.protocol import OPTIMIZERS

_TYPING = {"TypeVar", "ParamSpec", "NewType"}
_SILENT = {"annotation", "returns", "type_comment", "kind", "type_params", "lineno", "ctx"}
"""Fields of a syntax tree that do nothing at run time."""


@functools.cache
def source_hash(name: str) -> str:
    """Return eight hex digits of the code of a registered optimizer."""
    texts = sorted(filter(None, (_file_text(path) for path in files_of(OPTIMIZERS.entries()[name]))))
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:8]


@functools.cache
def version_of(name: str) -> int:
    """Return the `version` of a registered optimizer, of its class or the nearest base, without importing it."""
    entry = OPTIMIZERS.entries()[name]
    files = files_of(entry)
    return _version(entry.maker, files, set()) if files else 1


def files_of(entry: Entry) -> tuple[Path, ...]:
    """Return the file of an entry, and its imports from the optimizers' packages, in the order of imports."""
    found: dict[Path, None] = {}
    left = [] if entry.path is None else [entry.path.resolve()]
    while left:
        path = left.pop(0)
        if path not in found:
            found[path] = None
            left += _imported(path)
    return tuple(found)


# ---------------------------------------------------------------------- imports
@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def _imported(path: Path) -> tuple[Path, ...]:
    return tuple(file for node in _running(_tree(path)) for file in _files(node))


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes except those for type checkers."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not _for_typing(child):
            yield from _running(child)


def _for_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _files(node: ast.AST) -> Iterator[Path]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _module_files(alias.name)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            yield from _module_files(f"{node.module}.{alias.name}") or _module_files(node.module)


def _module_files(module: str) -> list[Path]:
    """Return the file of a module of the optimizers' packages, nothing of another."""
    top, *rest = module.split(".")
    if top not in OPTIMIZERS.packages:
        return []
    spec = importlib.util.find_spec(top)
    places = [Path(root, *rest) for root in (spec.submodule_search_locations or ()) if spec] if spec else []
    files = [file for p in places for file in (p.with_suffix(".py") if rest else p, p / "__init__.py")]
    return [file.resolve() for file in files if file.is_file()][:1]


# ---------------------------------------------------------------------- versions
def _version(name: str, files: tuple[Path, ...], asked: set[str]) -> int:
    """Return the version of a class; of one that states none, that of its first base with one; else 1."""
    node = next((n for path in files for n in _tree(path).body if isinstance(n, ast.ClassDef) and n.name == name), None)
    if node is None or name in asked:
        return 1
    for line in node.body:
        if isinstance(line, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "version" for t in line.targets):
            return int(ast.literal_eval(line.value))
    bases = [b.value if isinstance(b, ast.Subscript) else b for b in node.bases]
    found = [_version(b.id, files, asked | {name}) for b in bases if isinstance(b, ast.Name)]
    return max(found, default=1)


# ---------------------------------------------------------------------- what code does
@functools.cache
def _file_text(path: Path) -> str:
    return _body([node for node in _tree(path).body if not _is_alias(node)])


def _is_alias(node: ast.AST) -> bool:
    """Return whether a line of a module names a type: ``Floats = NDArray[np.float64]``, ``T = TypeVar("T")``."""
    if not isinstance(node, ast.Assign):
        return False
    value = node.value
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr):
        value = value.left
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in _TYPING
    base = value.value if isinstance(value, ast.Subscript) else None
    return isinstance(base, ast.Name) and (base.id[:1].isupper() or base.id in ("dict", "list", "tuple", "type"))


def _body(nodes: list[Any]) -> str:
    return ",".join(filter(None, map(text_of, nodes)))


def text_of(node: object) -> str:
    """Return the executed part of a syntax tree as text, equal in all versions of Python."""
    if isinstance(node, list):
        return f"[{_body(node)}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, (ast.Import, ast.ImportFrom)) or _for_typing(node) or _says_nothing(node):
        return ""
    fields = dict(ast.iter_fields(node))
    if isinstance(node, ast.Raise):
        error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc  # its message does not count
        return f"Raise({'' if error is None else text_of(error)})"
    if isinstance(node, ast.ClassDef):
        called = [(d, d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list]
        fields["decorator_list"] = [d for d, of in called if getattr(of, "attr", None) != "register"]
    kept = {k: v for k, v in fields.items() if k not in _SILENT and v not in (None, [], "")}
    return f"{type(node).__name__}({','.join(f'{k}={text_of(v)}' for k, v in kept.items())})"


def _says_nothing(node: ast.AST) -> bool:
    """Return whether a line is a bare text, such as a docstring, or lists the names of a module."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets)
