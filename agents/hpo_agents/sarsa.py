"""Sarsa: the value of what the runs do, their random actions included."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpo_agents.q_agent import QAgent
from hpo_agents.q_designs import Design
from hpo_agents.q_rules import Rule, Step, go_on, teach
from hpo_agents.q_states import design_of
from hpo_agents.q_table import Ints, QTable
from hpo_gym.optimizer import OPTIMIZERS


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


@OPTIMIZERS.register("sarsa", family="rl", trainable=True)
class Sarsa(QAgent):
    """Tabular Sarsa: learns on policy, so its values count on the random actions of the training.

    The states are those of `q-portfolio` ("trial": how many trials were asked for, and the bucket of the incumbent's
    score) or of `q-learning` ("configuration", "move").

    **Reference**: Rummery and Niranjan, "On-line Q-learning using connectionist systems", report CUED/F-INFENG/TR 166,
    Cambridge University, 1994 (there "modified connectionist Q-learning"); Sutton and Barto, "Reinforcement Learning",
    2nd edition, 2018, section 6.4.

    **Differs from the paper**: a table, without eligibility traces; alpha has a floor; many runs learn side by side
    (see `QTable`); a' is drawn from what the run has not tried. A tuning run is greedy, while the values are those of a
    policy whose share of random actions was `epsilon_min` at last.

    **Settings**: chosen on the validation split of AutoML. With "trial" the discounts 0 to .9 are level, with
    "configuration" .5 and .9 are worse. "Trial" and "configuration" are level, "move" is worse. The others are those of
    `q-learning`.

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
    name = "sarsa"

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

    def make_rule(self) -> Rule[QTable]:
        """Targets with the action that is taken next."""
        return SarsaRule()
