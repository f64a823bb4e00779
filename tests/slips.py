"""Misspellings of names: one slip of the fingers each, drawn by a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence


def slips(name: str) -> dict[str, str]:
    """What one slip makes of a name, and what it was."""
    found: dict[str, str] = {}
    for i, char in enumerate(name):
        found.setdefault(name[:i] + name[i + 1 :], "deleted")
        found.setdefault(name[:i] + char + name[i:], "doubled")
        found.setdefault(name[:i] + name[i : i + 2][::-1] + name[i + 2 :], "swapped")
    for other in (name.upper(), name.lower(), name.swapcase(), name.title()):
        found.setdefault(other, "case")
    for mark in "-_ ":
        for other in "-_ ":
            found.setdefault(name.replace(mark, other), "mark")
        found.setdefault(name.replace(mark, ""), "mark")
    return found


def misspelt(names: Sequence[str], rng: random.Random, each: int = 1) -> list[tuple[str, frozenset[str]]]:
    """Of each name `each` misspellings that are no name and have a letter, with all names that are one slip away."""
    found = []
    for name in names:
        good = sorted(w for w in slips(name) if w not in names and any(c.isalnum() for c in w))
        for wrong in rng.sample(good, min(each, len(good))):
            found.append((wrong, frozenset(other for other in names if near(wrong, other))))
            assert name in found[-1][1], (wrong, name)
    return found


def near(a: str, b: str) -> bool:
    """Whether one slip, a character put in another's place too, or case and marks tell two names apart."""
    a, b = sorted(("".join(c for c in x.lower() if c not in "-_ ") for x in (a, b)), key=len)
    if len(b) - len(a) == 1:
        return any(a == b[:i] + b[i + 1 :] for i in range(len(b)))
    apart = [i for i in range(len(a)) if a[i] != b[i]] if len(a) == len(b) else []
    swapped = len(apart) == 2 and apart[1] == apart[0] + 1 and a[apart[0]] == b[apart[1]] and a[apart[1]] == b[apart[0]]
    return a == b or len(apart) == 1 or swapped


def offered(message: str) -> str | None:
    """The name that a message offers."""
    found = re.search(r"(?:Did you mean:?|the nearest is) ['\"`](.+?)['\"`]", message)
    return found and found[1]


def unoffered(said: Iterable[tuple[str, frozenset[str], str]]) -> list[str]:
    """Of misspellings, the right names and the messages: those whose message offers none of the names."""
    return [f"{wrong!r}: {sorted(right)} in {message[-300:]!r}" for wrong, right, message in said
            if offered(message) not in right]  # fmt: skip
