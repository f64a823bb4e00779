"""A whole episode of `Drift` by its numbers, from the formulas of docs/schedules.md, in plain float64 and row by row.

Only the pools of rows and the hash of keys are those of the package: what is drawn from them, when the stream changes
and what becomes of the network is worked out here once more.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hpo_gym.base import seeding
from hpo_gym.problem.batches import batch_of
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.tasks.training.signals import AT
from hpo_gym.suites.tasks.training.task import TrainingBatch

EPOCHS, SLOTS, ROWS, INPUTS, HIDDEN, MOST_CLASSES, CHUNKS = 40, 16, 16, 15, 16, 4, 1024
MOMENTUM, RATES = 0.9, (0.03, 0.01, 0.003)
WEIGHTS, ORDER, FLIPS, FRESH, SCALE, CHANGES = range(1, 7)
JUMP, ROTATION, NAMES, LABELS = range(4)
KINDS = (JUMP, JUMP, ROTATION, NAMES, LABELS)
MASK = (1 << 64) - 1


def mix(key: int, salt: int) -> int:
    return seeding.mix_int(key, salt)


def uniform(key: int) -> float:
    return ((key >> 11) + 0.5) / 2**53


def drawn(key: int, use: int, count: int) -> list[float]:
    """So many numbers in (0, 1) for one use."""
    return [uniform(mix(mix(key, use), i)) for i in range(count)]


def changes(key: int) -> list[tuple[int, int, float, float, int]]:
    """Epoch, kind, factor, amount and place of each change: 1 to 3, none in the first 5 and the last 4 epochs."""
    u = drawn(key, CHANGES, 16)
    when, size, up, kind, amount = (u[1 + 3 * i : 4 + 3 * i] for i in range(5))
    found = []
    for j in range(1 + int(3 * u[0])):
        factor = 3.0 * 10.0 ** size[j]  # 3 to 30
        found.append(
            (5 + int(31 * when[j]), KINDS[int(5 * kind[j])], factor if up[j] >= 0.5 else 1 / factor, amount[j], j)
        )
    return found


def rotation(key: int, j: int) -> np.ndarray:
    """Uniform over rotations and reflections: Q of a normal matrix, with the signs of R's diagonal."""
    rng = np.random.Generator(np.random.PCG64(mix(mix(key, CHANGES), 64 + j)))
    q, r = np.linalg.qr(rng.normal(size=(INPUTS, INPUTS)))
    return np.asarray(q * np.sign(np.diag(r)))


def wrong(labels: list[int], key: int, share: float, classes: int) -> list[int]:
    """A share of the labels is another class, drawn by the key."""
    out = []
    for i, label in enumerate(labels):
        number = mix(mix(key, FLIPS), i)
        hit = (number >> 32) < share * 2**32
        out.append((label + 1 + (number & 0xFFFFFFFF) % (classes - 1)) % classes if hit else label)
    return out


