"""Ctrl-C outside the command line's work: a process that imports, or is done, ends at once and silently.

Importing takes tenths of a second; a `KeyboardInterrupt` would surface in an arbitrary file. This module is imported
first, and does nothing unless the process is a command line.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # `signal` loads `enum` and more before it can be used
import os
import sys

INTERRUPTED = 130
"""Exit code of a process stopped by Ctrl-C."""

_held = False


def is_command() -> bool:
    """Return whether this process is `hpo-gym` or `python -m hpo_gym` itself, not a child of one."""
    asked = list(getattr(sys, "orig_argv", ()))
    first = (getattr(sys, "argv", None) or [""])[0]
    if first == "-m":  # so it is while `python -m` looks for the module
        return "-m" in asked and asked[asked.index("-m") + 1 :][:1] == ["hpo_gym"]
    return first in asked and os.path.basename(first) == "hpo-gym"  # noqa: PTH119 - `pathlib` takes its time


def hold() -> None:
    """Let Ctrl-C end this process at once, if nobody has decided otherwise."""
    global _held
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
        _held = True


def release() -> bool:
    """Let Ctrl-C be a `KeyboardInterrupt` again; whether it was held."""
    global _held
    held, _held = _held, False
    if held:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return held


def _end(*_: object) -> None:
    os._exit(INTERRUPTED)


if is_command():
    hold()
