"""The study of networks that no search has seen: ratios by hand, and networks as it says."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("other_networks")


def test_a_ratio_is_of_losses_and_a_mean_over_optimizers_and_seeds(study: Any) -> None:
    """Scores are minus logarithms: .2 and .4 more with SGD, .1 less with AdamW, are (.3 - .1) / 2 less of log loss."""
    part = {
        "autopilot": {"sgd": [1.2, 2.4], "adamw": [0.9, 0.9]},
        "default": {"sgd": [1.0, 2.0], "adamw": [1.0, 1.0]},
    }
    assert study.log_ratio(part, "autopilot", "default") == pytest.approx(-0.1)
    loops = {name: part["autopilot" if name == "autopilot" else "default"] for name in study.LOOPS}
    table = study.tables({"net": dict.fromkeys(study.DATA_SETS, loops)})["ratios"]
    assert [row[1:] for row in table.rows] == [("0.90", "0.90", "0.90")] * 4


@pytest.mark.parametrize("network", ["wide", "tanh", "residual"])
def test_networks_have_their_weights(study: Any, network: str) -> None:
    """8 inputs and 10 classes: 8*256+256 + 256*256+256 + 256*10+10, and so on."""
    torch = pytest.importorskip("torch")
    rows = (torch.zeros(4, 8), torch.zeros(4, dtype=torch.int64))
    fits = importlib.import_module("torch_fits")
    model = getattr(study, network)(fits.Rows(rows, rows, rows, 10))
    by_hand = {
        "wide": 8 * 256 + 256 + 256 * 256 + 256 + 2570,
        "tanh": 8 * 48 + 48 + 3 * (48 * 48 + 48) + 490,
        "residual": 8 * 96 + 96 + 3 * (2 * 96 + 2 * (96 * 96 + 96)) + 970,
    }[network]
    assert sum(p.numel() for p in model.parameters()) == by_hand
    assert model(rows[0]).shape == (4, 10)
