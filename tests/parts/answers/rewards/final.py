"""Answers of the reward `final`: the score less that of the trial before it, in standard deviations of meta-train.

The first trial counts from the mean of meta-train, .5.
"""

from answers.reward_episodes import SQRT_19, rewards

EPISODES = [(0, 0.5, -0.5, 0.25), (-0.25, 0.75, 1, -1), (-0.25, 0, 1, -0.5)]
CASES = rewards(
    "final",
    EPISODES,
    initial=[(-0.5, 0.25), (1, -1), (0.25, 0.5)],  # from the last row that was given: .75, .75 and .5
    fidelities=[(1.25, -1.5, 0.75, 0.25), (2, -4.5, 2.75, 0.75)],
    # In eighths, of which a deviation has sqrt(19): a 4 to -1.5 to 5 to 4, b 4 to -6 to 6 to -6.
    failures=[(-5.5 / SQRT_19, 6.5 / SQRT_19, -1 / SQRT_19), (-10 / SQRT_19, 12 / SQRT_19, -12 / SQRT_19)],
    minimised=EPISODES,
)
