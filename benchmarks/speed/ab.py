"""Speed of this tree against another commit's, A against B in one run: no figure of another day.

    python benchmarks/speed/ab.py --base origin/main

Two processes, one of each tree, take turns slice by slice; each slice is timed by the CPU clock of its process, and the
median over turns of old seconds to new ones is the ratio. A case below the floor is run anew, each time with new
processes, until the fastest turns of each tree are not below it, and fails after 15 runs: where memory comes to lie in
a process is chance, and equal code had ratios of .70 to 1.36 in single runs of one env, .80 once in the fastest turns
of five. A case that the base does not have is shown only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

TOP = Path(__file__).resolve().parents[2]
PACKAGES = ("hpo_gym", "agents", "baselines")
FLOOR = 0.9
MEMORY = {f"MALLOC_{name}_": str(2**28) for name in ("TRIM_THRESHOLD", "MMAP_THRESHOLD", "TOP_PAD")}
"""Keeps freed memory: whether the allocator gives it back, and what fresh pages then cost, is chance."""
TURNS, SLICE, RUNS = 25, 0.04, 15
"""Turns of a case, the CPU seconds that each tree may take in a turn, and the most runs of a case that seems slow."""


class Pace(NamedTuple):
    """How fast a case is: the median ratio, and the least CPU seconds of an iteration of each tree."""

    ratio: float
    old: float
    new: float


class Absent(Exception):
    """A case that a tree cannot run."""


@dataclass
class Tree:
    """A process that has imported one tree.

    Attributes:
        process: Takes requests and gives answers, a line of JSON each.
        cases: The names of its cases.
    """

    process: subprocess.Popen[str]
    cases: tuple[str, ...] = ()

    def seconds(self, case: str, count: int) -> float:
        """Return the CPU seconds of so many iterations."""
        found = self.ask({"case": case, "count": count})
        if "error" in found:
            raise Absent(found["error"])
        return float(found["seconds"])

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.read()

    def read(self) -> dict[str, Any]:
        """Wait for a line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the process of a tree ended with exit code {self.process.wait()}")
        return dict(json.loads(line))


@contextmanager
def tree_at(place: Path, cases: Path) -> Iterator[Tree]:
    """Start a process that imports the packages of `place` and no others."""
    path = os.pathsep.join(str(place / folder) for folder in (".", "agents", "baselines"))
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    env = {**os.environ, **threads, **MEMORY, "PYTHONPATH": path, "PYTHONHASHSEED": "0", "HPO_GYM_CACHE": ""}
    command = [sys.executable, "-P", str(cases)]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        tree = Tree(process)
        said = tree.read()
        assert Path(said["package"]).resolve().is_relative_to(place.resolve()), said
        tree.cases = tuple(said["cases"])
        yield tree
        assert process.stdin is not None
        process.stdin.close()


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """Yield a temporary folder with the packages as they are in a commit."""
    git = ["git", "-C", str(TOP)]
    if subprocess.run([*git, "cat-file", "-e", f"{revision}^{{commit}}"], stderr=subprocess.DEVNULL).returncode:
        raise SystemExit(f"`--base` must be a commit that is here, got {revision!r}")
    with tempfile.TemporaryDirectory() as folder:
        with subprocess.Popen([*git, "archive", revision, *PACKAGES], stdout=subprocess.PIPE) as packed:
            subprocess.run(["tar", "-x", "-C", folder], stdin=packed.stdout, check=True)
        yield Path(folder)


# ---------------------------------------------------------------------- measuring
def ratios(old: Tree, new: Tree, cases: Iterable[str], say: Callable[[str], None]) -> dict[str, Pace]:
    """Return by case the rate of the new tree to that of the old one."""
    found: dict[str, Pace] = {}
    for name in cases:
        try:
            found[name] = pace(old, new, name)
        except Absent as fault:
            say(f"{name:44s} not in the base: {fault}")
        else:
            say(f"{name:44s} {found[name].ratio:.3f}")
    return found


def pace(old: Tree, new: Tree, case: str) -> Pace:
    """Return the median and the least over turns; who begins a turn alternates."""
    count = calibrated(new, case)  # raises what the new tree does wrong
    old.seconds(case, count)
    pairs = []
    for turn in range(TURNS):
        trees = (old, new) if turn % 2 else (new, old)
        taken = [tree.seconds(case, count) for tree in trees]
        pairs.append(taken if turn % 2 else taken[::-1])
    least = (min(seconds) / count for seconds in zip(*pairs, strict=True))
    return Pace(median(before / now for before, now in pairs), *least)


def calibrated(tree: Tree, case: str) -> int:
    """Return the number of iterations that takes about `SLICE` seconds."""
    try:
        tree.seconds(case, 1)
        count = 1
        while (taken := tree.seconds(case, count)) < SLICE / 2:
            count = max(count + 1, int(count * min(8.0, SLICE / taken)))
        return max(1, round(count * SLICE / taken))
    except Absent as fault:
        raise SystemExit(f"{case}: this tree fails: {fault}") from None


def fallen(measure: Callable[[Iterable[str]], Mapping[str, Pace]], cases: Iterable[str], floor: float) -> list[str]:
    """Return the cases below the floor in a first run and, if so, in the fastest turns of up to `RUNS`."""
    left = {name: pace for name, pace in measure(cases).items() if pace.ratio < floor}
    for _ in range(RUNS - 1):
        if not left:
            break
        both = {name: (left[name], pace) for name, pace in measure(list(left)).items()}
        fastest = {name: Pace(0.0, min(p.old for p in two), min(p.new for p in two)) for name, two in both.items()}
        left = {name: pace for name, pace in fastest.items() if pace.old / pace.new < floor}
    return list(left)


def main() -> None:
    """Measure, print and fail where this tree is slower."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--base", default="HEAD", metavar="REV", help="the commit to compare with, HEAD by default")
    parser.add_argument("--floor", type=float, default=FLOOR, help=f"the lowest ratio that passes, {FLOOR} by default")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases whose name has this text")
    given = parser.parse_args()
    start, cases = time.monotonic(), Path(__file__).with_name("ab_cases.py")

    def measure(names: Iterable[str]) -> Mapping[str, Pace]:
        with ExitStack() as stack:
            old, new = (stack.enter_context(tree_at(place, cases)) for place in (base, TOP))
            asked = [name for name in names or new.cases if given.only in name]
            return ratios(old, new, asked, lambda line: print(line, flush=True))

    with checked_out(given.base) as base:
        slow = fallen(measure, [], given.floor)
    print(f"this tree against {given.base}, CPU clock, {time.monotonic() - start:.0f} s")
    if slow:
        sys.exit(f"below {given.floor:g} of the base's speed in the fastest turns of {RUNS} runs: {', '.join(slow)}")


if __name__ == "__main__":
    main()
