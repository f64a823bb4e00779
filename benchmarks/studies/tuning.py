"""Tunes the agents that Stable-Baselines3 trains, with hpo-gym itself; `benchmarks/studies/tuning/` has what was found.

    python benchmarks/studies/tuning.py [AGENT ...]       # go on with what is missing
    python benchmarks/studies/tuning.py --show            # the best of each agent

The objective is the mean, over suites, of the regret on the *validation* data sets as a share of the portfolio's, of
the policy that a short training keeps. Configurations are drawn once and trained with one seed; the first, ``{}``, is
the base: the settings that the agent's file had when its tuning began. The best two and the base are then trained with
fresh seeds, which alone decide among the three. What was taken stands in `docs/agents.md`.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace

import hpo_gym

FOUND = Path(__file__).resolve().parent / "tuning"
SUITES = {"SVM": 0.0229, "AutoML": 0.0729, "Boosting": 0.0453}
"""The mean regret of the portfolio over 33 trials on the validation data sets."""
WHERE = ("SVM", "AutoML")
POOLS = ("SVM", "Boosting")
"""Where agents are tuned, and those over pools, which take minutes on a large one."""
DRAWN, AGAIN = 8, 2
SCREEN, FRESH = (0,), (1, 2, 3)
"""Seeds of the trainings that screen, and of those that decide. A seed draws the candidates too, so one seed compares
configurations with the same candidates."""

_ANY: dict[str, Any] = {"observer": ["last", "summary"], "network": ["64,64", "128,128", "256"]}
_RATE, _GAMMA = (3e-4, 3e-3), [0.0, 0.3, 0.7]
_PPO: dict[str, Any] = {
    **_ANY, "learning_rate": _RATE, "gamma": _GAMMA, "ent_coef": [0.0, 0.003, 0.01, 0.03],
    "n_epochs": [2, 4, 8], "batch_size": [264, 528, 1056],
}  # fmt: skip
_DQN: dict[str, Any] = {
    **_ANY, "learning_rate": (1e-4, 2e-3), "gamma": _GAMMA, "gradient_steps": [2, 4, 8],
    "target_update_interval": [100, 200, 1000], "exploration_fraction": [0.3, 0.5, 0.8],
    "exploration_final_eps": [0.02, 0.1],
}  # fmt: skip
_BOX: dict[str, Any] = {**_ANY, "learning_rate": _RATE, "gamma": [0.0, 0.3], "gradient_steps": [2, 4, 8]}
_SAC: dict[str, Any] = {**_BOX, "ent_coef": (1e-4, 1e-2)}
_POOL: dict[str, Any] = {
    "kind": ["deepsets", "set-transformer"], "sharpness": (0.5, 4.0), "network": ["16", "32", "64"],
    "learning_rate": (1e-4, 1e-3), "gamma": _GAMMA, "ent_coef": [0.0, 0.003, 0.01], "n_epochs": [3, 6, 10],
}  # fmt: skip
SPACES: dict[str, tuple[int, dict[str, Any]]] = {
    "maskable-ppo": (100_000, _PPO),
    "ppo": (100_000, _PPO),
    "recurrent-ppo": (60_000, _PPO),
    "a2c": (100_000, {k: v for k, v in _PPO.items() if k not in ("n_epochs", "batch_size")} | {"n_steps": [5, 11, 33]}),
    "trpo": (100_000, {**_ANY, "learning_rate": _RATE, "gamma": _GAMMA, "target_kl": [0.005, 0.01, 0.02, 0.05]}),
    "dqn": (100_000, _DQN),
    "qr-dqn": (60_000, _DQN),
    "sac": (40_000, _SAC),
    "tqc": (40_000, _SAC),
    "td3": (40_000, {**_BOX, "action_noise": [0.1, 0.2, 0.3, 0.5]}),
    "ppo-pool": (24_000, _POOL),
}
"""Trials of a training, and the space: choices, or a range on a logarithmic scale. `ppo-bare` does what
`maskable-ppo` does, and takes its settings."""


def where(agent: str) -> tuple[str, ...]:
    """The suites on which an agent is tuned."""
    return POOLS if agent == "ppo-pool" else WHERE


def drawn(agent: str) -> list[dict[str, Any]]:
    """The settings of the file (none given), and what is drawn."""
    space = ConfigurationSpace()
    for name, values in SPACES[agent][1].items():
        from ConfigSpace import Categorical, Float

        log = isinstance(values, tuple)
        space.add(Float(name, values, log=True) if log else Categorical(name, [str(v) for v in values]))
    search = hpo_gym.make_optimizer("sobol")
    search.reset(hpo_gym.Context(hpo_gym.SearchSpace(space), DRAWN), np.random.default_rng(7))
    out: list[dict[str, Any]] = [{}]
    for _ in range(DRAWN):
        query = search.ask()
        assert query is not None
        out.append({k: float(f"{v:.2g}") if isinstance(v, float) else v for k, v in query.config.items()})
        search.tell(hpo_gym.Trial(query, 0.0, 1.0))
    return out


def settings_of(base: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """The base with a configuration in it, as settings of an agent."""
    settings: dict[str, Any] = {**base, "algorithm": dict(base["algorithm"]), "segments": 8}
    for name, value in config.items():
        if name == "network":
            settings[name] = [int(width) for width in value.split(",")]
        elif name in base:
            settings[name] = value
        else:
            settings["algorithm"][name] = json.loads(value) if isinstance(value, str) else value
    if "learning_rate" in config and "final_learning_rate" in base["algorithm"]:
        settings["algorithm"]["final_learning_rate"] = config["learning_rate"] / 10
    return settings


def share(agent: str, settings: dict[str, Any], suite: str, seed: int) -> float:
    """Regret as a share of the portfolio's."""
    made: Any = hpo_gym.make_optimizer(agent, **settings)
    loaded = hpo_gym.load_suite(suite)
    rng, validation, steps = np.random.default_rng(seed), loaded.tasks("val"), SPACES[agent][0]
    curve = made.train_in(None, loaded.tasks("train"), rng, validation=validation, steps=steps)
    best: float = min(regret for _, regret in curve)
    return round(best / SUITES[suite], 4)


