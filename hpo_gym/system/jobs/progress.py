"""What a long call tells while it runs: a bar, callbacks, and the logger ``hpo_gym``.

A bar is shown where a person looks: in a terminal or a notebook, unless `progress` says otherwise. The logger tells
beginnings, ends and each tenth at the level INFO, and each step at DEBUG.
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
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.base import InvalidValueError, require, shown

if TYPE_CHECKING:
    from rich.progress import Task
    from rich.text import Text

Progress = Callable[[int, int, str], None]
"""Told what is done, how much that is in all (0: not known yet), and what is being done."""

_BAR, _OTHERS = 16, 52  # columns of a terminal: the bar, and all but the text with a gap between each
_NARROW, _WIDE = 12, 60  # of the text

LOGGER = logging.getLogger("hpo_gym")
PATIENCE = 1.0
"""Seconds that work may take before somebody is told."""


class Callback:
    """Hears what `hpo_gym.benchmark` and `hpo_gym.train` do. Each method does nothing until it is overridden."""

    def begun(self, what: str) -> None:
        """It begins; `what` says what is done."""

    def advanced(self, done: int, total: int, what: str) -> None:
        """Cells of a comparison, or trials of a training, are done."""

    def ended(self, result: Any) -> None:
        """It has ended: `Results` of a comparison, or the list of pairs of a training, trials and validation regret."""


class TensorBoard(Callback):
    """Writes progress, and what was found, for TensorBoard.

    Of a comparison: the mean regret of each optimizer over trials, ``regret/<suite>/<optimizer>``. Of a training: the
    regret on the validation tasks over trials, ``validation/regret``. Needs the extra "rl".

    Args:
        folder: The folder of the logs.
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
    """Tells all who listen how far a call is; `result` is what it found, and `said` a line about it."""

    def __init__(self, what: str, unit: str, show: Progress, listeners: Sequence[Progress]) -> None:
        self.what, self.unit = what, unit
        self.result: Any = None
        self.said = ""
        self._show, self._listeners, self._tenth = show, listeners, 0

    def aside(self, done: int, total: int, doing: str) -> None:
        """Show how far something is that comes before the next step, and that nobody counts."""
        self._show(done, total, doing)

    def __call__(self, done: int, total: int, doing: str) -> None:
        for tell in (self._show, *self._listeners):
            tell(done, total, doing)
        LOGGER.debug("%s: %d of %d %s, %s", self.what, done, total, self.unit, doing)
        if total and done * 10 // total > self._tenth:
            self._tenth = done * 10 // total
            LOGGER.info("%s: %d of %d %s", self.what, done, total, self.unit)


_NOW: ContextVar[Teller | None] = ContextVar("now", default=None)
"""The call that is under way."""


@contextmanager
def told(progress: Progress | bool | None, callbacks: Sequence[Callback], what: str, unit: str) -> Iterator[Teller]:
    """Hand out what tells how far a call is, and tell its result when the block ends.

    Args:
        progress: A function of one's own; whether to show a bar; None: where a person looks.
        callbacks: Who else is told.
        what: What is done, for the log.
        unit: What is counted.

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
    """Hand out what tells how far work is that somebody waits for; from its second second on it is shown, on the bar of
    the call that it is part of or on one of its own, and the log has it.

    Args:
        what: What is done.
        total: How much it is.
        unit: What is counted.
    """
    began, shown = time.monotonic(), list[Progress]()
    with ExitStack() as stack:

        def tell(done: int) -> None:
            if not shown and time.monotonic() - began > PATIENCE:
                LOGGER.info("%s: %d of %d %s", what, done, total, unit)
                call, alone = _NOW.get(), multiprocessing.parent_process() is None
                shown.append(call.aside if call else stack.enter_context(bar(unit, shown=alone and watched())))
            for show in shown:
                show(done, total, what)

        yield tell


def watched() -> bool:
    """Whether a person looks: standard error is a terminal, or this is a notebook."""
    return in_notebook() or bool(getattr(sys.stderr, "isatty", lambda: False)())


def in_notebook() -> bool:
    """Whether this runs in the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


@contextmanager
def bar(unit: str, *, shown: bool) -> Iterator[Progress]:
    """A bar with rate and time left, on standard error; in a notebook a line that is written anew."""
    if not shown:
        yield lambda done, total, what: None
        return
    if in_notebook():
        with _line(unit) as tell:
            yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """So many units per second."""

        def render(self, task: Task) -> Text:
            return Text(rate(task.finished_speed or task.speed or 0.0, unit))

    class Doing(ProgressColumn):
        """What is being done, in as much room as the terminal has."""

        def render(self, task: Task) -> Text:
            text = Text(task.description)
            text.truncate(max(_NARROW, min(_WIDE, console.width - _OTHERS)), overflow="ellipsis", pad=True)
            return text

    console = Console(stderr=True)
    columns = (Doing(), BarColumn(_BAR), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown_bar:
        task = shown_bar.add_task("", total=None)
        yield lambda done, total, what: shown_bar.update(task, completed=done, total=total or None, description=what)


def rate(speed: float, unit: str) -> str:
    """So many units per second, or where that is less than one the seconds of one; a dash where none is known."""
    if speed <= 0.0:
        return f"– {unit}/s"
    return f"{speed:.0f} {unit}/s" if speed >= 1.0 else f"{1.0 / speed:.3g} s/{unit.removesuffix('s')}"


@contextmanager
def _line(unit: str) -> Iterator[Progress]:
    """One line of a notebook's output, which the next one replaces; it is gone at the end."""
    display: Any = importlib.import_module("IPython.display").display
    handle = display({"text/plain": ""}, raw=True, display_id=True)

    def tell(done: int, total: int, what: str) -> None:
        share = f"{done:,} of {total:,} {unit}" if total else f"{done:,} {unit}"
        handle.update({"text/plain": f"{share}  {what}"}, raw=True)

    try:
        yield tell
    finally:
        handle.update({"text/plain": ""}, raw=True)
