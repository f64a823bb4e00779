"""`Expert`: earlier tasks at a run's candidates and fidelities; `Mind`: the run's knowledge since."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np

from hpo_agents._time.ladder import Ladder, ladder_of
from hpo_baselines._transfer.ensemble import NOISE, Ensemble, Member, members_of, names_of
from hpo_baselines._transfer.memory import Memory, memory_of
from hpo_baselines._transfer.order_weights import TEMPERATURE
from hpo_gym.base import Ints
from hpo_gym.problem import Evaluations, Points, Pool, SearchSpace

_NONE = -1


@dataclass(frozen=True, eq=False)
class Expert:
    """Earlier tasks at `m` candidates.

    Attributes:
        memory: Their scores, and the costs of full evaluations.
        ladder: Information and costs of lower fidelities.
        names: Of the processes.
    """

    memory: Memory
    ladder: Ladder
    names: tuple[str, ...]

    @functools.cached_property
    def members(self) -> tuple[Member, ...]:
        """The processes."""
        return members_of(self.memory, self.names, NOISE)

    def part(self, rows: Ints) -> Expert:
        """Return the same at some of the candidates: with the processes common to all of them."""
        memory = self.memory
        part = replace(
            memory, pool=Pool(memory.pool.space, memory.pool.x[rows]), y=memory.y[:, rows],
            log_cost=memory.log_cost[rows], kept=None, rest=None,
        )  # fmt: skip
        return Expert(part, self.ladder.part(rows), self.names)


@functools.lru_cache(maxsize=64)
def expert_of(
    space: SearchSpace, prior: tuple[Evaluations, ...], pool: Pool | None, rungs: tuple[float, ...]
) -> Expert | None:
    """Return the expert at the rows of a pool; None if nothing is known."""
    memory = memory_of(space, prior, pool)
    if memory is None:
        return None
    return Expert(memory, ladder_of(space, prior, memory.pool, rungs), names_of(memory))


class Mind:
    """A run's knowledge of its candidates after its trials so far.

    Attributes:
        reached: The highest tried rung of each candidate, ``(m,)``; -1: none.
        foretold: Predicted full score from its last trial, ``(m,)``; NaN: none.
    """

    def __init__(self, expert: Expert) -> None:
        m = len(expert.memory.pool.x)
        self.expert = expert
        self.ensemble = Ensemble(expert.memory, expert.members, TEMPERATURE)
        self.reached: Ints = np.full(m, _NONE, np.int64)
        self.foretold = np.full(m, np.nan)

    @property
    def count(self) -> int:
        """Trials so far."""
        return len(self.ensemble.rows)

    def tell(self, x: Points, row: int, slot: int, score: float) -> None:
        """Learn the score of a point ``(d,)`` at a rung: row `row`, or a point with that nearest row."""
        ladder = self.expert.ladder
        reported = ladder.full_score(slot, row, score)
        self.ensemble.learn(x, row, reported, noise=float(ladder.noise[slot]), full=slot == len(ladder.fidelities) - 1)
        self.reached[row], self.foretold[row] = max(self.reached[row], slot), reported
