"""Answers of the scale `rank`: the share of the trials that are worse less the share that are better."""

from answers.score_episodes import scale

EPISODES = (
    [
        (0,),
        (-0.5, 0.5),
        (-1 / 3, 2 / 3, -1 / 3),  # of three, one is better than .5 and two are worse than .75
        (-0.5, 0.75, -0.5, 0.25),  # of four, two are worse than .625 and one is better
    ],
    [(0,), (-0.5, 0.5), (-2 / 3, 0, 2 / 3), (-0.75, 0, 0.75, 0)],
)
CASES = scale("rank", EPISODES)
