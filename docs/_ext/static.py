"""Hold the figures and verdicts of a page that no build fills, such as a README, against stored results.

A comment below a paragraph says where its words come from, a line for each:

    <!-- stored
    .84 [.58, 1.11] = standings/pooled-cold[ppo-pool-tables][ratio to portfolio]
    neither survives if standings/pooled-cold[transfer-mix; ppo-pool-tables][ratio to portfolio] lacks '*'
    .108 [.089, .132] by the commands above
    -->

Before `=` stand words of the section above whose numbers are those of a key, at the digits printed; before `if` a
verdict with its conditions, as of a `{claim}`; before `by` a figure that is not stored. Every interval of the page
needs a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import stored
from stored import NUMBER, MissingResult

NOTE = re.compile(r"<!-- stored\n(.*?)-->", re.S)
LINE = re.compile(r"(?P<said>\S.*?) (?P<how>=|if|by) (?P<of>.+)")
INTERVAL = re.compile(rf"{NUMBER}\s\[{NUMBER},\s{NUMBER}\]")
APART = re.compile(r"```.*?```|<!-- table -->.*?<!-- /table -->|<!--.*?-->", re.S)
"""Blocks of code, the table of a command, comments."""


class Line(NamedTuple):
    """A line of a comment: words of the page, `=`, `if` or `by`, and the rest; where the words stand, from and to."""

    said: str
    how: str
    of: str
    start: int
    end: int


def lines(text: str) -> Iterator[Line]:
    """Yield the lines of all comments of a page. One that cannot be read is of the kind "", absent words end at -1."""
    for note in NOTE.finditer(text):
        first = max((m.start() for m in re.finditer(r"^#", text[: note.start()], re.M)), default=0)
        for line in note[1].splitlines():
            entry = LINE.fullmatch(line)
            if entry is None:
                yield Line(line, "", "", note.start(), -1)
                continue
            words = r"\s+".join(map(re.escape, entry["said"].split()))
            found = [m.span() for m in re.finditer(words, text[first : note.start()])]
            yield Line(*entry.groups(), *([first + at for at in found[-1]] if found else (note.start(), -1)))


def prose(text: str) -> str:
    """Return a page with blanks for code, tables and comments."""
    return APART.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def faults(page: Path) -> Iterator[str]:
    """Yield what a page says otherwise than the stored results, with file and line."""
    text = page.read_text(encoding="utf-8")
    held = list(lines(text))
    found = [(line.start, fault) for line in held for fault in _wrong(line)]
    for m in INTERVAL.finditer(prose(text)):
        if not any(line.start <= m.start() and m.end() <= line.end for line in held):
            found.append((m.start(), f"no comment says where {m[0]!r} comes from"))
    yield from (f"{page.name}:{text.count(chr(10), 0, at) + 1}: {fault}" for at, fault in found)


def _wrong(line: Line) -> Iterator[str]:
    """Yield what is wrong with the words of a line."""
    said, how, of, _, end = line
    if not how:
        yield f"{said!r} is no line of a comment, write `WORDS = KEY`, `WORDS if CONDITIONS` or `WORDS by ORIGIN`"
    elif end < 0:
        yield f"the section above does not say {said!r}"
    elif how != "by":
        try:
            if how == "if":
                yield from (f"{said!r} is false: {fault}" for fault in stored.faults(of))
            elif not _prints(said, value := stored.lookup(of)):
                yield f"prints {said!r}, stored is {', '.join(map(str, value))} ({of})"
        except MissingResult as fault:
            yield str(fault)


def _prints(said: str, values: list[object]) -> bool:
    """Tell whether the numbers of words, one or an interval, are those of a value at the digits printed."""
    printed = [number.replace(",", "") for number in re.findall(NUMBER, said)]
    known = stored.numbers(values[0])[: len(printed)]
    return len(values) == 1 and len(printed) in (1, 3) and all(map(_rounded, printed, known))


def _rounded(printed: str, value: float) -> bool:
    return abs(float(printed) - value) <= 0.5 * 10.0 ** -len(printed.partition(".")[2]) + 1e-9
