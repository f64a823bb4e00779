"""Answers of the reward `regret_drop`: by how much the regret falls, from 1 before the first trial."""

from answers.reward_episodes import rewards

EPISODES = [(0.25, 0.5, 0, 0), (0.5625, 0.1875, 0.25, 0), (0, 0, 1, 0)]  # their sums are .75, 1 and 1
CASES = rewards(
    "regret_drop",
    EPISODES,
    initial=[(0, 0), (0.25, 0), (0, 0.25)],
    fidelities=[(1, -1, 0.75, 0), (1, -1, 0, 0)],
    failures=[(0, 0.5, 0), (0, 0.75, 0)],
    minimised=EPISODES,
)
