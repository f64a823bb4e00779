"""Memory that is kept is taken anew without page faults."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hpo_gym.system.jobs.memory import keep_memory

FAULTS = """
import resource, sys
import numpy as np
from hpo_gym.system.jobs.memory import keep_memory
if sys.argv[1] == "kept":
    assert keep_memory()
def use():
    arrays = [np.ones(3_000_000) for _ in range(3)]
for _ in range(5):
    use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.long
def test_what_is_kept_costs_no_page_faults() -> None:
    if not keep_memory():
        pytest.skip("the allocator is not glibc's")
    given_back, kept = faults("given back"), faults("kept")
    assert kept * 10 < given_back


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert not keep_memory()
