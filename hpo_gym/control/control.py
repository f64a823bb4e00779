"""`Control`: a rule or an agent at anybody's training, numbers in, settings out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hpo_gym.base import HPOGymError, InvalidValueError, StateError, as_csv, limit, seeding, whole
from hpo_gym.control.guard import Guard, Watch
from hpo_gym.control.signals import FACTS, KNOWN, MOST, after, at_start, numbers, refuse_missing, shares
from hpo_gym.optimize import Context, Optimizer, form_of
from hpo_gym.problem import Query, Refusal, SearchSpace, Status, Trial, read_space
from hpo_gym.system import LOGGER, Measured
from hpo_gym.tuning import Ended, StudyPlan, Tuned, earlier_tasks

if TYPE_CHECKING:
    import pandas as pd

RATE, DECAY, DROPOUT = "learning_rate", "weight_decay", "dropout"
_RANGES = {RATE: (1e-8, 10.0, 0.01, True), DECAY: (1e-5, 3.0, 1e-3, True), DROPOUT: (0.0, 0.7, 0.0, False)}
_RANGE = ("lower", "upper", "default_value", "log")
Settings = dict[str, Any]
"""The learning rate of an epoch, and what else the policy sets, by name."""
_FORM = 2  # of a state: resumed, the guard decides alike
_FIRST = 0.9  # the loss after the first epoch, in losses of a guess, where nobody told one before


class Row(NamedTuple):
    """An epoch: the settings in force, what was reported, the word of the guard, the signals that the policy got."""

    settings: Mapping[str, Any]
    told: Mapping[str, float]
    guard: str
    signals: Mapping[str, float]


@dataclass(eq=False, repr=False)
class Control:
    """Let a policy set the learning rate of a training, and more, before each epoch.

    `begin` returns the settings of the first epoch, `step` those of the next. Losses are in nats, or any unit; the
    policy sees them in losses of a guess: divided by the logarithm of `classes`, or by `guess`, or, with neither, by
    the first that is told (by that of `step` / .9). Signals that nobody told follow from two losses, or are refused.

    Attributes:
        policy: A rule such as "plateau", the name or folder of a trained agent, an optimizer, which is copied: any form
            of `hpo_gym.optimize.forms`.
        epochs: Of the training.
        classes: Of the targets; None for a regression, shown as two.
        guess: The loss of the best constant answer: for a squared error the variance of the targets.
        rows, batch: Training rows, and rows of an update.
        weights, layers: Trainable numbers, and hidden layers of the network.
        adaptive: Whether the optimizer is Adam or of its kind.
        normalised: Whether the network has batch normalisation.
        space: What is set, and its ranges, in any form of a search space; None: that of the policy.
        prior: Earlier tasks, as of `hpo_gym.tune`; most policies read none.
        guard: Against accidents; False for none.
        seed: Of the policy's own choices.
        best: Epochs after which the validation loss was lowest, accidents aside.
    """

    policy: object
    _: KW_ONLY
    epochs: int
    classes: int | None = None
    guess: float | None = None
    rows: int | None = None
    batch: int | None = None
    weights: int | None = None
    layers: int | None = None
    adaptive: bool | None = None
    normalised: bool | None = None
    space: Any = None
    prior: Any = ()
    guard: Guard | bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        self.epochs, self.seed = whole("epochs", self.epochs), whole("seed", self.seed, 0, 2**64 - 1)
        for name, least in {"classes": 2, "rows": 1, "batch": 1, "weights": 1, "layers": 0}.items():
            if getattr(self, name) is not None:
                whole(name, getattr(self, name), least, also=", or None")
        self.guess = limit("guess", self.guess)
        if not isinstance(self.guard, (Guard, bool)):
            raise InvalidValueError(f"`guard` must be True, False or a `Guard`, got {self.guard!r:.80}.")
        self.guarded = self.guard if isinstance(self.guard, Guard) else Guard() if self.guard else None
        self._form = form_of(self.policy)
        self.name, self._optimizer = self._form.name, self._form.make()
        self._space = _space_of(self._optimizer, self.space)
        self.controls = self._space.names
        reads = getattr(self._optimizer, "reads", None)
        self.reads: tuple[str, ...] | None = None if reads is None else tuple(reads)
        self.fully_connected: bool = getattr(self._optimizer, "fully_connected", False)
        self._prior = earlier_tasks(self.prior, self._space, "minimize").tasks
        self.log, self.best, self.settings = list[Row](), 0, Settings()
        self._began: dict[str, float] | None = None

    def begin(self, validation_loss: Any = None, accuracy: Any = None, **signals: Any) -> Settings:
        """Begin a training; return the settings of its first epoch.

        Args:
            validation_loss: Before the first update; None: that of a guess.
            accuracy: On the same rows, in [0, 1]; None, here and in `step`: it follows from the loss.
            signals: What the policy reads beside, measured before the first update, by name; a missing one is refused.
        """
        told = numbers({"validation_loss": validation_loss, "accuracy": accuracy, **signals}, self.reads or ())
        loss = told.get("validation_loss")
        if loss is not None and not math.isfinite(loss):
            raise InvalidValueError(f"`validation_loss` must be finite before the first epoch, got {loss}.")
        self._unit = self.guess or (math.log(self.classes) if self.classes else loss or None)
        most = MOST * (self._unit or math.inf) / (self.guarded.rise if self.guarded else 1.0)
        self._watch = Watch(self.guarded, most if loss is None else loss)
        facts = {name: float(value) for name in FACTS if (value := getattr(self, name)) is not None}
        facts |= {"classes": 2.0} if self.guess and not self.classes else {}
        start = 1.0 if loss is None or self._unit is None else loss / self._unit
        self._seen = self._seen_best = at_start({**facts, **told, "validation_loss": start})
        self._names = tuple(n for n in KNOWN if n in self._seen) if self.reads is None else self.reads
        refuse_missing(self.name, self._names, self._seen, start=True)
        self._say_outside({**self._seen, "epochs": float(self.epochs)})
        shown, starts = self._shown(self._seen), seeding.starts_seed(self.seed)
        with self._blamed():
            context = Context(self._space, float(self.epochs), prior=self._prior, starts=starts, signals=shown)
            self._optimizer.reset(context, np.random.default_rng(seeding.key("control", self.seed)))
        self.log, self.best, self._began = [], 0, told
        return self._ask()

    def step(
        self, train_loss: Any = None, validation_loss: Any = None, accuracy: Any = None, **signals: Any
    ) -> Settings:
        """Report an epoch; return the settings of the next one. After the last epoch they stay.

        Args:
            train_loss: Mean over the updates, each before it was made; None if the policy reads none.
            validation_loss: After the epoch. A loss that is not finite means divergence.
            accuracy: On the validation rows.
            signals: What the policy reads beside, of this epoch, by name; a missing one is refused.
        """
        if self._began is None:
            self.begin()
        if self.over:
            raise StateError(f"`step` must be called once an epoch, at most `epochs`={self.epochs} times.")
        if validation_loss is None:
            raise InvalidValueError("`validation_loss` must be told after each epoch, got None.")
        losses = {"train_loss": train_loss, "validation_loss": validation_loss, "accuracy": accuracy}
        settings = self._take(numbers({**losses, **signals}, self.reads or ()))
        if self.back:
            LOGGER.warning("epoch %d: %s", len(self.log), self.log[-1].guard)
        return settings

    @property
    def over(self) -> bool:
        """Whether all epochs were reported: one a row of `log`."""
        return len(self.log) >= self.epochs

    @property
    def back(self) -> bool:
        """Whether the last epoch was an accident: go back to the weights after `best` epochs, if you kept them."""
        return bool(self.log and self.log[-1].guard)

    def tuned(self) -> Tuned:
        """Return the epochs as the trials of a tuning that minimises the validation loss: for `prior=`, `report`."""
        plan = StudyPlan(self._space.to_json(), self.name, dict(self._form.settings), "minimize", self.seed, "")
        return Tuned(plan, tuple(Ended(i, i, row.settings, _measured(row)) for i, row in enumerate(self.log)))

    def trials(self) -> pd.DataFrame:
        """Return one row per epoch, as `Tuned.trials`, with both losses, accuracy, and the word of the guard."""
        names = ("train_loss", "validation_loss", "accuracy")
        told: dict[str, Any] = {name: [row.told.get(name) for row in self.log] for name in names}
        return self.tuned().trials().assign(guard=[row.guard for row in self.log], **told)

    def save(self, path: str | Path) -> Path:
        """Write `trials` as a CSV file: an earlier task for `prior=` of a tuning with ``direction="minimize"``."""
        if (file := Path(path)).suffix != ".csv":
            raise InvalidValueError(f"`path` must end in '.csv', got {file.name!r}.")
        file.write_bytes(as_csv(self.trials()).encode())
        return file

    def state_dict(self) -> dict[str, Any]:
        """Return everything that was reported, as plain values."""
        told = [dict(row.told) for row in self.log]
        return {"policy": self.name, "epochs": self.epochs, "form": _FORM, "began": self._began, "told": told}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue a training: report everything again, to the same policy with the same arguments."""
        mine, theirs = (self.name, self.epochs, _FORM), tuple(map(state.get, ("policy", "epochs", "form")))
        if mine != theirs:
            raise InvalidValueError(f"`state` must be of the policy, the epochs and the form {mine}, got {theirs}.")
        if state["began"] is not None:
            self.begin(**state["began"])
        for told in state["told"]:
            self._take(told)

    def _take(self, told: Mapping[str, float]) -> Settings:
        """Report an epoch to the policy and to the guard."""
        loss, train = told["validation_loss"], told.get("train_loss")
        if self._unit is None:
            self._unit = loss / _FIRST if 0.0 < loss < math.inf else 1.0
        given = shares(told, self._unit)
        seen = after(self._seen, given)
        if not seen["diverged"]:
            refuse_missing(self.name, self.reads or (), given, start=False)
        least = self._space.hyperparameters[self.controls.index(RATE)].low
        query = Query({**self.settings, RATE: max(self.settings[RATE], least)})  # the guard may go below
        status = Status.DIVERGED if seen["diverged"] else Status.OK
        with self._blamed():
            self._optimizer.tell(Trial(query, -seen["validation_loss"], status=status, signals=self._shown(seen)))
        word = self._watch.take(loss, train, self.settings[RATE], self._unit or 0.0)
        restored = word and self.guarded and self.guarded.restores
        self._seen = {**self._seen_best, "since_best": seen["since_best"]} if restored else seen
        self.log.append(Row(dict(self.settings), told, word, self._shown(seen)))
        if self._watch.best == len(self.log):
            self.best, self._seen_best = self._watch.best, self._seen
        return self._ask()

    def _ask(self) -> Settings:
        with self._blamed():
            query = None if self.over else self._optimizer.ask()
        self.settings = dict(self.settings if query is None or isinstance(query, Refusal) else query.config)
        self.settings[RATE] = min(self.settings[RATE], self._watch.cap)
        return dict(self.settings)

    def _say_outside(self, facts: Mapping[str, float]) -> None:
        """Say which facts are outside the `ranges` that a policy states: it takes the nearest end."""
        ranges: Mapping[str, tuple[float, float]] = getattr(self._optimizer, "ranges", {})
        outside = {name: ends for name, ends in ranges.items() if not ends[0] <= facts.get(name, ends[0]) <= ends[1]}
        if outside:
            said = ", ".join(f"{n} {facts[n]:g} (of {low:g} to {high:g})" for n, (low, high) in outside.items())
            LOGGER.warning("%r takes the nearest end of its range for %s", self.name, said)

    def _shown(self, seen: Mapping[str, float]) -> dict[str, float]:
        return {name: seen[name] for name in self._names}

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        """Turn any exception of a policy into an error with its name."""
        try:
            yield
        except HPOGymError:
            raise
        except Exception as fault:
            rule = f"The policy {self.name!r} must choose by the signals {list(self._names)}"
            raise InvalidValueError(f"{rule}, got {type(fault).__name__}: {fault}.") from fault


