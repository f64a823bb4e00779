"""Tunes the agents that Stable-Baselines3 trains, with hpo-gym itself; what was tried stands in `docs/tuning/`.

    python docs/tuning.py [AGENT ...]       # go on with what is missing
    python docs/tuning.py --show            # the best of each agent

The objective is the mean, over suites, of the regret on the *validation* data sets as a share of the portfolio's, of
the policy that a short training keeps. Configurations are drawn once and trained with one seed; the first, ``{}``, are
the settings that the agent's file had. Then the best two and the first are trained with another seed. What was taken
of it stands in `docs/agents.md`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace

import hpo_gym

FOUND = Path(__file__).resolve().parent / "tuning"
SUITES = {"SVM": 0.0229, "AutoML": 0.0729}
"""Where it is tuned, and the mean regret of the portfolio over 33 trials on the validation data sets."""
DRAWN, AGAIN, SEEDS = 8, 2, (0, 1)

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
SPACES: dict[str, tuple[int, dict[str, Any]]] = {
    "maskable-ppo": (100_000, _PPO),
    "a2c": (100_000, {k: v for k, v in _PPO.items() if k not in ("n_epochs", "batch_size")} | {"n_steps": [5, 11, 33]}),
    "trpo": (100_000, {**_ANY, "learning_rate": _RATE, "gamma": _GAMMA, "target_kl": [0.005, 0.01, 0.02, 0.05]}),
    "dqn": (100_000, _DQN),
    "sac": (40_000, {**_BOX, "ent_coef": (1e-4, 1e-2)}),
    "td3": (40_000, {**_BOX, "action_noise": [0.1, 0.2, 0.3, 0.5]}),
}
"""Trials of a training, and the space: choices, or a range on a logarithmic scale. The other PPOs take what is best for
`maskable-ppo`, `qr-dqn` what is for `dqn`, `tqc` what is for `sac`."""


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


def settings_of(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration as settings of an agent."""
    settings: dict[str, Any] = {"algorithm": {}}
    for name, value in config.items():
        if name == "network":
            settings[name] = [int(width) for width in value.split(",")]
        elif name == "observer":
            settings[name] = value
        else:
            settings["algorithm"][name] = json.loads(value) if isinstance(value, str) else value
    rate = settings["algorithm"].get("learning_rate")
    return settings | ({"final": rate / 10} if rate else {})


def share(agent: str, config: dict[str, Any], suite: str, seed: int) -> float:
    """Regret as a share of the portfolio's."""
    settings = settings_of(config)
    final, steps = settings.pop("final", None), SPACES[agent][0]
    made: Any = hpo_gym.make_optimizer(agent)
    if final and "final_learning_rate" in made.algorithm:
        settings["algorithm"]["final_learning_rate"] = final
    made = hpo_gym.make_optimizer(agent, **settings, segments=8)
    loaded = hpo_gym.load_suite(suite)
    rng, validation = np.random.default_rng(seed), loaded.tasks("val")
    curve = made.train_in(None, loaded.tasks("train"), rng, validation=validation, steps=steps)
    return round(min(regret for _, regret in curve) / SUITES[suite], 4)


def tune(agent: str) -> None:
    """Train what is missing; each result is written at once."""
    path = FOUND / f"{agent}.json"
    found: list[dict[str, Any]] = (
        json.loads(path.read_text(encoding="utf-8"))
        if path.is_file()
        else [{"config": config, "shares": {}} for config in drawn(agent)]
    )

    def ask(one: dict[str, Any], seed: int) -> None:
        for suite in SUITES:
            key = f"{suite} {seed}"
            if key not in one["shares"]:
                one["shares"][key] = share(agent, one["config"], suite, seed)
                FOUND.mkdir(exist_ok=True)
                path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
                print(agent, key, one["shares"][key], one["config"], flush=True)

    for one in found:
        ask(one, SEEDS[0])
    best = sorted(found[1:], key=lambda one: mean(one, SEEDS[:1]))[:AGAIN]
    for one in (found[0], *best):
        for seed in SEEDS[1:]:
            ask(one, seed)


def mean(one: dict[str, Any], seeds: tuple[int, ...] = SEEDS) -> float:
    """Mean over suites and seeds; infinite where some are missing."""
    shares = [one["shares"].get(f"{suite} {seed}", np.inf) for suite in SUITES for seed in seeds]
    return float(np.mean(shares))


def show() -> None:
    """The first and the best of each agent."""
    for path in sorted(FOUND.glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        best = min(found, key=mean)
        print(f"{path.stem:14s} {mean(found[0]):.3f} -> {mean(best):.3f} {best['config']}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("agents", nargs="*", default=list(SPACES))
    parser.add_argument("--show", action="store_true", help="train nothing")
    given = parser.parse_args()
    for agent in () if given.show else given.agents:
        tune(agent)
    show()
