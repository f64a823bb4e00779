"""Controllers of trainings in torch: against a cosine tuned on other data sets, defaults, and others' optimizers.

Networks of torch (`torch_fits.py`) on data sets that no table of the suite `Trainings` is related to: four kinds, two
optimizers, two numbers of rows. At each place 24 cosines are trained with the first seed; the one that is best on the
*other* data sets, with the same kind, optimizer and number of rows, is trained with the other seeds too. `autopilot`
goes through `Controller`, as a user calls it; where another rule takes its place, it has that rule's results.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import frame
import numpy as np
from frame import Table
from looks import Look
from torch_fits import IMAGES, MAKERS, OPTIMIZERS, all_controlled, score
from torch_loops import LOOPS, alone

from hpo_gym.base import Floats, StateError
from hpo_gym.bench import Resamples
from hpo_gym.optimize import Context, Optimizer, make_optimizer
from hpo_gym.problem import Query, Trial
from hpo_gym.suites.tasks.fits.controls import control_space

LOOKS = Look("test losses of controllers in torch", "whether `autopilot` pays in torch", ("Trainings",))
EPOCHS = 24
CONTROLLERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "constant": ("constant", {"rate": (0.01, 0.001)}),
    "usual cosine": ("cosine", {"rate": (0.1, 0.001), "warmup": 0.0, "end": 0.01}),
    "cosine": ("cosine", {"rate": (0.06, 0.013), "warmup": 0.0, "end": 0.01}),
    "plateau": ("plateau", {"rate": (0.06, 0.013), "factor": 0.5, "patience": 2}),
    "one-cycle": ("one-cycle", {"rate": (0.3, 0.04)}),
    "polynomial": ("polynomial", {}),
    "gap": ("gap", {}),
    "autopilot": ("autopilot", {}),
}
"""By name, the optimizer and its settings; of a pair of values, the first is for SGD, the second for AdamW. Where a
rule sets the learning rate alone, weight decay is .001 and there is no dropout, as by default in the suite."""
AUTOPILOT, DEFAULT, USUAL = "autopilot", "default", "usual cosine"
RATES = {"sgd": (0.01, 0.03, 0.1, 0.3), "adamw": (0.0003, 0.001, 0.003, 0.01)}
DECAYS = {"sgd": (1e-4, 1e-3, 1e-2), "adamw": (0.01, 0.1, 0.5)}
DROPOUTS = (0.0, 0.2)
"""Of the cosines: coupled weight decay with SGD, decoupled with AdamW."""
TUNED = "tuned cosine"
DATA_SETS = (
    "optdigits", "penbased", "satimage", "letter", "texture", "spambase", "segment", "vowel", "german",
    "contraceptive", "magic", "phoneme", "credit-data",
)  # fmt: skip
ROWS, SEEDS = ("512", "2048"), ("0", "1", "2")
LARGE = ("optdigits", "satimage", "letter", "spambase")
"""The data sets with the larger number of rows: some of those that have as many."""
RELATED = {"digits": "optdigits"}
"""Data sets whose rows are of another."""
COSINES, RULES = "cosines", "rules"
"""Cells of what is trained side by side: cosines with the default, and the rules of `agreement`."""
RIVALS = tuple(name for name in LOOPS if name != AUTOPILOT)
CHEAP = {("MLP, sgd", "vowel", "512", "1", COSINES): (), ("MLP, adamw", "vowel", "512", "0", AUTOPILOT): ()}

Found = Mapping[str, Any]
Place = tuple[str, str, str, str]
"""Side ("MLP, sgd"), data set, rows, seed."""


@dataclass
class Cosine:
    """A cosine of the learning rate without warm-up, and constant weight decay and dropout, as a controller."""

    rate: float
    decay: float
    dropout: float = 0.0
    end: float = 0.01

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a training."""
        self.t, self.last = 0, max(round(context.budget) - 1, 1)

    def ask(self) -> Query:
        """Return the settings of an epoch."""
        falling = self.end + (1.0 - self.end) * 0.5 * (1.0 + math.cos(math.pi * self.t / self.last))
        return Query({"learning_rate": self.rate * falling, "weight_decay": self.decay, "dropout": self.dropout})

    def tell(self, trial: Trial) -> None:
        """Go on to the next epoch."""
        self.t += 1


DEFAULTS = {"sgd": Cosine(0.01, 0.0, end=1.0), "adamw": Cosine(0.001, 0.01, end=1.0)}
"""Of torch's optimizers, constant; SGD with momentum .9."""


def cosines(optimizer: str) -> dict[str, Optimizer]:
    """Return the cosines that are tried, by the name of their settings."""
    of = itertools.product(RATES[optimizer], DECAYS[optimizer], DROPOUTS)
    return {", ".join(f"{value:g}" for value in settings): Cosine(*settings) for settings in of}


