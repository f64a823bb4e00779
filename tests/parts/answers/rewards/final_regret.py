"""Answers of the reward `final_regret`: by how much the regret of the current score falls, from 1.

That regret is .75 .25 .75 .5 in the first episode, .4375 .25 0 .25 in the second, 1 1 0 .5 in the third.
"""

from answers.reward_episodes import rewards

EPISODES = [(0.25, 0.5, -0.5, 0.25), (0.5625, 0.1875, 0.25, -0.25), (0, 0, 1, -0.5)]
CASES = rewards(
    "final_regret",
    EPISODES,
    initial=[(-0.5, 0.25), (0.25, -0.25), (0.25, 0.5)],  # from .25, .25 and .75
    fidelities=[(1, -1, 0.75, 0.25), (1, -1, 0.6875, 0.1875)],  # regret 0 1 .25 0 and 0 1 .3125 .125
    failures=[(0, 0.5, -0.25), (0, 0.75, -0.75)],  # regret 1 .5 .75 and 1 .25 1
    minimised=EPISODES,
)
