"""The study of sequence: ratios by hand, and that it goes on where it was stopped."""

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


def result(variant: str, seed: int, *regrets: float, suite: str = "SVM", **more: Any) -> dict[str, Any]:
    return {"suite": suite, "variant": variant, "seed": seed, "steps": 60_000, "of": "", "regrets": [*regrets], **more}


FOUND = [
    *(result("discount 1", seed, 0.9, low, 0.5, end=0.1) for seed, low in enumerate((0.1, 0.3))),
    *(result("discount .9", seed, 0.4, 0.5, end=0.2) for seed in range(2)),
    *(result("discount 0", seed, low, end=0.0) for seed, low in enumerate((0.1, 0.2))),
    *(result("blind", seed, low, end=0.3) for seed, low in enumerate((0.2, 0.6))),
]


def test_ratios_by_hand(study: Any) -> None:
    held = study.ratios(FOUND)["SVM"]
    assert {variant: values.round(6).tolist() for variant, values in held.items()} == {
        "discount 1": [0.5, 1.5], "discount .9": [2.0, 2.0], "discount 0": [0.5, 1.0], "blind": [1.0, 3.0],
    }  # fmt: skip
    ends = study.ratios(FOUND, study.end)["SVM"]
    assert [ends[variant].mean().round(6) for variant in study.VARIANTS] == [1.0, 2.0, 0.0, 3.0]


def test_a_seed_counts_once_all_variants_have_it(study: Any) -> None:
    held = study.ratios([*FOUND, result("discount 1", 2, 0.7)])["SVM"]
    assert held["discount 1"].tolist() == pytest.approx([0.5, 1.5])
    assert study.ratios(FOUND[2:]) == study.ratios(FOUND[:2]) == {}


def test_a_variant_that_is_not_trained_yet_has_no_ratio(study: Any) -> None:
    assert list(study.ratios(FOUND[:6])["SVM"]) == ["discount 1", "discount .9", "discount 0"]
    rows = list(study.table(FOUND[:6]))[2:]
    assert rows == ["| `SVM` | 30 | 2 | 0.2000 | 2.00 (2.00 to 2.00) | 0.75 (0.50 to 1.00) | not yet |"]


def test_rows_by_hand(study: Any) -> None:
    few = [{**r, "suite": "FCNet"} for r in FOUND]
    rows = list(study.table([*few, *FOUND]))[2:]
    cells = "0.2000 | 2.00 (2.00 to 2.00) | 0.75 (0.50 to 1.00) | 2.00 (1.00 to 3.00) |"
    assert rows[:2] == [f"| `SVM` | 30 | 2 | {cells}", f"| `FCNet` | 1 | 2 | {cells}"]
    assert rows[2].startswith("| geometric mean of 1 suite") and rows[2].endswith("| 2.00 | 0.75 | 2.00 |")


def test_all_suites_with_validation_tasks_take_part(study: Any) -> None:
    assert set(study.suites()) == {name for name in SUITES.names() if load_suite(name).tasks("val")}


def test_a_result_of_other_settings_is_trained_anew(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [{**r, "of": study.identity(r["suite"], r["variant"])} for r in FOUND]
    assert study.current(kept) == kept
    monkeypatch.setitem(study.VARIANTS, "blind", {"observer": "last"})
    assert study.current(kept) == [r for r in kept if r["variant"] != "blind"]


def test_what_is_stored_is_gone_on_from(study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, int]] = []

    def one(name: str, variant: str, seed: int) -> dict[str, Any]:
        asked.append((name, variant, seed))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return result(variant, seed, 0.5, suite=name) | {"seconds": 1}

    monkeypatch.setattr(study, "FOUND", tmp_path / "found.json")
    monkeypatch.setattr(study, "one", one)
    with pytest.raises(KeyboardInterrupt):
        study.train(study.stored(), ("SVM", "Drift"))
    assert len(study.stored()) == 2
    study.train(study.stored(), ("SVM", "Drift"))
    assert len(study.stored()) == 2 * len(study.VARIANTS) * study.SEEDS
    assert asked[2] == asked[3] and [r["seed"] for r in study.stored()] == sorted(r["seed"] for r in study.stored())


@pytest.mark.long
def test_a_training_gives_a_regret_for_each_segment_and_the_end_of_its_runs(
    study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(study.LONGER, "MLP", 2_112)
    monkeypatch.setitem(study.VARIANTS, "blind", {**study.VARIANTS["blind"], "segments": 1, "candidates": 33})
    found = study.one("MLP", "blind", 0)
    assert len(found["regrets"]) == 2 and 0.0 <= found["end"] <= min(found["regrets"]) < 1.0
    assert found["of"] == study.identity("MLP", "blind") and found["steps"] == 2_112


def test_the_page_is_that_of_the_stored_results(study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = study.PAGE.read_text(encoding="utf-8")
    monkeypatch.setattr(study, "current", lambda found: found)  # whether they are those of today is the script's to say
    with pytest.raises(SystemExit) as ended:
        study.write(study.stored(), check=True)
    assert ended.value.code == 0
    page = tmp_path / "page.md"
    page.write_text(before.replace("<!-- ratios -->", "<!-- ratios -->\nold"), encoding="utf-8")
    monkeypatch.setattr(study, "PAGE", page)
    with pytest.raises(SystemExit, match=r"out of date: page\.md; run `python benchmarks/studies/sequence\.py --draw`"):
        study.write(study.stored(), check=True)
