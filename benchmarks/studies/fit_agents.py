"""Whether learning pays on `Trainings`: PPO, from chance or from the rule `gap`, against rules.

Agents learn on training tables with small networks, in episodes of 12, 24 and 48 epochs; of a training the checkpoint
that does best on validation tables, with such networks too, is kept. Agents and rules are then compared on all
networks, in the manner of `control_pays`: on validation tables, which choose, and on test tables. The rules' results
are those of `control_validated` and `control_pays`, in the same instances.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import control_validated
import fit_learning
import frame
import numpy as np
from control_pays import told_of
from frame import Table
from looks import Look
from torch_fits import OPTIMIZERS

from hpo_gym.base import Floats
from hpo_gym.bench import Resamples
from hpo_gym.optimize import make_optimizer

SUITES = ("Trainings",)
LOOKS = Look("test losses of PPO at three lengths", "whether learning pays on trainings", SUITES, only="test")
STEPS = 276_480
"""Epochs of a training by PPO."""
SETTINGS: Mapping[str, Any] = {
    "codec": "box", "observer": "losses", "runs": 48, "steps": STEPS, "segments": 5, "patience": 5,
    "algorithm": {
        "n_steps": 48, "batch_size": 1152, "n_epochs": 5, "gamma": 1.0, "gae_lambda": 0.95, "learning_rate": 7e-4,
        "final_learning_rate": 1e-4, "ent_coef": 0.0,
    },
}  # fmt: skip
"""Chosen by hand. Trainings of 35,000, 62,000 and 131,000 epochs from `gap` came before, on validation tables: without
groups PPO fell below the imitation, with them and a smaller spread of actions it stayed level. They are not counted."""
FROM_GAP: Mapping[str, Any] = {"teacher": "gap", "spread": (-2.75, -1.75, -1.75)}
VARIANTS: Mapping[str, tuple[Mapping[str, Any], int]] = {
    "PPO from gap": (FROM_GAP, 5),
    "PPO from chance": ({}, 5),
    "blind": ({**FROM_GAP, "blind": True}, 1),
    "discount 0": ({**FROM_GAP, "algorithm": {**SETTINGS["algorithm"], "gamma": 0.0}}, 1),
}
"""By name, how the training begins, and how often it is made."""
TRAINING = "training"
SPLITS = {"val": "control_validated", "test": "control_pays"}
"""The study that has the rules' results there."""
RULES = control_validated.RULES
LENGTHS = tuple(map(str, fit_learning.LENGTHS))

Found = Mapping[str, Any]


def cells() -> Iterator[frame.Address]:
    """Yield the trainings, then all agents on validation tables and on test tables, short episodes first."""
    agents = [(variant, str(seed)) for variant, (_, seeds) in VARIANTS.items() for seed in range(seeds)]
    yield from ((TRAINING, *agent) for agent in agents)
    yield from ((split, *agent, length) for split in SPLITS for length in LENGTHS for agent in agents)


def cell(part: str, variant: str, seed: str, length: str = "", *, out: Path) -> dict[str, Any]:
    """Return how an agent learned, or its mean test score on each table; it is trained where it is not."""
    agent, curve = trained(variant, seed, out)
    if part == TRAINING:
        return {"epochs": effort(agent), "curve": [[n, round(-regret, 5)] for n, regret in curve]}
    assert agent._actor is not None
    acting = fit_learning.Acting(agent, agent._actor)
    return {o: control_validated.scores(acting, length, o, part) for o in OPTIMIZERS}


def trained(variant: str, seed: str, out: Path) -> tuple[fit_learning.FitPPO, list[list[float]]]:
    """Return an agent and its scores on validation tables while it learned; a training that was stopped goes on."""
    suite, agent = fit_learning.suite_to_learn(), fit_learning.FitPPO(**{**SETTINGS, **VARIANTS[variant][0]})
    curve = agent.train_in(
        out / f"{variant.replace(' ', '-')}-{seed}", suite.tasks("train"),
        np.random.default_rng(int(seed)), validation=suite.tasks("val"),
        progress=lambda done, total, what: print(variant, seed, done, what, flush=True),
    )  # fmt: skip
    return agent, curve


def effort(agent: fit_learning.FitPPO) -> int:
    """Return the epochs that an agent has learned from."""
    return int(agent.steps) + bool(agent.teacher) * fit_learning.ROUNDS * agent.runs * sum(fit_learning.LENGTHS)


def again(found: Found) -> tuple[Any, Any]:
    """Play the open loop anew where agents and rules are compared."""
    rule: Any = make_optimizer("polynomial")
    now = control_validated.scores(rule, "12", "sgd", "val")
    return now, frame.stored("control_validated")["12"]["sgd"]["score"]["polynomial"]


# ---------------------------------------------------------------------- tables
def gain(found: Found, split: str, variant: str, rule: str, length: str) -> tuple[Floats, list[str]]:
    """Return the difference of log losses on each table, of the mean agent to a rule, and the families."""
    ruled = frame.stored(SPLITS[split])[length]
    seeds = [of[length] for of in found[split][variant].values() if length in of]
    of = [np.mean([one[o] for one in seeds], 0) - np.array(ruled[o]["score"][rule]) for o in ruled]
    families: list[str] = next(iter(ruled.values()))["families"]
    return np.asarray(-np.mean(of, 0)), families


def tables(found: Found) -> dict[str, Table]:
    """Return ratios of agents to rules, by split and length, and how agents learned."""
    rows = []
    for split, variant in ((s, v) for s in SPLITS for v in found.get(s, {})):
        for length in (b for b in LENGTHS if any(b in of for of in found[split][variant].values())):
            seeds = sum(length in of for of in found[split][variant].values())
            ratios = (told_of(*gain(found, split, variant, rule, length))[0] for rule in RULES)
            rows.append((TITLES[split], length, variant, str(seeds), *ratios))
    heads = ("tables", "epochs", "agent", "seeds", *(f"/ `{rule}`" for rule in RULES))
    return {"learning": Table.of(heads, rows), "training": training(found[TRAINING])}


TITLES = {"val": "validation", "test": "test"}


def training(found: Found) -> Table:
    """Return the effort of each training, and its scores on small networks of validation tables."""
    rows = []
    for variant, seed, one in ((v, s, found[v][s]) for v in found for s in found[v]):
        scores = [score for _, score in one["curve"]]
        rows.append((variant, seed, f"{one['epochs']:,}", f"{scores[0]:.4f}", f"{max(scores):.4f}"))
    return Table.of(("agent", "seed", "epochs", "score before PPO", "best score"), rows)


def values(found: Found) -> dict[str, Any]:
    """Return the most epochs of an agent, the most that PPO added to an imitation, and the ends of test intervals that
    are nearest to a difference, of the agent from the rule to that rule.
    """
    of = found[TRAINING]
    added = [max(s for _, s in one["curve"]) - one["curve"][0][1] for one in of["PPO from gap"].values()]
    level = np.exp([ends(*gain(found, "test", "PPO from gap", "gap", b)) for b in LENGTHS])
    return {
        "epochs": max(one["epochs"] for seeds in of.values() for one in seeds.values()),
        "added": max(added),
        "level-low": float(level[:, 1].max()),
        "level-high": float(level[:, 2].min()),
    }


def ends(gain: Floats, families: list[str]) -> Floats:
    """Return the mean of numbers of tables, and the ends of its interval over families."""
    return np.array(Resamples.of(families).mean(gain), np.float64)
