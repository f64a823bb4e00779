"""What keeps comparisons of tests short: no workers unless an engine is named, and, where asked, no report."""

from collections.abc import Iterator

import pytest
import reports


@pytest.fixture(autouse=True, scope="session")
def serial_unless_named() -> Iterator[None]:
    """Run in this process unless an engine is named: to start workers would take most of the time.

    Of the session, since what a module shares is made before anything of a single test.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hpo_gym.bench.runner.ENGINE", "serial")
        yield


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


@pytest.fixture(name="unpainted")
def _unpainted() -> Iterator[None]:
    """Leave the pixels of a test's figures out, which take half of a report's time."""
    with reports.unpainted():
        yield
