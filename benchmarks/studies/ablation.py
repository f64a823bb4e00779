"""Ablation of an agent's view and reward: variants of one agent, trained on `SVM`.

Each variant changes one thing of `maskable-ppo` (or of `ppo` with its settings, where actions cannot be masked). The
figure shows the mean normalised regret over 33 trials on the test data sets, of the policy that the validation data
sets chose; `docs/figures/ablation.png`.
"""

from __future__ import annotations

from typing import Any

import frame
import numpy as np
from frame import Table
from looks import Look
from matplotlib.figure import Figure
from regrets import mean_regret

import hpo_gym
from hpo_gym.bench import save, theme

STEPS, SEEDS, SUITES = 120_000, 3, ("SVM",)
LOOKS = Look("regret of variants of an agent", "what matters of an agent's view and reward", SUITES)
CHEAP = {("portfolio",): ()}
CONTROLS = {"random": 10, "portfolio": 1}
"""Runs of each data set."""
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "as it is": ("maskable-ppo", {}),
    "view: scores of all candidates": ("maskable-ppo", {"observer": "candidates"}),
    "view: last trial, with memory": ("recurrent-ppo", {}),
    "view: incumbent and last trial": ("maskable-ppo", {"observer": "summary"}),
    "action: a point of the box": ("ppo", {"codec": "box", "observer": "last"}),
    "action: the candidate nearest to a point": ("ppo", {"codec": "nearest", "observer": "last"}),
    "action: a level up or down": ("ppo", {"codec": "move", "observer": "last"}),
    "no mask in training": ("ppo", {}),
    "reward: score": ("maskable-ppo", {"reward": "score"}),
    "reward: normalized_improvement": ("maskable-ppo", {"reward": "normalized_improvement"}),
    "reward: regret": ("maskable-ppo", {"reward": "regret"}),
    "reward: log_regret": ("maskable-ppo", {"reward": "log_regret"}),
    "discount: 0": ("maskable-ppo", {"algorithm": {"gamma": 0.0}}),
    "discount: .9": ("maskable-ppo", {"algorithm": {"gamma": 0.9}}),
}


cells = frame.grid((*CONTROLS, *VARIANTS))


def cell(label: str) -> list[float]:
    """Return the regret of a control, or of each training of a variant."""
    suite = hpo_gym.load_suite(SUITES[0])
    tasks, prior = suite.tasks("test"), suite.prior()
    if label in CONTROLS:
        return [mean_regret(hpo_gym.make_optimizer(label), tasks, prior=prior, seeds=CONTROLS[label])]
    values = []
    for seed in range(SEEDS):
        name, settings = VARIANTS[label]
        agent: Any = hpo_gym.make_optimizer(name, **changed(settings))
        agent.train(suite.tasks("train"), np.random.default_rng(seed), validation=suite.tasks("val"), steps=STEPS)
        values.append(mean_regret(agent, tasks, prior=prior))
    return values


def changed(variant: dict[str, Any]) -> dict[str, Any]:
    """Return all settings of a variant."""
    base = dict(hpo_gym.make_optimizer("maskable-ppo").settings)
    algorithm = {**base["algorithm"], **variant.get("algorithm", {})}
    return {**base, "segments": 15, "patience": 8, **variant, "algorithm": algorithm}


def tables(found: dict[str, list[float]]) -> dict[str, Table]:
    """Return mean and range of each variant."""
    rows = [(label, f"{np.mean(v):.4f}", f"{min(v):.4f} to {max(v):.4f}") for label, v in found.items()]
    return {"ablation": Table.of(("variant", "regret", "trainings, lowest to highest"), rows)}


@theme()
def draw(found: dict[str, Any]) -> None:
    """Draw a dot for each training, a bar at their mean."""
    labels = list(VARIANTS)[::-1]
    figure = Figure(figsize=(7.2, 5.2), dpi=110)
    axes = figure.subplots()
    for y, label in enumerate(labels):
        values = found[label]
        axes.plot(values, [y] * len(values), "o", color="C0", markersize=5, alpha=0.7)
        axes.plot([np.mean(values)] * 2, [y - 0.3, y + 0.3], color="C0", linewidth=2)
    for label, style in (("random", ":"), ("portfolio", "--")):
        axes.axvline(found[label][0], color="black", linestyle=style, linewidth=1)
        axes.annotate(f" {label}", (found[label][0], len(labels) - 0.35), fontsize=8, va="center")
    axes.axvline(np.mean(found["as it is"]), color="C0", linewidth=0.8, alpha=0.5)
    axes.annotate("as it is ", (np.mean(found["as it is"]), len(labels) - 0.35), fontsize=8, va="center", ha="right")
    axes.set(xscale="log", xlabel=f"mean regret of the validation score over 33 trials, test data sets of {SUITES[0]}")
    axes.set_xticks((0.02, 0.03, 0.05, 0.1), ("0.02", "0.03", "0.05", "0.1"))
    axes.minorticks_off()
    axes.set_yticks(range(len(labels)), labels, fontsize=9)
    axes.set_ylim(-0.7, len(labels) + 0.1)
    axes.grid(axis="x", alpha=0.3)
    figure.tight_layout()
    save(figure, frame.FIGURES / "ablation.png")
