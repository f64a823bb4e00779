"""Lazy packages: `from hpo_gym.env import HPOEnv` imports one file of the floor, not all of them."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any


def offer(
    package: str, extras: Mapping[str, str] = MappingProxyType({})
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return `__getattr__`, `__dir__` and `__all__` of a package that offers its imports under `TYPE_CHECKING`.

    The imports are read with `ast`, so a name stands once: type checkers see the import, and the first use makes it.
    `dir` gives `__all__`, the packages that are offered whole, and names such as ``__version__``: no inner modules.
    `extras` has the names with bases in an optional package: its extra, and its import name.
    """
    path = Path(str(sys.modules[package].__file__))
    places = dict(_imports(ast.parse(path.read_text(encoding="utf-8"))))

    def get(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if name in extras:
            from hpo_gym.base.registry import require

            require(extras[name])
        module, original = places[name]
        if module == package:  # `from package import floor`: a package, not a name in one
            return importlib.import_module(f"{package}.{original}")
        value = getattr(importlib.import_module(module), original)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        doors = (name for name, (module, _) in places.items() if module == package)
        return sorted({*offered, *doors, *(name for name in vars(sys.modules[package]) if name.startswith("__"))})

    offered = [name for name, (module, _) in sorted(places.items()) if module != package]
    offered = [name for name in offered if find_spec(extras.get(name, "sys")) is not None]
    return get, names, offered


def _imports(tree: ast.Module) -> list[tuple[str, tuple[str, str]]]:
    blocks = [n for n in tree.body if isinstance(n, ast.If) and getattr(n.test, "id", "") == "TYPE_CHECKING"]
    lines = [n for block in blocks for n in block.body if isinstance(n, ast.ImportFrom) and n.module]
    return [(a.asname or a.name, (str(n.module), a.name)) for n in lines for a in n.names]
