"""Entries: an optimizer's choices under a named protocol, and a card. No score stands in one, so none can be edited."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpo_gym.base import DamagedDataError, InvalidValueError, name_checked
from hpo_gym.bench.board.card import Card
from hpo_gym.bench.cells import Arrays
from hpo_gym.system import (
    check_seal,
    exactly,
    expect,
    line,
    mapping,
    of_type,
    sealed,
    text,
    text_of,
    unpack,
    write_files,
)
from hpo_gym.system import pack as pack_block

FORMAT = 1
LARGEST = 4_000_000
"""Bytes of an entry's file."""
_KEYS = {"format", "name", "protocol", "hash", "card", "suites", "checksum"}
_TYPES = {"count": ("<u2",), "at": ("<u2", "<u4", "<f4", "<f8"), "level": ("|u1",), "refused": ("|u1",)}


@dataclass(frozen=True, eq=False)
class Part:
    """The runs of an entry on one suite.

    Attributes:
        data: Hash of the suite's data.
        choices: Of all runs, tasks by seeds; see `choices_of`.
        failed: The error of each failed run, by its place.
    """

    data: str
    choices: Arrays
    failed: Mapping[int, str]


@dataclass(frozen=True, eq=False)
class Entry:
    """An entry of the leaderboard.

    Attributes:
        protocol, hash: Name of the protocol, and the hash of what it fixes.
        parts: By name of a suite.
    """

    name: str
    protocol: str
    hash: str
    card: Card
    parts: Mapping[str, Part]

    def to_json(self) -> dict[str, Any]:
        """Return the entry as JSON values."""
        suites = {
            name: {
                "data": part.data,
                "runs": base64.b64encode(pack_block(part.choices)).decode(),
                "failed": {str(i): error for i, error in sorted(part.failed.items())},
            }
            for name, part in self.parts.items()
        }
        head = {"format": FORMAT, "name": self.name, "protocol": self.protocol, "hash": self.hash}
        return {**head, "card": self.card.to_json(), "suites": suites}

    def write(self, path: Path) -> None:
        """Write the file of an entry, whole or not at all."""
        write_files(path.parent, {path.name: sealed(self.to_json())})

    @classmethod
    def read(cls, path: Path) -> Entry:
        """Read a file of `write`.

        Raises:
            InvalidValueError: It is no entry; the message says where it breaks a rule.
        """
        try:
            data = text_of(path, LARGEST)
            said = json.loads(data, parse_constant=_no_number)
            entry = cls.from_json(said)
            again = entry.to_json()
            for suite, part in again["suites"].items():
                part["runs"] = said["suites"][suite]["runs"]  # checked; another zlib compresses to other bytes
            expect(sealed(again).decode() == data, "it must be written as `hpo-gym pack` writes it, to the byte")
            return entry
        except (InvalidValueError, DamagedDataError, ValueError, OSError, RecursionError) as fault:
            raise InvalidValueError(f"{path} must be an entry: {fault}") from fault

    @classmethod
    def from_json(cls, given: object) -> Entry:
        """Return the entry of `to_json`, sealed; raise `InvalidValueError` on any other."""
        said = mapping("content", given)
        exactly("entry", said, _KEYS)
        known = type(said["format"]) is int and said["format"] == FORMAT
        expect(known, f"its format must be {FORMAT}, got {said['format']!r:.40}")
        check_seal(said)
        name = name_checked("its name", said["name"])
        parts = {suite: _part(suite, mapping(suite, one)) for suite, one in mapping("suites", said["suites"]).items()}
        card = Card.from_json(mapping("card", said["card"]))
        return cls(name, text("protocol", said["protocol"], 200), text("hash", said["hash"], 64), card, parts)


def _part(suite: str, said: Mapping[str, Any]) -> Part:
    exactly(f"part on {suite}", said, {"data", "runs", "failed"})
    failed = mapping(f"failed runs on {suite}", said["failed"])
    for place, error in failed.items():
        expect(place.isascii() and place.isdigit(), f"places of failed runs on {suite} must be numbers, got {place!r}")
        line(f"error on {suite}", error)
    try:
        block = base64.b64decode(runs := of_type(f"runs on {suite}", said["runs"], str), validate=True)
        choices = unpack(block, exact=True)
        expect(base64.b64encode(block).decode() == runs, "it ends in other bits")
    except (ValueError, DamagedDataError) as fault:
        raise InvalidValueError(f"its runs on {suite} must be a block in base64: {fault}") from fault
    exactly(f"block on {suite}", choices, {"count", "at"}, {"level", "refused"})
    for key, array in choices.items():
        good = array.ndim == 1 and array.dtype.str in _TYPES[key]
        found = f"{array.dtype.str} of shape {array.shape}"
        expect(good, f"`{key}` on {suite} must be a row of numbers of kind {' or '.join(_TYPES[key])}, got {found}")
    return Part(text(f"data hash of {suite}", said["data"], 64), choices, {int(i): str(e) for i, e in failed.items()})


def _no_number(word: str) -> float:
    raise InvalidValueError(f"its numbers must be finite, got {word}.")
