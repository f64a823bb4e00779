"""Tabular Q-learning over the trial's index: a portfolio that is learned by trying."""

from __future__ import annotations

from dataclasses import dataclass

from hpo_agents._tabular.agent import QAgent
from hpo_agents._tabular.designs import Design, Timed
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

    The other settings are those of `QAgent`. Trials after those of a training episode are like its last.
    """

    name = "q-portfolio"

    candidates: int = 64
    buckets: int = 3

    def make_design(self) -> Design:
        """Return a table of trial and bucket x candidate."""
        return Timed(self.candidates, self.budget, self.buckets)
