"""Progress of a long call: a bar, callbacks, and the logger ``hpo_gym``.

A bar is shown in a terminal or a notebook, unless `progress` says otherwise. The logger reports beginnings, ends and
each tenth at the level INFO, and each step at DEBUG.
"""

from __future__ import annotations

import importlib
import logging
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError, require, shown

Progress = Callable[[int, int, str], None]
"""A function of the amount done, the total (0: not known yet), and a description of the work."""

_BAR = 16  # columns of a terminal

LOGGER = logging.getLogger("hpo_gym")
PATIENCE = 1.0
"""Seconds that work may take before somebody is told."""


class Callback:
    """A listener of `hpo_gym.benchmark` and `hpo_gym.train`. Each method does nothing until it is overridden."""

    def begun(self, what: str) -> None:
        """Handle the beginning; `what` describes the work."""

    def advanced(self, done: int, total: int, what: str) -> None:
        """Cells of a comparison, or trials of a training, are done."""

    def ended(self, result: object) -> None:
        """Handle the end: `Results` of a comparison, or a training's pairs of trials and validation regret."""


class TensorBoard(Callback):
    """Write progress and results for TensorBoard.

    Of a comparison: the mean regret of each optimizer over trials, ``regret/<suite>/<optimizer>``. Of a training: the
    regret on the validation tasks over trials, ``validation/regret``. Needs the extra "rl".
    """

    def __init__(self, folder: str | Path) -> None:
        require("rl")
        from torch.utils.tensorboard import SummaryWriter

        try:
            self._writer: Any = SummaryWriter(str(folder))
        except (OSError, ValueError) as fault:
            raise InvalidValueError(f"`folder` must be writable, got {shown(folder)}: {fault}.") from fault

    def advanced(self, done: int, total: int, what: str) -> None:
        if total:
            self._writer.add_scalar("progress/share", done / total, done)

    def ended(self, result: Any) -> None:
        if isinstance(result, list):
            for trials, regret in result:
                self._writer.add_scalar("validation/regret", regret, int(trials))
        else:
            for curve in (one for curves in result.curves.values() for one in curves):
                means = np.nanmean(curve.regret.reshape(-1, curve.regret.shape[-1]), 0)
                for trial, regret in enumerate(means, 1):
                    self._writer.add_scalar(f"regret/{curve.suite}/{curve.optimizer}", regret, trial)
        self._writer.close()


class Teller:
    """Report the progress of a call to all listeners; `result` is its result, `said` a line on it, `show` its bar."""

    def __init__(self, what: str, unit: str, show: Progress, listeners: Sequence[Progress]) -> None:
        self.what, self.unit = what, unit
        self.result: object = None
        self.said = ""
        self.show, self._listeners, self._tenth = show, listeners, 0

    def __call__(self, done: int, total: int, doing: str) -> None:
        for tell in (self.show, *self._listeners):
            tell(done, total, doing)
        LOGGER.debug("%s: %d of %d %s, %s", self.what, done, total, self.unit, doing)
        if total and done * 10 // total > self._tenth:
            self._tenth = done * 10 // total
            LOGGER.info("%s: %d of %d %s", self.what, done, total, self.unit)


_NOW: ContextVar[Teller | None] = ContextVar("now", default=None)  # the call that is under way


@contextmanager
def reporter(progress: Progress | bool | None, callbacks: Sequence[Callback], what: str, unit: str) -> Iterator[Teller]:
    """Yield a reporter of a call's progress, and report its result at the end of the block.

    Args:
        progress: Your own function; whether to show a bar; None: in a terminal or notebook.
        what: Description of the work, for the log.

    Raises:
        InvalidValueError: `progress` or a callback is nothing of the kind.
    """
    for one in callbacks:
        if not isinstance(one, Callback):
            raise InvalidValueError(f"`callbacks` must hold objects of `hpo_gym.Callback`, got {one!r}.")
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise InvalidValueError(f"`progress` must be True, False, None or a function, got {progress!r}.")
    shown = progress if isinstance(progress, bool) else progress is None and watched()
    own = [progress] if callable(progress) else []
    LOGGER.info("%s: begun", what)
    for one in callbacks:
        one.begun(what)
    with bar(unit, shown=shown) as show:
        tell = Teller(what, unit, show, [*own, *(one.advanced for one in callbacks)])
        outer = _NOW.set(tell)
        try:
            yield tell
        finally:
            _NOW.reset(outer)
    for one in callbacks:
        one.ended(tell.result)
    LOGGER.info("%s: done. %s", what, tell.said)
    if shown and not in_notebook():
        print(tell.said, file=sys.stderr)


@contextmanager
def steps(what: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    """Yield a reporter of work within a call: logged and, from its second second on, on the call's bar or its own."""
    began, shown = time.monotonic(), list[Progress]()
    with ExitStack() as stack:

        def tell(done: int) -> None:
            if not shown and time.monotonic() - began > PATIENCE:
                LOGGER.info("%s: %d of %d %s", what, done, total, unit)
                call, alone = _NOW.get(), multiprocessing.parent_process() is None
                shown.append(call.show if call else stack.enter_context(bar(unit, shown=alone and watched())))
            for show in shown:
                show(done, total, what)

        yield tell


def watched() -> bool:
    """Return whether a person watches: standard error is a terminal, or this is a notebook."""
    return in_notebook() or bool(getattr(sys.stderr, "isatty", lambda: False)())


def in_notebook() -> bool:
    """Return whether this runs in the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


@contextmanager
def bar(unit: str, *, shown: bool) -> Iterator[Progress]:
    """Return a bar with rate and time left, on standard error; in a notebook a line that is rewritten."""
    if not shown:
        yield lambda done, total, what: None
        return
    if in_notebook():
        with _line(unit) as tell:
            yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    console = Console(stderr=True)
    doing = TextColumn(
        "{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)
    )
    columns = (doing, BarColumn(_BAR), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, expand=True, disable=not console.is_terminal) as shown_bar:
        task = shown_bar.add_task("", total=None, rate="")

        def tell(done: int, total: int, what: str) -> None:
            speed = shown_bar.tasks[0].speed or 0.0
            shown_bar.update(task, completed=done, total=total or None, description=what, rate=rate(speed, unit))

        yield tell


def rate(speed: float, unit: str) -> str:
    """So many units per second, or where that is less than one the seconds of one; a dash where none is known."""
    if speed <= 0.0:
        return f"– {unit}/s"
    return f"{speed:.0f} {unit}/s" if speed >= 1.0 else f"{1.0 / speed:.3g} s/{unit.removesuffix('s')}"


@contextmanager
def _line(unit: str) -> Iterator[Progress]:
    """One line of a notebook's output, replaced by the next one and removed at the end."""
    display = importlib.import_module("IPython.display").display
    handle = display({"text/plain": ""}, raw=True, display_id=True)

    def tell(done: int, total: int, what: str) -> None:
        share = f"{done:,} of {total:,} {unit}" if total else f"{done:,} {unit}"
        handle.update({"text/plain": f"{share}  {what}"}, raw=True)

    try:
        yield tell
    finally:
        handle.update({"text/plain": ""}, raw=True)
