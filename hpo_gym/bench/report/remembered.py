"""The memory of a comparison in the report (`hpo_gym.bench.memory`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WORDS = {"test": "test scores", "fidelity": "lower fidelities", "cost": "costs"}


def said_of_memory(memory: Mapping[str, Any] | None, suite: str) -> str:
    """Return a line on the memory in a suite if the compared optimizers differ in their use of it; else an empty
    one."""
    if memory is None:
        return ""
    readers: dict[tuple[str, ...], list[str]] = {}
    held = memory["suites"].get(suite, [])
    for name, kinds in memory["reads"].items():
        readers.setdefault(tuple(k for k in kinds or () if any(one[k] for one in held)), []).append(name)
    more = {kinds: names for kinds, names in readers.items() if kinds}
    if not more or len(readers) < 2:
        return ""
    who = [f"{_and(names)} ({_and([WORDS[k] for k in kinds])})" for kinds, names in more.items()]
    return f"Of earlier tasks, all could read the same; more than scores is read only by {'; '.join(who)}."


def parts_of(memory: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return the memory as lines of the report's protocol: a title and a text each; none where it is not recorded."""
    if memory is None:
        return []
    lines = [("memory", " and ".join(memory["splits"]))]
    for suite, held in memory["suites"].items():
        lines.append((f"memory, {suite}", "; ".join(_counts(one) for one in held)))
    reads = {name: ", ".join(WORDS[k] for k in kinds) for name, kinds in memory["reads"].items() if kinds}
    lines.append(("reads beside scores", "; ".join(f"{name}: {what}" for name, what in reads.items()) or "nobody"))
    unsaid = [name for name, kinds in memory["reads"].items() if kinds is None]
    return [*lines, ("reads, not recorded", ", ".join(unsaid))] if unsaid else lines


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _counts(held: Mapping[str, Any]) -> str:
    fold = "" if held["fold"] is None else f"fold {held['fold']}: "
    text = f"{fold}{held['tasks']:,} earlier tasks of {held['families']:,} families"
    if held["scores"] is None:
        return text
    kinds = [f"{held['scores']:,} scores", *(f"{held[k]:,} {what}" for k, what in WORDS.items())]
    return f"{text}: {', '.join(kinds)}"
