"""What the first calls of a process take: the import, the first env of each suite, its first step, and the next ones.

Every suite has a process of its own, and the least CPU time of some processes counts. Ratios are to a process that
imports Gymnasium and plays 1,000 first steps of CartPole-v1. The env is the default one, `1,024 runs` a vector env with
its reset and first step.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from measured import SHIPPED, Found, Goal, Group, Ratios, main

CALLS = ("first make", "first step", "second make", "1,024 runs")
BRIEF = 0.15  # the least ratio: what is shorter, 15 ms or so, is not told apart
MADE, STEP = Goal(0.3), Goal(0.06)
GOALS = {"import": MADE}
GOALS |= {f"{suite} {call}": goal for suite in SHIPPED for call, goal in zip(CALLS, (MADE, STEP), strict=False)}


def least(suite: str, times: int) -> dict[str, float]:
    """The least of each figure over some processes."""
    command = [sys.executable, str(Path(__file__).with_name("first_call.py")), suite]
    every = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(times)]
    return {call: min(one[call] for one in every) for call in every[0]}


def measure(suite: str, small: bool) -> Found:
    """Of each call ``ratio`` and ``s``, CPU seconds; of the suite ``MB``, the most that its process had."""
    times = 2 if small else 5
    anchor, found = least("CartPole-v1", times)["all"], least(suite, times)
    calls: Found = {f"{suite} {call}": {"ratio": max(found[call] / anchor, BRIEF), "s": found[call]} for call in CALLS}
    return {**calls, suite: {"MB": found["MB"]}}


def imported(small: bool) -> Found:
    """The package's import."""
    times = 3 if small else 9
    anchor, found = least("CartPole-v1", times)["all"], least(SHIPPED[0], times)["import"]
    return {"import": {"ratio": found / anchor, "s": found}}


def groups(small: bool) -> Mapping[str, Group]:
    """The import, and all suites."""
    return {"import": imported, **{suite: partial(measure, suite) for suite in SHIPPED}}


RATIOS = Ratios("first_calls", groups, GOALS, less=True, aim="s")

if __name__ == "__main__":
    main(RATIOS, __doc__)
