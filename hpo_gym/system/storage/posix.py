"""POSIX-only modules, or an error that says so: elsewhere everything can be imported, and an env works."""

from __future__ import annotations

import importlib
from types import ModuleType

from hpo_gym.base import StateError


def posix(module: str, what: str) -> ModuleType:
    """Import a module of Linux and macOS, for `what`; raise `StateError` on other systems."""
    try:
        return importlib.import_module(module)
    except ImportError as fault:
        raise StateError(
            f"{what} needs Linux or macOS: this system has no `{module}`. On Windows, run it in WSL; envs, agents and "
            "tables work without."
        ) from fault
