"""Answers of the reward `regret_rate`: minus the regret before the trial, times the share of the budget that it took.

Before the first trial that is the regret of a random configuration. A budget in cost: `test_budget_cost`.
"""

from answers.reward_episodes import rewards

# a quarter of the budget of 4 each: of .5 .75 .25 .25, of .4375 .4375 .25 0, of .5 1 1 0
EPISODES = [(-0.125, -0.1875, -0.0625, -0.0625), (-0.109375, -0.109375, -0.0625, 0), (-0.125, -0.25, -0.25, 0)]
CASES = rewards(
    "regret_rate",
    EPISODES,
    initial=[(-0.125, -0.125), (-0.125, 0), (-0.125, -0.125)],  # a half each, from .25, what was given
    # of the budget of 2: an eighth of .5, a quarter of 0, a half of 1, an eighth of .25;
    # an eighth of .4375, a half of 0, a quarter and an eighth of 1
    fidelities=[(-0.0625, 0, -0.5, -0.03125), (-0.0546875, 0, -0.25, -0.125)],
    # A third each. Of a the random regret is (.75 + .5 + 0 + 1 + 1) / 5 = .65, then 1, for nothing has succeeded, then
    # .5; of b that of four rows is (0 + 1 + .4375 + .25) / 4 = .421875, then 1, then .25.
    failures=[(-0.65 / 3, -1 / 3, -0.5 / 3), (-0.140625, -1 / 3, -0.25 / 3)],
    minimised=EPISODES,
)
