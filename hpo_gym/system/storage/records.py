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
        identity: Input of the hash (suite, task, optimizer, settings, protocol, replicate, ...).
        arrays: Scored content: named arrays of booleans, numbers or fixed-width text; read-only after reading.
        status: "done" or "failed".
        error: Reason of a failure.
        measured: Unscored content: timings, package version, machine.
    """

    cell: str
    identity: Json
    arrays: Arrays = field(default_factory=dict)
    status: str = "done"
    error: str | None = None
    measured: Json = field(default_factory=dict)
