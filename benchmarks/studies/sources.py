"""Hashes of the code that measures a study: what `cell` reaches in this folder, without docstrings and imports."""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = "cell"
"""Where the code that measures begins."""
APART = {"frame", "looks", "sources"}
"""The modules of the frame, which measure nothing."""

Name = tuple[str, str]
"""A module of this folder, and a name at its top level."""


def sources(study: str, root: str = ROOT) -> dict[str, str]:
    """Return, by file, a hash of the definitions that a study's cells need; nothing for a study without cells."""
    parts: dict[str, list[str]] = {}
    for module, name in sorted(reached((study, root))):
        parts.setdefault(_path(module).relative_to(HERE).as_posix(), []).append(_text(_definitions(module)[name]))
    return {file: hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12] for file, texts in parts.items()}


def reached(first: Name) -> set[Name]:
    """Return the top-level names that a definition uses, those that they use in turn, and its own."""
    done: set[Name] = set()
    left = [first]
    while left:
        module, name = left.pop()
        if (module, name) in done or name not in _definitions(module):
            continue
        done.add((module, name))
        left += list(_used(module, _definitions(module)[name]))
    return done


def _used(module: str, node: ast.AST) -> Iterator[Name]:
    imports, parts = _imports(module), list(ast.walk(node))
    own = {p.arg for p in parts if isinstance(p, ast.arg)}
    if isinstance(node, ast.FunctionDef):
        own |= {p.id for p in parts if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Store)}
    for part in parts:
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in imports:
            yield imports[part.value.id][0], part.attr
        if isinstance(part, ast.Name) and part.id not in own:
            yield imports.get(part.id, (module, part.id))


@functools.cache
def _tree(module: str) -> ast.Module:
    path = _path(module)
    return ast.parse(path.read_text(encoding="utf-8") if path.is_file() else "")


def _path(module: str) -> Path:
    """Return the file of a module of this folder, whether there is one or not."""
    path = HERE / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@functools.cache
def _definitions(module: str) -> Mapping[str, ast.AST]:
    """Return the functions, classes and constants at the top level of a module."""
    found: dict[str, ast.AST] = {}
    for node in _tree(module).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {n.id: node for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return found


@functools.cache
def _imports(module: str) -> Mapping[str, Name]:
    """Return, by local name, what a module imports of this folder."""
    found: dict[str, Name] = {}
    for node in _tree(module).body:
        if isinstance(node, ast.ImportFrom) and node.module and _ours(node.module):
            found |= {a.asname or a.name: (node.module, a.name) for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.asname or a.name: (a.name, "") for a in node.names if _ours(a.name)}
    return found


def _ours(module: str) -> bool:
    return module not in APART and _path(module).is_file()


def _text(node: Any) -> str:
    """Write a syntax tree alike in all versions of Python: without positions, docstrings and what is empty."""
    if isinstance(node, list):
        return f"[{','.join(map(_text, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
        fields["body"] = node.body[1:]
    kept = {k: v for k, v in fields.items() if v not in (None, [], "") and k not in ("type_comment", "kind")}
    return f"{type(node).__name__}({','.join(f'{k}={_text(v)}' for k, v in kept.items())})"
