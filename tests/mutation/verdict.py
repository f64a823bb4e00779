"""What the tests of an area say of one mutant."""

from __future__ import annotations

import time
from collections.abc import Sequence

from areas import Area
from baseline import Baseline
from forks import forked
from mutants import Mutant
from overlay import Overlay
from pytest import ExitCode
from results import BROKEN, KILLED, SURVIVED, TIMEOUT, Result
from session import First, Place, run_tests

_PASSED = (ExitCode.OK, ExitCode.NO_TESTS_COLLECTED)


def verdict(place: Place, overlay: Overlay, area: Area, mutant: Mutant, baseline: Baseline) -> Result:
    """Run the tests of `area` on `mutant` in a child process, those first that reach the mutated lines."""
    line, old, new = mutant.change
    likely, start = baseline.likely(mutant), time.monotonic()
    try:
        with overlay.replaced(mutant.file, mutant.text):
            result, by = forked(lambda: _ask(place, area.tests, likely), baseline.timeout)
    except TimeoutError as error:
        result, by = TIMEOUT, str(error)
    except ChildProcessError as error:
        result, by = KILLED, str(error)
    seconds = round(time.monotonic() - start, 2)
    return Result(mutant.id, area.name, mutant.file, line, mutant.operator, old, new, result, by, seconds)


def _ask(place: Place, tests: Sequence[str], likely: frozenset[str]) -> tuple[str, str]:
    first = First(likely)
    code = run_tests(place, tests, first)
    if first.broken:
        return BROKEN, first.failed
    if code in _PASSED:
        return SURVIVED, ""
    return KILLED, first.failed or f"pytest's exit code {code}"
