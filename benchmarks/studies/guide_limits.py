"""Of the guide: what training saves, how much settings, seeds and tasks move, and what disturbs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from guide_ratios import UNKNOWN, against, shown
from robustness import ANCHOR, BELIEVES, DOUBTS, KINDS
from stress import ALSO, FAILURES, FEWER, NOISE, OF_MEMORY, OF_THE_RUN, SCALED
from tuning import FRESH, SCREEN, mean, where

from hpo_gym.bench import interval

Found = Mapping[str, Any]
PRETRAINED = Path(__file__).resolve().parents[2] / "agents" / "hpo_agents" / "pretrained"
PAYING = ("q-learning", "maskable-ppo", "ppo-pool-tables", "maml", "portfolio", "transfer-mix")
RIVAL, TRIALS = "random", 33
PAID = ("SVM", "MLP", "AutoML")
"""From the cheapest evaluations to the dearest."""
FEW = ("FCNet", "MLPGrid")
"""Suites with one and two validation tasks."""
ROWS = (DOUBTS, BELIEVES, *ALSO)
COLUMNS = (*OF_MEMORY, *OF_THE_RUN)
LABELS = {
    "as they are": "as they are", "shuffled": "shuffled", "flipped": "wrong sign", "foreign": "of another\nsuite",
    FEWER: "a quarter\nof them", SCALED: "scores\nx 100", NOISE: "noisy\nscores", FAILURES: "a fifth\nfails",
}  # fmt: skip


# ---------------------------------------------------------------------- what training saves
def trials_to(course: Sequence[float], target: float) -> int | None:
    """The first trial after which a regret is at most the target."""
    return next((i + 1 for i, regret in enumerate(course) if regret <= target), None)


def saved(evaluation: float, own: tuple[int, float], rival: tuple[int, float]) -> float:
    """Seconds that a tuning takes less.

    Args:
        evaluation: Seconds of one.
        own, rival: How many trials each needs, and its seconds per suggestion.
    """
    return rival[0] * (evaluation + rival[1]) - own[0] * (evaluation + own[1])


def break_even(spent: float, per_tuning: float) -> int | None:
    """The number of tunings after which what was spent is saved; None where nothing is saved."""
    return max(1, math.ceil(spent / per_tuning)) if per_tuning > 0 else None


def pays_at(spent: float, own: tuple[int, float], rival: tuple[int, float]) -> float | None:
    """Seconds that an evaluation must take for one tuning to save what was spent; None where no trial is saved."""
    if own[0] >= rival[0]:
        return None
    return max(0.0, (spent + own[0] * own[1] - rival[0] * rival[1]) / (rival[0] - own[0]))


def training_of(agent: str, part: Found) -> float:
    """Processor seconds of a training: of what ships, those of all suites that it was trained on."""
    path = PRETRAINED / agent / "training.json"
    if path.is_file():
        return float(json.loads(path.read_text(encoding="utf-8"))["cpu_seconds"])
    return float(part["training"].get(agent, 0.0))


def paying(suites: Found) -> Iterator[str]:
    """A row for each suite and optimizer: trials that replace 33 of random search, and tunings that pay for it."""
    heads = ["suite", "optimizer", "training, s", "trials for 33 of `random`", "saved by a tuning, s"]
    heads += ["tunings that pay for the training", "and for the tables", "an evaluation that pays in one tuning, s"]
    yield f"| {' | '.join(heads)} |"
    yield "|---|---|" + "---:|" * 6
    for suite in PAID:
        table = suites[suite]["table"]
        about = f"{suite}: an evaluation {table['evaluation']:.2f} s, the tables {table['seconds']:,.0f} s"
        for name in PAYING:
            if name in suites[suite]["course"]:
                yield f"| {about} | `{name}` | {' | '.join(_pays(name, suites[suite]))} |"
                about = ""


def _pays(name: str, part: Found) -> list[str]:
    table, course = part["table"], part["course"]
    k = trials_to(course[name], course[RIVAL][TRIALS - 1])
    training, evaluation = training_of(name, part), table["evaluation"]
    told = f"{training:.0f}" if training else "none"
    if k is None:
        return [told, "more than 33", "none", "never", "never", "never"]
    own, rival = (k, part["ms"][name][0] / 1e3), (TRIALS, part["ms"][RIVAL][0] / 1e3)
    less = saved(evaluation, own, rival)
    tunings = break_even(training, less) if training else 0, break_even(training + table["seconds"], less)
    alone = pays_at(training, own, rival)
    cells = [str(k), f"{less:.2f}", *("never" if n is None else f"{n:,}" for n in tunings)]
    return [told, *cells, "never" if alone is None else f"{alone:.2f}"]


# ---------------------------------------------------------------------- how much moves
def sensitivity(tunings: Found, learning: Found, tasks: Found) -> Iterator[str]:
    """A row for each trained agent: ranges over settings, seeds, trainings and tasks."""
    heads = ["agent", "its settings", "nine settings, lowest to highest", "three seeds, lowest to highest"]
    heads += ["three trainings, worst of best (suites)", "half of the tasks", "a quarter"]
    yield f"| {' | '.join(heads)} |"
    yield "|---|" + "---:|" * 6
    for agent in sorted({*tunings, *(a for p in learning.values() for a in p["curves"]), *_agents(tasks)}):
        cells = [*_settings(agent, tunings), spread(agent, learning), *_fewer(agent, tasks)]
        yield f"| `{agent}` | {' | '.join(cells)} |"


def _agents(tasks: Found) -> list[str]:
    return list(tasks["100%"]["SVM"]["auc"])


def _settings(agent: str, tunings: Found) -> list[str]:
    """Validation regret as a share of the portfolio's: of the base, and ranges."""
    if agent not in tunings:
        return [UNKNOWN] * 3
    tried = tunings[agent]["tried"]
    screened = [mean(agent, one, SCREEN) for one in tried]
    seeds = [np.mean([tried[0]["shares"][f"{suite} {seed}"] for suite in where(agent)]) for seed in FRESH]
    return [
        f"{np.mean(seeds):.2f}",
        f"{min(screened):.2f} to {max(screened):.2f}",
        f"{min(seeds):.2f} to {max(seeds):.2f}",
    ]


