"""The suite against torch: all pairs of serious controllers count, and no other."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("agreement")


def test_pairs_and_tau_by_hand(study: Any) -> None:
    """Of four controllers one pair of six is the other way round: tau (5 - 1) / 6; straw men and small gaps alike."""
    suite = {"constant": 9.0, "usual cosine": 8.0, "cosine": 0.0, "plateau": 0.001, "gap": 0.2, "autopilot": 0.3}
    torch = {"constant": -9.0, "usual cosine": -8.0, "cosine": 0.1, "plateau": 0.0, "gap": 0.5, "autopilot": 2.0}
    both = study.Both.of("MLP, sgd", suite, torch)
    assert both.same() == [False, True, True, True, True, True]
    assert both.tau() == pytest.approx(4 / 6)
    assert np.ptp(both.torch) == 2.0


def test_like_is_held_against_like(study: Any) -> None:
    found = study.frame.stored("agreement")
    for both in study.places(found):
        assert len(both.same()) == 15 and both.side in study.SIDES
    known = study.torch_places(found["suite"])
    assert {place.rows for place in known} == {"512"} and {place.side for place in known} == set(found["suite"])


@pytest.mark.parametrize(("kind", "depth"), [("MLP", 1), ("deep", 3), ("batch norm", 2)])
def test_the_recipe_is_that_of_torch(study: Any, monkeypatch: pytest.MonkeyPatch, kind: str, depth: int) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(study, "trainings_with", lambda recipe: seen.append(recipe))
    study.alike(kind, "adamw")
    (of,) = seen
    assert (of.depth, of.optimizer, of.batch, of.noise) == ((depth,), ("adamw",), (32,), 0.0)
    assert of.normalised == (kind == "batch norm",)
