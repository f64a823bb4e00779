"""The study of sequence: ratios by hand."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from hpo_gym.problem.suite import SUITES
from hpo_gym.suites.load import load_suite

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"

pytest.importorskip("stable_baselines3")


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("sequence")


def part(ends: dict[str, list[tuple[float, float | None]]]) -> dict[str, Any]:
    """The lowest regret, and the one at the end, of each seed of each variant."""
    return {
        variant: {
            str(seed): {"regrets": [0.9, low, 0.95], **({} if end is None else {"end": end})}
            for seed, (low, end) in enumerate(seeds)
        }
        for variant, seeds in ends.items()
    }


SVM = {
    "discount 1": [(0.1, 0.1), (0.3, 0.1)], "discount .9": [(0.4, 0.2)] * 2,
    "discount 0": [(0.1, 0.0), (0.2, 0.0)], "blind": [(0.2, 0.3), (0.6, 0.3)],
}  # fmt: skip
FOUND = {"SVM": part(SVM)}


def test_ratios_by_hand(study: Any) -> None:
    held = study.ratios(FOUND)["SVM"]
    assert {variant: values.round(6).tolist() for variant, values in held.items()} == {
        "discount 1": [0.5, 1.5], "discount .9": [2.0, 2.0], "discount 0": [0.5, 1.0], "blind": [1.0, 3.0],
    }  # fmt: skip
    ends = study.ratios(FOUND, study.end)["SVM"]
    assert [ends[variant].mean().round(6) for variant in study.VARIANTS] == [1.0, 2.0, 0.0, 3.0]


def test_a_seed_counts_once_all_variants_have_it(study: Any) -> None:
    more = {"SVM": part({**SVM, "discount 1": [*SVM["discount 1"], (0.7, None)]})}
    assert study.ratios(more)["SVM"]["discount 1"].tolist() == pytest.approx([0.5, 1.5])
    others = {v: seeds for v, seeds in SVM.items() if v != "discount 1"}
    assert study.ratios({"SVM": part(others)}) == study.ratios({"SVM": part({"discount 1": SVM["discount 1"]})}) == {}


def test_a_variant_that_is_not_trained_yet_has_no_ratio(study: Any) -> None:
    some = {"SVM": part({v: seeds for v, seeds in SVM.items() if v != "blind"})}
    assert list(study.ratios(some)["SVM"]) == ["discount 1", "discount .9", "discount 0"]
    cells = ("0.2000", "2.00 (2.00 to 2.00)", "0.75 (0.50 to 1.00)", "not yet")
    assert study.table(some).rows == (("`SVM`", "30", "2", *cells),)


def test_rows_by_hand(study: Any) -> None:
    rows = study.table({"FCNet": part(SVM), **FOUND}).rows
    cells = ("0.2000", "2.00 (2.00 to 2.00)", "0.75 (0.50 to 1.00)", "2.00 (1.00 to 3.00)")
    assert rows[:2] == (("`SVM`", "30", "2", *cells), ("`FCNet`", "1", "2", *cells))
    assert rows[2][0].startswith("geometric mean of 1 suite") and rows[2][4:] == ("2.00", "0.75", "2.00")


def test_all_suites_with_validation_tasks_take_part(study: Any) -> None:
    assert set(study.suites()) == {name for name in SUITES.names() if load_suite(name).tasks("val")}


@pytest.mark.long
def test_a_training_gives_a_regret_for_each_segment_and_the_end_of_its_runs(
    study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(study.LONGER, "MLP", 2_112)
    monkeypatch.setitem(study.VARIANTS, "blind", {**study.VARIANTS["blind"], "segments": 1, "candidates": 33})
    found = study.cell("MLP", "blind", "0")
    assert len(found["regrets"]) == 2 and 0.0 <= found["end"] <= min(found["regrets"]) < 1.0
    assert found["of"] == study.identity("MLP", "blind") and found["steps"] == 2_112
