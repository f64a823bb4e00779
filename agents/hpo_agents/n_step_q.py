"""n-step Q-learning: a target of several rewards, cut where a run leaves the greedy policy (tree backup)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hpo_agents._tabular.rules import Rule, Step, go_on, teach
from hpo_agents._tabular.states import StatesAgent
from hpo_agents._tabular.table import QTable
from hpo_gym.base import Floats, Ints, whole
from hpo_gym.optimize import OPTIMIZERS


@dataclass(frozen=True)
class NStepRule(Rule[QTable]):
    """Steps learn once `reach` of them are known, or the episode is over; V is the return from s' on.

    The target policy is greedy in the table at the time of the update, so every weight of the tree backup is 0 or 1:
    after a greedy action, V is its reward and gamma times the rest; otherwise, and after the last step, V is the
    highest value in s'. With a reach of 1 this is `QLearningRule`, bit for bit.

    Args:
        reach: Rewards in a target, n in the book.
    """

    reach: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "reach", whole("n_steps", self.reach))

    def make_table(self, states: int, actions: int, *, gamma: float, alpha_min: float) -> QTable:
        return QTable(states, actions, gamma=gamma, alpha_min=alpha_min)

    def learn(self, table: QTable, steps: Sequence[Step], rng: np.random.Generator, epsilon: float) -> Ints:
        known = list(steps)
        due = len(known) if known[-1].last else int(len(known) == self.reach)
        for i in range(due):
            teach(table, known[i], _following(table, known[i:]))
        return go_on(table, steps[-1], rng, epsilon)


def _following(table: QTable, steps: Sequence[Step]) -> Floats:
    """V of the first of some steps, ``(n,)``: eq. 7.16 for a greedy policy."""
    value = table.best(steps[-1].s_next, steps[-1].allowed)
    for step, then in reversed(list(pairwise(steps))):
        along = then.r + table.gamma * np.where(then.over, 0.0, value)
        best = table.best(step.s_next, step.allowed)
        value = np.where(table.q[then.s, then.a] >= best, along, best)  # equals count as greedy
    return value


@OPTIMIZERS.register("n-step-q", family="rl", trainable=True, state="as `sarsa`", action="as there")
@dataclass(eq=False, repr=False, kw_only=True)
class NStepQ(StatesAgent):
    """Tabular Q-learning with n-step returns, off policy by tree backup with a greedy target policy.

    A target takes the rewards of `n_steps` trials as long as the run's actions are greedy, and the highest value once
    they cease to be, or the rewards end. So random actions do not bend it: its fixed point is that of Q-learning.

    The states are those of `q-portfolio` ("trial": the number of proposed trials, and the bucket of the incumbent's
    score) or of `q-learning` ("configuration", "move").

    **Reference**: Precup, Sutton and Singh, "Eligibility traces for off-policy policy evaluation", ICML 2000 (tree
    backup); Sutton and Barto, "Reinforcement Learning", 2nd edition, 2018, section 7.5. With a greedy target policy it
    cuts where Watkins's Q(lambda) does: Watkins, "Learning from delayed rewards", PhD thesis, Cambridge, 1989.

    **Differs from the paper**: the target policy is greedy, not given; alpha has a floor; many runs learn side by side
    (see `QTable`); configurations tried by the run are masked in every value of a target.

    **Settings**: chosen on the validation split of AutoML. 1, 3 and 5 steps are level, and so are the discounts 0 to
    .5; .9 is worse. "Trial" and "configuration" are level, "move" is worse. The others are those of `q-learning`.

    Args:
        n_steps: Rewards in a target; 1 is Q-learning.

    The other settings are those of `StatesAgent`.
    """

    name = "n-step-q"

    n_steps: int = 3

    def make_rule(self) -> Rule[QTable]:
        """Targets of `n_steps` rewards."""
        return NStepRule(self.n_steps)
