"""Measure ratios, and hold them against stored ones: the frame of the scripts of this folder.

`reached.json` has the figures of the last full run with `--write`; the page on speed shows them. A processor with
other vector instructions than `PAGE_LEVEL` has its own file, `reached-LEVEL.json`: a call of NumPy takes another share
of CartPole-v1's step there. With `--check` a run fails where a ratio is worse than stored by a third or more,
in two tries. Where a processor has no figures, those of `reached.json` count, or else any.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

TOP = Path(__file__).resolve().parents[2]
import numpy as np

from hpo_gym.problem import SUITES

REACHED = Path(__file__).with_name("reached.json")
PAGE_LEVEL = "X86_V4"  # with AVX-512
FALL = 2 / 3
SHIPPED = tuple(
    name
    for name, entry in SUITES.entries().items()
    if entry.package in SUITES.packages and entry.about.get("kind") != "training"
)
"""The suites that ship, but for those of trainings, which `schedules.py` measures."""

Figures = Mapping[str, float]
"""What was measured of one case; `--check` looks at ``ratio``, a case without one is only shown."""
Found = dict[str, Figures]
"""Figures by case."""
Group = Callable[[bool], Found]
"""Measures cases that take turns; is told whether the run is a small one."""


@dataclass(frozen=True)
class Goal:
    """What a case should reach, and what would be better still."""

    floor: float
    stretch: float | None = None

    def __str__(self) -> str:
        return number(self.floor) if self.stretch is None else f"{number(self.floor)} ({number(self.stretch)})"


@dataclass(frozen=True)
class Ratios:
    """What one script measures.

    Args:
        name: The script's; its part of the files and its mark in the page.
        groups: What is measured by a run, small or full, by name. A small run measures cases of the full one.
        goals: By case.
        less: Whether less is better.
        aim: The figure that goals speak of.
        most: What `aim` may be at most; it is checked in place of the ratios, whatever was reached.
    """

    name: str
    groups: Callable[[bool], Mapping[str, Group]]
    goals: Mapping[str, Goal] = field(default_factory=dict)
    less: bool = False
    aim: str = "ratio"
    most: float | None = None

    def fallen(self, found: Found, reached: Found) -> list[str]:
        """Cases whose ratio is worse than reached by a third or more, or was never written."""
        return [case for case, figures in found.items() if self._fallen(case, figures, reached)]

    def _fallen(self, case: str, figures: Figures, reached: Found) -> bool:
        if self.checked not in figures:
            return False
        if self.most is not None:
            return figures[self.checked] > self.most
        if case not in reached:
            return True
        ours, theirs = figures[self.checked], reached[case][self.checked]
        return ours * FALL >= theirs if self.less else ours <= theirs * FALL

    def better(self, one: Figures, other: Figures) -> Figures:
        """The one whose ratio is better."""
        return min(one, other, key=lambda figures: figures.get(self.checked, 0.0) * (1 if self.less else -1))

    @property
    def checked(self) -> str:
        """The figure that `--check` looks at."""
        return "ratio" if self.most is None else self.aim

    def missed(self, found: Found) -> list[str]:
        """Cases that miss their floor."""
        sign = 1 if self.less else -1
        return [c for c, goal in self.goals.items() if c in found and sign * (found[c][self.aim] - goal.floor) > 0]

    def goal(self, case: str) -> str:
        """The cell of a table: the floor, and the stretch in brackets."""
        return str(self.goals.get(case, ""))

    def measure(self, small: bool, check: bool, only: str, reached: Found) -> tuple[Found, list[str]]:
        """All figures, and, if they are checked, the cases that have fallen twice."""
        found: Found = {}
        for name, group in self.groups(small).items():
            if only not in name:
                continue
            new = group(small)
            if check and self.fallen(new, reached):
                again = group(small)
                new = {case: self.better(figures, again[case]) for case, figures in new.items()}
            found |= new
            for case, figures in new.items():
                self._say(case, figures, reached)
        return found, self.fallen(found, reached) if check else []

    def _say(self, case: str, figures: Figures, reached: Found) -> None:
        parts = [f"{key} {number(value)}" for key, value in figures.items()]
        if "ratio" in reached.get(case, {}):
            parts.append(f"reached {number(reached[case]['ratio'])}")
        if case in self.goals:
            parts.append(f"floor {self.goal(case)}")
        print(f"{self.name:12s} {case:32s} {', '.join(parts)}")
        sys.stdout.flush()


# ---------------------------------------------------------------------- files and the page
def stored(path: Path, name: str) -> Found:
    """The figures of a script in a file; none if it has none."""
    return dict(_read(path).get(name, {}).get("figures", {}))


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def level() -> str:
    """The vector instructions of this processor, as NumPy names them: the highest level, or the machine's name."""
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return max((name for name in found if name.startswith("X86_V")), default=platform.machine())


