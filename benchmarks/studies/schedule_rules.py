"""Settings of the baselines of schedules, tuned with as many epochs as an agent is trained with.

`ppo-schedules` and `ppo-drift` were trained for 1,200,000 epochs (`steps` of their `optimizer.json`). Each rule has as
many on the meta-train tasks of `Schedules`, and of `Drift`: random settings in one instance of each task, the best
eighth of them in four, steps from the best in four, the best eight in sixteen, and smaller steps from the best in
sixteen. The best mean of what counts there (the last score, or the mean of all) is chosen and judged on the validation
tasks. The search uses a compiled kernel (`fast_trainings.py`), the scores are of the package's own. Test tasks are not
looked at. The defaults of the rules are what was chosen on `Schedules`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import frame
import numpy as np
from fast_trainings import compiled
from frame import Table

from hpo_gym.base import seeding
from hpo_gym.optimize import Context, make_optimizer, run_batch
from hpo_gym.problem import LAST, Suite, Task
from hpo_gym.suites import load_suite

LOOKS = "training and validation tasks"
SUITES = ("Schedules", "Drift")
EPOCHS = 1_200_000
"""Epochs on training tasks for each rule."""
FEW, WORLDS = 4, 16
"""Instances of each task: of a setting that may be the best, and of one that is chosen."""
DRAWS, STEPS = 0.3, 0.66
"""Shares of the epochs at which random settings end, and larger steps."""
KEPT, FINALISTS = 1 / 8, 8
"""The share of random settings that are played in `FEW` instances, and how many settings in `WORLDS`."""
LARGE, SMALL = 0.1, 0.03
"""Standard deviations of steps, in ranges of a setting."""
LOG, LINEAR, WHOLE = "log", "linear", "whole"

Range = tuple[str, float, float]
RATE: Range = (LOG, 3e-3, 1.0)
POWER: Range = (LINEAR, 0.0, 1.5)
END: Range = (LOG, 1e-3, 0.5)
RANGES: Mapping[str, Mapping[str, Range]] = {
    "constant": {"rate": RATE},
    "step": {"rate": RATE, "factor": (LOG, 0.05, 0.8), "drops": (WHOLE, 1, 6)},
    "cosine": {"rate": RATE, "warmup": (LINEAR, 0.0, 0.4), "end": END},
    "one-cycle": {"rate": RATE, "rise": (LINEAR, 0.05, 0.7), "start": (LOG, 0.01, 1.0), "end": END},
    "exponential": {"rate": RATE, "end": END},
    "plateau": {
        "rate": RATE, "factor": (LOG, 0.1, 0.9), "patience": (WHOLE, 0, 5), "threshold": (LOG, 1e-3, 0.1),
    },
    "cosine-sharpness": {"rate": RATE, "power": POWER, "warmup": (LINEAR, 0.0, 0.4), "end": END},
    "jump": {"rate": RATE, "power": POWER, "decay": (LINEAR, 0.75, 1.0), "jump": (LOG, 0.05, 2.0)},
    "alignment": {"rate": RATE, "power": POWER, "gain": (LOG, 0.03, 3.0), "target": (LINEAR, -0.2, 0.5)},
    "hypergradient": {"rate": RATE, "beta": (LOG, 0.01, 0.99)},
    "random-schedule": {"low": (LOG, 1e-5, 1e-2), "high": (LOG, 3e-2, 1.0)},
}  # fmt: skip
"""The range of each setting of each rule: how it is drawn, and its ends."""


cells = frame.grid(SUITES, RANGES)


def cell(suite: str, rule: str) -> dict[str, Any]:
    """Return the best setting of a rule on a suite, and its scores."""
    return {"asked": asked(rule, load_suite(suite)), **tuned(rule, load_suite(suite), EPOCHS)}


def tuned(rule: str, suite: Suite, epochs: int) -> dict[str, Any]:
    """Return the best setting of a rule on a suite, its scores, and the number of epochs and settings played."""
    search = Search(rule, suite)
    blind = "validation" not in " ".join(getattr(make_optimizer(rule), "reads", ()))
    with compiled(last_only=blind and suite.members[0].counts == LAST) as fast:
        search.play((draw(rule, i) for i in range(epochs)), 1, DRAWS * epochs)
        search.play(search.best(1)[: max(round(KEPT * len(search.played)), 1)], FEW)
        search.play(search.steps(FEW, LARGE), FEW, STEPS * epochs)
        search.play(search.best(FEW)[:FINALISTS], WORLDS)
        search.play(search.steps(WORLDS, SMALL), WORLDS, epochs)
    chosen = settings_at(rule, search.best(WORLDS)[0])
    scores = {s: round(score(rule, chosen, suite, suite.tasks(s), range(WORLDS)), 5) for s in ("train", "val")}
    reported = {"chosen": chosen, "train": scores["train"], "validation": scores["val"]}
    return {"epochs": search.epochs, "settings": len(search.played), "worlds": WORLDS, "compiled": fast, **reported}


Place = tuple[float, ...]
"""A setting of a rule as a point of the unit cube."""
TRIES = 1000
"""Steps in a row that may lead to known settings."""


@dataclass
class Search:
    """Settings of a rule that were played on the training tasks of a suite.

    Attributes:
        rule, suite: What is tuned, and where.
        played: By setting its place, its instances of each task, and the sum of its mean scores in them.
        epochs: Played in all.
    """

    rule: str
    suite: Suite
    played: dict[str, tuple[Place, int, float]] = field(default_factory=dict)
    epochs: int = 0

    def play(self, places: Iterable[Place], worlds: int, until: float = np.inf) -> None:
        """Play settings in so many instances of each task, those not played yet, while epochs are left."""
        tasks = self.suite.tasks("train")
        for place in places:
            settings = settings_at(self.rule, place)
            first, done, total = self.played.get(json.dumps(settings), (place, 0, 0.0))
            cost = (worlds - done) * len(tasks) * int(self.suite.env["budget"])
            if self.epochs + cost > until:
                return
            if cost > 0:
                found = score(self.rule, settings, self.suite, tasks, range(done, worlds))
                self.played[json.dumps(settings)] = first, worlds, total + (worlds - done) * found
                self.epochs += cost

    def best(self, worlds: int) -> list[Place]:
        """Return the settings played in at least so many instances, the best first."""
        enough = [place for place, done, _ in self.played.values() if done >= worlds]
        return sorted(enough, key=self.mean, reverse=True)

    def mean(self, place: Place) -> float:
        """Return the mean score of a setting that was played."""
        _, worlds, total = self.played[json.dumps(settings_at(self.rule, place))]
        return total / worlds

    def steps(self, worlds: int, size: float) -> Iterator[Place]:
        """Yield new settings, each a normal step from the best at that time; steps are clipped to the ranges."""
        rng = seeding.generator(seeding.key("steps of a schedule", self.suite.name, self.rule, worlds))
        for _ in range(TRIES):
            best = np.array(self.best(worlds)[0])
            place = tuple(np.clip(best + size * rng.standard_normal(len(best)), 0.0, ENOUGH).tolist())
            if json.dumps(settings_at(self.rule, place)) not in self.played:
                yield place


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Play the chosen settings of two rules anew, and hash what decides all results."""
    now, then = list[Any](), list[Any]()
    for suite, rule in (("Schedules", "cosine"), ("Drift", "plateau")):
        row, loaded = found[suite][rule], load_suite(suite)
        now += [round(score(rule, row["chosen"], loaded, loaded.tasks(s), range(WORLDS)), 5) for s in ("train", "val")]
        then += [row["train"], row["validation"]]
    every = [(suite, rule) for suite, part in found.items() for rule in part]
    return [*now, *(asked(r, load_suite(s)) for s, r in every)], [*then, *(found[s][r]["asked"] for s, r in every)]


