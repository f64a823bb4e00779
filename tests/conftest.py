"""Comparisons of tests run in this process unless they name an engine: to start workers would take most of the time."""

import pytest


@pytest.fixture(autouse=True)
def serial_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hpo_gym.bench.runner.ENGINE", "serial")