def controllers(optimizer: str, names: Sequence[str]) -> dict[str, Optimizer]:
    """Return controllers by name, with their settings for an optimizer of networks."""
    i = list(OPTIMIZERS).index(optimizer)

    def settled(settings: Mapping[str, Any]) -> dict[str, Any]:
        return {k: v[i] if isinstance(v, tuple) else v for k, v in settings.items()}

    return {name: make_optimizer(CONTROLLERS[name][0], **settled(CONTROLLERS[name][1])) for name in names}


# ---------------------------------------------------------------------- measured
def places() -> Iterator[Place]:
    """Yield where networks are trained, a seed and a number of rows after the other."""
    for seed, rows, kind, optimizer in itertools.product(SEEDS, ROWS, MAKERS, OPTIMIZERS):
        dense, images = (DATA_SETS, IMAGES) if rows == ROWS[0] else (LARGE, ())
        for data_set in images if kind == "CNN" else dense:
            yield f"{kind}, {optimizer}", data_set, rows, seed


def cells() -> Iterator[frame.Address]:
    """Yield cosines and rules at all places, `autopilot` on fully connected networks, rivals with the first seed."""
    yield from ((*place, group) for place in places() for group in (COSINES, RULES))
    yield from ((*place, AUTOPILOT) for place in places() if not place[0].startswith("CNN"))
    for place, name in itertools.product(places(), RIVALS):
        if place[-1] == SEEDS[0] and not (name == "Prodigy" and place[0].endswith("sgd")):
            yield *place, name


def cell(side: str, data_set: str, rows: str, seed: str, group: str, names: Sequence[str] = ()) -> dict[str, float]:
    """Return the test scores of the checkpoints after the last epoch, by name."""
    kind, optimizer = side.split(", ")
    place = kind, optimizer, data_set, int(rows), int(seed)
    if group in LOOPS:
        return {group: round(alone(group, place, EPOCHS), 5)}
    if group == RULES:
        chosen = controllers(optimizer, names or [name for name in CONTROLLERS if name != AUTOPILOT])
    else:
        chosen = {DEFAULT: DEFAULTS[optimizer], **cosines(optimizer)}
        if seed != SEEDS[0]:
            chosen = {name: chosen[name] for name in (DEFAULT, tuned_at(side, data_set, rows))}
    scores = all_controlled(chosen, place, control_space(), EPOCHS)
    return {name: round(value, 5) for name, value in scores.items()}


def tuned_at(side: str, data_set: str, rows: str) -> str:
    """Return the tuned cosine by the stored results, which must all be there."""
    found = frame.stored("torch_control")
    first = ((*one, COSINES) for one in places() if (one[0], *one[2:]) == (side, rows, SEEDS[0]))
    if any(frame.at(found, one) is None for one in first):
        raise StateError(f"The cosines of {side!r} must be trained with seed {SEEDS[0]} on all data sets first.")
    return tuned(found, side, data_set, rows)


def tuned(found: Found, side: str, data_set: str, rows: str) -> str:
    """Return the cosine with the best mean score with the first seed on the other data sets, with as many rows: those
    without a row of this one. Without any, there is none: ""."""
    names, own = list(cosines(side.split(", ")[1])), RELATED.get(data_set, data_set)
    others = (of for other, of in found[side].items() if RELATED.get(other, other) != own)
    parts = [part for of in others if (part := frame.at(of, (rows, SEEDS[0], COSINES)))]
    return names[int(np.mean([[part[name] for name in names] for part in parts], 0).argmax())] if parts else ""


# ---------------------------------------------------------------------- compared
class Trained(NamedTuple):
    """A place: kind and optimizer, data set, rows, and by seed the scores of all that was trained there, by name."""

    side: str
    data_set: str
    rows: str
    seeds: Mapping[str, Mapping[str, float]]


def trained(found: Found) -> list[Trained]:
    """Return all places; the tuned cosine is among the names."""
    return [
        Trained(side, data_set, rows, {seed: scores_of(found, (side, data_set, rows, seed)) for seed in by_seed})
        for side, of in found.items()
        for data_set, by_rows in of.items()
        for rows, by_seed in by_rows.items()
    ]


def scores_of(found: Found, place: Place) -> dict[str, float]:
    """Return the scores of a place by name."""
    groups = frame.at(found, place)
    scores = {name: value for group in groups.values() for name, value in group.items()}
    if COSINES in groups and (best := tuned(found, *place[:3])):
        scores[TUNED] = scores[best]
    return scores


