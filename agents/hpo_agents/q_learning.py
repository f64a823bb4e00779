"""Tabular Q-learning from configuration to configuration."""

from __future__ import annotations

from dataclasses import dataclass

from hpo_agents._tabular.agent import QAgent
from hpo_agents._tabular.designs import Design, Following
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register(
    "q-learning",
    family="rl",
    trainable=True,
    state="the current configuration",
    action="the next configuration of 64 candidates",
)
@dataclass(eq=False, repr=False)
class QLearning(QAgent):
    """Tabular Q-learning with the current configuration for its state: it learns one path through the search space.

    The action is the next configuration: a table of candidates x candidates and a start state. The state does not hold
    the scores, so a run is one path, the same on every task with the same measured rows.

    **Reference**: Watkins and Dayan, "Q-learning", Machine Learning 8, 1992.

    **Differs from the paper**: alpha has a floor; many runs learn side by side (see `QTable`); configurations tried by
    the run are masked, also in max_a' Q(s', a').

    **Settings**: chosen on the validation split of AutoML. 64 candidates, half of them the greedy portfolio, are level
    with 128 and 256; discounts of 0 and .1 are level, larger ones worse, as the maximum over noisy values adds up, the
    more so the more candidates. The rewards "regret_drop" and "normalized_improvement" are level;
    "regret", "log_regret" and "score" are worse. "Level" means: not more apart than trainings of two seeds.

    Args:
        candidates: Number of configurations that are actions.

    The other settings are those of `QAgent`.
    """

    name = "q-learning"

    candidates: int = 64

    def make_design(self) -> Design:
        """Return a table of configuration x configuration."""
        return Following(self.candidates)
