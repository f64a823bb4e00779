"""Whether control of trainings pays: rules on the test tables of `Trainings`, at three lengths.

The rules are those of `agreement`, in ten episodes of each test table with SGD and ten with AdamW. Losses are those of
the checkpoint on test rows; ratios are of geometric means over tables, and intervals are over families.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import agreement
import frame
import numpy as np
from frame import Table
from looks import Look
from numpy.typing import NDArray
from torch_fits import OPTIMIZERS

from hpo_gym.base import Floats
from hpo_gym.bench import Resamples

SUITES = ("Trainings",)
LOOKS = Look("test losses of rules at three lengths", "whether control of trainings pays", SUITES)
LENGTHS = ("12", "24", "48")
OPEN, USUAL = "polynomial", "usual cosine"
RULES = (USUAL, OPEN, "plateau", "gap", "autopilot")
CHEAP = {("12", "sgd"): (OPEN,)}

Found = Mapping[str, Any]

cells = frame.grid(LENGTHS, OPTIMIZERS)


def cell(length: str, optimizer: str, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the mean test score of each rule on each test table."""
    return agreement.in_suite(optimizer, names or RULES, int(length))


def log_losses(found: Found, length: str, name: str) -> Floats:
    """Return the mean log loss on each table, over both optimizers, ``(k,)``."""
    return np.asarray(-np.mean([part["score"][name] for part in found[length].values()], 0))


def ratios(found: Found, length: str, name: str, base: str) -> tuple[NDArray[Any], list[str]]:
    """Return the difference of log losses on each table, and the families."""
    families: list[str] = next(iter(found[length].values()))["families"]
    return log_losses(found, length, name) - log_losses(found, length, base), families


def told(found: Found, length: str, name: str, base: str) -> tuple[str, str]:
    """Return the ratio with its interval, and that of the worst family."""
    return told_of(*ratios(found, length, name, base))


def told_of(gain: Floats, families: Sequence[str]) -> tuple[str, str]:
    """Return the ratio of these log differences with its interval, and that of the worst family."""
    middle, low, high = np.exp(np.array(Resamples.of(families).mean(gain), np.float64))
    of = [np.exp(np.mean([g for g, f in zip(gain, families, strict=True) if f == one])) for one in set(families)]
    return f"{middle:.3f} [{low:.3f}, {high:.3f}]", f"{max(of):.2f}"


def tables(found: Found) -> dict[str, Table]:
    """Return ratios to the best open loop and to the usual cosine, by length."""
    rows = []
    for length in (n for n in LENGTHS if n in found):
        for name in (n for n in RULES if n != OPEN):
            rows.append((length, f"`{name}`", *told(found, length, name, OPEN), told(found, length, name, USUAL)[0]))
    heads = ("epochs", "rule", "/ `polynomial`", "worst family", "/ usual cosine")
    return {"pays": Table.of(heads, rows)}