def _measured(row: Row) -> Measured:
    loss = row.told["validation_loss"]
    if not math.isfinite(loss + row.told.get("train_loss", 0.0)):
        return Measured(Status.DIVERGED, row.guard or "a loss is not finite")
    return Measured(Status.OK, "", loss, 1.0)


def _space_of(policy: Optimizer, given: Any) -> SearchSpace:
    """Return the user's space, or that of an agent's training, or wide ranges of the `controls` that a rule states;
    without a word, of the learning rate."""
    space = getattr(policy, "space", None) if given is None else read_space(given)
    if not isinstance(space, SearchSpace):
        controls = getattr(policy, "controls", (RATE,))
        if odd := [name for name in controls if name not in _RANGES]:
            rule = f"`policy` must set some of {list(_RANGES)}, or have a `space` with what else it sets"
            raise InvalidValueError(f"{rule}, got {type(policy).__name__}, which sets {odd[0]!r}.")
        own = {name: dict(zip(_RANGE, _RANGES[name], strict=True)) for name in controls}
        columns = [{"type": "uniform_float", "name": name, "meta": None, **of} for name, of in own.items()]
        space = SearchSpace({"hyperparameters": columns, "conditions": [], "forbiddens": []})
    if RATE not in space.names:
        raise InvalidValueError(f"`space` must have {RATE!r}, got {list(space.names)}.")
    return space
