"""Answers of the reward `cost_aware`: the gain in deviations, less .05 x cost / 2.

A cost of 1 takes .025, of 2 .05, of 4 .1.
"""

from answers import Case
from answers.reward_episodes import SQRT_19, THREE, repeats_penalised, rewards

EPISODES = [(-0.025, 0.45, -0.025, -0.05), (-0.05, 0.475, 0.9, -0.025), (-0.025, -0.025, 0.65, -0.05)]
PENALISED = [(-0.025, 0.45, -0.525, -0.05), (-0.05, 0.475, 0.9, -0.525), (-0.025, -0.525, 0.65, -0.05)]
# less .5 x cost / 2: .25, .5 and 1
DEAR = [(-0.25, 0, -0.25, -0.5), (-0.5, 0.25, 0, -0.25), (-0.25, -0.25, -0.25, -0.5)]
FREE = [(0, 0.5, 0, 0), (0, 0.5, 1, 0), (0, 0, 0.75, 0)]
CASES = rewards(
    "cost_aware",
    EPISODES,
    initial=[(-0.025, -0.05), (0.9, -0.025), (-0.05, 0.15)],
    fidelities=[(1.225, -0.0125, 0.45, -0.0125), (1.975, -0.025, -0.0125, -0.00625)],
    failures=[(-0.05, 1 / SQRT_19 - 0.05, -0.025), (-0.025, 2 / SQRT_19 - 0.025, -0.025)],
    minimised=EPISODES,
    more={
        **repeats_penalised("cost_aware", PENALISED),
        "ten times the weight": Case({"name": "cost_aware", "weight": 0.5}, THREE, DEAR),
        "no weight": Case({"name": "cost_aware", "weight": 0}, THREE, FREE),
    },
)