@dataclass(frozen=True)
class Gain:
    """Differences of log losses between two names, one at each place that has both.

    Attributes:
        data_sets: Of the places.
        values: Means over the seeds that have both.
    """

    data_sets: tuple[str, ...]
    values: Floats

    @classmethod
    def of(cls, known: Sequence[Trained], name: str, base: str, rows: Sequence[str] = ROWS, side: str = "") -> Gain:
        """Compare two names at the places of these numbers of rows, and of a side, or all."""
        values = {}
        for i, place in enumerate(known):
            both = [scores[base] - scores[name] for scores in place.seeds.values() if {name, base} <= scores.keys()]
            if both and place.rows in rows and side in ("", place.side):
                values[i] = float(np.mean(both))
        return cls(tuple(known[i].data_set for i in values), np.array([*values.values()]))

    def ratio(self) -> list[float | None]:
        """Return the ratio of geometric mean losses with its interval over data sets."""
        families = [RELATED.get(name, name) for name in self.data_sets]
        return [None if v is None else math.exp(v) for v in Resamples.of(families).mean(self.values)]

    def worst(self) -> float:
        """Return the largest ratio of a data set, over its places."""
        at = np.array(self.data_sets)
        return math.exp(max(float(self.values[at == name].mean()) for name in self.data_sets))

    def told(self) -> str:
        """Return the ratio and its interval as a cell."""
        if not self.data_sets:
            return "-"
        middle, low, high = self.ratio()
        return f"{middle:.3f}" if low is None or high is None else f"{middle:.3f} [{low:.3f}, {high:.3f}]"


# ---------------------------------------------------------------------- tables
NOTE = (
    "Ratios of test losses (+ .01) after 24 epochs; intervals over data sets, from eight on. The cosine is chosen by "
    "test losses, for each kind of network, optimizer and number of rows: rate, weight decay and dropout. The default "
    "of the library is constant; SGD has momentum .9. `autopilot` was not trained on CNN."
)
OTHERS = (
    "Schedulers and optimizers of other libraries have their defaults and one seed, Prodigy, an Adam, beside AdamW "
    "only; ratios are of the same places and seeds."
)


def tables(found: Found) -> dict[str, Table]:
    """Return the ratios of `autopilot` by kind of network, and those of all others over all kinds."""
    known = trained(found)
    return {"torch": by_kind(known), "others": others(known)}


def by_kind(known: Sequence[Trained]) -> Table:
    """Return the ratios of `autopilot` to the tuned cosine and to defaults."""
    sides, lines = dict.fromkeys(place.side for place in known), []
    for rows, side in (*itertools.product(((n,) for n in ROWS), (*sides, "")), (ROWS, "")):
        cosine, default, usual = (Gain.of(known, AUTOPILOT, base, rows, side) for base in (TUNED, DEFAULT, USUAL))
        if cosine.data_sets:
            head = " and ".join(f"{int(n):,}" for n in rows), side or "all"
            lines.append((*head, cosine.told(), f"{cosine.worst():.2f}", default.told(), usual.told()))
    heads = ("rows", "network", "/ tuned cosine", "worst data set", "/ library's default", "/ usual cosine")
    return Table.of(heads, lines, NOTE)


def others(known: Sequence[Trained]) -> Table:
    """Return the ratios of all that was trained to the tuned cosine, and of `autopilot` to them."""
    lines = []
    for name in (AUTOPILOT, *(n for n in CONTROLLERS if n != AUTOPILOT), DEFAULT, *RIVALS):
        its = [Gain.of(known, name, TUNED, (n,)).told() for n in ROWS]
        ours = [Gain.of(known, AUTOPILOT, name, (n,)).told() if name != AUTOPILOT else "1" for n in ROWS]
        lines.append((f"`{name}`", *its, *ours))
    heads = (f"{of}, {int(n):,} rows" for of in ("/ tuned cosine", "`autopilot` / it") for n in ROWS)
    return Table.of(("training", *heads), lines, OTHERS)


def values(found: Found) -> dict[str, Any]:
    """Return the ratios of `autopilot` over all kinds, the worst data set, and how much was trained."""
    known = trained(found)
    groups = [group for place in known for seed in place.seeds for group in at(found, place, seed).values()]
    cosine = Gain.of(known, AUTOPILOT, TUNED)
    seeds = [scores for place in known for scores in place.seeds.values() if AUTOPILOT in scores]
    return {
        "tuned": cosine.ratio(),
        "worst": cosine.worst(),
        "worst-place": math.exp(cosine.values.max()),
        **{f"tuned-{n}": Gain.of(known, AUTOPILOT, TUNED, (n,)).ratio() for n in ROWS},
        **{f"default-{n}": Gain.of(known, AUTOPILOT, DEFAULT, (n,)).ratio() for n in ROWS},
        "default": Gain.of(known, AUTOPILOT, DEFAULT).ratio(),
        "trainings": sum(map(len, groups)),
        "dead": sum(scores[AUTOPILOT] <= float(score(np.array(1.0))) for scores in seeds),
        "data-sets": len({place.data_set for place in known}),
    }


def at(found: Found, place: Trained, seed: str) -> Mapping[str, Mapping[str, float]]:
    """Return the stored cells of a place."""
    groups: Mapping[str, Mapping[str, float]] = found[place.side][place.data_set][place.rows][seed]
    return groups
