"""Answers of the scale `raw`: the scores themselves, .5 .75 .5 .625 and .375 .75 1.25 .75."""

from answers.score_episodes import scale

EPISODES = (
    [(0.5,), (0.5, 0.75), (0.5, 0.75, 0.5), (0.5, 0.75, 0.5, 0.625)],
    [(0.375,), (0.375, 0.75), (0.375, 0.75, 1.25), (0.375, 0.75, 1.25, 0.75)],
)
CASES = scale("raw", EPISODES)
