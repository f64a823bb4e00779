"""Results name the kernels of linear algebra where scores follow them; other ones are told, with what may move."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import toys

from hpo_gym.bench.merging import merge
from hpo_gym.bench.origin import (
    KERNELS,
    THREADS,
    follow,
    hardware_of,
    kernels,
    origin_of,
    other_than_here,
    several,
)
from hpo_gym.suites.load import load_suite
from hpo_gym.system.storage.store import Store

TYPES = ("Haswell", "Sandybridge")


def bench(out: Path, kind: str, *more: str) -> str:
    """Run a comparison with the kernels of a kind of processor; return its notes."""
    words = ["--optimizers", "random", "--suite", "SVM:surrogate", "--tasks", "1", "--seeds", "2", "--budget", "2"]
    words += ["--shard", f"{1 + (out.name == TYPES[1])}/2", "--engine", "serial", "--out", str(out), *more]
    command = [sys.executable, "-m", "hpo_gym", "bench", *words]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OPENBLAS_CORETYPE": kind})
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    if "openblas" not in kernels()[KERNELS] or not sys.platform.startswith("linux") or os.uname().machine != "x86_64":
        pytest.skip("needs kernels of OpenBLAS for several processors")
    home = tmp_path_factory.mktemp("kernels")
    for kind in TYPES:
        assert "kernels" not in bench(home / kind, kind)
    return [home / kind for kind in TYPES]


def made(folder: Path) -> dict[str, str]:
    with Store(folder / "store.sqlite", write=False) as store:
        return origin_of(store)


@pytest.mark.long
def test_a_store_names_the_kernels_and_the_threads(folders: list[Path]) -> None:
    for folder, kind in zip(folders, TYPES, strict=True):
        assert kind in made(folder)[KERNELS] and made(folder)[THREADS].isdigit()


@pytest.mark.long
def test_to_go_on_with_other_kernels_is_told_and_both_are_named(folders: list[Path]) -> None:
    assert "several" not in bench(folders[0], "Haswell", "--resume")
    told = bench(folders[0], "Sandybridge", "--resume")
    assert "Scores on SVM:surrogate follow the kernels" in told and all(kind in told for kind in TYPES)
    assert all(kind in made(folders[0])[KERNELS] for kind in TYPES)


@pytest.mark.long
def test_to_join_results_of_several_kernels_is_told(folders: list[Path], tmp_path: Path) -> None:
    for i, order in enumerate(itertools.permutations(folders)):
        with pytest.warns(UserWarning, match="Scores on SVM:surrogate follow .* several: "):
            merge(order, tmp_path / str(i))
        assert all(kind in made(tmp_path / str(i))[KERNELS] for kind in TYPES)


def test_suites_whose_scores_are_computed_follow_and_tables_do_not() -> None:
    suites = [load_suite(name) for name in ("SVM:surrogate", "SVM", "Trainings", "Functions")]
    assert follow(suites) == ["SVM:surrogate", "Trainings"]
    a, b = {KERNELS: "openblas 1 Haswell"}, {KERNELS: "openblas 1 SkylakeX"}
    assert several([a, b], [toys.plain()]) == ("openblas 1 Haswell; openblas 1 SkylakeX", "")
    assert several([a, {}, a], suites) == ("openblas 1 Haswell", "")
    assert several([b, a], suites)[1] == several([a, b], suites)[1] != ""


def test_a_board_tells_whose_own_runs_had_other_kernels() -> None:
    here: Any = {"machine": "Linux", **kernels()}
    lines = {"mine": hardware_of(here), "theirs": "Linux; openblas 0.1 Nehalem", "old": "Linux"}
    told = other_than_here(lines, [load_suite("Trainings")])
    assert "Trainings" in told and "of theirs, old, whose" in told
    assert other_than_here({"mine": lines["mine"]}, [load_suite("Trainings")]) == ""
    assert other_than_here(lines, [load_suite("SVM")]) == ""
