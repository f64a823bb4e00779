"""The study of controllers in torch: its plain loops on rows made by hand, its choice of a cosine, its ratios."""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym.optimize import Context
from hpo_gym.suites.tasks.fits.controls import control_space

torch = pytest.importorskip("torch")
STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"
FIRST, SECOND = "0.01, 0.0001, 0", "0.01, 0.0001, 0.2"
"""Two of the cosines with SGD."""


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("torch_control")


@pytest.fixture
def loops(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("torch_loops")


# ---------------------------------------------------------------------- the choice
def cosines(study: Any, first: float, second: float) -> dict[str, float]:
    """Scores of all cosines with SGD: two that matter, and -9."""
    return {**dict.fromkeys(study.cosines("sgd"), -9.0), FIRST: first, SECOND: second}


def seed(study: Any, first: float, second: float) -> dict[str, Any]:
    return {"0": {study.COSINES: cosines(study, first, second)}}


def test_a_data_set_does_not_choose_its_own_cosine(study: Any) -> None:
    """`vowel` has the first far ahead, the two others the second: `vowel` gets the second, the others the first."""
    found = {"MLP, sgd": {name: {"512": seed(study, *of)} for name, of in
                          {"vowel": (9.0, 0.0), "german": (1.0, 2.0), "letter": (1.0, 2.0)}.items()}}  # fmt: skip
    chosen = {name: study.tuned(found, "MLP, sgd", name, "512") for name in ("vowel", "german", "letter")}
    assert chosen == {"vowel": SECOND, "german": FIRST, "letter": FIRST}


def test_related_rows_do_not_choose(study: Any) -> None:
    """`digits` are rows of `optdigits`, so `mnist-5k` alone chooses for both."""
    of = {"optdigits": (9.0, 0.0), "digits": (9.0, 0.0), "mnist-5k": (1.0, 2.0)}
    found = {"CNN, sgd": {name: {"512": seed(study, *scores)} for name, scores in of.items()}}
    assert [study.tuned(found, "CNN, sgd", name, "512") for name in of] == [SECOND, SECOND, FIRST]


def test_a_cosine_goes_from_its_rate_to_its_end(study: Any) -> None:
    one = study.Cosine(0.1, 0.5, 0.2)
    one.reset(Context(control_space(), 3.0), np.random.default_rng(0))
    seen = []
    for _ in range(3):
        seen.append(one.ask().config)
        one.tell(None)
    assert [of["learning_rate"] for of in seen] == pytest.approx([0.1, 0.1 * (0.01 + 0.99 / 2), 0.001])
    assert {(of["weight_decay"], of["dropout"]) for of in seen} == {(0.5, 0.2)}
    assert len(study.cosines("sgd")) == len(study.cosines("adamw")) == 24


# ---------------------------------------------------------------------- the ratio
def test_ratios_by_hand(study: Any) -> None:
    """Half the loss on `vowel` over two seeds, 1.2 times on `german`; the rival with one seed is paired with it."""
    tuned, ours = {"sgd": 1.0}, math.log(2.0)

    def scores(gain: float, **more: float) -> dict[str, float]:
        return {study.TUNED: tuned["sgd"], study.AUTOPILOT: tuned["sgd"] + gain, **more}

    known = [
        study.Trained("MLP, sgd", "vowel", "512", {"0": scores(ours - 0.1, Prodigy=1.0), "1": scores(ours + 0.1)}),
        study.Trained("MLP, sgd", "german", "512", {"0": scores(-math.log(1.2))}),
        study.Trained("deep, sgd", "vowel", "2048", {"0": scores(ours)}),
    ]
    gain = study.Gain.of(known, study.AUTOPILOT, study.TUNED, ("512",))
    assert gain.data_sets == ("vowel", "german")
    assert gain.ratio()[0] == pytest.approx(math.sqrt(0.5 * 1.2))
    assert gain.worst() == pytest.approx(1.2)
    assert study.Gain.of(known, study.AUTOPILOT, "Prodigy").ratio()[0] == pytest.approx(math.exp(0.1 - ours))
    assert [row[:2] for row in study.by_kind(known).rows] == [
        ("512", "MLP, sgd"), ("512", "all"), ("2,048", "deep, sgd"), ("2,048", "all"), ("512 and 2,048", "all"),
    ]  # fmt: skip
    assert study.by_kind(known).rows[1][2:4] == (f"{math.sqrt(0.6):.3f}", "1.20")


# ---------------------------------------------------------------------- plain loops
def rows(fits: Any, classes: int = 3) -> Any:
    rng = np.random.default_rng(0)

    def part(n: int) -> Any:
        x, y = rng.normal(size=(n, 5)), rng.integers(classes, size=n)
        x[np.arange(n), y] += 2.0
        return torch.from_numpy(x.astype(np.float32)), torch.from_numpy(y)

    return fits.Rows(part(96), part(64), part(64), classes)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_plain_loop_is_a_training_side_by_side(study: Any, loops: Any, optimizer: str) -> None:
    fits = importlib.import_module("torch_fits")
    own = loops.trained(loops.Constant, fits.MAKERS["deep"], optimizer, rows(fits), 0, 3)
    held = study.DEFAULTS[optimizer]
    other = fits.controlled([held], "deep", optimizer, rows(fits), control_space(), 0, 3)[0]
    assert own == pytest.approx(other, abs=1e-3)


def test_the_controller_of_a_loop_sees_what_a_user_has(loops: Any) -> None:
    fits = importlib.import_module("torch_fits")
    seen = []

    class Watched(loops.Autopilot):
        def end(self, validation_loss: float) -> None:
            super().end(validation_loss)
            seen.append(self.control)

    loops.trained(Watched, fits.MAKERS["MLP"], "sgd", rows(fits), 0, 2)
    signals = seen[-1].log[-1].signals
    known = {name: signals[name] for name in ("rows", "batch", "classes", "layers", "adaptive")}
    assert known == {"rows": 96.0, "batch": 32.0, "classes": 3.0, "layers": 1.0, "adaptive": 0.0}
    assert len(seen[-1].log) == 2
