"""One configuration trained on one problem: three trainings side by side, judged at each fidelity."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from hpo_builders.control.counts import SHARES
from hpo_builders.control.es import es
from hpo_builders.control.ppo import ppo
from hpo_builders.control.problem import ControlProblem, Generators
from hpo_builders.control.q import q
from hpo_builders.control.reinforce import reinforce
from hpo_builders.control.rollouts import Greedy, Sight, judged, sight
from hpo_gym.base import Floats, seeding

REPEATS = 3
Learner = Callable[[ControlProblem, Mapping[str, Any], Generators, Sight], Iterator[Greedy]]
LEARNERS: Mapping[str, Learner] = {"es": es, "ppo": ppo, "q": q, "reinforce": reinforce}


def learn(
    problem: ControlProblem, config: Mapping[str, Any], seed: int, repeats: int = REPEATS
) -> tuple[Floats, Floats, Floats]:
    """Scores ``(f, r)`` of trainings with seeds of their own, test scores ``(r,)`` at full fidelity, seconds ``(f,)``.

    Scores are NaN from the fidelity on at which the weights of a training are not finite; the others end with it.
    Processor seconds are of all trainings together: from the start to each fidelity, validation until there included.
    """
    generators = [seeding.generator(seeding.key("training", seed, i)) for i in range(repeats)]
    scores, tests = np.full((len(SHARES), repeats), np.nan), np.full(repeats, np.nan)
    seconds = np.empty(len(SHARES))
    with np.errstate(all="ignore"):
        start = time.process_time()
        see = sight(problem, config["observations"], generators)
        for f, policy in enumerate(LEARNERS[config["algorithm"]](problem, config, generators, see)):
            if policy.finite:
                scores[f] = judged(problem, policy, see, problem.validation, problem.nothing[0])
            seconds[f:] = time.process_time() - start
            if not policy.finite:
                break
            if f == len(SHARES) - 1:
                tests = judged(problem, policy, see, problem.test, problem.nothing[1])
    return scores, tests, seconds
