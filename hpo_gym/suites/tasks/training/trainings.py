"""`Trainings`: networks in training, one for each run, all state as arrays with a row for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Keys, Mask, Singles, seeding
from hpo_gym.problem import Evaluated, Points, Status, TaskProgress
from hpo_gym.suites.tasks.training import changes
from hpo_gym.suites.tasks.training.epoch import EpochRows, Settings, Trainer
from hpo_gym.suites.tasks.training.generators.common import WIDTH
from hpo_gym.suites.tasks.training.keyed import FLIPS, FRESH, chunk_order, flipped
from hpo_gym.suites.tasks.training.network import ABSENT, ExampleBatch, Network, dots, initial, layers, probe
from hpo_gym.suites.tasks.training.recipe import CLASSES
from hpo_gym.suites.tasks.training.signals import AT, SIGNALS, after, at_start, bounded
from hpo_gym.suites.tasks.training.stream import Stream
from hpo_gym.suites.tasks.training.updates import Weights

_HUGE = np.float32(1e12)  # the square of a norm of weights that no training comes back from
_PROBED = 4  # slots
_NUMBERS = np.arange(CLASSES, dtype=np.int8)
I8 = NDArray[np.int8]


class TrainingState(NamedTuple):
    """State of the runs beside their weights: a row for each, everything that a snapshot must hold.

    Attributes:
        task: Position in the stream, ``(n,)``.
        key: Of all that is random in the run, ``(n,)``.
        epoch: Epochs so far, ``(n,)``.
        scale: Of the inputs, ``(n,)``.
        noise: Share of wrong labels, ``(n,)``.
        names: New numbers of the classes, ``(n, 4)``.
        turned: Rotation of the inputs, ``(n, 15, 15)``; without drift ``(n, 0, 0)``.
        dead: Mask of diverged runs, ``(n,)``.
    """

    task: Ints
    key: Keys
    epoch: Ints
    scale: Floats
    noise: Singles
    names: I8
    turned: Singles
    dead: Mask


class Trainings(TaskProgress):
    """`n` networks in training.

    Args:
        salts: Distinguish the tasks' random numbers, ``(k,)``.
        controls: From points ``(m, d)`` to the settings of an epoch.
    """

    def __init__(
        self, stream: Stream, salts: Keys, controls: Callable[[Points], Settings], n: int, epochs: int
    ) -> None:
        self._stream, self._salts, self._controls, self._epochs = stream, salts, controls, epochs
        self.recipe = recipe = stream.recipe
        side = WIDTH if recipe.drift else 0
        self.weights = Weights.of(n, recipe)
        self.state = TrainingState(
            np.zeros(n, np.int64), np.zeros(n, np.uint64), np.zeros(n, np.int64), np.ones(n), np.zeros(n, np.float32),
            np.tile(_NUMBERS, (n, 1)), np.zeros((n, side, side), np.float32), np.zeros(n, bool),
        )  # fmt: skip
        self.signals = np.zeros((n, len(SIGNALS)), np.float32)
        self._labels = np.zeros((n, recipe.validation), np.int8)  # of the validation rows
        self._absent = np.zeros((n, CLASSES, 1), np.float32)
        self._changes = changes.changes_of(np.zeros(n, np.uint64), epochs) if recipe.drift else None
        self._trainer = Trainer(recipe, n)
        self._judge = Network(recipe, self._trainer.block, recipe.validation)
        self._prober = Network(recipe, self._trainer.block, _PROBED * recipe.slot)
        self._everyone = np.arange(n)

    # ------------------------------------------------------------------ episodes
    def begin(self, which: Ints | None, task: Ints, instance: Keys) -> None:
        who, state = self._everyone if which is None else which, self.state
        key = seeding.mix(instance, self._salts[task])
        for array in self.weights:
            array[who] = 0
        self.weights.value[who] = initial(key, self.recipe)
        state.task[who], state.key[who], state.epoch[who], state.dead[who] = task, key, 0, False
        state.scale[who], state.noise[who] = changes.start_scale(key), self._stream.noise[task]
        state.names[who] = _NUMBERS
        if self.recipe.drift:
            state.turned[who] = np.eye(WIDTH, dtype=np.float32)
        self._derive(who)
        with np.errstate(all="ignore"):
            loss, accuracy = self._validated(who)
            norm, sharpness = self._probed(who)
        weights = self.weights.value[who]
        weight = np.sqrt(dots(weights, weights))
        classes = self._stream.classes[task]
        shown = bounded(loss / np.log(classes), self.recipe.cap)
        self.signals = self.signals.copy()
        self.signals[who] = at_start(shown, accuracy, np.stack([norm, weight, sharpness]), classes)

    def _derive(self, who: Ints) -> None:
        """Derive further arrays from the state of runs."""
        task = self.state.task[who]
        self._absent[who] = np.where(self._stream.classes[task, None] > _NUMBERS, np.float32(0), ABSENT)[:, :, None]
        if self._changes is not None:
            for array, drawn in zip(self._changes, changes.changes_of(self.state.key[who], self._epochs), strict=True):
                array[who] = drawn
        self._label(who)

    def _label(self, who: Ints) -> None:
        """Write the labels of the validation rows of runs."""
        state, task = self.state, self.state.task[who]
        clean = np.take_along_axis(state.names[who], self._stream.valid_y[task].astype(np.int64), 1)
        key = seeding.mix(state.key[who], FLIPS)
        self._labels[who] = flipped(clean, key, state.noise[who], self._stream.classes[task])

    # ------------------------------------------------------------------ an epoch
    def advance(self, at: Points, idle: Mask | None) -> Evaluated:
        state = self.state
        go = ~state.dead if idle is None else ~(state.dead | idle)
        who = self._everyone if go.all() else go.nonzero()[0]
        if self._changes is not None:
            self._change(self._changes, self._everyone if idle is None else (~idle).nonzero()[0])
        signals = self.signals.copy()
        if len(who):
            with np.errstate(all="ignore"):  # a run may blow up, and is found out below
                signals[who] = self._trained(who, at[who])
        state.epoch[:] += 1 if idle is None else ~idle
        self.signals = signals
        score = -signals[:, AT["validation_loss"]].astype(np.float64)
        status = np.where(state.dead, np.int8(Status.DIVERGED), np.int8(Status.OK))
        return Evaluated(score, np.ones(len(score)), status)

    def _trained(self, who: Ints, at: Points) -> Singles:
        """Train runs for an epoch; their signals, ``(m, 18)``."""
        everyone = who is self._everyone
        weights = self.weights if everyone else self.weights.part(who)
        seen = self._trainer.epoch(weights, self._controls(at), lambda block: self._rows(who[block]))
        squares = dots(weights.value, weights.value)
        dead = ~(squares < _HUGE)
        if dead.any():
            for array in weights:
                array[dead] = 0
        if not everyone:
            for whole, part in zip(self.weights, weights, strict=True):
                np.asarray(whole)[who] = part
        self.state.dead[who] = dead
        loss, accuracy = self._validated(who)
        losses = np.stack([loss, seen.loss, seen.first, seen.last]) / np.log(self._stream.classes[self.state.task[who]])
        shown = bounded(np.where(dead, np.inf, losses), self.recipe.cap)
        norms = np.stack([seen.gradient, seen.moved, np.sqrt(squares)])
        return after(self.signals[who], shown, norms, np.stack([accuracy, seen.alignment]), dead)

    def _rows(self, who: Ints) -> EpochRows:
        """Return the fresh rows of an epoch of runs."""
        state, stream, recipe = self.state, self._stream, self.recipe
        task, key, m = state.task[who], state.key[who], len(who)
        chunk = chunk_order(key, state.epoch[who], recipe.slots, recipe.chunks)
        x = stream.x[task[:, None], chunk]
        labels = stream.y[task[:, None], chunk].reshape(m, -1)
        if recipe.drift:
            x = np.matmul(x.reshape(m, -1, WIDTH + 1), self._transform(who)).reshape(x.shape)
            labels = np.take_along_axis(state.names[who], labels.astype(np.int64), 1)
        else:
            scale = np.ones((m, 1, 1, WIDTH + 1), np.float32)
            scale[..., :WIDTH] = state.scale[who, None, None, None]
            x *= scale
        time = state.epoch[who].astype(np.uint64)
        labels = flipped(labels, seeding.mix(seeding.mix(key, FRESH), time), state.noise[who], stream.classes[task])
        return EpochRows(x, _one_hot(labels.reshape(m, recipe.slots, recipe.slot)), self._absent[who])

    def _transform(self, who: Ints) -> Singles:
        """Return the matrix of each run's rows, ``(m, 16, 16)``: rotation and scale, and 1 for the last column."""
        out = np.zeros((len(who), WIDTH + 1, WIDTH + 1), np.float32)
        scale = self.state.scale[who].astype(np.float32)
        out[:, :WIDTH, :WIDTH] = self.state.turned[who] * scale[:, None, None]
        out[:, WIDTH, WIDTH] = 1
        return out

    # ------------------------------------------------------------------ what is measured
    def _validated(self, who: Ints) -> tuple[Singles, Singles]:
        """Mean loss in nats and accuracy of runs on their validation rows, ``(m,)`` each."""
        loss, accuracy = np.empty(len(who), np.float32), np.empty(len(who), np.float32)
        for start in range(0, len(who), self._trainer.block):
            block = slice(start, start + self._trainer.block)
            some = who[block]
            weights = self._seeing(some)
            y = _one_hot(self._labels[some])
            batch = ExampleBatch(self._stream.valid_x[self.state.task[some]], y, self._absent[some])
            losses, right = self._judge.losses(layers(weights, self.recipe.hidden), batch)
            loss[block], accuracy[block] = losses.mean(1), right.mean(1)
        return loss, accuracy

    def _seeing(self, who: Ints) -> Singles:
        """Return the weights of runs for rows without rotation and scale, ``(m, p)``."""
        weights = self.weights.value[who]
        first = layers(weights, self.recipe.hidden).first
        if self.recipe.drift:
            first[:] = np.matmul(first, self._transform(who).swapaxes(1, 2))
        else:
            first[:, :, :WIDTH] *= self.state.scale[who].astype(np.float32)[:, None, None]
        return weights

    def _probed(self, who: Ints) -> tuple[Singles, Singles]:
        """Norm of the gradient and sharpness of runs on the first rows that they will see, ``(m,)`` each."""
        norm, sharpness = np.empty(len(who), np.float32), np.empty(len(who), np.float32)
        for start in range(0, len(who), self._trainer.block):
            block = slice(start, start + self._trainer.block)
            some = who[block]
            rows = self._rows(some)
            m, slots = len(some), min(_PROBED, self.recipe.slots)
            x = rows.x[:, :slots].reshape(m, -1, WIDTH + 1)
            y = rows.y[:, :slots].swapaxes(1, 2).reshape(m, CLASSES, -1)
            norm[block], sharpness[block] = probe(
                self._prober, self.weights.value[some], ExampleBatch(x, y, rows.absent)
            )
        return norm, sharpness

    # ------------------------------------------------------------------ drift
    def _change(self, planned: changes.Changes, who: Ints) -> None:
        """Change the streams of the runs that are due; few are at once, so one after the other."""
        state = self.state
        for i in who[(planned.epoch[who] == state.epoch[who, None]).any(1)].tolist():
            for j in np.flatnonzero(planned.epoch[i] == state.epoch[i]).tolist():
                kind, amount = planned.kind[i, j], planned.amount.item(i, j)
                if kind == changes.JUMP:
                    state.scale[i] = np.clip(state.scale[i] * planned.factor[i, j], *changes.SCALES)
                elif kind == changes.ROTATION:
                    state.turned[i] = state.turned[i] @ changes.rotation(state.key[i : i + 1], j)
                elif kind == changes.CLASSES:
                    names = changes.renaming(amount, self._stream.classes.item(state.task.item(i)))
                    state.names[i] = names[state.names[i]]
                elif kind == changes.LABELS:
                    state.noise[i] = amount * changes.NOISE
            self._label(np.array([i]))

    # ------------------------------------------------------------------ one run
    def save(self, i: int) -> dict[str, NDArray[Any]]:
        named = {**self.state._asdict(), **self.weights._asdict()}
        del named["task"]
        return {**{name: array[i].copy() for name, array in named.items()}, "signals": self.signals[i].copy()}

    def load(self, i: int, saved: Mapping[str, NDArray[Any]]) -> None:
        for name, array in {**self.state._asdict(), **self.weights._asdict()}.items():
            if name != "task":
                array[i] = saved[name]
        self.signals = self.signals.copy()
        self.signals[i] = saved["signals"]
        self._derive(np.array([i]))


def _one_hot(labels: I8) -> Singles:
    """Labels ``(..., b)`` as ``(..., 4, b)``."""
    return np.equal(labels[..., None, :], _NUMBERS[:, None]).astype(np.float32)
