"""Answers of the reward `auc`: by how much the regret falls, from 1 before the first trial, times the budget left."""

from answers.reward_episodes import rewards

# falls of .25 .5 0 0, of .5625 .1875 .25 0 and of 0 0 1 0, with 1, 3/4, 1/2 and 1/4 of the budget left. Regrets are
# .75 .25 .25 .25, .4375 .25 0 0 and 1 1 0 0, so areas are .375, .171875 and .5: 1 less the sums
EPISODES = [(0.25, 0.375, 0, 0), (0.5625, 0.140625, 0.125, 0), (0, 0, 0.5, 0)]
CASES = rewards(
    "auc",
    EPISODES,
    initial=[(0, 0), (0.25, 0), (0, 0.125)],  # with 1 and 1/2
    fidelities=[(1, -0.875, 0.46875, 0), (1, -0.875, 0, 0)],  # with 1, 7/8 and 5/8 of it left
    failures=[(0, 1 / 3, 0), (0, 0.5, 0)],
    minimised=EPISODES,
)