def order(key: int, epoch: int) -> list[int]:
    """The chunks that an epoch reads; over 64 epochs each is read once."""
    first = epoch * SLOTS
    turn = mix(mix(key, ORDER), first // CHUNKS)
    return [((first + i) * (turn | 1) + (turn >> 32) & MASK) % CHUNKS for i in range(SLOTS)]


class Net:
    """15 inputs and a bias, 16 units (ReLU) and a bias, as many outputs as classes; SGD with momentum .9."""

    def __init__(self, key: int, classes: int) -> None:
        cut = HIDDEN * (INPUTS + 1)
        w = np.array(drawn(key, WEIGHTS, cut + MOST_CLASSES * (HIDDEN + 1))) - 0.5
        self.first = math.sqrt(12 / (INPUTS + 1)) * w[:cut].reshape(HIDDEN, INPUTS + 1)
        self.second = math.sqrt(12 / HIDDEN) * w[cut:].reshape(MOST_CLASSES, HIDDEN + 1)[:classes]
        self.classes, self.moved = classes, [np.zeros_like(self.first), np.zeros_like(self.second)]

    def passes(self, x: np.ndarray, y: list[int]) -> tuple[float, float, list[np.ndarray]]:
        """Mean loss in nats, accuracy, and the gradient of the loss."""
        ones = np.ones((len(x), 1))
        inputs = np.hstack([x, ones])
        z = np.hstack([np.maximum(inputs @ self.first.T, 0), ones])
        logits = z @ self.second.T
        logits -= logits.max(1, keepdims=True)
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        truth = np.eye(self.classes)[y]
        loss, right = -np.log((p * truth).sum(1)).mean(), (logits[range(len(y)), y] >= 0).mean()
        back = (p - truth) / len(x)
        down = (back @ self.second[:, :-1]) * (z[:, :-1] > 0)
        return float(loss), float(right), [down.T @ inputs, back.T @ z]

    def update(self, gradient: list[np.ndarray], rate: float) -> None:
        for weights, moved, g in zip((self.first, self.second), self.moved, gradient, strict=True):
            moved *= MOMENTUM
            moved -= rate * g
            weights += moved


def played(task: int, stream: Any, key: int, rates: list[float]) -> list[dict[str, float]]:
    """What is seen of an episode, epoch by epoch; losses in those of a guess."""
    classes, clean = int(stream.classes[task]), [int(label) for label in stream.valid_y[task]]
    valid = stream.valid_x[task, :, :INPUTS].astype(float)
    net, turned, names, noise = Net(key, classes), np.eye(INPUTS), list(range(classes)), float(stream.noise[task])
    scale, plan, seen = 10.0 ** (2.0 * drawn(key, SCALE, 1)[0] - 1.0), changes(key), []
    for epoch, rate in enumerate(rates):
        for when, kind, factor, amount, j in plan:
            if when != epoch:
                continue
            if kind == JUMP:
                scale = min(max(scale * factor, 0.01), 100.0)
            elif kind == ROTATION:
                turned = turned @ rotation(key, j)
            elif kind == NAMES:
                names = [(name + 1 + int(amount * (classes - 1))) % classes for name in names]
            else:
                noise = amount * 0.5
        chunks = order(key, epoch)
        x = stream.x[task, chunks, :, :INPUTS].astype(float).reshape(-1, INPUTS) @ (turned * scale)
        y = [names[label] for label in stream.y[task, chunks].ravel().tolist()]
        y = wrong(y, mix(mix(key, FRESH), epoch), noise, classes)
        losses = []
        for at in range(0, SLOTS * ROWS, ROWS):
            loss, _, gradient = net.passes(x[at : at + ROWS], y[at : at + ROWS])
            net.update(gradient, rate)
            losses.append(loss / math.log(classes))
        labels = wrong([names[label] for label in clean], mix(key, FLIPS), noise, classes)
        loss, right, _ = net.passes(valid @ (turned * scale), labels)
        seen.append(
            {"validation_loss": min(loss / math.log(classes), 2.0), "training_loss": min(float(np.mean(losses)), 2.0),
             "accuracy": right}
        )  # fmt: skip
    return seen


def key_with(kinds: list[int], salt: int) -> tuple[int, int]:
    """The first instance whose episode changes in these ways, one after the other, and its key."""
    for instance in range(20_000):
        key = mix(instance, salt)
        if [kind for _, kind, *_ in sorted(changes(key))] == kinds and len({when for when, *_ in changes(key)}) == 3:
            return instance, key
    raise AssertionError(f"no world with the changes {kinds}")


@pytest.mark.long
@pytest.mark.parametrize(
    "kinds", [[ROTATION, ROTATION, NAMES], [ROTATION, JUMP, ROTATION], [NAMES, LABELS, NAMES]], ids=str
)
def test_a_whole_episode_is_that_of_the_formulas(kinds: list[int]) -> None:
    tasks = load_suite("Drift").tasks("val")[:1]
    made = batch_of(tasks)
    assert isinstance(made, TrainingBatch)
    salt = seeding.key("training", "Drift", tasks[0].name)
    instance, key = key_with(kinds, salt)
    rates = [RATES[epoch % 3] for epoch in range(EPOCHS)]
    runs = made.progress(1, EPOCHS)
    runs.begin(None, np.zeros(1, np.int64), np.array([instance], np.uint64))
    expected = played(0, made._stream, key, rates)
    for epoch, (rate, want) in enumerate(zip(rates, expected, strict=True)):
        score = float(runs.advance(made.space.to_unit({"learning_rate": rate})[None], None).score[0])
        got = {name: float(runs.signals[0, AT[name]]) for name in want}
        assert score == -got["validation_loss"]
        assert got == pytest.approx(want, rel=2e-3, abs=2e-3), f"epoch {epoch}"
