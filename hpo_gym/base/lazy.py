"""Lazy packages: `from hpo_gym.env import HPOEnv` imports one file of the floor, not all of them."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def offer(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return `__getattr__`, `__dir__` and `__all__` of a package that offers its imports under `TYPE_CHECKING`.

    The imports are read with `ast`, so a name stands once: type checkers see the import, and the first use makes it.
    """
    path = Path(str(sys.modules[package].__file__))
    places = dict(_imports(ast.parse(path.read_text(encoding="utf-8"))))

    def get(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, original = places[name]
        value = getattr(importlib.import_module(module), original)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        inside = (name.removeprefix(f"{package}.") for name in list(sys.modules) if name.startswith(f"{package}."))
        return sorted({*places, *(name for name in inside if "." not in name)})

    return get, names, sorted(places)


def _imports(tree: ast.Module) -> list[tuple[str, tuple[str, str]]]:
    blocks = [n for n in tree.body if isinstance(n, ast.If) and getattr(n.test, "id", "") == "TYPE_CHECKING"]
    lines = [n for block in blocks for n in block.body if isinstance(n, ast.ImportFrom) and n.module]
    return [(a.asname or a.name, (str(n.module), a.name)) for n in lines for a in n.names]
