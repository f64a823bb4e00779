"""Whose last bits the shipped numbers have: libraries of linear algebra round by the processor they run on."""

from __future__ import annotations

import pytest

MADE_WITH = "SkylakeX"
"""The kernels of OpenBLAS with which shipped runs and tables were made: those of a processor with AVX-512."""


def kernels() -> set[str]:
    """Of OpenBLAS, as NumPy and SciPy have loaded it here."""
    threadpoolctl = pytest.importorskip("threadpoolctl")
    return {str(i.get("architecture")) for i in threadpoolctl.threadpool_info() if i["internal_api"] == "openblas"}
