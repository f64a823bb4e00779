"""Answers of the reward `score`: the score of the trial."""

from answers.reward_episodes import repeats_penalised, rewards

PENALISED = [(0.5, 0.75, 0, 0.625), (0.375, 0.75, 1.25, 0.25), (0.375, -0.125, 0.875, 0.625)]
CASES = rewards(
    "score",
    [(0.5, 0.75, 0.5, 0.625), (0.375, 0.75, 1.25, 0.75), (0.375, 0.375, 0.875, 0.625)],
    initial=[(0.5, 0.625), (1.25, 0.75), (0.625, 0.875)],
    fidelities=[(1.125, 0.375, 0.75, 0.875), (1.5, -0.75, 0.625, 1)],
    failures=[(-0.1875, 0.625, 0.5), (-0.75, 0.75, -0.75)],
    minimised=[(-1.5, -1, -1.5, -1.25), (-1.75, -1, 0, -1), (-1.75, -1.75, -0.75, -1.25)],
    more=repeats_penalised("score", PENALISED),
)
