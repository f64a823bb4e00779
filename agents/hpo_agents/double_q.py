"""Double Q-learning: two tables; one chooses the best action and the other gives its value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_agents._tabular.rules import Rule, Step, go_on, teach
from hpo_agents._tabular.states import StatesAgent
from hpo_agents._tabular.table import Arrays, QTable, Values
from hpo_gym.base import Floats, Ints
from hpo_gym.optimize import OPTIMIZERS


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
        """Return the number of updates of each pair in either table, ``(states, actions)``, fresh."""
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
        """Return the arrays of both, as ``(2, states, actions)``."""
        a, b = self.a.to_arrays(states), self.b.to_arrays(states)
        return {name: np.stack([a[name], b[name]]) for name in a}

    def from_arrays(self, arrays: Arrays) -> None:
        for i, table in enumerate((self.a, self.b)):
            table.from_arrays({name: arrays[name][i].copy() for name in ("q", "n")})


class DoubleQRule(Rule[DoubleTable]):
    """A coin chooses the table to update; V is the other one's value of the best action in it."""

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


@OPTIMIZERS.register("double-q", family="rl", trainable=True, state="as `sarsa`", action="as there")
class DoubleQ(StatesAgent):
    """Tabular double Q-learning, without the upward bias of the maximum over noisy values.

    The states are those of `q-portfolio` ("trial": the number of proposed trials, and the bucket of the incumbent's
    score) or of `q-learning` ("configuration", "move").

    **Reference**: van Hasselt, "Double Q-learning", NeurIPS 2010, algorithm 1.

    **Differs from the paper**: alpha has a floor; many runs learn side by side, each with a coin of its own (see
    `QTable`); configurations tried by the run are masked, also in a* and b*.

    **Settings**: chosen on the validation split of AutoML. With "trial" the discounts .1 and .2 are level, 0, .5 and .9
    a little worse; with "configuration" those up to .5 are level and .9 is worse. "Trial" and "configuration" are
    level, "move" is worse. The others are those of `q-learning`; `trust` counts the updates of both tables.

    The settings are those of `StatesAgent`.
    """

    name = "double-q"

    def make_rule(self) -> Rule[DoubleTable]:
        """Targets that cross the two tables."""
        return DoubleQRule()
