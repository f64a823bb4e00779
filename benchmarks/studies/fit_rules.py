"""Rules for trainings, tuned on the training tables of `Trainings`; `autopilot` on clean tables besides.

`polynomial` and `gap` have random settings in few episodes, the best of them in more, and then a cross-entropy method
(a normal distribution over settings that moves to the better half of its draws) from the best; the centre with the best
mean over fresh episodes is chosen. An episode is a training table with a drawn recipe, for 12, 24 or 48 epochs; a score
is the mean of the checkpoint's on test and on validation rows.

`autopilot` begins at `START` and moves by its gain over `polynomial` in the same episodes, of real tables and of tables
that a random network taught (`taught` of recipes): on real ones alone it became careless on clean data. A loss beyond
5 % counts twice. Tables of the validation split judge; test tables are not looked at. The defaults of the rules, and
the file of `autopilot`, are what was chosen.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import frame
import numpy as np
from frame import Table
from trained import Trainings

from hpo_baselines._schedules.schedule import Schedule
from hpo_baselines.autopilot import SIZES, Autopilot
from hpo_gym.base import Floats, seeding
from hpo_gym.optimize import make_optimizer
from hpo_gym.problem import Suite
from hpo_gym.suites import load_suite
from hpo_gym.suites.tasks.fits.recipe import Recipes
from hpo_gym.suites.trainings import trainings_with

LOOKS = "training and validation tables"
SUITE, BUDGETS = "Trainings", (12, 24, 48)
WORLDS: Mapping[str, tuple[Recipes, tuple[int, ...]]] = {
    "real": (Recipes(), BUDGETS),
    "taught": (Recipes(taught=1.0, rows=(256, 4096), noise=0.1, largest=6e6), (12, 12, 24, 24, 48)),
}
"""By name, recipes and lengths of episodes."""
BOTH = {"real": (1.5, 0.7), "taught": (0.375, 0.3)}
"""Worlds of `autopilot`: the episodes of each in parts of those of another rule, and its weight."""
CARE = 0.05
"""Loss of score against `polynomial` that counts once; what is beyond counts twice."""
DRAWS, KEPT, FEW, MORE, FINAL = 320, 32, 32, 128, 384
"""Random settings, those of them that are played again, and episodes of each play."""
EVOLVED = "autopilot"
POPULATION = {"polynomial": 24, "gap": 24, EVOLVED: 20}
GENERATIONS = {"polynomial": 12, "gap": 16, EVOLVED: 12}
STEP, LEAST = {"polynomial": 0.15, "gap": 0.15, EVOLVED: 0.015}, {"polynomial": 0.02, "gap": 0.02, EVOLVED: 0.008}
"""Standard deviations of the first draws, and the smallest ones, in ranges of a setting."""
LOG, LINEAR = "log", "linear"

Range = tuple[str, float, float]
OPEN: Mapping[str, Range] = {
    "rate": (LOG, 5e-3, 0.5), "adaptive_rate": (LOG, 5e-4, 0.1), "decay": (LOG, 1e-5, 0.2),
    "adaptive_decay": (LOG, 1e-4, 2.0), "dropout": (LINEAR, 0.0, 0.5), "power": (LINEAR, 0.2, 3.0),
}  # fmt: skip
RANGES: Mapping[str, Mapping[str, Range]] = {
    "polynomial": OPEN,
    "gap": {
        **OPEN, "gap": (LINEAR, -0.1, 0.5), "up": (LINEAR, 0.0, 0.4), "dropout_up": (LINEAR, 0.0, 0.12),
        "release": (LINEAR, 0.0, 1.0), "rise": (LOG, 5e-3, 0.5), "cut": (LINEAR, 0.3, 1.0),
    },
}  # fmt: skip
"""The range of each setting of a rule: how it is drawn, and its ends."""
START: Mapping[str, Any] = {
    "rate": [-1.497, -0.6501, -0.135, -0.2228, -0.3225, 0.5104, -0.1125, -0.05107, -0.1207],
    "decay": [-1.772, 2.364, -0.2995, -0.7279, 0.05246, -0.1431, -0.3713, -0.1702, -0.1809],
    "dropout": [-0.03838, 0.07496, -0.06537, -0.1497, -0.1153, 0.1566, -0.08101, -0.02863, -0.1413],
    "power": [0.4232, -0.03402],
    "warm": -0.114,
    "feedback": [-4.625, 10.25, 8.252, 0.2592, -0.2028, -0.7115, 0.01618, 0.1617],
    "up": 0.2225,
    "down": 0.07078,
    "dropout_up": 0.02893,
    "dropout_down": 0.01957,
    "rise": 0.1689,
    "cut": 0.1245,
    "patience": 11.4,
    "late": -0.02959,
}  # fmt: skip
"""The first numbers of `autopilot`, from searches that had not this form: one on real tables alone, halfway back to
`polynomial`, then one in which both worlds weighed alike, then trials of a few numbers on training tables."""
SPENT = {"settings": 2009, "epochs": 4_019_000}
"""The effort of these, about."""

cells = frame.grid((*RANGES, EVOLVED))


# ---------------------------------------------------------------------- episodes
@dataclass(frozen=True)
class Episodes:
    """Trainings in which settings are compared.

    Attributes:
        tasks: Names of tables.
        keys: Instance seeds.
        epochs: Of each.
        world: Of `WORLDS`.
    """

    tasks: tuple[str, ...]
    keys: tuple[int, ...]
    epochs: tuple[int, ...]
    world: str = "real"

    @classmethod
    def of(cls, split: str, count: int, seed: int, world: str = "real") -> Episodes:
        """Draw tables without repetition as long as there are some left, and their instances."""
        budgets = WORLDS[world][1]
        rng, names = np.random.default_rng(seed), [t.name for t in load_suite(SUITE).tasks(split)]
        drawn = [names[i] for _ in range(-(-count // len(names))) for i in rng.permutation(len(names))][:count]
        keys = [seeding.instance_seed(SUITE, name, "rules", int(rng.integers(2**31))) for name in drawn]
        epochs = tuple(int(b) for b in np.resize(rng.permutation(budgets), count))
        return cls(tuple(drawn), tuple(keys), epochs, world)

    @functools.cached_property
    def suite(self) -> Suite:
        """The suite with the recipes of the world."""
        return trainings_with(WORLDS[self.world][0])


def play(rule: str, population: Sequence[Mapping[str, Any]], episodes: Episodes) -> Floats:
    """Return the score of each setting in each episode, ``(p, e)``."""
    return scores(episodes.suite, lambda repeats: ruled(rule, population, repeats), len(population), episodes)


def scores(suite: Suite, make: Callable[[int], Schedule], settings: int, episodes: Episodes) -> Floats:
    """Return the score of each of so many settings in each episode; `make` has a run of each in so many episodes."""
    out = np.empty((settings, len(episodes.tasks)))
    for budget in sorted(set(episodes.epochs)):
        at = np.flatnonzero(np.array(episodes.epochs) == budget)
        names, keys = [episodes.tasks[i] for i in at], [episodes.keys[i] for i in at]
        begun = Trainings.of(suite, names * settings, keys * settings)
        *_, last = begun.under(make(len(at)), budget)
        out[:, at] = (0.5 * (last.tested + last.valid)).reshape(settings, len(at))
    return out


def ruled(rule: str, population: Sequence[Mapping[str, Any]], repeats: int) -> Schedule:
    """Return one rule whose settings are arrays with a row for each run."""
    each = {k: np.repeat(np.array([s[k] for s in population], np.float64), repeats, 0) for k in population[0]}
    if rule != EVOLVED:
        return cast("Schedule", make_optimizer(rule, **each))
    made = Autopilot(dict(each))
    made.check()
    return made


# ---------------------------------------------------------------------- searching
@dataclass
class Search:
    """Settings as points, and what was played.

    Attributes:
        rule: Name of the rule.
        low, high: Ends of each coordinate, in its own scale.
        epochs: Played so far.
        settings: Played so far.
        population, few: Settings of a generation, and its episodes.
        step, least: Standard deviations of the first draws, and the smallest ones, in ranges of a setting.
    """

    rule: str
    low: Floats
    high: Floats
    epochs: int = 0
    settings: int = 0
    population: int = 24
    few: int = 2 * FEW
    step: float = 0.15
    least: float = 0.02

    def read(self, point: Floats) -> dict[str, Any]:
        """Return the settings of a point."""
        if self.rule == EVOLVED:
            return numbers_of(point)
        return settings_of(RANGES[self.rule], point)

    def scores(self, points: Floats, episodes: Episodes) -> Floats:
        """Return the score of each point in each episode, ``(p, e)``."""
        return play(self.rule, [self.read(p) for p in points], episodes)

    def play(self, points: Floats, episodes: Episodes) -> Floats:
        """Return the mean score of each point."""
        self.settings += len(points)
        self.epochs += len(points) * sum(episodes.epochs)
        return np.asarray(self.scores(points, episodes).mean(1))

    def judged(self, points: Floats, seed: int, count: int) -> Floats:
        """Return what points are compared by, in so many fresh episodes."""
        return self.play(points, Episodes.of("train", count, seed))

    def draw(self, count: int, rng: np.random.Generator) -> Floats:
        """Return random points."""
        return rng.uniform(self.low, self.high, (count, len(self.low)))

    def evolve(self, start: Floats, generations: int, seed: int, kept: Path) -> list[Floats]:
        """Return the centres of the generations, the start first; a search goes on from those in `kept`."""
        half, width = self.population // 2, self.high - self.low
        weights = np.log(half + 0.5) - np.log(np.arange(1, half + 1))
        weights /= weights.sum()
        state: dict[str, Any] = (
            json.loads(kept.read_text()) if kept.is_file() else {"centres": [start.tolist()], "sd": None}
        )
        self.epochs, self.settings = state.get("epochs", self.epochs), state.get("settings", self.settings)
        sd = np.full(len(start), self.step) if state["sd"] is None else np.array(state["sd"])
        while len(state["centres"]) <= generations:
            g, centre = len(state["centres"]), np.array(state["centres"][-1])
            rng = np.random.default_rng([seed, g])
            z = rng.standard_normal((half, len(start))) * (rng.random((half, len(start))) < 0.6)
            points = np.clip(centre + np.concatenate([z, -z]) * sd * width, self.low, self.high)
            points[-1] = centre
            scores = self.judged(points, 10_000 * (seed + 1) + g, self.few)
            best = points[np.argsort(-scores)[:half]]
            new = weights @ best
            spread = np.sqrt((weights[:, None] * ((best - centre) / width) ** 2).sum(0))
            sd = np.clip(0.85 * sd + 0.15 * np.maximum(spread, 0.5 * sd), self.least, 0.25)
            state = {
                "centres": [*state["centres"], new.tolist()], "sd": sd.tolist(), "epochs": self.epochs,
                "settings": self.settings,
            }  # fmt: skip
            kept.parent.mkdir(parents=True, exist_ok=True)
            fresh = kept.with_suffix(".new")
            fresh.write_text(json.dumps(state))
            fresh.replace(kept)
            print(
                f"{self.rule} {g}: mean {scores.mean():.4f}, centre {scores[-1]:.4f}, epochs {self.epochs}", flush=True
            )
        return [np.array(c) for c in state["centres"]]


class Evolution(Search):
    """The search for `autopilot`, by gains over `polynomial` in both worlds."""

    def judged(self, points: Floats, seed: int, count: int) -> Floats:
        """Return the mean gain of each point, with losses beyond `CARE` twice."""
        out = np.zeros(len(points))
        for world, (share, weight) in BOTH.items():
            episodes = Episodes.of("train", int(share * count), seed, world)
            gain = self.scores(points, episodes) - play("polynomial", [{}], episodes)
            out += weight * careful(gain).mean(1)
            self.epochs += (1 + len(points)) * sum(episodes.epochs)
        self.settings += len(points)
        return out


def careful(gain: Floats) -> Floats:
    """Return gains, where what is lost beyond `CARE` counts twice."""
    return gain + np.minimum(gain + CARE, 0.0)


def cell(rule: str, *, out: Path) -> dict[str, Any]:
    """Return what was chosen of a rule, its scores, and the effort."""
    made = Evolution if rule == EVOLVED else Search
    search = made(rule, *ends(rule), population=POPULATION[rule], step=STEP[rule], least=LEAST[rule])
    rng = np.random.default_rng(seeding.key("fit rules", rule) % 2**32)
    kept = out / f"{rule}.json"
    if rule == EVOLVED:
        start = point_of(START)
    elif kept.is_file():
        start = np.empty(len(search.low))
    else:
        points = search.draw(DRAWS, rng)
        points = points[np.argsort(-search.play(points, Episodes.of("train", FEW, 1)))[:KEPT]]
        start = points[np.argmax(search.play(points, Episodes.of("train", MORE, 2)))]
    centres = search.evolve(start, GENERATIONS[rule], 0, kept)
    points = np.array([*centres[-8:], np.mean(centres[-6:], 0)])
    best = points[search.judged(points, 3, FINAL).argmax()]
    chosen, train = rounded(search.read(best)), search.play(best[None], Episodes.of("train", FINAL, 3))
    judged = play(rule, [chosen], Episodes.of("val", FINAL, 4))
    before = SPENT if rule == EVOLVED else dict.fromkeys(SPENT, 0)
    return {
        "chosen": chosen, "train": round(float(train[0]), 5), "validation": round(float(judged.mean()), 5),
        "settings": search.settings + before["settings"], "epochs": search.epochs + before["epochs"],
    }  # fmt: skip


def ends(rule: str) -> tuple[Floats, Floats]:
    """Return the ends of the coordinates of a rule."""
    if rule == EVOLVED:
        spans = {
            "rate": 1.0, "decay": 1.0, "dropout": 0.25, "power": 0.5, "warm": 0.5, "feedback": 2.0, "up": 0.15,
            "down": 0.1, "dropout_up": 0.03, "dropout_down": 0.03, "rise": 0.1, "cut": 0.15, "patience": 3.0,
            "late": 0.2,
        }  # fmt: skip
        middle = point_of(START)
        width = np.repeat([spans[name] for name in SIZES], list(SIZES.values()))
        return middle - 3 * width, middle + 3 * width
    return ends_of(RANGES[rule])


def ends_of(ranges: Mapping[str, Range]) -> tuple[Floats, Floats]:
    """Return the ends of ranges, each in its own scale."""
    ends = np.array([np.log10(r[1:]) if r[0] == LOG else r[1:] for r in ranges.values()])
    return ends[:, 0], ends[:, 1]


def settings_of(ranges: Mapping[str, Range], point: Floats) -> dict[str, float]:
    """Return the settings at a point of these ranges."""
    return {
        name: float(10.0**v if kind == LOG else v) for (name, (kind, *_)), v in zip(ranges.items(), point, strict=True)
    }


def point_of(numbers: Mapping[str, Any]) -> Floats:
    """Return numbers of `autopilot` as one array."""
    return np.concatenate([np.atleast_1d(numbers[name]) for name in SIZES]).astype(np.float64)


def numbers_of(point: Floats) -> dict[str, Any]:
    """Return the numbers of `autopilot` in an array, by name."""
    parts = np.split(point, np.cumsum(list(SIZES.values()))[:-1])
    return {n: part if SIZES[n] > 1 else part[0] for n, part in zip(SIZES, parts, strict=True)}


def rounded(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with four digits, as JSON."""
    return {k: [float(f"{x:.4g}") for x in v] if np.ndim(v) else float(f"{v:.4g}") for k, v in settings.items()}


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Play the chosen open loop on the validation tables anew."""
    row = found["polynomial"]
    return round(float(play("polynomial", [row["chosen"]], Episodes.of("val", FINAL, 4)).mean()), 5), row["validation"]


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return scores and effort by rule."""
    return {"rules": Table.of(("rule", "training tables", "validation tables", "settings", "epochs"), _rows(found))}


def _rows(found: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for rule, row in found.items():
        yield (
            f"`{rule}`", f"{row['train']:.3f}", f"{row['validation']:.3f}", str(row["settings"]), f"{row['epochs']:,}",
        )  # fmt: skip
