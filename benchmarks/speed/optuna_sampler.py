"""What Optuna's ask and tell cost with `HPOGymSampler`, after some trials: CPU ms, median and 95th percentile.

    python benchmarks/speed/optuna_sampler.py

A study in memory, six hyperparameters, one trial at a time; `in turn` is the usual case, `anew` the first proposal of a
process that opens a study of so many trials, `beside` one while another trial runs.
"""

from __future__ import annotations

import argparse
import math
import os
import time

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import numpy as np
import optuna

import hpo_gym

known = optuna.distributions
SPACE = {
    "act": known.CategoricalDistribution(["relu", "tanh", "gelu"]),
    "depth": known.IntDistribution(1, 8),
    "dropout": known.FloatDistribution(0.0, 0.9),
    "lr": known.FloatDistribution(1e-5, 1.0, log=True),
    "wd": known.FloatDistribution(1e-6, 0.1, log=True),
    "width": known.IntDistribution(16, 512, log=True),
}
AT, AROUND = (33, 300), 10  # numbers of trials, and how many before and after are timed
OURS = ("random", "gp-ei", "de", "cma-es", "tpe")


def value(params: dict) -> float:
    lr, wd = math.log10(params["lr"]) + 2, math.log10(params["wd"]) + 4
    return lr**2 + 0.1 * wd**2 + params["dropout"] + 0.1 * abs(params["depth"] - 4) + (params["act"] == "tanh")


def timed(study: optuna.Study) -> float:
    begun = time.process_time()
    trial = study.ask(SPACE)
    found = value(trial.params)
    study.tell(trial, found)
    return 1000 * (time.process_time() - begun)


def samplers(budget: int) -> dict:
    made = {name: lambda n=name: hpo_gym.HPOGymSampler(n, space=SPACE, budget=budget, seed=0) for name in OURS}
    return {**made, "Optuna's TPE": lambda: optuna.samplers.TPESampler(seed=0)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few trials")
    small = parser.parse_args().small
    at, around = ((8,), 2) if small else (AT, AROUND)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    heads = [f"{what} at {n}" for n in at for what in ("in turn", "beside", "anew")]
    print(f"| sampler | {' | '.join(heads)} |\n|---|{'---:|' * len(heads)}")
    for name, make in samplers(max(at)).items():
        study, cells = optuna.create_study(sampler=make()), []
        spent: list[float] = []
        for n in at:
            while len(spent) < n + around:
                spent.append(timed(study))
            turn = spent[n - around :]
            beside, anew = [], []
            for _ in range(3):
                other = optuna.create_study(sampler=make())
                other.add_trials(study.trials[:n])
                anew.append(timed(other))
            other.ask(SPACE)  # it runs, to the end
            beside += [timed(other) for _ in range(2 * around)]
            cells += [f"{np.median(ms):.1f} ({np.quantile(ms, 0.95):.1f})" for ms in (turn, beside)]
            cells.append(f"{np.median(anew):.0f}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
