"""The tests of an area on the code as it is: they must pass, and say which lines they reach and how long they take."""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
import sysconfig
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from areas import Area
from forks import forked
from mutants import Mutant
from session import First, Place, Reach, reach, run_tests

LONGEST = 1800.0  # seconds for the tests of an area, under coverage
LEAST, FACTOR = 20.0, 5.0


@dataclass(frozen=True)
class Baseline:
    """What is known before the first mutant of an area.

    Attributes:
        seconds: How long its tests take.
        reach: The tests by file and line.
        modules: What they import from the standard library and from other packages.
    """

    seconds: float
    reach: Reach
    modules: list[str]

    @property
    def timeout(self) -> float:
        """Seconds after which a mutant counts as killed."""
        return max(LEAST, FACTOR * self.seconds)

    def likely(self, mutant: Mutant) -> frozenset[str]:
        """The tests that reach a line of the mutant."""
        first, last = mutant.lines
        lines = self.reach.get(mutant.file, {})
        return frozenset(test for line in range(first, last + 1) for test in lines.get(line, ()))

    def preload(self) -> None:
        """Import what the tests need, but nothing that can be mutated, so that each child has it already."""
        for name in self.modules:
            with suppress(Exception):
                importlib.import_module(name)


def baseline(place: Place, area: Area, out: Path) -> Baseline:
    """Run the tests of an area, or read from the folder `out` what they gave on the same code."""
    path, code = out / f"baseline-{area.name}.json", _digest(place)
    if path.exists() and (known := json.loads(path.read_text(encoding="utf-8")))["code"] == code:
        lines = {file: {int(line): names for line, names in each.items()} for file, each in known["reach"].items()}
        found = Baseline(known["seconds"], lines, known["modules"])
        found.preload()
        return found
    found = _measure(place, area)
    path.write_text(json.dumps({"code": code, **vars(found)}), encoding="utf-8")
    return found


def _measure(place: Place, area: Area) -> Baseline:
    files = area.files(place.root)
    try:
        lines, modules = forked(lambda: _probe(place, area.tests, files), LONGEST)
        Baseline(0.0, lines, modules).preload()
        start = time.monotonic()
        forked(lambda: _pass(place, area.tests), LONGEST)
    except (ChildProcessError, TimeoutError) as error:
        raise SystemExit(f"{place.output.read_text()}\nArea {area.name!r}: {error}.") from None
    return Baseline(time.monotonic() - start, lines, modules)


def _probe(place: Place, tests: Sequence[str], files: Sequence[str]) -> tuple[Reach, list[str]]:
    lines = reach(place, files, lambda plugin: _pass(place, tests, plugin))
    return lines, _from_elsewhere()


def _pass(place: Place, tests: Sequence[str], *plugins: object) -> None:
    """Run the tests; what is wrong with them is printed to the output of `place`."""
    code = run_tests(place, tests, First(), *plugins)
    imported = [package for package in place.packages if package.name in sys.modules]
    strangers = [package.name for package in imported if not _is_below(sys.modules[package.name], package)]
    if code or strangers:
        reason = f"they import {strangers} from elsewhere" if strangers else f"exit code {code}"
        raise SystemExit(f"The unmutated tests must pass: {reason}.")


def _is_below(module: object, folder: Path) -> bool:
    return Path(getattr(module, "__file__", None) or "/").is_relative_to(folder)


def _from_elsewhere() -> list[str]:
    """Modules of the standard library and of installed packages, in the order in which they were imported."""
    folders = [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    modules = list(sys.modules.items())
    return [name for name, module in modules if any(_is_below(module, folder) for folder in folders)]


def _digest(place: Place) -> str:
    """Hash of every module that can be mutated and of every test."""
    digest = hashlib.sha256()
    for folder in sorted({"tests", *(path.name for path in place.overlay.iterdir())}):
        for path in sorted((place.root / folder).rglob("*.py")):
            digest.update(str(path.relative_to(place.root)).encode() + path.read_bytes())
    return digest.hexdigest()
