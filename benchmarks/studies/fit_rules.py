"""Rules for trainings, tuned on the training tables of `Trainings`; the last step of `autopilot` was chosen by hand.

Each rule has random settings in few episodes, the best of them in more, and then a cross-entropy method (a normal
distribution over settings that moves to the better half of its draws) from the best; the centre with the best mean over
fresh episodes is chosen. `autopilot` is `START`, found in the same way. An episode is a training table with a drawn
recipe, for 12, 24 or 48 epochs; a score is the mean of the checkpoint's on test and on validation rows. Tables of the
validation split judge; test tables are not looked at. The defaults of the rules, and the file of `autopilot`, are what
was chosen.
"""

from __future__ import annotations

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

LOOKS = "training and validation tables"
SUITE, BUDGETS = "Trainings", (12, 24, 48)
DRAWS, KEPT, FEW, MORE, FINAL = 320, 32, 32, 128, 384
"""Random settings, those of them that are played again, and episodes of each play."""
POPULATION, GENERATIONS, EVOLVED = 24, {"polynomial": 12, "gap": 16, "autopilot": 0}, "autopilot"
STEP, LEAST = (
    {"polynomial": 0.15, "gap": 0.15, "autopilot": 0.06},
    {"polynomial": 0.02, "gap": 0.02, "autopilot": 0.012},
)
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
    "rate": [-1.44, -0.6614, 0.07495, -0.187, -0.2472, 0.2715, -0.005055, -0.038, 0.02244],
    "decay": [-1.62, 2.416, -0.1735, -0.2626, -0.07665, -0.2386, -0.3724, -0.183, -0.06805],
    "dropout": [-0.01865, 0.02332, -0.0274, -0.096, -0.03899, 0.06135, -0.06615, -0.02958, -0.04686],
    "power": [0.4563, -0.0896],
    "warm": 0.04738,
    "gap": 0.45,
    "relative": 1.0,
    "up": 0.2124,
    "down": 0.07,
    "dropout_up": 0.0283,
    "dropout_down": 0.018,
    "rise": 0.1621,
    "cut": 0.1349,
    "patience": 11.25,
    "late": -0.04618,
}  # fmt: skip
"""The numbers of `autopilot`: the centre after 50 generations from a hand-made setting of `gap`, halfway back to
`polynomial`, with the gap in parts of the validation loss. More generations gain one more percent on validation tables,
and have many times the loss on deep networks of PyTorch. The step back was chosen on validation tables and such
networks."""
SPENT = {"settings": 1209, "epochs": 2_246_112}
"""The effort of those generations."""

cells = frame.grid((*RANGES, EVOLVED))


# ---------------------------------------------------------------------- episodes
@dataclass(frozen=True)
class Episodes:
    """Trainings in which settings are compared.

    Attributes:
        tasks: Names of tables.
        keys: Instance seeds.
        epochs: Of each.
    """

    tasks: tuple[str, ...]
    keys: tuple[int, ...]
    epochs: tuple[int, ...]

    @classmethod
    def of(cls, split: str, count: int, seed: int) -> Episodes:
        """Draw tables without repetition as long as there are some left, and their instances."""
        rng, names = np.random.default_rng(seed), [t.name for t in load_suite(SUITE).tasks(split)]
        drawn = [names[i] for _ in range(-(-count // len(names))) for i in rng.permutation(len(names))][:count]
        keys = [seeding.instance_seed(SUITE, name, "rules", int(rng.integers(2**31))) for name in drawn]
        return cls(tuple(drawn), tuple(keys), tuple(int(b) for b in np.resize(rng.permutation(BUDGETS), count)))


def play(rule: str, population: Sequence[Mapping[str, Any]], episodes: Episodes) -> Floats:
    """Return the score of each setting in each episode, ``(p, e)``."""
    return scores(load_suite(SUITE), lambda repeats: ruled(rule, population, repeats), len(population), episodes)


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
    population: int = POPULATION
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
            scores = self.play(points, Episodes.of("train", self.few, 10_000 * (seed + 1) + g))
            best = points[np.argsort(-scores)[:half]]
            new = weights @ best
            spread = np.sqrt((weights[:, None] * ((best - centre) / width) ** 2).sum(0))
            sd = np.clip(0.85 * sd + 0.15 * np.maximum(spread, 0.5 * sd), self.least, 0.25)
            state = {
                "centres": [*state["centres"], new.tolist()], "sd": sd.tolist(), "epochs": self.epochs,
                "settings": self.settings,
            }  # fmt: skip
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(state))
            print(
                f"{self.rule} {g}: mean {scores.mean():.4f}, centre {scores[-1]:.4f}, epochs {self.epochs}", flush=True
            )
        return [np.array(c) for c in state["centres"]]


def cell(rule: str, *, out: Path) -> dict[str, Any]:
    """Return what was chosen of a rule, its scores, and the effort."""
    search = Search(rule, *ends(rule), step=STEP[rule], least=LEAST[rule])
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
    last = [*centres[-8:], np.mean(centres[-6:], 0)]
    scores = search.play(np.array(last), Episodes.of("train", FINAL, 3))
    chosen = rounded(search.read(last[int(scores.argmax())]))
    judged = play(rule, [chosen], Episodes.of("val", FINAL, 4))
    before = SPENT if rule == EVOLVED else dict.fromkeys(SPENT, 0)
    return {
        "chosen": chosen, "train": round(float(scores.max()), 5), "validation": round(float(judged.mean()), 5),
        "settings": search.settings + before["settings"], "epochs": search.epochs + before["epochs"],
    }  # fmt: skip


def ends(rule: str) -> tuple[Floats, Floats]:
    """Return the ends of the coordinates of a rule."""
    if rule == EVOLVED:
        spans = {
            "rate": 1.0, "decay": 1.0, "dropout": 0.25, "power": 0.5, "warm": 0.5, "gap": 0.2, "up": 0.15, "down": 0.1,
            "dropout_up": 0.03, "dropout_down": 0.03, "relative": 0.2, "rise": 0.1, "cut": 0.15, "patience": 3.0,
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
