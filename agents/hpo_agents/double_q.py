"""Double Q-learning: two tables, of which one chooses the best action and the other says what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_agents.q_agent import QAgent
from hpo_agents.q_designs import Design
from hpo_agents.q_rules import Rule, Step, go_on, teach
from hpo_agents.q_states import design_of
from hpo_agents.q_table import Arrays, Floats, Ints, QTable, Values
from hpo_gym.optimizer import OPTIMIZERS


class DoubleTable(Values):
    """Two tables; their mean is acted by, and their updates are counted together.

    Attributes:
        a, b: The two, of one shape.
    """

    def __init__(self, a: QTable, b: QTable) -> None:
        self.a, self.b = a, b

    @property
    def q(self) -> Floats:
        """Mean values ``(states, actions)``, fresh."""
        return (self.a.q + self.b.q) / 2.0

    @property
    def n(self) -> Ints:
        """How often each pair was updated in either table, ``(states, actions)``, fresh."""
        return self.a.n + self.b.n

    def values(self, s: Ints) -> Floats:
        return (self.a.q[s] + self.b.q[s]) / 2.0

    def counts(self, s: Ints) -> Ints:
        return self.a.n[s] + self.b.n[s]

    def copy(self) -> DoubleTable:
        return DoubleTable(self.a.copy(), self.b.copy())

    def grow(self, states: int) -> None:
        self.a.grow(states)
        self.b.grow(states)

    def to_arrays(self, states: int | None = None) -> dict[str, NDArray[Any]]:
        """The arrays of both, as ``(2, states, actions)``."""
        a, b = self.a.to_arrays(states), self.b.to_arrays(states)
        return {name: np.stack([a[name], b[name]]) for name in a}

    def from_arrays(self, arrays: Arrays) -> None:
        for i, table in enumerate((self.a, self.b)):
            table.from_arrays({name: arrays[name][i].copy() for name in ("q", "n")})


class DoubleQRule(Rule[DoubleTable]):
    """A coin says which table learns; V is the other one's value of the action that is best in the one that learns."""

    reach = 1

    def make_table(self, states: int, actions: int, *, gamma: float, alpha_min: float) -> DoubleTable:
        a, b = (QTable(states, actions, gamma=gamma, alpha_min=alpha_min) for _ in range(2))
        return DoubleTable(a, b)

    def learn(self, table: DoubleTable, steps: Sequence[Step], rng: np.random.Generator, epsilon: float) -> Ints:
        step, a, b = steps[-1], table.a, table.b
        heads = rng.random(len(step.s)) < 0.5
        of_a = b.q[step.s_next, a.greedy(step.s_next, step.allowed)]  # Q_B(s', a*)
        of_b = a.q[step.s_next, b.greedy(step.s_next, step.allowed)]  # Q_A(s', b*)
        teach(a, step, of_a, heads)
        teach(b, step, of_b, ~heads)
        return go_on(table, step, rng, epsilon)


@OPTIMIZERS.register("double-q", family="rl", trainable=True)
class DoubleQ(QAgent):
    """Tabular double Q-learning, without the bias upwards that the maximum over noisy values has.

    The states are those of `q-portfolio` ("trial": how many trials were asked for, and the bucket of the incumbent's
    score) or of `q-learning` ("configuration", "move").

    **Reference**: van Hasselt, "Double Q-learning", NeurIPS 2010, algorithm 1.

    **Differs from the paper**: alpha has a floor; many runs learn side by side, each with a coin of its own (see
    `QTable`); configurations that the run has tried are masked, also in a* and b*.

    **Settings**: chosen on the validation split of AutoML. With "trial" the discounts .1 and .2 are level, 0, .5 and .9
    a little worse; with "configuration" those up to .5 are level and .9 is worse. "Trial" and "configuration" are
    level, "move" is worse. The others are those of `q-learning`; `trust` counts the updates of both tables.

    Args:
        states: "configuration", "move" or "trial".
        candidates: How many configurations are actions (for "configuration" and "trial").
        levels: Levels of a range (for "move").
        max_states: Grid cells that get a row of the table (for "move").
        buckets: Of the incumbent's score (for "trial").
        gamma: Discount.
        alpha_min: Floor of the step size n^-0.7.
        epsilon_min: Share of random actions at the end of the training; it falls from 1 linearly.
        reward: "regret_drop" (which reads the oracle, of training tasks only), or a registered reward.
        budget: Trials of a training episode.
        steps: Trials of the training; None: 4,000,000, with moves 1,000,000 (three to six seconds on AutoML).
        runs: Episodes side by side.
        trust: Pairs with fewer updates are chosen last.
    """

    own = ("states", "candidates", "levels", "max_states", "buckets")
    name = "double-q"

    def __init__(
        self,
        states: str = "trial",
        candidates: int = 64,
        levels: int = 5,
        max_states: int = 20_000,
        buckets: int = 3,
        gamma: float = 0.1,
        alpha_min: float = 0.003,
        epsilon_min: float = 0.1,
        reward: str = "regret_drop",
        budget: int = 33,
        steps: int | None = None,
        runs: int = 1024,
        trust: int = 20,
    ) -> None:
        self.states, self.candidates, self.levels = states, candidates, levels
        self.max_states, self.buckets = max_states, buckets
        self.gamma, self.alpha_min, self.epsilon_min, self.reward = gamma, alpha_min, epsilon_min, reward
        self.budget, self.steps, self.runs, self.trust = budget, steps, runs, trust

    def make_design(self) -> Design:
        """The design that `states` names."""
        return design_of(
            self.states,
            candidates=self.candidates,
            levels=self.levels,
            max_states=self.max_states,
            horizon=self.budget,
            buckets=self.buckets,
        )

    def make_rule(self) -> Rule[DoubleTable]:
        """Targets that cross the two tables."""
        return DoubleQRule()
