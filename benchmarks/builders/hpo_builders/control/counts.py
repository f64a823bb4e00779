"""Updates of a learner that a fidelity pays for, counted in episodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hpo_builders.control.systems import STEPS

EPISODES = 1152
"""Of a full training; the least that a learner does at once divides it."""
SHARES = (1 / 9, 1 / 3, 1.0)


def updates(episodes: int, steps: int = STEPS, shares: Sequence[float] = SHARES) -> Iterator[range]:
    """Return the updates of each fidelity, numbered from 0 on, at least one at the first.

    Args:
        episodes: Side by side in one update.
        steps: That each of them takes.
        shares: Of `EPISODES` at which the fidelities stand.
    """
    done = 0
    for share in shares:
        until = max(1, int(round(share * EPISODES * STEPS) // (episodes * steps)))
        yield range(done, until)
        done = until
