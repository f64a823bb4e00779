"""Settings of the agents that Stable-Baselines3 trains, tuned with hpo-gym itself.

The objective is the mean, over suites, of the regret on the *validation* data sets as a share of the portfolio's, of
the policy that a short training keeps. Configurations are drawn once and trained with one seed; the first, ``{}``, is
the base: the settings of the agent's file when its tuning began. The best two and the base are then trained with
fresh seeds, which alone decide among the three. The agents' files have what was taken.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import frame
import numpy as np
from frame import Table
from regrets import mean_regret

import hpo_gym

LOOKS = "validation tasks"
PORTFOLIO = {"SVM": 0.0229, "AutoML": 0.0729, "Boosting": 0.0453}
"""The mean regret of the portfolio over 33 trials on the validation data sets."""
WHERE = ("SVM", "AutoML")
POOLS = ("SVM", "Boosting")
"""The suites of the tunings; of those over pools, which take minutes on a large one."""
SUITES = tuple(PORTFOLIO)
DRAWN, AGAIN = 8, 2
SCREEN, FRESH = (0,), (1, 2, 3)
"""Seeds of the trainings that screen, and of those that decide. A seed draws the candidates too, so one seed compares
configurations with the same candidates."""

Tried = Mapping[str, Mapping[str, Any]]
"""By number of the configuration: `config`, and `shares` by suite and seed."""

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


def cells() -> Iterator[frame.Address]:
    """Yield the base and the configurations of each agent, then trainings; the last depend on the first."""
    for agent in SPACES:
        yield agent, "base"
        every = [str(i) for i in range(1 + DRAWN)]
        yield from ((agent, "tried", i, "config") for i in every)
        yield from ((agent, "tried", i, "shares", key) for i in every for key in keys(agent, SCREEN))
        tried = frame.stored("tuning")[agent]["tried"]
        best = sorted(every[1:], key=lambda i: mean(agent, tried[i], SCREEN))[:AGAIN]
        yield from ((agent, "tried", i, "shares", key) for i in ("0", *best) for key in keys(agent, FRESH))


def cell(agent: str, part: str, number: str = "", what: str = "", key: str = "") -> Any:
    """Return the base of an agent, a configuration, or the share of a training."""
    if part == "base":
        return dict(hpo_gym.make_optimizer(agent).settings)  # type: ignore[attr-defined]
    if what == "config":
        return drawn(agent)[int(number)]
    found = frame.stored("tuning")[agent]
    suite, seed = key.split()
    return share(agent, settings_of(found["base"], found["tried"][number]["config"]), suite, int(seed))


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Draw configurations of two agents anew, and run the portfolio, by which all shares are measured."""
    suite, agents = hpo_gym.load_suite("SVM"), ("ppo", "sac")
    portfolio = mean_regret(hpo_gym.make_optimizer("portfolio"), suite.tasks("val"), prior=suite.prior())
    reported = [[one["config"] for one in found[agent]["tried"].values()] for agent in agents]
    return [*map(drawn, agents), round(portfolio, 4)], [*reported, PORTFOLIO["SVM"]]


def where(agent: str) -> tuple[str, ...]:
    """Return the suites on which an agent is tuned."""
    return POOLS if agent == "ppo-pool" else WHERE


def keys(agent: str, seeds: Sequence[int]) -> list[str]:
    """Return the keys of trainings."""
    return [f"{suite} {seed}" for seed, suite in itertools.product(seeds, where(agent))]


def drawn(agent: str) -> list[dict[str, Any]]:
    """Return the settings of the file (none given), and what is drawn."""
    from ConfigSpace import Categorical, ConfigurationSpace, Float

    space = ConfigurationSpace()
    for name, values in SPACES[agent][1].items():
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


def settings_of(base: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the base with a configuration in it, as settings of an agent."""
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


def share(agent: str, settings: Mapping[str, Any], suite: str, seed: int) -> float:
    """Return the regret as a share of the portfolio's."""
    made: Any = hpo_gym.make_optimizer(agent, **settings)
    loaded = hpo_gym.load_suite(suite)
    rng, validation, steps = np.random.default_rng(seed), loaded.tasks("val"), SPACES[agent][0]
    curve = made.train_in(None, loaded.tasks("train"), rng, validation=validation, steps=steps)
    best: float = min(regret for _, regret in curve)
    return round(best / PORTFOLIO[suite], 4)


def mean(agent: str, one: Mapping[str, Any], seeds: Sequence[int]) -> float:
    """Return the mean over suites and seeds; infinite where some are missing."""
    return float(np.mean([one.get("shares", {}).get(key, np.inf) for key in keys(agent, seeds)]))


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the base and the best of each agent by the fresh seeds, with the standard error of their difference."""
    rows = []
    for agent, part in found.items():
        tried = list(part["tried"].values())
        best = min(tried, key=lambda one: mean(agent, one, FRESH))
        before, after = mean(agent, tried[0], FRESH), mean(agent, best, FRESH)
        if not np.isfinite(before):
            continue
        gain = [tried[0]["shares"][key] - best["shares"][key] for key in keys(agent, FRESH)]
        error = np.std(gain, ddof=1) / len(gain) ** 0.5
        settings = ", ".join(f"`{k}={v}`" for k, v in best["config"].items()) or "the base"
        rows.append((f"`{agent}`", f"{before:.3f}", f"{after:.3f}", f"{error:.3f}", settings))
    return {"tuning": Table.of(("agent", "base", "best", "standard error of the difference", "settings"), rows)}
