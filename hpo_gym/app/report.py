"""`hpo-gym report`: make a report anew."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from hpo_gym.app._options import Wide
from hpo_gym.app._output import finish, show
from hpo_gym.bench import Options


def report(
    folder: Annotated[Path, typer.Argument(help="A folder that bench or tune wrote.")] = Path(Options.out),
    timings: Annotated[bool, typer.Option("--timings/--no-timings", help="Show measured times.")] = True,
    allow_failures: Annotated[bool, typer.Option("--allow-failures", help="Exit 0 even if cells failed.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No table.")] = False,
    wide: Wide = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Of a tuning: renew the page while it runs; Ctrl-C ends that.")
    ] = False,
) -> None:
    """Make the report of stored results anew.

    Without timings, the same bytes every time.
    """
    from hpo_gym.bench import remake
    from hpo_gym.tuning import Tuned, is_tuning, write
    from hpo_gym.tuning import watch as until_it_ends

    if watch or is_tuning(folder):
        say = (lambda _: None) if quiet else partial(print, flush=True)
        tuned = until_it_ends(folder, say) if watch else Tuned.load(folder)
        page = write(tuned, folder)
        if not quiet:
            print(tuned.summary())
        print(f"report: {page}")
        return
    results = remake(folder, timings=timings)
    if not quiet:
        show(results, wide=wide, timings=timings)
    finish(results, allow_failures=allow_failures)
