"""One run of pytest inside this process: which test failed first, and which tests reach which lines."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

Reach = dict[str, dict[int, list[str]]]
"""By file and line, the tests that run it; "" is what runs before the first test."""

OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=", "-m", "not slow")


@dataclass(frozen=True)
class Place:
    """Where a session runs: the root of the repository, the overlay that is first on the path, a folder to write to."""

    root: Path
    overlay: Path
    scratch: Path

    @property
    def packages(self) -> list[Path]:
        """Return the packages of the overlay; those of the agents and baselines lie in a folder that is none."""
        return sorted(
            path.parent
            for depth in ("*", "*/*")
            for path in self.overlay.glob(f"{depth}/__init__.py")
            if not (path.parents[1] / "__init__.py").exists()
        )

    @property
    def output(self) -> Path:
        """What pytest has printed."""
        return self.scratch / "output.txt"


@dataclass(eq=False)  # a plugin of pytest is looked up by its hash
class First:
    """A plugin that moves `likely` tests to the front and keeps the first failure, `broken` where no test could run."""

    likely: frozenset[str] = frozenset()
    failed: str = ""
    broken: bool = False

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: item.nodeid not in self.likely)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed, self.broken = report.nodeid, True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid


def run_tests(place: Place, tests: Sequence[str], first: First, *plugins: object) -> int:
    """Run test files of `place` and return pytest's exit code; for a child process, which it leaves changed."""
    _enter(place)
    files = [str(place.root / test) for test in tests]
    folders = ["--rootdir", str(place.root), "--basetemp", str(place.scratch / "tmp")]
    return int(pytest.main([*files, *OPTIONS, *folders], plugins=[first, *plugins]))


def reach(place: Place, files: Sequence[str], run: Callable[[object], object]) -> Reach:
    """Which tests reach which lines of `files`, from a session that `run` starts with the plugin it is given."""
    from coverage import Coverage

    cover = Coverage(data_file=None, config_file=False, include=[str(place.root / file) for file in files])
    cover.start()
    try:
        run(_Contexts(cover.switch_context))
    finally:
        cover.stop()
    data = cover.get_data()
    return {file: data.contexts_by_lineno(str((place.root / file).resolve())) for file in files}


@dataclass(eq=False)
class _Contexts:
    """A plugin that names each test as the context of what it runs."""

    switch: Callable[[str], object]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.switch(item.nodeid)
        return (yield)


def _enter(place: Place) -> None:
    """Import from the overlay, write and print to the scratch folder, and draw the same examples each time."""
    folders = sorted({str(package.parent) for package in place.packages})
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [*folders, os.environ.get("PYTHONPATH")]))
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(place.scratch / "hypothesis")
    sys.path[:0] = folders
    home = place.scratch / "home"
    home.mkdir(exist_ok=True)
    os.chdir(home)
    tempfile.tempdir = str(home)
    output = os.open(place.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    _settle_hypothesis()


def _settle_hypothesis() -> None:
    from hypothesis import HealthCheck, Phase, settings

    settings.register_profile(
        "mutation",
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],  # a failure is enough; nobody reads the smallest one
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("mutation")
