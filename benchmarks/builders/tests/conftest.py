"""What keeps tests of builders short and alike on all machines: one thread, no wait for the disk, no cache."""

import os
from collections.abc import Iterator

import pytest

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")  # before NumPy is imported
os.environ["HPO_GYM_CACHE"] = ""


@pytest.fixture(autouse=True, scope="session")
def synchronous() -> Iterator[None]:
    """Do not wait in this process until the disk has what is written: no test cuts the power."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        patch.setattr("hpo_gym.system.storage.store.SYNCHRONOUS", "OFF")
        yield
