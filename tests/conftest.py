"""What keeps tests short: no workers unless an engine is named, no wait for the disk, and, where asked, no report."""

import datetime
import importlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import reports

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")  # before NumPy is imported: each worker of pytest has a core
os.environ.setdefault("HPO_GYM_DAY", datetime.date.today().isoformat())  # `drawn.py`; workers inherit it
os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ["HPO_GYM_CACHE"] = ""  # what a test computes follows from nothing that lies on this machine


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Under `-m smoke`, read only the files with such tests: to import all takes longer than to run these."""
    if config.getoption("markexpr") != "smoke" or not collection_path.name.startswith("test_"):
        return None
    return True if "mark.smoke" not in collection_path.read_text(encoding="utf-8") else None


@pytest.hookimpl(tryfirst=True)  # before `-m` takes its choice
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    from drawn import mark_the_rest  # it imports NumPy

    mark_the_rest(items)
    for item in items:  # minutes on an idle machine, and `.ci/run --full` has company
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(1200))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if terminalreporter.stats.get("failed"):
        terminalreporter.write_line(f"HPO_GYM_DAY={os.environ['HPO_GYM_DAY']} repeats the day's draw of optimizers")


@pytest.fixture(autouse=True, scope="session")
def serial_unless_named() -> Iterator[None]:
    """Run in this process unless an engine is named: to start workers would take most of the time.

    Of the session, since what a module shares is made before anything of a single test.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hpo_gym.bench.runner.ENGINE", "serial")
        yield


@pytest.fixture(autouse=True, scope="session")
def synchronous() -> Iterator[str]:
    """Do not wait in this process until the disk has what is written: no test cuts the power. What a store asks for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        asked = importlib.import_module("hpo_gym.system.storage.store").SYNCHRONOUS
        patch.setattr("hpo_gym.system.storage.store.SYNCHRONOUS", "OFF")
        yield asked


@pytest.fixture
def to_the_disk(synchronous: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stores wait for the disk, as they do outside tests."""
    monkeypatch.setattr("hpo_gym.system.storage.store.SYNCHRONOUS", synchronous)


@pytest.fixture
def undrawn() -> Iterator[None]:
    """Leave the report of a test out."""
    with reports.left_out():
        yield


@pytest.fixture(scope="module")
def all_undrawn() -> Iterator[None]:
    """Leave all reports of a module out, those of what its tests share too."""
    with reports.left_out():
        yield
