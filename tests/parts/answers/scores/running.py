"""Answers of the scale `running`: standardised by the run's own trials so far."""

from answers.score_episodes import scale

EPISODES = (
    [
        (0,),
        (-1, 1),  # two that differ are one deviation from their mean
        (-0.70710678, 1.41421356, -0.70710678),  # (-1 2 -1) / sqrt(2)
        (-0.90453403, 1.50755672, -0.90453403, 0.30151134),  # (-3 5 -3 1) / sqrt(11), in 32nds from 19 / 32
    ],
    [
        (0,),
        (-1, 1),
        (-1.16247639, -0.11624764, 1.27872403),  # (-10 -1 11) / sqrt(74), in 24ths from 19 / 24
        (-1.30654916, -0.10050378, 1.50755672, -0.10050378),  # (-13 -1 15 -1) / sqrt(99), in 32nds from 25 / 32
    ],
)
CASES = scale("running", EPISODES)