def reached_here() -> Path:
    """The file of what was reached on processors like this one."""
    return REACHED if level() == PAGE_LEVEL else REACHED.with_name(f"{REACHED.stem}-{level()}.json")


def nearest(name: str) -> Found:
    """The figures of a script on a processor like this one, else of `reached.json`, else of any."""
    paths = (reached_here(), REACHED, *sorted(REACHED.parent.glob(f"{REACHED.stem}-*.json")))
    return next((found for path in paths if (found := stored(path, name))), {})


def store(path: Path, name: str, found: Found) -> None:
    """Put figures into a file, in place of those of the same cases."""
    every = _read(path)
    kept = stored(path, name) | {c: {k: float(f"{v:.4g}") for k, v in f.items()} for c, f in found.items()}
    every[name] = {"on": machine(), "figures": kept}
    path.write_text(_text(every), encoding="utf-8")


def _text(every: Mapping[str, Any]) -> str:
    """JSON with a line for each case."""
    parts = []
    for name, part in sorted(every.items()):
        lines = ",\n".join(f"   {json.dumps(case)}: {json.dumps(values)}" for case, values in part["figures"].items())
        parts.append(f' "{name}": {{\n  "on": {json.dumps(part["on"])},\n  "figures": {{\n{lines}\n  }}\n }}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def machine() -> str:
    """What figures were measured on."""
    packages = ", ".join(f"{p} {version(p.lower())}" for p in ("NumPy", "Gymnasium"))
    return f"Python {platform.python_version()}, {packages}, {platform.machine()}, {level()}"


# ---------------------------------------------------------------------- tables
def number(value: float) -> str:
    """Two or three digits that count."""
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 or value == 0 else f"{value:.2g}"


# ---------------------------------------------------------------------- the command line
def _fault(ratios: Ratios) -> str:
    return "worse than reached by a third" if ratios.most is None else f"{ratios.aim} above {ratios.most:g}"


def main(ratios: Ratios, about: str | None) -> None:
    """Measure, print, and check or write."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--small", action="store_true", help="a short run of fewer cases")
    parser.add_argument("--only", default="", metavar="TEXT", help="groups whose name has this text")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="fail where a ratio is worse by a third than reached")
    what.add_argument(
        "--write",
        action="store_true",
        help="store the figures as reached",
    )
    given = parser.parse_args()
    if given.write and given.small:
        parser.error("--write needs a full run")
    print(f"{ratios.name}: {machine()}, one thread, CPU clock")
    reached = nearest(ratios.name)
    found, fallen = ratios.measure(given.small, given.check, given.only, reached)
    if missed := ratios.missed(found):
        print(f"{ratios.name}: below the floor: {', '.join(missed)}")
    if fallen:
        sys.exit(f"{ratios.name}: {_fault(ratios)}, twice: {', '.join(fallen)}")
    if given.write:
        store(reached_here(), ratios.name, found)
