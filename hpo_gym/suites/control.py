"""The suite `Control`: reinforcement learning of small policies for control, trained for this package."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("Control", kind="table")
def control() -> TableSuite:
    """Choose an algorithm and its settings to learn a policy for a system (PPO, REINFORCE, ES, Q-learning).

    **Search space**: 34 columns, 8 to 13 of them active: the algorithm, whether observations are standardised, the
    discount as `horizon` = 1 / (1 - discount), hidden units of policy and critic (0: linear), and settings of one
    algorithm: learning rates, batches, entropy, clip and GAE lambda of PPO, baseline of REINFORCE, sigma and population
    of the evolution strategy, exploration, traces, optimism and features (tiles, with one tiling a table, or random
    Fourier features) of Q-learning. The default is PPO with its usual settings.

    **Score**: mean reward a step of the greedy policy in 128 validation episodes, 0 for doing nothing, 1 for the
    highest reward at each step (unreachable); it may be below 0. The mean over three trainings; single scores are kept.
    Test score: of the same policies in 256 other episodes with other physics of the same narrow range.
    **Cost**: processor seconds to train and validate all three policies. **Fidelities**: 1/9, 1/3 and all of the
    115,200 environment steps of one training. A configuration fails from the first fidelity with a weight that is not
    finite in one of its trainings.

    **Tasks**: a cart-pole, a pendulum, a reacher of two links, a mountain car, an acrobot, and a cart with two poles,
    each with masses, lengths, forces and units of the sensors drawn by the task's name, `<system>-<number>`. All choose
    among -1, 0 and 1 of the largest force or torque at each output, in episodes of 100 steps.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: our own training with NumPy. How the table was made:
    `benchmarks/builders/hpo_builders/trained/control.py`.
    """
    return load_folder(DATA / "Control")
