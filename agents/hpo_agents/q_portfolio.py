"""Tabular Q-learning over the trial's index: a portfolio that is learned by trying."""

from __future__ import annotations

from dataclasses import dataclass

from hpo_agents._tabular.agent import QAgent
from hpo_agents._tabular.designs import Design, Timed
from hpo_agents._tabular.rules import QLearningRule, Rule
from hpo_agents._tabular.table import QTable
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register(
    "q-portfolio",
    family="rl",
    trainable=True,
    state="the trial's index and the bucket of the incumbent's score",
    action="one of 64 candidates",
)
@dataclass(eq=False, repr=False)
class QPortfolio(QAgent):
    """Tabular Q-learning over the trial's index: a portfolio that continues differently on easy and on hard tasks.

    The state is the trial's index and the bucket of the incumbent's score; with one bucket the portfolio is static. The
    index counts the run's own trials, without the initial design.

    **Reference**: Watkins and Dayan, "Q-learning", Machine Learning 8, 1992; portfolios: Feurer, Springenberg and
    Hutter, "Initializing Bayesian hyperparameter optimization via meta-learning", AAAI 2015.

    **Differs from the paper**: alpha has a floor; configurations tried by the run are masked, also in max_a' Q(s', a').
    Every s' is one trial later than any s of its batch, so a batch is exactly the sequential rule.

    **Settings**: chosen on the validation split of AutoML. Three buckets are better than one; 64, 128 and 256
    candidates, half of them the greedy portfolio, are level, and so are discounts of 0 to .2. The rewards "regret_drop"
    and "normalized_improvement" are level; "regret", "log_regret" and "score" are worse. "Level" means: not more apart
    than trainings with two seeds.

    Args:
        candidates: Number of configurations that are actions.
        buckets: Of the incumbent's score: quantiles of the meta-train tasks' best scores.
        gamma: Discount.
        alpha_min: Floor of the step size n^-0.7.
        epsilon_min: Share of random actions at the end of the training; it falls from 1 linearly.
        reward: "regret_drop" (reads the oracle, of training tasks only), or a registered reward.
        budget: Trials of a training episode; later trials of a longer run are like the last.
        steps: Trials of the training; None: 4,000,000 (about four seconds on AutoML).
        runs: Episodes side by side.
        trust: Pairs with fewer updates are chosen last.
    """

    own = ("candidates", "buckets")
    name = "q-portfolio"

    candidates: int = 64
    buckets: int = 3
    gamma: float = 0.1
    alpha_min: float = 0.003
    epsilon_min: float = 0.1
    reward: str = "regret_drop"
    budget: int = 33
    steps: int | None = None
    runs: int = 1024
    trust: int = 20

    def make_design(self) -> Design:
        """Return a table of trial and bucket x candidate."""
        return Timed(self.candidates, self.budget, self.buckets)

    def make_rule(self) -> Rule[QTable]:
        """Return a rule with the maximum over allowed actions in its targets."""
        return QLearningRule()
