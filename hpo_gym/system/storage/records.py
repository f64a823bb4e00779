"""`Record`: one cell as the store takes it and gives it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hpo_gym.system.storage.blocks import Arrays

Json = Mapping[str, object]


@dataclass(frozen=True)
class Record:
    """One cell.

    Attributes:
        cell: Its hash, in hex.
        identity: What the hash was made from (suite, task, optimizer, settings, protocol, replicate, ...).
        arrays: What is scored: named arrays of booleans, numbers or fixed-width text; those read are read-only.
        status: "done" or "failed".
        error: Why it failed.
        measured: What is never scored: timings, package version, machine.
    """

    cell: str
    identity: Json
    arrays: Arrays = field(default_factory=dict)
    status: str = "done"
    error: str | None = None
    measured: Json = field(default_factory=dict)
