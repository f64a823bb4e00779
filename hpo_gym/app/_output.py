"""Exit codes, and the printing of results."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from hpo_gym.base import printable

if TYPE_CHECKING:
    from hpo_gym.bench import Results
    from hpo_gym.system import Sheet

FAILED_CELLS, WRONG_INPUT, DAMAGED, INTERRUPTED, TERMINATED = 1, 2, 3, 130, 143


def print_sheets(*sheets: Sheet, wide: bool) -> None:
    from rich.console import Console

    console = Console()  # as wide as the terminal, or as COLUMNS says, else 80
    width = None if wide else console.width
    with console.capture() as shown:  # printed by `print`, since `rich` makes an exit of its own of a closed pipe
        for sheet in sheets:
            if wide:
                console.width = max(80, sum(c.width for c in sheet.columns) + 1)
            console.print(sheet.table(width))
    print(shown.get(), end="")


def show(results: Results, *, wide: bool, timings: bool = True) -> None:
    """Print the headline, the tables, and where the report is."""
    from hpo_gym.bench import console_tables, headline

    print(printable(headline(results.data, results.curves)))
    print_sheets(*console_tables(results.data, timings=timings), wide=wide)
    print(f"report: {results.folder / 'report.html'}")


def finish(results: Results, *, allow_failures: bool) -> None:
    """Print the first failure on the error stream, and exit with its code, unless that is allowed."""
    from hpo_gym.bench import counted

    failed = results.failed_cells
    if failed:
        lines = results.errors[0].strip().splitlines() if results.errors else ["it has not run"]
        first = " ".join(dict.fromkeys((lines[0], lines[-1])))
        print(f"{counted(failed, 'cell')} failed; the first: {first}", file=sys.stderr)
        if not allow_failures:
            raise typer.Exit(FAILED_CELLS)


@contextmanager
def notes() -> Iterator[None]:
    """Print warnings as notes."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *_: print(f"note: {message}", file=sys.stderr)
        yield
