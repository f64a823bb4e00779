"""Answers of the reward `ahead`: those of `auc`, and the change of what random trials would still gain.

Of j random trials on task a, of regrets 0 1/4 1/2 3/4 1, the best leaves more than 0 with .8^j, 1/4 with .6^j, 1/2 with
.4^j and 3/4 with .2^j. They lower the regret by the quarters below that of the incumbent, each times 1 less its chance:

    trials   1     2     3      4        b, of widths 1/4 3/16 1/16 1/2:   1      2      3      4
    0       .05   .09   .122   .1476                                     .05    .09    .122   .1476
    1/4     .1    .16   .196   .2176                               1/4   .075   .12    .147   .1632
    1/2     .15   .21   .234   .2436                              7/16   .0375  .0525  .0585  .0609
    3/4     .2    .24   .248   .2496                               1/2   .4     .48    .496   .4992

From 1, with four trials, a: .5 + .7 + .8 + .8584 = 2.8584, so that random search has an area of 1 - 2.8584 / 4 =
.2854, and the episodes, of .375 and .5, are behind it by .0896 and .2146; on b 2.9994 and .25015, and .171875 is ahead
by .078275.
"""

from answers.reward_episodes import rewards

EPISODES = [
    # from 3/4 with three trials 1.312, from 1/4 with two .14, with one .05
    (0.25 + (1.312 - 2.8584) / 4, 0.375 + (0.14 - 1.312) / 4, (0.05 - 0.14) / 4, -0.05 / 4),
    # from 7/16 with three .125 + .21 + .269 = .604, from 1/4 with two .14
    (0.5625 + (0.604 - 2.9994) / 4, 0.140625 + (0.14 - 0.604) / 4, 0.125 - 0.14 / 4, 0),
    (-0.8584 / 4, -0.8 / 4, 0.5 - 1.2 / 4, 0),
]
CASES = rewards(
    "ahead",
    EPISODES,
    initial=[((0.05 - 0.14) / 2, -0.05 / 2), (0.25 - 0.14 / 2, 0), ((0.05 - 0.14) / 2, 0.125 - 0.05 / 2)],
    # 2, 2, 1, 0 and 0 trials are left of a budget of 2, and of b 2, 2, 1, 0 and 0
    fidelities=[
        (1 - 1.2 / 2, -0.875 + 0.5 / 2, 0.46875 - 0.5 / 2, 0),
        (1 - 1.305 / 2, -0.875 + 0.5625 / 2, -0.5625 / 2, 0),
    ],
    # a, of 0 1/2 3/4 1 1: from 1 .35, .55 and .674, from 1/2 .1; b, of 0 1/4 7/16 1: from 1 .578125, .77734375 and
    # .8623046875, from 1/4 .0625
    failures=[
        (-0.674 / 3, 1 / 3 + (0.1 - 0.9) / 3, -0.1 / 3),
        (-0.8623046875 / 3, 0.5 + (0.0625 - 1.35546875) / 3, -0.0625 / 3),
    ],
    minimised=EPISODES,
)
