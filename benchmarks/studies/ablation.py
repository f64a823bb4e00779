"""What matters of an agent's view and reward: trains variants of one agent and draws `docs/figures/ablation.png`.

    python benchmarks/studies/ablation.py            # train what `benchmarks/studies/ablation.json` lacks, then draw
    python benchmarks/studies/ablation.py --draw     # draw only

Each variant changes one thing of `maskable-ppo` on SVM (or of `ppo` with its settings, where actions cannot be masked).
Its figure is the mean normalised regret over 33 trials on the test data sets, of the policy that the validation data
sets chose.
"""

from __future__ import annotations

import argparse
import functools
import json
from pathlib import Path
from typing import Any

import looks
import numpy as np
from matplotlib.figure import Figure

import hpo_gym
from hpo_gym.bench import mean_regret, save, theme

HERE = Path(__file__).resolve().parent
FOUND, FIGURE = HERE / "ablation.json", HERE.parents[1] / "docs" / "figures" / "ablation.png"
STEPS, SEEDS, SUITE = 120_000, 3, "SVM"

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
    "scores: running": ("maskable-ppo", {"scores": "running"}),
}


def changed(variant: dict[str, Any]) -> dict[str, Any]:
    """All settings of a variant."""
    base = dict(hpo_gym.make_optimizer("maskable-ppo").settings)
    algorithm = {**base["algorithm"], **variant.get("algorithm", {})}
    return {**base, "segments": 15, "patience": 8, **variant, "algorithm": algorithm}


def train(found: dict[str, Any]) -> None:
    """Train what is missing; each result is written at once."""
    suite = hpo_gym.load_suite(SUITE)
    regret = functools.partial(mean_regret, tasks=suite.tasks("test"), prior=suite.prior())
    for label in ("random", "portfolio"):
        if label not in found:
            found[label] = [regret(hpo_gym.make_optimizer(label), seeds=10 if label == "random" else 1)]
    for label, (name, settings) in VARIANTS.items():
        values = found.setdefault(label, [])
        for seed in range(len(values), SEEDS):
            agent: Any = hpo_gym.make_optimizer(name, **changed(settings))
            rng, validation = np.random.default_rng(seed), suite.tasks("val")
            agent.train(suite.tasks("train"), rng, validation=validation, steps=STEPS)
            values.append(regret(agent))
            print(f"{label:35s} {seed} {values[-1]:.4f}", flush=True)
            FOUND.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


@theme()
def draw(found: dict[str, Any]) -> None:
    """A dot for each training, a bar at their mean."""
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
    axes.set(xscale="log", xlabel=f"mean regret of the validation score over 33 trials, test data sets of {SUITE}")
    axes.set_xticks((0.02, 0.03, 0.05, 0.1), ("0.02", "0.03", "0.05", "0.1"))
    axes.minorticks_off()
    axes.set_yticks(range(len(labels)), labels, fontsize=9)
    axes.set_ylim(-0.7, len(labels) + 0.1)
    axes.grid(axis="x", alpha=0.3)
    figure.tight_layout()
    save(figure, FIGURE)


def main() -> None:
    """Train, then draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draw", action="store_true", help="draw only")
    found: dict[str, Any] = json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.is_file() else {}
    if not parser.parse_args().draw:
        if any(len(found.get(label, ())) < SEEDS for label in VARIANTS):
            what, why = "regret of variants of an agent", "what matters of an agent's view and reward"
            looks.count(looks.typed(__file__, []), [SUITE], what, why)
        train(found)
    draw(found)


if __name__ == "__main__":
    main()
