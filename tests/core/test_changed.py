"""The import graph, and the plugin that runs what a change reaches, the nearest first, until the time is spent."""

from __future__ import annotations

from pathlib import Path

import changed
import pytest
from imports import Graph

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
