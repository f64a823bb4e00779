"""Runs that are out of date are shown with a dagger, and left out of ranks, intervals and pools."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import hpo_gym
from hpo_builders.reference_runs import collect
from hpo_gym.base.errors import DamagedDataError
from hpo_gym.bench.reference import reference
from hpo_gym.bench.reference.reference import Reference
from hpo_gym.bench.results import Results
from hpo_gym.bench.runner import benchmark, remake
from hpo_gym.optimize.learning.made_of import parts, stale
from hpo_gym.optimize.learning.sources import source_hash
from hpo_gym.suites import load_suite
from hpo_gym.suites.own.suite import TableSuite, table_suite
from hpo_gym.system.storage.store import Store
from hpo_gym.system.storage.whole import MADE_OF

BENCH: dict[str, Any] = {"budget": 4, "seeds": 1, "tasks": 2, "engine": "serial"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reference runs of `ga` on two suites."""
    home = tmp_path_factory.mktemp("made")
    benchmark(["ga"], ["SVM", "MLP"], out=home / "ran", report=False, **BENCH)
    for one in collect([home / "ran"]):
        one.write(home / "reference")
    return home / "reference"


@pytest.fixture
def shipped(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copies of these, as if they were shipped."""
    folder = tmp_path / "reference"
    for path in made.glob("*.json"):
        Reference.read(path).write(folder)
    monkeypatch.setattr(reference, "FOLDER", folder)
    return folder


def test_reference_runs_name_their_suite_and_optimizers(made: Path) -> None:
    of = Reference.read(made / "SVM.json").made_of
    suite = load_suite("SVM")
    assert of["suites"] == {"SVM": f"{suite.version}@{suite.data_hash[:8]}"}
    assert of["optimizers"]["ga"] == f"3@{source_hash('ga')}"
    assert set(of["optimizers"]) == {"ga", "default", "portfolio"}
    assert stale(of) == ()


@pytest.mark.parametrize("suite", sorted(p.stem for p in reference.FOLDER.glob("*.json")))
def test_shipped_reference_runs_say_what_they_were_made_of(suite: str) -> None:
    one = Reference.read(reference.FOLDER / f"{suite}.json")
    assert parts(one.made_of["suites"][suite])[1] == one.data_hash[:8]
    for entrant in one.entrants:
        name = entrant.spec.removeprefix("saved:")
        assert parts(one.made_of["optimizers"][name])[0] == str(entrant.version)


def test_a_reference_run_of_an_older_optimizer_has_a_dagger_and_no_rank(shipped: Path, tmp_path: Path) -> None:
    new = benchmark("random", "SVM", budget=4, with_reference=True, engine="serial", out=tmp_path / "new")
    one = Reference.read(shipped / "SVM.json")
    old = tuple(replace(e, version=2) if e.name == "ga" else e for e in one.entrants)
    replace(one, entrants=old).write(shipped)
    reference._read.cache_clear()
    with pytest.warns(UserWarning, match=r"Not ranked on SVM, ga 2 -> 3: ga\."):
        found = benchmark("random", "SVM", budget=4, with_reference=True, engine="serial", out=tmp_path / "old")
    assert set(found.data["suites"]["SVM"]["optimizers"]) == {"random", "default", "portfolio"}
    auc = new.data["suites"]["SVM"]["optimizers"]["ga"]["auc"][0]
    assert found.data["stale"] == {"SVM": {"ga": {"why": "ga 2 -> 3", "auc": auc}}}
    assert f"| ga† | SVM | {auc:.4f} | ga 2 -> 3 |" in found.to_markdown()
    assert "ga†" in (tmp_path / "old" / "report.html").read_text()
    again = remake(tmp_path / "old")
    assert again.data == found.data
    reference._read.cache_clear()


def test_reference_runs_on_other_data_are_left_out_with_a_note(shipped: Path, tmp_path: Path) -> None:
    replace(Reference.read(shipped / "SVM.json"), data_hash="0" * 64).write(shipped)
    reference._read.cache_clear()
    with pytest.warns(UserWarning, match=r"Reference runs on SVM are left out: SVM unknown: other data"):
        found = benchmark("random", ["SVM", "MLP"], budget=4, with_reference=True, engine="serial", out=tmp_path / "o")
    assert set(found.data["suites"]["MLP"]["optimizers"]) == {"random", "default", "portfolio", "ga"}
    assert set(found.data["suites"]["SVM"]["optimizers"]) == {"random", "default", "portfolio"}
    assert "stale" not in found.data and found.failed_cells == 0
    reference._read.cache_clear()


# ---------------------------------------------------------------------------------------------- stores
def own(score: float) -> TableSuite:
    """A table of four families, one of whose scores is given."""
    space = {"lr": hpo_gym.Float(0.0, 1.0)} if hasattr(hpo_gym, "Float") else {"lr": (0.0, 1.0)}
    names = ("a", "b", "c", "d")
    return table_suite(
        "Own", space, [{"lr": 0.0}, {"lr": 0.5}, {"lr": 1.0}], [[0.1, 0.5, score]] * 4, tasks=names, families=names,
        splits={"train": names[:2], "test": names[2:]},
    )  # fmt: skip


def test_an_old_store_loads_and_keeps_the_numbers_of_its_report_with_daggers(tmp_path: Path) -> None:
    out, folder = tmp_path / "out", tmp_path / "suite"
    own(0.9).save(folder)
    bench = {**BENCH, "tasks": None}
    before = benchmark("random", folder, out=out, **bench)
    aucs = {name: s["auc"][0] for name, s in before.data["suites"]["Own"]["optimizers"].items()}
    own(0.8).save(folder)
    for _ in range(2):  # the numbers outlive the report
        found = remake(out)
        assert found.data["suites"] == {} and found.failed_cells == 0
        assert {name: row["auc"] for name, row in found.data["stale"]["Own"].items()} == aucs
    assert "random†" in (out / "table.md").read_text()
    assert Results.load(out).data == found.data
    (out / "results.json").write_text('{"suites": {"Own": {"optimizers": {"random": {}}}}}')
    with pytest.raises(DamagedDataError, match=r"results\.json must be .*`suites\.Own\.optimizers\.random\.auc`"):
        remake(out)


def test_a_store_says_what_its_runs_were_made_of(tmp_path: Path) -> None:
    benchmark("random", "SVM", out=tmp_path, report=False, **BENCH)
    with Store(tmp_path / "store.sqlite", write=False) as store:
        of = json.loads(store.meta_get(MADE_OF) or "")
    assert set(of["optimizers"]) == {"random", "default", "portfolio"} and list(of["suites"]) == ["SVM"]
