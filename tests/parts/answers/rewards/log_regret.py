"""Answers of the reward `log_regret`: minus log10 of the regret + .001."""

from answers.reward_episodes import rewards

# minus log10 of .751, .251, .4385, .501, 1.001 and .001
OF_75, OF_25, OF_4375, OF_50, OF_1, OF_0 = 0.12436006, 0.60032628, 0.35803040, 0.30016227, -0.00043408, 3
EPISODES = [(OF_75, OF_25, OF_25, OF_25), (OF_4375, OF_25, OF_0, OF_0), (OF_1, OF_1, OF_0, OF_0)]
CASES = rewards(
    "log_regret",
    EPISODES,
    initial=[(OF_25, OF_25), (OF_0, OF_0), (OF_25, OF_0)],
    fidelities=[(OF_0, OF_1, OF_25, OF_25), (OF_0, OF_1, OF_1, OF_1)],
    failures=[(OF_1, OF_50, OF_50), (OF_1, OF_25, OF_25)],
    minimised=EPISODES,
)
