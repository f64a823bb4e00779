"""Results on disk: one JSON line each in a file of the shard, in a folder for one state of the code."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

KILLED, SURVIVED, TIMEOUT, BROKEN = "killed", "survived", "timeout", "broken-import"


@dataclass(frozen=True)
class Result:
    """What became of a mutant.

    Attributes:
        id, area, file, operator: As the mutant has them.
        line: Number of the line that differs.
        old, new: What stands there, and what the mutant has.
        result: "killed", "survived", "timeout" or "broken-import"; all but "survived" count as killed.
        by: The test that failed first, or how the process ended.
        seconds: How long it took.
    """

    id: str
    area: str
    file: str
    line: int
    operator: str
    old: str
    new: str
    result: str
    by: str
    seconds: float


def read(folder: Path) -> dict[str, Result]:
    """The last result of each mutant, by its id; a line that was cut off is left out."""
    found: dict[str, Result] = {}
    for path in sorted(folder.glob("shard-*.jsonl"), key=lambda path: path.stat().st_mtime):
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                result = Result(**json.loads(line))
            except json.JSONDecodeError:
                continue
            found[result.id] = result
    return found


def append(path: Path, result: Result) -> None:
    """Write a result so that it outlives a killed process."""
    with path.open("a+b") as file:
        if file.tell() and not _ends_a_line(path):
            file.write(b"\n")
        file.write(json.dumps(asdict(result)).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _ends_a_line(path: Path) -> bool:
    return path.read_bytes().endswith(b"\n")
