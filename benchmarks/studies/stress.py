"""Disturbances of optimizers that read earlier tasks: about three minutes of one core.

On the validation tasks that `robustness.py` judges (`SVM`, `Linear`, `Boosting`, `MLP`), from a cold start, 33
evaluations. Either the earlier tasks mislead, as there (shuffled, flipped, foreign), are few (a quarter of the
families) or are in another unit (scores 100 times as large); or the run itself does: scores have noise, whose standard
deviation is a tenth of the range of the task's scores, or a fifth of the configurations fail. What is drawn is drawn
twice. Results are the AUC of the true regret of the configuration that looks best, on each task. The results of
`robustness.py` are not repeated; the table and the figure `docs/figures/robustness.png` show both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import frame
import numpy as np
from frame import Table
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from ratios import UNKNOWN, against
from robustness import ANCHOR, BELIEVES, BUDGET, DOUBTS, KINDS, OPTIMIZERS, SUITES, earlier, judged
from runs import about
from time_parts import share_of

from hpo_gym.base import seeding
from hpo_gym.bench import INK, MUTED, PAPER, VIBRANT, interval, save, theme
from hpo_gym.optimize import Context, Optimizer, make_optimizer, rollout
from hpo_gym.problem import Evaluations, Query, Status, Task, Trial, floor_of, relative_regret
from hpo_gym.suites import load_suite

LOOKS = "validation tasks"
FEWER, SCALED, NOISE, FAILURES = "a quarter", "times 100", "noise", "failures"
OF_MEMORY, OF_THE_RUN = (*KINDS, FEWER, SCALED), (NOISE, FAILURES)
ALSO = ("portfolio", "transfer-mix", "ppo-pool-tables", "untrained")
SPREAD, FAIL, UNIT, SHARE, SEEDS = 0.1, 0.2, 100.0, 0.25, 2
FIXED = ("as they are", "flipped", SCALED)
"""Kinds in which nothing is drawn."""
CHEAP = {("SVM", "auc", "transfer-time, failures"): ()}
ROWS, COLUMNS = (DOUBTS, BELIEVES, *ALSO), (*OF_MEMORY, *OF_THE_RUN)
LABELS = {
    "as they are": "as they are", "shuffled": "shuffled", "flipped": "wrong sign", "foreign": "of another\nsuite",
    FEWER: "a quarter\nof them", SCALED: "scores\nx 100", NOISE: "noisy\nscores", FAILURES: "a fifth\nfails",
}  # fmt: skip
_MOST = 2.0  # doublings at which a colour is full
_DARK = 1.8  # doublings from which numbers are light


def cells() -> Iterator[frame.Address]:
    """Yield for each suite its tasks, and the AUC by optimizer and kind.

    `robustness.py` has the rest; `gp-ei` reads no memory.
    """
    more = (FEWER, SCALED, *OF_THE_RUN)
    needed = [(DOUBTS, kind) for kind in more]
    needed += [(who, kind) for who in ALSO for kind in (*KINDS, *more)] + [(ANCHOR, kind) for kind in OF_THE_RUN]
    for suite in SUITES:
        yield from ((suite, part) for part in ("tasks", "families"))
        yield from ((suite, "auc", f"{who}, {kind}") for who, kind in needed)


def cell(suite: str, part: str, entrant: str = "") -> list[Any]:
    """Return the tasks of a suite, or the AUC of an optimizer on each."""
    tasks = judged(suite)
    if part != "auc":
        own: list[Any] = about(tasks)[part]
        return own
    who, _, kind = entrant.rpartition(", ")
    seeds = SEEDS if kind not in FIXED or who == ANCHOR else 1
    runs = [[auc(who, kind, t, memory(suite, kind, seed), seed) for t in tasks] for seed in range(seeds)]
    means: list[Any] = np.round(np.mean(runs, 0), 5).tolist()
    return means


class Disturbed(Optimizer):
    """An optimizer that observes something else than what happened.

    Attributes:
        reported: The scores, -infinity where the trial failed.
    """

    def __init__(self, inner: Optimizer, change: Callable[[Trial], Trial], floor: float) -> None:
        self.inner, self.change, self.floor = inner, change, floor

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.reported: list[float] = []
        self.inner.reset(context, rng)

    def ask(self) -> Query | None:
        return self.inner.ask()

    def tell(self, trial: Trial) -> None:
        trial = self.change(trial)
        fine = [score for score in self.reported if np.isfinite(score)]
        if trial.status is not Status.OK:  # a failure has the worst score so far
            trial = replace(trial, score=min(fine, default=self.floor))
        self.reported.append(trial.score if trial.status is Status.OK else -np.inf)
        self.inner.tell(trial)


def noisy(task: Task, seed: int) -> Callable[[Trial], Trial]:
    """Add an error to scores, the same whenever the configuration is the same."""
    spread = SPREAD * (task.best - task.worst)
    return lambda trial: replace(trial, score=trial.score + spread * _of(task, trial, seed).normal())


def failing(task: Task, seed: int) -> Callable[[Trial], Trial]:
    """Let a fifth of the configurations fail."""
    return lambda trial: replace(trial, status=Status.FAILED) if _of(task, trial, seed).random() < FAIL else trial


def _of(task: Task, trial: Trial, seed: int) -> np.random.Generator:
    """Return the generator of a configuration, rounded where the space stops telling points apart."""
    x = np.round(task.space.to_unit(trial.config), 9).tolist()
    return seeding.generator(seeding.key("stress", task.suite, task.name, x, seed))


def memory(suite: str, kind: str, seed: int) -> tuple[Evaluations, ...]:
    """Return the training tasks of a suite, as a kind of run reads them."""
    if kind in KINDS:
        return earlier(suite, kind, seed)
    own = tuple(load_suite(suite).prior())
    if kind == FEWER:
        return share_of(own, SHARE, seed)
    if kind == SCALED:
        return tuple(
            replace(e, score=UNIT * e.score, further=tuple(replace(m, score=UNIT * m.score) for m in e.further))
            for e in own
        )
    return own


def true_regret(reported: Sequence[float], true: Sequence[float], task: Task) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the regret of the configuration that looks best after each trial, 1 before a success, ``(33,)``."""
    best = [int(np.argmax(reported[: i + 1])) for i in range(len(reported))]
    held = [true[i] if np.isfinite(reported[i]) else task.worst for i in best]
    held += held[-1:] * (BUDGET - len(held))
    return np.asarray(relative_regret(held, task.best, task.worst))


