"""Tabular Q-learning from configuration to configuration."""

from __future__ import annotations

from dataclasses import dataclass

from hpo_agents._tabular.agent import QAgent
from hpo_agents._tabular.designs import Design, Following
from hpo_agents._tabular.moves import Moves
from hpo_agents._tabular.rules import QLearningRule, Rule
from hpo_agents._tabular.table import QTable
from hpo_gym.base import unknown
from hpo_gym.optimize import OPTIMIZERS

STATES = ("configuration", "move")


@OPTIMIZERS.register(
    "q-learning",
    family="rl",
    trainable=True,
    state='the current configuration (`states="configuration"`), or its grid cell (`"move"`)',
    action="the next configuration of 64 candidates; or one level up or down, or back to the incumbent",
)
@dataclass(eq=False, repr=False)
class QLearning(QAgent):
    """Tabular Q-learning with the current configuration for its state: it learns one path through the search space.

    With ``states="configuration"`` the action is the next configuration: a table of candidates x candidates and a start
    state. With ``"move"`` the state is its grid cell and an action goes one level up or down, or back to the incumbent.
    The state does not hold the scores, so a run is one path, the same on every task with the same measured rows.

    **Reference**: Watkins and Dayan, "Q-learning", Machine Learning 8, 1992.

    **Differs from the paper**: alpha has a floor; many runs learn side by side (see `QTable`); configurations tried by
    the run are masked, also in max_a' Q(s', a').

    **Settings**: chosen on the validation split of AutoML. 64 candidates, half of them the greedy portfolio, are level
    with 128 and 256; discounts of 0 and .1 are level, larger ones worse, as the maximum over noisy values adds up, the
    more so the more candidates. The rewards "regret_drop" and "normalized_improvement" are level (with moves the first
    is better); "regret", "log_regret" and "score" are worse. "Level" means: not more apart than trainings of two seeds.

    Args:
        states: "configuration" or "move".
        candidates: Number of configurations that are actions (for "configuration").
        levels: Levels of a range (for "move").
        max_states: Grid cells that get a row of the table (for "move").

    The other settings are those of `QAgent`.
    """

    name = "q-learning"

    states: str = "configuration"
    candidates: int = 64
    levels: int = 5
    max_states: int = 20_000

    def make_design(self) -> Design:
        """Return the design named by `states`."""
        if self.states not in STATES:
            raise unknown("kind of `states`", self.states, STATES)
        return Following(self.candidates) if self.states == "configuration" else Moves(self.levels, self.max_states)

    def make_rule(self) -> Rule[QTable]:
        """Return a rule with the maximum over allowed actions in its targets."""
        return QLearningRule()
