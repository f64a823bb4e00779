"""What keeps comparisons of tests short: no workers unless an engine is named, and, where asked, no report."""

import pytest


@pytest.fixture(autouse=True)
def serial_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in this process unless an engine is named: to start workers would take most of the time."""
    monkeypatch.setattr("hpo_gym.bench.runner.ENGINE", "serial")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the report out, whose figures take a second."""
    monkeypatch.setattr("hpo_gym.bench.report.write_report", lambda *args, **keywords: [])
