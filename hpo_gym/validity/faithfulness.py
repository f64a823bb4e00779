"""Whether tables and surrogates say what training says: what `benchmarks/studies/faithfulness.py` found."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STORED = Path(__file__).resolve().parents[1] / "data" / "faithfulness.json"
PAIRS = ("table - training", "surrogate - training", "table - surrogate")
ENOUGH = 0.8
"""Kendall's tau from which on one world may stand for another."""


@functools.cache
def faithfulness() -> Mapping[str, Mapping[str, Any]]:
    """By suite: how many ``tasks``, ``points``, ``optimizers``, trials (``budget``) and ``seeds`` there were.

    Of each of `PAIRS` that there is, Kendall's tau of ``configurations`` (the median over tasks; the ``least``) and of
    ``optimizers``.
    """
    return dict(json.loads(STORED.read_text(encoding="utf-8"))) if STORED.exists() else {}