def tune(agent: str) -> None:
    """Train what is missing; each result is written at once."""
    path = FOUND / f"{agent}.json"
    if path.is_file():
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    else:
        made: Any = hpo_gym.make_optimizer(agent)
        base = dict(made.settings)
        found = {"base": base, "tried": [{"config": config, "shares": {}} for config in drawn(agent)]}
    tried = found["tried"]

    def ask(one: dict[str, Any], seeds: tuple[int, ...]) -> None:
        for seed, suite in itertools.product(seeds, where(agent)):
            key = f"{suite} {seed}"
            if key not in one["shares"]:
                one["shares"][key] = share(agent, settings_of(found["base"], one["config"]), suite, seed)
                FOUND.mkdir(exist_ok=True)
                path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
                print(agent, key, one["shares"][key], one["config"], flush=True)

    for one in tried:
        ask(one, SCREEN)
    for one in (tried[0], *sorted(tried[1:], key=lambda one: mean(agent, one, SCREEN))[:AGAIN]):
        ask(one, FRESH)


def mean(agent: str, one: dict[str, Any], seeds: tuple[int, ...]) -> float:
    """Mean over suites and seeds; infinite where some are missing."""
    shares = [one["shares"].get(f"{suite} {seed}", np.inf) for suite in where(agent) for seed in seeds]
    return float(np.mean(shares))


def show() -> None:
    """The base and the best of each agent by the fresh seeds, with the standard error of their difference."""
    for path in sorted(FOUND.glob("*.json")):
        tried = json.loads(path.read_text(encoding="utf-8"))["tried"]
        agent, base = path.stem, tried[0]
        best = min(tried, key=lambda one: mean(agent, one, FRESH))
        before, after = mean(agent, base, FRESH), mean(agent, best, FRESH)
        if not np.isfinite(before):
            continue
        gain = [base["shares"][f"{s} {n}"] - best["shares"][f"{s} {n}"] for s in where(agent) for n in FRESH]
        error = np.std(gain, ddof=1) / len(gain) ** 0.5
        print(f"{agent:14s} {before:.3f} -> {after:.3f} (se {error:.3f}) {best['config']}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("agents", nargs="*", default=list(SPACES))
    parser.add_argument("--show", action="store_true", help="train nothing")
    given = parser.parse_args()
    for agent in () if given.show else given.agents:
        tune(agent)
    show()
