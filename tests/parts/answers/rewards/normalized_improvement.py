"""Answers of the reward `normalized_improvement`: the gain in standard deviations of meta-train."""

from answers.reward_episodes import SQRT_19, repeats_penalised, rewards

EPISODES = [(0, 0.5, 0, 0), (0, 0.5, 1, 0), (0, 0, 0.75, 0)]
CASES = rewards(
    "normalized_improvement",
    EPISODES,
    initial=[(0, 0), (1, 0), (0, 0.25)],
    fidelities=[(1.25, 0, 0.5, 0), (2, 0, 0, 0)],
    failures=[(0, 1 / SQRT_19, 0), (0, 2 / SQRT_19, 0)],
    minimised=EPISODES,  # gains and the deviation are twice as large
    more=repeats_penalised("normalized_improvement", [(0, 0.5, -0.5, 0), (0, 0.5, 1, -0.5), (0, -0.5, 0.75, 0)]),
)