def drawn(rule: str, count: int) -> Iterator[dict[str, Any]]:
    """Yield random settings: the same at each start, and of more the first are those of fewer."""
    yield from (settings_at(rule, draw(rule, i)) for i in range(count))


def draw(rule: str, i: int) -> Place:
    """Return the place of a random setting."""
    rng = seeding.generator(seeding.key("settings of a schedule", rule, i))
    return tuple(float(rng.random()) for _ in RANGES[rule])


ENOUGH = 1 - 1e-9
"""The upper end of a place."""


def settings_at(rule: str, place: Place) -> dict[str, Any]:
    """Return the settings at a place."""
    return {name: value(range_, u) for (name, range_), u in zip(RANGES[rule].items(), place, strict=True)}


def value(range_: Range, u: float) -> float | int:
    """Return the value of a range at `u` in [0, 1), of three digits."""
    how, low, high = range_
    if how == WHOLE:
        return int(low + u * (high - low + 1))
    v = low * (high / low) ** u if how == LOG else low + u * (high - low)
    return float(f"{v:.3g}")


def score(rule: str, settings: Mapping[str, Any], suite: Suite, tasks: Sequence[Task], worlds: Iterable[int]) -> float:
    """Return the mean of what counts over tasks and instances, all runs at once."""
    budget = int(suite.env["budget"])
    cells = [
        (task, seeding.instance_seed(suite.name, task.name, "schedule rules", w)) for task in tasks for w in worlds
    ]
    rngs = [seeding.generator(seeding.optimizer_seed(instance, rule, {})) for _, instance in cells]
    contexts = {task: Context.of(task, budget) for task in tasks}
    runs = run_batch(
        make_optimizer(rule, **settings), [task for task, _ in cells], [instance for _, instance in cells],
        [contexts[task] for task, _ in cells], rngs, budget=budget, n_init=0,
    )  # fmt: skip
    scores = runs.scores()
    last = np.array([task.counts == "last" for task, _ in cells])
    return float(np.where(last, scores[:, -1], scores.mean(1)).mean())


def asked(rule: str, suite: Suite) -> str:
    """Return a hash of what a rule is tuned on; its row tells how long, and its version speaks of the code."""
    made: Any = make_optimizer(rule)
    return seeding.digest([
        suite.data_hash, [t.name for s in ("train", "val") for t in suite.tasks(s)], made.version,
        {name: list(range_) for name, range_ in RANGES[rule].items()},
    ])  # fmt: skip


def stale(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the rules whose defaults are not what was chosen on the first suite."""
    for rule in RANGES:
        own, row = dict(vars(make_optimizer(rule))), found.get(SUITES[0], {}).get(rule)
        if row is None:
            yield f"{rule}: not tuned on {SUITES[0]}"
        elif row["chosen"] != own:
            yield f"{rule}: the defaults are {own}, chosen was {row['chosen']}"


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each rule, the best on the validation tasks first."""
    rows = []
    for suite, rules in found.items():
        for rule, row in sorted(rules.items(), key=lambda item: -float(item[1]["validation"])):
            settings = ", ".join(f"`{k}={v:g}`" for k, v in row["chosen"].items())
            scores = (f"{row[what]:.3f}" for what in ("train", "validation"))
            rows.append((suite, f"`{rule}`", *scores, f"{row['epochs']:,}", settings))
    return {"rules": Table.of(("suite", "rule", "train", "validation", "epochs", "settings"), rows)}


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the epochs of a training, and the least and most that a rule was tuned with."""
    played = [row["epochs"] for rules in found.values() for row in rules.values()]
    return {"epochs": EPOCHS, "least": min(played), "most": max(played)}
