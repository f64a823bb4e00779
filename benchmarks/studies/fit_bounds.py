"""Bounds of control in `Trainings`: a tuned cosine and plateau, the best of k by validation, and epochs to a loss.

`cosine` is tuned on the training tables, apart for SGD and AdamW, with weight decay and dropout that it holds: random
settings in few episodes, the better ones in more, the search of `fit_rules`, and settings near `polynomial`. `plateau`
has a grid of factors and patience at the rates and the regularisation of these two. Test tables judge rules epoch by
epoch; k cosines that share one budget, or have one each, the best of them by validation; two rounds of rates. "Best by
test" picks by what judges: it is luck, and no bound.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import frame
import numpy as np
from agreement import suite_of
from control_pays import USUAL, told_of
from fit_rules import LINEAR, OPEN, Episodes, Range, Search, ends_of, rounded, scores, settings_of
from frame import Table
from looks import Look
from torch_control import controllers
from torch_fits import OPTIMIZERS
from trained import Trainings

from hpo_baselines._schedules.schedule import Epoch, Schedule
from hpo_baselines.cosine import Cosine
from hpo_baselines.plateau import Plateau
from hpo_baselines.polynomial import Polynomial
from hpo_gym.base import Floats, Mask, seeding
from hpo_gym.bench import Resamples, instance_of
from hpo_gym.bench.intervals import OF_MEANS, edges
from hpo_gym.optimize import make_optimizer
from hpo_gym.suites import load_suite

Found = Mapping[str, Any]

SUITES = ("Trainings",)
LOOKS = Look("test losses of rules by epoch, and of the best of k cosines", "bounds of control", SUITES, only="test")
TUNED, BASES = ("cosine", "plateau"), ("cosine", "polynomial")
RULES = (USUAL, *TUNED, "polynomial", "gap", "autopilot")
BUDGET, INSTANCES, FEWER = 48, 2, 1
"""Epochs; episodes of each test table with each optimizer, and those of them with 16 runs."""
COUNTS, SHOWN = (1, 2, 4, 8, 16), (1, 2, 4, 8, 12, 16, 24, 48)
"""Runs of which the best counts; epochs that a table shows."""
MOST = COUNTS[-1]
KINDS = {"seeds": "seeds of the cosine", "drawn": "good cosines", "random": "random cosines"}
"""What the runs are of: the tuned settings, those of the last round of random ones, and random ones."""
RATES, SECOND = 7, 5
"""Of two rounds: rates of the first, and epochs of the second."""
LEFT = BUDGET - RATES - 2 * SECOND
STEPS = (0.1, 0.2, 0.35, 0.5)
"""Decades between two rates."""
ROUNDS = ((320, 6), (64, 12), (20, 32))
"""Random settings, the best of them, and the best of those; episodes of each."""
POPULATION, GENERATIONS, EPISODES, FINAL = 12, 4, 32, 96
"""Of the search: settings of a generation, generations, their episodes, and episodes of the last comparison. The stored
cosine of SGD had more: the best 80 in 18 episodes, 20 of them in 64, and six generations of 48 episodes."""


def ranges(optimizer: str) -> Mapping[str, Range]:
    """Return the range of each setting of a cosine."""
    first = "" if optimizer == "sgd" else "adaptive_"
    common = {"rate": OPEN[f"{first}rate"], "decay": OPEN[f"{first}decay"], "dropout": OPEN["dropout"]}
    return {**common, "end": (LINEAR, 0.0, 1.0)}


# ---------------------------------------------------------------------- rules side by side
@dataclass(eq=False)
class Regularised(Schedule):
    """A schedule of the learning rate, beside which weight decay and dropout are held."""

    of: Schedule
    decay: float
    dropout: float

    controls = Polynomial.controls

    def check(self) -> None:
        """Check the schedule."""
        self.of.check()

    def log_rate(self, now: Epoch) -> Floats:
        """As the schedule."""
        return self.of.log_rate(now)

    def others(self, now: Epoch) -> Mapping[str, Floats]:
        """Hold both."""
        return {"weight_decay": np.full(len(now.t), self.decay), "dropout": np.full(len(now.t), self.dropout)}


class Beside(Schedule):
    """Rules side by side, each for so many runs; for one training of these."""

    controls = Polynomial.controls

    def __init__(self, rules: Sequence[Schedule], repeats: int) -> None:
        none = np.empty(0)
        self._parts = [(rule, Epoch(none, none, {}, none, none)) for rule in rules]
        self._repeats = repeats

    def check(self) -> None:
        """Check all rules."""
        for rule, _ in self._parts:
            rule.check()

    def log_rate(self, now: Epoch) -> Floats:
        """As the rules."""
        for i, (_, own) in enumerate(self._parts):
            at = slice(i * self._repeats, (i + 1) * self._repeats)
            own.t, own.epochs, own.last, own.drawn = now.t[at], now.epochs[at], now.last[at], now.drawn[at]
            own.signals = {name: column[at] for name, column in now.signals.items()}
        return np.concatenate([rule.log_rate(own) for rule, own in self._parts])

    def others(self, now: Epoch) -> Mapping[str, Floats]:
        """As the rules."""
        found = [rule.others(own) for rule, own in self._parts]
        return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


def made(rule: str, settings: Mapping[str, float]) -> Schedule:
    """Return a rule with its settings."""
    if rule == BASES[1]:
        return Polynomial(**settings)
    rate = settings["rate"]
    if rule == "cosine":
        of: Schedule = Cosine(rate, 0.0, settings["end"])
    else:
        of = Plateau(rate, settings["factor"], round(settings["patience"]))
    return Regularised(of, settings["decay"], settings["dropout"])


# ---------------------------------------------------------------------- tuning
@dataclass
class Tuning(Search):
    """The search of a rule for networks with one optimizer."""

    optimizer: str = ""

    def read(self, point: Floats) -> dict[str, Any]:
        """Return the settings of a point."""
        return settings_of(ranges(self.optimizer), point)

    def scores(self, points: Floats, episodes: Episodes) -> Floats:
        """Return the score of each point in each episode, ``(p, e)``."""
        return self.of([self.read(p) for p in points], episodes)

    def of(self, settings: Sequence[Mapping[str, float]], episodes: Episodes) -> Floats:
        """Return the score of each of these settings in each episode."""
        rules = [made(self.rule, s) for s in settings]
        return scores(suite_of(self.optimizer), lambda repeats: Beside(rules, repeats), len(rules), episodes)

    def last(self, split: str, *settings: Mapping[str, float]) -> Floats:
        """Return the mean score of each of these settings in the last comparison, ``(p,)``."""
        return np.asarray(self.of(settings, Episodes.of(split, FINAL, 103)).mean(1))


def best_drawn(search: Tuning, kept: Path) -> Floats:
    """Return the last of the random points, the best one first; those in `kept` are not played again."""
    if not kept.is_file():
        rng = np.random.default_rng(seeding.key("fit bounds", search.rule, search.optimizer) % 2**32)
        points = search.draw(ROUNDS[0][0], rng)
        for i, (count, episodes) in enumerate(ROUNDS):
            points = points[:count]
            points = points[np.argsort(-search.play(points, Episodes.of("train", episodes, 100 + i)))]
        found = {"points": points.tolist(), "settings": search.settings, "epochs": search.epochs}
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(found))
    found = json.loads(kept.read_text())
    search.settings, search.epochs = found["settings"], found["epochs"]
    return np.array(found["points"])


def tuned(optimizer: str, out: Path) -> dict[str, Any]:
    """Return the settings that were chosen on the training tables, the good ones among random ones, and the effort."""
    low, high = ends_of(ranges(optimizer))
    search = Tuning("cosine", low, high, population=POPULATION, few=EPISODES, optimizer=optimizer)
    points = best_drawn(search, out / f"cosine-{optimizer}-drawn.json")
    good = [rounded(search.read(p)) for p in points]
    centres = search.evolve(points[0], GENERATIONS, 7, out / f"cosine-{optimizer}.json")
    found = [rounded(search.read(p)) for p in (*centres[-3:], np.mean(centres[-3:], 0), centres[0])]
    last = [*found, *near(optimizer)]
    means = search.last("train", *last)
    played = len(last) * sum(Episodes.of("train", FINAL, 103).epochs)
    return {
        **compared(search, last[int(means.argmax())]), "settings": search.settings + len(last),
        "epochs": search.epochs + played, "good": good,
    }  # fmt: skip


def near(optimizer: str) -> list[dict[str, float]]:
    """Return cosines with the rate and the weight decay of `polynomial`, which was tuned for longer."""
    return [{**known(optimizer), "dropout": d, "end": end} for d in (0.02, 0.1, 0.2) for end in (0.1, 0.3, 0.5)]


def known(optimizer: str) -> dict[str, float]:
    """Return the rate and the weight decay of `polynomial`."""
    first, settings = "" if optimizer == "sgd" else "adaptive_", vars(Polynomial())
    return {name: settings[f"{first}{name}"] for name in ("rate", "decay")}


def gridded(optimizer: str) -> dict[str, Any]:
    """Return the best `plateau` of a grid, with rate, weight decay and dropout of the tuned open loops."""
    cosine = stored_settings("cosine", optimizer)["chosen"]
    starts = [{**known(optimizer), "dropout": 0.1}, {name: cosine[name] for name in ("rate", "decay", "dropout")}]
    grid = [
        {**start, "factor": factor, "patience": patience}
        for start, factor, patience in itertools.product(starts, (0.3, 0.5, 0.7), (1.0, 3.0))
    ]
    search = Tuning("plateau", np.empty(0), np.empty(0), optimizer=optimizer)
    chosen = grid[int(search.last("train", *grid).argmax())]
    played = len(grid) * sum(Episodes.of("train", FINAL, 103).epochs)
    return {**compared(search, chosen), "settings": len(grid), "epochs": played}


def compared(search: Tuning, chosen: Mapping[str, float]) -> dict[str, Any]:
    """Return settings with their scores in the episodes in which all rules are compared."""
    train, valid = (round(float(search.last(split, chosen)[0]), 5) for split in ("train", "val"))
    return {"chosen": chosen, "train": train, "validation": valid}


def open_loop(optimizer: str) -> dict[str, Any]:
    """Return what `polynomial` has in the same episodes, and the effort of its own tuning, for both optimizers."""
    search = Tuning(BASES[1], np.empty(0), np.empty(0), optimizer=optimizer)
    found: Mapping[str, Any] = frame.stored("fit_rules")[BASES[1]]
    return {**compared(search, {}), "settings": found["settings"], "epochs": found["epochs"]}


# ---------------------------------------------------------------------- the test tables
def rule_of(name: str, optimizer: str) -> Schedule:
    """Return a rule with its settings for networks with one optimizer."""
    if name == USUAL:
        made_of: Any = controllers(optimizer, (USUAL,))[USUAL]
    else:
        made_of = made(name, stored_settings(name, optimizer)["chosen"]) if name in TUNED else make_optimizer(name)
    made_of.check()
    rule: Schedule = made_of
    return rule


def stored_settings(rule: str, optimizer: str) -> Mapping[str, Any]:
    """Return what was found when a rule was tuned."""
    found: Mapping[str, Any] = frame.stored("fit_bounds")["tuned"][rule][optimizer]
    return found


def begun(optimizer: str, episodes: int, runs: int = 1) -> Trainings:
    """Begin so many runs of each of the first episodes of each test table, the first one of each first."""
    suite = suite_of(optimizer)
    tasks = suite.tasks("test")
    names = [task.name for task in tasks for _ in range(episodes)]
    keys = [instance_of(suite.name, task.name, r) for task in tasks for r in range(episodes)]
    return Trainings.of(suite, names * runs, keys * runs)


def curve(name: str) -> dict[str, Any]:
    """Return the test scores of a rule: on each table after each epoch, and of each episode after the last."""
    curves, last = [], []
    for optimizer in OPTIMIZERS:
        them = begun(optimizer, INSTANCES)
        found = np.array([now.tested for now in them.under(rule_of(name, optimizer), BUDGET)])
        curves.append(found.reshape(BUDGET, -1, INSTANCES).mean(2).T)
        last.append(found[-1].reshape(-1, INSTANCES))
    return {"curve": np.mean(curves, 0).round(4).tolist(), "last": np.stack(last, 1).round(5).tolist()}


def split(k: int) -> list[float]:
    """Return scores of the best by validation of the tuned cosine and others, which share the budget."""
    return both(lambda optimizer: by_validation(*played(optimizer, INSTANCES, k, BUDGET // k, "split"), k))


def runs(kind: str) -> dict[str, dict[str, list[float]]]:
    """Return scores of the best of k full runs, by validation and by test."""
    found = {optimizer: played(optimizer, FEWER, MOST, BUDGET, kind) for optimizer in OPTIMIZERS}

    def of(how: Callable[[Floats, Floats, int], Floats], k: int) -> list[float]:
        return both(lambda optimizer: how(*found[optimizer], k))

    return {
        "validation": {str(k): of(by_validation, k) for k in COUNTS}, "test": {str(k): of(by_test, k) for k in COUNTS}
    }  # fmt: skip


def both(of: Callable[[str], Floats]) -> list[float]:
    """Return the mean score on each test table over both optimizers; `of` has those of all episodes, ``(e,)``."""
    count = len(load_suite("Trainings").tasks("test"))
    mean = np.mean([of(optimizer).reshape(count, -1).mean(1) for optimizer in OPTIMIZERS], 0)
    return [round(float(score), 5) for score in mean]


def played(optimizer: str, episodes: int, runs: int, budget: int, kind: str) -> tuple[Floats, Floats]:
    """Return validation and test scores of cosines, ``(runs, e)``."""
    them = begun(optimizer, episodes, runs)
    count = len(them.where) // runs
    them.reseed(np.repeat(np.arange(runs), count))
    each = settings_of_runs(kind, optimizer, runs, count)
    rules = [made("cosine", of_episode[r]) for r in range(runs) for of_episode in each]
    *_, last = them.under(Beside(rules, 1), budget)
    return last.valid.reshape(runs, -1), last.tested.reshape(runs, -1)


def settings_of_runs(kind: str, optimizer: str, runs: int, episodes: int) -> list[list[Mapping[str, float]]]:
    """Return the settings of the runs of each episode."""
    found, rng = stored_settings("cosine", optimizer), np.random.default_rng(seeding.key(kind, runs) % 2**32)
    tuning = Tuning("cosine", *ends_of(ranges(optimizer)), optimizer=optimizer)

    def one() -> list[Mapping[str, float]]:
        if kind == "seeds":
            return [found["chosen"]] * runs
        if kind == "random":
            return [tuning.read(point) for point in tuning.draw(runs, rng)]
        good = [found["good"][i] for i in rng.permutation(len(found["good"]))[:runs]]
        return [found["chosen"], *good[1:]] if kind == "split" else good

    return [one() for _ in range(episodes)]


def by_validation(valid: Floats, tested: Floats, k: int) -> Floats:
    """Return the test scores ``(e,)`` of the best of k runs by validation, a mean over groups of `k` of the runs."""
    runs, episodes = valid.shape
    valid, tested = (of.reshape(runs // k, k, episodes) for of in (valid, tested))
    return np.asarray(np.take_along_axis(tested, valid.argmax(1)[:, None], 1)[:, 0].mean(0))


def by_test(valid: Floats, tested: Floats, k: int) -> Floats:
    """Return the test scores of the best of k runs by these: luck."""
    return by_validation(tested, tested, k)


# ---------------------------------------------------------------------- two rounds
def two_rounds(them: Trainings, step: float) -> Floats:
    """Return the test score of each episode: rates `step` decades apart, the best two on, the best one to the end.

    Args:
        them: `RATES` runs of each episode.
        step: Between two rates.
    """
    rule, n = Polynomial(), len(them.where)
    now = Epoch(np.zeros(n), np.full(n, float(LEFT)), them.signals, np.full(n, np.nan), np.empty((n, 0)))
    apart = np.repeat(np.arange(RATES) - RATES // 2, n // RATES) * step
    first, others = rule.log_rate(now) + apart, rule.others(now)
    them.epoch(first, others)
    idle = ~best(them.valid, 2)
    for _ in range(SECOND):
        them.epoch(first, others, idle)
    idle = ~best(np.where(idle, -np.inf, them.valid), 1)
    for t in range(LEFT):
        now.t = np.full(n, float(t))
        them.epoch(rule.log_rate(now) + apart, others, idle)
    return by_validation(them.valid.reshape(RATES, -1), them.tested.reshape(RATES, -1), RATES)


def best(valid: Floats, count: int) -> Mask:
    """Return which runs are among the best of their episode, ``(n,)``."""
    of = valid.reshape(RATES, -1)
    return np.asarray(np.argsort(np.argsort(-of, 0, kind="stable"), 0) < count).ravel()


def tuned_rounds() -> dict[str, Any]:
    """Return how far apart the rates of two rounds should be, by training tables."""
    episodes = Episodes.of("train", EPISODES, 105)
    found = {}
    for step in STEPS:
        them = Trainings.of(load_suite("Trainings"), episodes.tasks * RATES, episodes.keys * RATES)
        found[step] = round(float(two_rounds(them, step).mean()), 5)
    chosen = max(found, key=lambda step: found[step])
    return {"chosen": chosen, "train": found[chosen], "settings": len(STEPS), "epochs": len(STEPS) * EPISODES * BUDGET}


# ---------------------------------------------------------------------- cells
def cells() -> Iterator[frame.Address]:
    """Yield what is tuned, and then what is measured on test tables."""
    yield from (("tuned", rule, optimizer) for rule in TUNED for optimizer in OPTIMIZERS)
    yield from (("tuned", BASES[1], optimizer) for optimizer in OPTIMIZERS)
    yield "tuned", "two rounds"
    yield from (("test", "curve", rule) for rule in RULES)
    yield from (("test", "split", str(k)) for k in COUNTS[1:4])
    yield "test", "two rounds"
    yield from (("test", "runs", kind) for kind in KINDS)


def cell(part: str, what: str, of: str = "", *, out: Path) -> Any:
    """Measure one part."""
    if part == "tuned" and what == BASES[1]:
        return open_loop(of)
    if part == "tuned" and what == "plateau":
        return gridded(of)
    if part == "tuned":
        return tuned(of, out) if of else tuned_rounds()
    if what == "curve":
        return curve(of)
    if what == "split":
        return split(int(of))
    if what == "runs":
        return runs(of)
    step = frame.stored("fit_bounds")["tuned"]["two rounds"]["chosen"]
    return both(lambda optimizer: two_rounds(begun(optimizer, INSTANCES, RATES), step))


def again(found: Found) -> tuple[Any, Any]:
    """Play the tuned cosine of SGD on the validation tables anew."""
    row, tuning = found["tuned"]["cosine"]["sgd"], Tuning("cosine", np.empty(0), np.empty(0), optimizer="sgd")
    return round(float(tuning.last("val", row["chosen"])[0]), 5), row["validation"]


# ---------------------------------------------------------------------- tables
def reached(curve: Floats, level: float) -> int | None:
    """Return the epochs after which a score is first as good as a level, None where it never is."""
    at = np.flatnonzero(curve >= level)
    return int(at[0]) + 1 if len(at) else None


def epochs_to(found: Found, rule: str, base: str) -> str:
    """Return the epochs in which the mean score of a rule is that of another after the last, with the interval."""
    if rule == base:
        return str(BUDGET)
    curves, level = (np.array(found["test"]["curve"][name]["curve"]) for name in (rule, base))
    resamples = Resamples.of(families())
    one = reached(curves.mean(0), level[:, -1].mean())
    if one is None:
        return "never"
    drawn = zip(resamples.resampled @ curves, resamples.resampled @ level[:, -1], strict=True)
    low, high = edges(np.array([reached(c, end) or BUDGET + 1 for c, end in drawn]), resamples.families, OF_MEANS)
    return f"{one} [{low:.0f}, {high:.0f}]" if high <= BUDGET else f"{one} [{low:.0f}, never]"


def families() -> list[str]:
    """Return the family of each test table."""
    return [task.family for task in load_suite("Trainings").tasks("test")]


def last_scores(found: Found, rule: str, episodes: int = INSTANCES) -> Floats:
    """Return the mean last score of a rule on each table, in its first episodes."""
    return np.asarray(np.array(found["test"]["curve"][rule]["last"])[:, :, :episodes].mean((1, 2)))


def against(found: Found, score: Sequence[float], base: str, episodes: int = INSTANCES) -> str:
    """Return the ratio of a loss to that of a rule, in the same episodes, with its interval."""
    return told_of(last_scores(found, base, episodes) - np.array(score), families())[0]


def tables(found: Found) -> dict[str, Table]:
    """Return effort of tuning, losses by epoch, and losses of the best of k, in parts of the tuned cosine's."""
    tables = {"tuned": Table.of(("rule", "networks", "settings", "epochs", "training", "validation"), _tuned(found))}
    if set(BASES) <= set(found.get("test", {}).get("curve", {})):
        heads = ("rule", *map(str, SHOWN), "/ `cosine`", "/ `polynomial`", "anytime", "to `cosine`", "to `polynomial`")
        tables["epochs"] = Table.of(heads, _epochs(found))
    if "two rounds" in found.get("test", {}):
        tables["best"] = Table.of(("best of", *map(str, COUNTS)), _best(found))
    return tables


