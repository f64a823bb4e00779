"""Play a suite over OpenEnv: `hpo-gym serve SVM --openenv`, then `python openenv_client.py http://127.0.0.1:8000`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from openenv.core.generic_client import GenericEnvClient


def play(address: str, agent: Callable[[str], str], **reset: Any) -> tuple[float, list[dict[str, Any]]]:
    """Play one run; return the sum of the rewards, and the trials.

    Args:
        agent: From the run in words to an answer in words: a language model.
        reset: `seed`, `task`, `index`, `budget`.
    """
    total, trials = 0.0, []
    with GenericEnvClient(base_url=address).sync() as env:
        told = env.reset(**reset)
        while not told.done:
            told = env.step({"text": agent(told.observation["text"])})
            total += told.reward
            trials += [message for message in told.observation["messages"] if message["type"] == "trial"]
    return total, trials


if __name__ == "__main__":
    reward, trials = play(sys.argv[1], lambda text: text.splitlines()[-1], seed=0, budget=3)  # the default, thrice
    print(f"{len(trials)} trials, best score {max(t['score'] for t in trials):.3f}, reward {reward:.3f}")
