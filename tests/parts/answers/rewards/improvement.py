"""Answers of the reward `improvement`: the gain over the incumbent, which counts from the mean of meta-train."""

from answers.reward_episodes import rewards

CASES = rewards(
    "improvement",
    [(0, 0.25, 0, 0), (0, 0.25, 0.5, 0), (0, 0, 0.375, 0)],  # from .5: .375 to .75 is a gain of .25
    initial=[(0, 0), (0.5, 0), (0, 0.125)],
    fidelities=[(0.625, 0, 0.25, 0), (1, 0, 0, 0)],  # a fall costs nothing; on a .375 to .75 counts from .5
    failures=[(0, 0.125, 0), (0, 0.25, 0)],
    minimised=[(0, 0.5, 0, 0), (0, 0.5, 1, 0), (0, 0, 0.75, 0)],  # from a loss of 1.5
)
