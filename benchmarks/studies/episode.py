"""One episode of `Schedules` and one of `Drift`, by rules and by trained agents: `docs/figures/episode.png`.

    python benchmarks/studies episode    # with the agents of schedule_agents.py, where they are

Above are the validation losses, below the learning rates. The episodes are on validation tasks, and are chosen by their
draws, not by anyone's result: on `Schedules` the first seed with large inputs, on `Drift` the first whose inputs jump
up, far, once, and whose stream does not change otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import frame
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from schedule_rules import SUITES

import hpo_gym
from hpo_gym.base import seeding
from hpo_gym.bench import INK, MUTED, VIBRANT, save, theme
from hpo_gym.problem import Suite
from hpo_gym.suites import JUMP, Changes, TrainingTask, changes_of

LOOKS = "validation tasks"
TRAINED = Path("results/schedule_agents/trained")
TASK = "gates-s0"
LINES: Mapping[str, dict[str, Any]] = {
    "constant": {"color": MUTED, "linestyle": (0, (1.2, 1.4))},
    "cosine": {"color": INK, "linestyle": (0, (5.0, 1.6))},
    "alignment": {"color": VIBRANT[1]},
    "ppo": {"color": VIBRANT[0], "linewidth": 2.4},
}
LARGE = 3.0
"""Inputs of this scale are large."""
FAR, MIDDLE = 10.0, (12, 28)
"""The least factor of a jump, and the epochs between which it is."""


def players(suite: str) -> dict[str, Any]:
    """Return the players by name: rules as tuned on the suite, and the agent, where it was trained."""
    tuned = frame.stored("schedule_rules").get(suite, {})
    found = {
        rule: hpo_gym.make_optimizer(rule, **tuned.get(rule, {}).get("chosen", {})) for rule in LINES if rule != "ppo"
    }
    if (TRAINED / suite / "ppo-0").is_dir():
        found["ppo"] = hpo_gym.load(TRAINED / suite / "ppo-0")
    return found


def drawn(task: TrainingTask, seed: int, epochs: int) -> tuple[float, Changes]:
    """Return the scale of the inputs at the start of an episode, and the changes in it."""
    instance = seeding.instance_seed(task.suite, task.name, "rollout", seed)
    begun = task.begun(np.array([instance], np.uint64), epochs).save(0)
    return float(begun["scale"]), changes_of(np.atleast_1d(begun["key"]), epochs)


def shown(task: TrainingTask, seed: int, epochs: int) -> bool:
    """Tell whether an episode is typical of the suite."""
    scale, changes = drawn(task, seed, epochs)
    if not task.recipe.drift:
        return scale >= LARGE
    when = changes.epoch[0][changes.epoch[0] >= 0]
    far = changes.kind[0, 0] == JUMP and changes.factor[0, 0] >= FAR
    return len(when) == 1 and bool(far) and MIDDLE[0] <= int(when[0]) <= MIDDLE[1]


def draw_episode(above: Axes, below: Axes, suite: Suite) -> None:
    """Draw an episode: losses above, learning rates below."""
    task, epochs = suite.task(TASK), int(suite.env["budget"])
    assert isinstance(task, TrainingTask)
    seed = next(s for s in range(10_000) if shown(task, s, epochs))
    scale, changes = drawn(task, seed, epochs)
    for name, player in players(suite.name).items():
        history = hpo_gym.rollout(player, task, epochs, seed=seed)
        losses, t = -np.array(history.scores), np.arange(1, epochs + 1)
        counted = losses[-1] if task.counts == "last" else losses.mean()
        above.plot(t, losses, label=f"{name}  {counted:.2f}", **LINES[name])
        below.plot(t, [c["learning_rate"] for c in history.configs], drawstyle="steps-mid", **LINES[name])
        print(f"{suite.name} {task.name}, seed {seed}: {name} {counted:.3f}")
    if task.recipe.drift:
        change = changes.epoch.item(0, 0)
        for axes in (above, below):
            axes.axvline(change + 0.5, color=VIBRANT[3], linewidth=1)
        said = f" inputs × {changes.factor[0, 0]:.0f}"
        below.annotate(said, (change + 0.5, 0.05), xycoords=("data", "axes fraction"), color=VIBRANT[3])
    above.set_title(suite.name, loc="left", weight="bold")
    above.set_title(f"{task.name}, inputs × {scale:.1f}", loc="right", color=MUTED, fontsize=8)
    said = f"{task.counts} loss, which counts"
    above.legend(fontsize=8, title=said, title_fontsize=8, edgecolor="none", framealpha=0.85)
    above.set_ylim(0, None)
    below.set(xlabel="epoch", yscale="log", xlim=(0.5, epochs + 0.5))


def draw(_: Any) -> None:
    """Play and draw."""
    with theme():
        figure = Figure(figsize=(9.0, 4.8), dpi=110)
        axes = figure.subplots(2, len(SUITES), sharex="col", squeeze=False, height_ratios=(3, 2))
        for column, name in enumerate(SUITES):
            draw_episode(*axes[:, column], hpo_gym.load_suite(name))
        axes[0, 0].set_ylabel("validation loss, guess = 1")
        axes[1, 0].set_ylabel("learning rate")
        figure.tight_layout()
        save(figure, frame.FIGURES / "episode.png")