def _tuned(found: Found) -> Iterator[tuple[str, ...]]:
    for rule, of in found["tuned"].items():
        for optimizer, row in of.items() if set(OPTIMIZERS) & set(of) else [("both", of)]:
            score = f"{row['validation']:.3f}" if "validation" in row else "-"
            yield rule, optimizer, str(row["settings"]), f"{row['epochs']:,}", f"{row['train']:.3f}", score


def _epochs(found: Found) -> Iterator[tuple[str, ...]]:
    for rule in (r for r in RULES if r in found["test"]["curve"]):
        curve, last = np.array(found["test"]["curve"][rule]["curve"]).mean(0), last_scores(found, rule)
        losses = (f"{np.exp(-curve[t - 1]):.3f}" for t in SHOWN)
        ratios = (against(found, last.tolist(), base) if base != rule else "1" for base in BASES)
        yield f"`{rule}`", *losses, *ratios, f"{np.exp(-curve.mean()):.3f}", *(epochs_to(found, rule, b) for b in BASES)


def _best(found: Found) -> Iterator[tuple[str, ...]]:
    def row(name: str, scores: Mapping[str, Sequence[float]], episodes: int) -> tuple[str, ...]:
        parts = {k: against(found, score, BASES[0], episodes) for k, score in scores.items()}
        return name, *(parts.get(str(k), "-") for k in COUNTS)

    test = found["test"]
    yield row(f"cosines sharing {BUDGET}", {"1": last_scores(found, BASES[0]).tolist(), **test["split"]}, INSTANCES)
    yield row(f"two rounds in {BUDGET}", {"1": test["two rounds"]}, INSTANCES)
    for kind, of in test.get("runs", {}).items():
        yield row(KINDS[kind], of["validation"], FEWER)
    if "seeds" in test.get("runs", {}):
        yield row(f"{KINDS['seeds']} by test: luck", test["runs"]["seeds"]["test"], FEWER)


def values(found: Found) -> dict[str, Any]:
    """Return how many cosines a run with feedback is worth: the best of them by validation."""
    out: dict[str, Any] = {}
    test = found.get("test", {})
    feedback = [rule for rule in ("gap", "autopilot") if rule in test.get("curve", {})]
    for rule, (kind, of) in itertools.product(feedback, test.get("runs", {}).items()):
        out[f"{rule}-{kind}"] = worth(last_scores(found, rule, FEWER).mean(), of["validation"])
    return out


def worth(level: float, scores: Mapping[str, Sequence[float]]) -> float:
    """Return the fewest runs the best of which has at least this mean score; infinite where none of them has."""
    return next((float(k) for k, of in scores.items() if np.mean(of) >= level), math.inf)
