"""Sarsa: the value of the runs' actions, random ones included."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpo_agents._tabular.rules import Rule, Step, go_on, teach
from hpo_agents._tabular.states import StatesAgent
from hpo_agents._tabular.table import QTable
from hpo_gym.base import Ints
from hpo_gym.optimize import OPTIMIZERS


class SarsaRule(Rule[QTable]):
    """V is Q(s', a'), where a' is the action that the run takes next: it is chosen before the table learns."""

    reach = 1

    def make_table(self, states: int, actions: int, *, gamma: float, alpha_min: float) -> QTable:
        return QTable(states, actions, gamma=gamma, alpha_min=alpha_min)

    def learn(self, table: QTable, steps: Sequence[Step], rng: np.random.Generator, epsilon: float) -> Ints:
        step = steps[-1]
        a_next = go_on(table, step, rng, epsilon)
        teach(table, step, table.q[step.s_next, a_next])
        return a_next


@OPTIMIZERS.register(
    "sarsa",
    family="rl",
    trainable=True,
    state='that of `q-portfolio` (`states="trial"`) or of `q-learning` (`"configuration"`, `"move"`)',
    action="as there",
)
class Sarsa(StatesAgent):
    """Tabular Sarsa: learns on policy, so its values count on the random actions of the training.

    The states are those of `q-portfolio` ("trial": the number of proposed trials, and the bucket of the incumbent's
    score) or of `q-learning` ("configuration", "move").

    **Reference**: Rummery and Niranjan, "On-line Q-learning using connectionist systems", report CUED/F-INFENG/TR 166,
    Cambridge University, 1994 (there "modified connectionist Q-learning"); Sutton and Barto, "Reinforcement Learning",
    2nd edition, 2018, section 6.4.

    **Differs from the paper**: a table, without eligibility traces; alpha has a floor; many runs learn side by side
    (see `QTable`); a' is drawn from configurations new to the run. A tuning run is greedy, while the values are those
    of a policy with `epsilon_min` random actions at last.

    **Settings**: chosen on the validation split of AutoML. With "trial" the discounts 0 to .9 are level, with
    "configuration" .5 and .9 are worse. "Trial" and "configuration" are level, "move" is worse. The others are those of
    `q-learning`.

    The settings are those of `StatesAgent`.
    """

    name = "sarsa"

    def make_rule(self) -> Rule[QTable]:
        """Targets with the action that is taken next."""
        return SarsaRule()
