"""The study of agreement: its loop of torch on rows made by hand, and its tables by hand."""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym.optimize import Context
from hpo_gym.problem import Query, Trial
from hpo_gym.suites.tasks.fits.controls import control_space
from hpo_gym.suites.tasks.fits.signals import SIGNALS

torch = pytest.importorskip("torch")
STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"
KINDS = ("MLP", "deep", "batch norm", "CNN")


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("torch_fits")


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("agreement")


class Held:
    """A controller that holds its controls, and keeps what it is told."""

    def __init__(self, **controls: float) -> None:
        self.controls = controls

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.context, self.told = context, list[Trial]()

    def ask(self) -> Query:
        return Query({"learning_rate": 0.05, "weight_decay": 1e-3, "dropout": 0.0, **self.controls})

    def tell(self, trial: Trial) -> None:
        self.told.append(trial)


def rows(fits: Any, shape: tuple[int, ...] = (5,), classes: int = 3, flip: bool = False) -> Any:
    rng = np.random.default_rng(0)

    def part(n: int, shift: int = 0) -> Any:
        x, y = rng.normal(size=(n, math.prod(shape))), rng.integers(classes, size=n)
        x += 2 * (np.arange(x.shape[1]) * classes // x.shape[1] == y[:, None])  # each class has its part of the inputs
        return torch.from_numpy(x.reshape(n, *shape).astype(np.float32)), torch.from_numpy((y + shift) % classes)

    return fits.Rows(part(96), part(64), part(64, shift=int(flip)), classes)


def played(fits: Any, kind: str, controller: Held, of: Any, optimizer: str = "sgd", epochs: int = 3) -> float:
    return float(fits.controlled([controller], kind, optimizer, of, control_space(), 0, epochs)[0])


# ---------------------------------------------------------------------- the loop
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_training_learns_and_tells_what_a_loop_of_torch_has(fits: Any, kind: str, optimizer: str) -> None:
    one, of = (
        Held(learning_rate=0.05 if optimizer == "sgd" else 0.005),
        rows(fits, (1, 8, 8) if kind == "CNN" else (5,)),
    )
    start, end = (played(fits, kind, one, of, optimizer, epochs=epochs) for epochs in (0, 8))
    assert end > start
    assert tuple(one.context.signals) == tuple(one.told[-1].signals) == SIGNALS
    last, before = one.told[-1].signals, one.told[-2].signals
    assert (last["rows"], last["classes"], last["batch"], last["diverged"]) == (96.0, 3.0, 32.0, 0.0)
    assert (last["adaptive"], last["normalised"]) == (float(optimizer == "adamw"), float(kind == "batch norm"))
    assert last["training_loss_before"] == before["training_loss"]
    assert last["validation_loss_before"] == before["validation_loss"]
    losses = [one.context.signals["validation_loss"], *(t.signals["validation_loss"] for t in one.told)]
    assert last["best_validation_loss"] == min(losses)
    assert last["since_best"] == len(losses) - 1 - int(np.argmin(losses))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_trainings_side_by_side_are_those_of_a_plain_loop(fits: Any, kind: str, optimizer: str) -> None:
    of = rows(fits, (1, 8, 8) if kind == "CNN" else (5,))
    controls = [{"learning_rate": rate, "weight_decay": 0.05, "dropout": 0.0} for rate in (0.003, 0.01)]
    together = fits.Fits(kind, optimizer, of, 0, 2)
    together.epoch(controls)
    model = together.model.train()  # still at the start
    groups = [{"params": list(model.parameters()), "lr": 0.01, "weight_decay": 0.05}]
    alone = torch.optim.SGD(groups, momentum=0.9) if optimizer == "sgd" else torch.optim.AdamW(groups)
    for batch in torch.randperm(96, generator=torch.Generator().manual_seed(0)).view(3, 32):
        alone.zero_grad()
        torch.nn.functional.cross_entropy(model(of.train[0][batch]), of.train[1][batch]).backward()
        alone.step()
    assert torch.allclose(together.outputs(of.test[0])[1], model.eval()(of.test[0]), atol=0.01)
    assert torch.allclose(together.outputs(of.train[0], training=True)[1], model.train()(of.train[0]), atol=1e-4)


def test_dropout_keeps_the_mean_and_leaves_out_its_share(fits: Any) -> None:
    both = fits.Fits("MLP", "sgd", rows(fits), 0, 2)
    both.shares[1], layer, ones = 0.3, torch.nn.Dropout(), torch.ones(2, 1000, 200)
    x = both.through("2", layer, ones, True)
    assert torch.equal(x[0], ones[0])
    assert float((x[1] == 0).double().mean()) == pytest.approx(0.3, abs=0.005)
    assert float(x[1].mean()) == pytest.approx(1.0, abs=0.005)
    assert torch.equal(both.through("2", layer, ones, False), ones)


def test_no_controller_sees_a_test_row(fits: Any) -> None:
    one, other = Held(), Held()
    scores = [played(fits, "MLP", one, rows(fits)), played(fits, "MLP", other, rows(fits, flip=True))]
    assert [(t.score, t.signals) for t in one.told] == [(t.score, t.signals) for t in other.told]
    assert scores[0] != scores[1]


def test_a_training_that_blows_up_is_dead_and_keeps_its_checkpoint(fits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fits, "NORM", 1.0)
    one = Held(learning_rate=3.0)
    end = played(fits, "MLP", one, rows(fits))
    assert [t.signals["diverged"] for t in one.told] == [1.0] * 3
    assert [t.signals["validation_loss"] for t in one.told] == [3.0] * 3
    assert {t.status.name for t in one.told} == {"DIVERGED"}
    assert end == played(fits, "MLP", Held(), rows(fits), epochs=0)  # of the start


# ---------------------------------------------------------------------- the study
def scores(*values: float) -> dict[str, float]:
    return dict(zip("abc", values, strict=True))


def test_agreement_by_hand(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """a, b, c in the suite, c, a, b in torch: one pair of three alike, tau (1 - 2) / 3. d is not trained everywhere."""
    monkeypatch.setattr(study, "CONTROLLERS", dict.fromkeys("abcd"))
    monkeypatch.setattr(study, "FIRST", "a")
    part = {"families": ["x", "x", "y"], "score": {"a": [1, 3, 2], "b": [1.9] * 3, "c": [1.88] * 3, "d": [9] * 3}}
    two = {seed: {"rules": scores(2, 1, 3), "else": {"d": 0.0}} for seed in "01"} | {"2": {"else": {"d": 0.0}}}
    monkeypatch.setattr(study.frame, "stored", lambda name: {
        "MLP, sgd": {"p": {"512": two}, "q": {"512": {"0": {"rules": scores(1, 0, 1.5)}}, "2048": two}},
    })  # fmt: skip
    found = {"suite": {"MLP, sgd": part}}
    rows = study.tables(found)["agreement"].rows
    assert rows == (("MLP, sgd", "3", "33%", "-0.33", "1.13", "5.75"), ("all", "3", "33%", "-0.33", "", ""))
    third = pytest.approx(-1 / 3)
    assert study.values(found) == {
        "same": pytest.approx(1 / 3), "tau": third, "least": third, "most": third, "data-sets": 2, "seeds": 2,
        "trainings": 11,
    }  # fmt: skip