def auc(who: str, kind: str, task: Task, prior: Sequence[Evaluations], seed: int) -> float:
    """Return the mean regret of one run over its trials."""
    name, options = OPTIMIZERS.get(who, (who, {}))
    change = {NOISE: noisy, FAILURES: failing}.get(kind, lambda task, seed: lambda trial: trial)(task, seed)
    optimizer = Disturbed(make_optimizer(name, **options), change, floor_of(tuple(prior)))
    history = rollout(optimizer, task, BUDGET, seed=seed, prior=prior)
    return float(true_regret(optimizer.reported, history.scores, task).mean())


# ---------------------------------------------------------------------- tables
def with_robustness(stress: Mapping[str, Any], robust: Mapping[str, Any]) -> dict[str, Any]:
    """Return the results of both studies, by suite."""
    known = {s: {name: row["auc"] for name, row in robust["evaluations"][s].items()} for s in stress}
    return {s: {**part, "auc": {**part["auc"], **known[s]}} for s, part in stress.items()}


def disturbed(stored: Mapping[str, Any]) -> dict[str, dict[str, Sequence[float | None]]]:
    """Return by optimizer and disturbance the AUC as a ratio to that of `gp-ei` under the same one."""
    found: dict[str, dict[str, Sequence[float | None]]] = {who: {} for who in ROWS}
    parts = with_robustness(stored, frame.stored("robustness"))
    for kind in COLUMNS:
        anchor = f"{ANCHOR}, {kind if kind in OF_THE_RUN else KINDS[0]}"
        rows = against(parts, anchor, [f"{who}, {kind}" for who in ROWS])
        for who in ROWS:
            if f"{who}, {kind}" in rows:
                found[who][kind] = rows[f"{who}, {kind}"]["ratio"]
    return found


def tables(stored: Mapping[str, Any]) -> dict[str, Table]:
    """Return the numbers of the heat map, with intervals."""
    rows = [
        (f"`{who}`", *(interval(row[c], 2) if c in row else UNKNOWN for c in COLUMNS))
        for who, row in disturbed(stored).items()
    ]
    return {"disturbances": Table.of(("", *(LABELS[c].replace("\n", " ") for c in COLUMNS)), rows)}


@theme()
def draw(stored: Mapping[str, Any]) -> None:
    """Draw a row for each optimizer, a column for each disturbance; unmeasured cells are grey."""
    found = disturbed(stored)
    value = np.array([[_log(row.get(c)) for c in COLUMNS] for row in found.values()])
    colours = LinearSegmentedColormap.from_list("ratios", [VIBRANT[0], PAPER, VIBRANT[1]])
    colours.set_bad("#e6e8ec")
    figure = Figure(figsize=(9.0, 4.1), dpi=110)
    axes = figure.subplots()
    axes.imshow(np.ma.masked_invalid(value), cmap=colours, vmin=-_MOST, vmax=_MOST, aspect="auto")
    for i, row in enumerate(found.values()):
        for j, column in enumerate(COLUMNS):
            ratio = row.get(column)
            text = "not\nmeasured" if ratio is None else f"{ratio[0]:.2f}"
            light = abs(value[i, j]) > _DARK and value[i, j] < 0
            axes.text(
                j, i, text, ha="center", va="center", color=PAPER if light else INK, fontsize=7 if ratio is None else 11
            )
    axes.set_xticks(range(len(COLUMNS)), [LABELS[c] for c in COLUMNS])
    axes.set_yticks(range(len(found)), list(found))
    axes.tick_params(length=0, labelcolor=INK)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.axvline(len(OF_MEMORY) - 0.5, color=INK, linewidth=1.5)
    for x, text in (((len(OF_MEMORY) - 1) / 2, "the earlier tasks"), (len(OF_MEMORY) + 0.5, "the run itself")):
        axes.text(x, -0.62, text, ha="center", va="bottom", color=MUTED)
    figure.text(
        0.99,
        0.015,
        "AUC as a ratio to gp-ei: blue is better than knowing nothing, orange is worse",
        ha="right",
        color=MUTED,
    )
    figure.tight_layout(rect=(0.0, 0.05, 1.0, 1.0))
    save(figure, frame.FIGURES / "robustness.png")


def _log(ratio: Sequence[float | None] | None) -> float:
    return np.nan if ratio is None or ratio[0] is None else float(np.log2(ratio[0]))
