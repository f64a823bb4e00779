"""The command line `hpo-gym`: a file per command, which holds a function of the command's name.

Exit codes: 0 done, 1 done with failed cells or checks, 2 wrong input, 3 damaged data or store, 130 and 143 stopped.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpo_gym.app._commands import app, group
    from hpo_gym.app._main import main

_LAZY = {"app": "_commands", "group": "_commands", "main": "_main"}

__all__ = ["app", "group", "main"]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
