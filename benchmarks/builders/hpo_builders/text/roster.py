"""The tasks of the suite `Text` in an order of which every prefix is diverse in families."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

from hpo_builders.text.documents import Entry
from hpo_builders.text.tasks import TASKS
from hpo_gym.base import seeding, unknown


def entry(name: str) -> Entry:
    """Return the entry of a name.

    Raises:
        UnknownNameError: No such task; the message offers the nearest.
    """
    found = {e.name: e for e in roster()}
    if name not in found:
        raise unknown("task", name, found)
    return found[name]


@functools.cache
def roster() -> tuple[Entry, ...]:
    """All tasks: families one after the other, in an order by key, then their second tasks, and so on."""
    queues: dict[str, list[Entry]] = {}
    for e in sorted(TASKS, key=lambda e: seeding.key("text-roster", e.name)):
        queues.setdefault(e.family, []).append(e)
    order = sorted(queues, key=lambda family: seeding.key("text-roster", family))
    return tuple(_in_turn([queues[family] for family in order]))


def _in_turn(queues: Sequence[Sequence[Entry]]) -> Iterator[Entry]:
    for i in range(max(map(len, queues))):
        for queue in queues:
            yield from queue[i : i + 1]
