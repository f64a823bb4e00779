"""Answers of the reward `regret`: minus the normalised regret of the incumbent."""

from answers.reward_episodes import repeats_penalised, rewards

EPISODES = [(-0.75, -0.25, -0.25, -0.25), (-0.4375, -0.25, 0, 0), (-1, -1, 0, 0)]
CASES = rewards(
    "regret",
    EPISODES,
    initial=[(-0.25, -0.25), (0, 0), (-0.25, 0)],
    fidelities=[(0, -1, -0.25, -0.25), (0, -1, -1, -1)],
    failures=[(-1, -0.5, -0.5), (-1, -0.25, -0.25)],
    minimised=EPISODES,  # shares of the range of a task
    more=repeats_penalised("regret", [(-0.75, -0.25, -0.75, -0.25), (-0.4375, -0.25, 0, -0.5), (-1, -1.5, 0, 0)]),
)
