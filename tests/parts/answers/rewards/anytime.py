"""Answers of the reward `anytime`: the gain in standard deviations of meta-train, times the budget left before."""

from answers.reward_episodes import SQRT_19, repeats_penalised, rewards

# gains of 0 .5 0 0, of 0 .5 1 0 and of 0 0 .75 0, with 1, 3/4, 1/2 and 1/4 of the budget left
EPISODES = [(0, 0.375, 0, 0), (0, 0.375, 0.5, 0), (0, 0, 0.375, 0)]
CASES = rewards(
    "anytime",
    EPISODES,
    initial=[(0, 0), (1, 0), (0, 0.125)],  # with 1 and 1/2
    fidelities=[(1.25, 0, 0.3125, 0), (2, 0, 0, 0)],  # row 4 of a gains .5 with 5/8 left
    failures=[(0, 2 / 3 / SQRT_19, 0), (0, 4 / 3 / SQRT_19, 0)],
    minimised=EPISODES,
    more=repeats_penalised("anytime", [(0, 0.375, -0.5, 0), (0, 0.375, 0.5, -0.5), (0, -0.5, 0.375, 0)]),
)
