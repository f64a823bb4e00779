"""The import graph, and the plugin that runs what a change reaches, the nearest first, until the time is spent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import changed
import pytest
from imports import ROOT, Graph

TREE = {
    "hpo_gym/__init__.py": """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from hpo_gym.bench import compare
    """,
    "hpo_gym/bench/__init__.py": """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from hpo_gym.bench.runner import compare
    """,
    "hpo_gym/bench/runner.py": "def f():\n    import hpo_gym.problem.space",
    "hpo_gym/problem/space.py": "",
    "baselines/hpo_baselines/__init__.py": "",
    "baselines/hpo_baselines/tpe.py": '@OPTIMIZERS.register(\n    "tpe-x", family="x")\nclass T: ...',
    "tests/toys.py": "from hpo_gym.problem.space import Space",
    "tests/core/test_space.py": "import toys",
    "tests/bench/test_bench.py": "import hpo_gym\nhpo_gym.compare()",
    "tests/bench/test_patch.py": 'ENGINE = "hpo_gym.bench.runner.ENGINE"',
    "tests/other/toys.py": "",
    "tests/other/test_alone.py": "import toys",
    "tests/other/test_named.py": 'NAMES = ["tpe-x"]',
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in TREE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(line.removeprefix("        ") for line in text.splitlines()), encoding="utf-8")
    return tmp_path


def names(tree: Path, distances: dict[Path, int]) -> dict[str, int]:
    return {path.relative_to(tree).as_posix(): near for path, near in distances.items() if "test_" in path.name}


# ---------------------------------------------------------------------- the graph
def test_what_imports_a_file_is_as_far_as_there_are_imports_between(tree: Path) -> None:
    found = Graph.of(tree).distances([tree / "hpo_gym/problem/space.py"])
    assert found[tree / "tests/toys.py"] == 1
    assert names(tree, found) == {
        "tests/core/test_space.py": 2, "tests/bench/test_bench.py": 2, "tests/bench/test_patch.py": 2,
    }  # fmt: skip


def test_a_name_that_a_package_loads_late_leads_to_its_module(tree: Path) -> None:
    graph = Graph.of(tree)
    assert graph.needs(tree / "tests/bench/test_bench.py") == {
        tree / "hpo_gym/__init__.py", tree / "hpo_gym/bench/__init__.py", tree / "hpo_gym/bench/runner.py",
    }  # fmt: skip
    assert graph.needs(tree / "hpo_gym/__init__.py") == frozenset()  # what a type checker reads is no import


def test_a_plain_name_is_the_file_beside_its_user(tree: Path) -> None:
    assert Graph.of(tree).needs(tree / "tests/other/test_alone.py") == {tree / "tests/other/toys.py"}
    assert Graph.of(tree).needs(tree / "tests/core/test_space.py") >= {tree / "tests/toys.py"}


def test_each_file_of_this_repository_has_a_place_and_most_tests_import_the_package() -> None:
    graph = Graph.of()
    tests = [path for path in graph.files() if path.name.startswith("test_")]
    package = {path for name, path in graph.modules.items() if name.startswith("hpo_gym")}
    assert len(tests) > 100
    assert sum(bool(graph.needs(path) & package) for path in tests) > 0.7 * len(tests)


# ---------------------------------------------------------------------- what a change reaches
def test_cases_are_near_by_import_by_words_and_by_parameters(tree: Path) -> None:
    path = tree / "baselines/hpo_baselines/tpe.py"
    words = changed.words([path])
    assert words == {"tpe.py", "tpe-x"}
    change = changed.Change(frozenset({path}), Graph.of(tree).distances([path]), words)
    named, alone = tree / "tests/other/test_named.py", tree / "tests/other/test_alone.py"
    assert change.distance(path, "") == 0
    assert change.distance(named, named.read_text(encoding="utf-8")) == 1
    assert change.distance(alone, "", ["tpe-x", 3]) == change.distance(alone, "", ["docs/tpe.py"]) == 1
    assert change.distance(alone, "tpe-x = 3", ["tpe"]) == changed.FAR
    assert change.distance(alone, "", [10**5000]) == changed.FAR  # longer than a text of an integer may be


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hpo_gym/data/suites/SVM/table.npz", {"table.npz", "table", "SVM"}),
        ("docs/agents.md", {"agents.md"}),
        ("benchmarks/studies/gone.py", {"gone.py", "gone"}),
        ("hpo_gym/suites/__init__.py", set()),
    ],
)
def test_a_file_is_named_by_its_name_and_data_by_their_folder_too(name: str, words: set[str]) -> None:
    assert changed.words([Path(name)]) == words


# ---------------------------------------------------------------------- the plugin
def git(folder: Path, *command: str) -> None:
    settings = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *settings, *command], check=True, capture_output=True)


CASES = """
import time
def test_slow(): time.sleep(.6)
def test_next(): time.sleep(.6)
def test_last(): time.sleep(.6)
"""


@pytest.mark.long
@pytest.mark.parametrize("options", [["-n", "0"], ["-n", "1"]], ids=["here", "in a worker"])
@pytest.mark.parametrize(
    ("edit", "seconds", "said"),
    [
        ("tests/other/test_new.py", "60", "3 of 3 cases that the change reaches, the nearest first; 0 are left"),
        ("tests/other/test_new.py", "0.3", "1 of 3 cases that the change reaches, the nearest first; 2 are left"),
        (None, "60", "0 of 0 cases that the change reaches, the nearest first; 0 are left"),
    ],
)
def test_the_nearest_run_until_the_time_is_spent(
    tree: Path, options: list[str], edit: str | None, seconds: str, said: str
) -> None:
    for name in ("changed.py", "imports.py"):
        (tree / "tests" / name).write_bytes((ROOT / "tests" / name).read_bytes())
    (tree / "tests" / "other" / "test_known.py").write_text("def test_known(): pass", encoding="utf-8")
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "a")
    if edit:
        (tree / edit).write_text(CASES, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "changed", "-p", "no:cacheprovider", "--since", "HEAD"]
    command += ["--seconds", seconds, *options, "tests/other"]
    env = {**os.environ, "PYTHONPATH": str(tree / "tests")}
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, env=env)
    assert said in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0, done.stdout