def spread(agent: str, learning: Found) -> str:
    """The geometric mean over suites of the worst training's best regret divided by the best one's."""
    ratios = []
    for part in (part for suite, part in learning.items() if suite not in FEW):
        best = [min(regret for _, regret in curve) for curve in part["curves"].get(agent, ())]
        if len(best) > 1 and min(best) > 0:
            ratios.append(max(best) / min(best))
    return f"{math.exp(np.mean(np.log(ratios))):.2f} ({len(ratios)})" if ratios else UNKNOWN


def _fewer(agent: str, tasks: Found) -> list[str]:
    """AUC with fewer meta-train tasks, as a ratio to that with all."""
    if agent not in _agents(tasks):
        return [UNKNOWN] * 2
    cells = []
    for share in ("50%", "25%"):
        parts = {
            suite: {**part, "auc": {agent: tasks[share][suite]["auc"][agent], "all": part["auc"][agent]}}
            for suite, part in tasks["100%"].items()
        }
        cells.append(shown(against(parts, "all"), agent))
    return cells


# ---------------------------------------------------------------------- what disturbs
def disturbed(robust: Found, stress: Found) -> dict[str, dict[str, Sequence[float | None]]]:
    """By optimizer and disturbance: the AUC as a ratio to that of `gp-ei` under the same one, with its interval."""
    found: dict[str, dict[str, Sequence[float | None]]] = {who: {} for who in ROWS}
    parts: dict[str, Any] = {}
    for suite, part in stress.items():
        known = {name: row["auc"] for name, row in robust["evaluations"][suite].items()}
        parts[suite] = {**part, "auc": {**part["auc"], **known}}
    for kind in COLUMNS:
        anchor = f"{ANCHOR}, {kind if kind in OF_THE_RUN else KINDS[0]}"
        rows = against(parts, anchor, [f"{who}, {kind}" for who in ROWS])
        for who in ROWS:
            if f"{who}, {kind}" in rows:
                found[who][kind] = rows[f"{who}, {kind}"]["ratio"]
    return found


def disturbances(found: Mapping[str, Mapping[str, Sequence[float | None]]]) -> Iterator[str]:
    """The numbers of the heat map, with intervals."""
    yield f"| | {' | '.join(LABELS[c].replace(chr(10), ' ') for c in COLUMNS)} |"
    yield "|---|" + "---:|" * len(COLUMNS)
    for who, row in found.items():
        cells = [interval(row[c], 2) if c in row else UNKNOWN for c in COLUMNS]
        yield f"| `{who}` | {' | '.join(cells)} |"
