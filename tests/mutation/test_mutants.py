"""The tool that tests the tests: what it mutates, what it leaves alone, and that a verdict is right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mutmut", reason="mutmut is in the extra `dev`")

from areas import AREAS, Area
from mutants import mutants_of
from results import KILLED, SURVIVED

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

RAMP = """
def ramp(n):
    return 0 if n < 0 else n
"""
RAMP_TEST = """
from toy.ramp import ramp


def test_ramp():
    assert [ramp(n) for n in (-2, 0, 3)] == [0, 0, 3]
"""
TOY = Area("toy", ("toy/*.py",), ("tests/test_toy.py",))


def changes(text: str) -> list[str]:
    return [mutant.change[2] for mutant in mutants_of(text, "toy.py")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b", ["a <= b"]),
        ("a + b * c", ["a - b * c", "a + b / c"]),
        ("a and not b", ["a or not b", "a and b"]),
        ("a is None", ["a is not None"]),
        ("x = 3", ["x = None", "x = 4"]),
        ("x += y", ["x = y", "x -= y"]),
        ("f(a, k=True)", ["f(None, k=True)", "f(a, k=None)", "f(k=True)", "f(a, )", "f(a, k=False)"]),
        ("a if b else c", ["a if (b) and False else c", "a if (b) or True else c"]),
        ("def f(x: int = 3) -> int:\n    return x", ["def f(x: int = 4) -> int:"]),
    ],
)
def test_a_line_has_these_mutants(text: str, expected: list[str]) -> None:
    assert sorted(changes(text)) == sorted(expected)


@pytest.mark.parametrize(
    "text",
    [
        "'A docstring of one line.'",
        "class A:\n    'Doc.'\n    x: int\n    'What `x` is.'",
        "def f(x: dict[str, 'A | None']) -> Literal['a']: ...",
        "__all__ = ['a', 'b']",
        "if TYPE_CHECKING:\n    Kind = f(1, 2)",
        "raise ValueError('`a` must hold, got', a + 1)",
        "MissingExtraError('a', 1 + 2)",
        "rule = f'{a + 1} must hold'",
        "warnings.warn('slow', stacklevel=2)",
        "Time = int | NDArray[np.int64]",
        "_Rows = Callable[[int, str], tuple[object, ...]]",
        "@dataclass(frozen=True)\nclass A: ...",
        "from copy import deepcopy",
        "isinstance(a, int)",
    ],
)
def test_types_docstrings_and_messages_have_no_mutants(text: str) -> None:
    assert changes(text) == []


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ("assert a < b, 'a message'", "assert a <= b, 'a message'"),
        ("FIRST = NAMES[0]", "FIRST = NAMES[1]"),
        ("path = f'{a}/{b + 1}'", "path = f'{a}/{b - 1}'"),
        ("def f():\n    Kind = int | str", "Kind = int & str"),
        ("not isinstance(a, int)", "isinstance(a, int)"),
        ("if x > 1:\n    raise ValueError('a')", "if x >= 1:"),
    ],
)
def test_what_stands_beside_them_is_mutated(text: str, some: str) -> None:
    assert some in changes(text)


def plant(root: Path) -> None:
    for folder in ("toy", "tests"):
        (root / folder).mkdir()
    (root / "toy" / "__init__.py").touch()
    (root / "toy" / "ramp.py").write_text(RAMP)
    (root / "tests" / "test_toy.py").write_text(RAMP_TEST)


@pytest.mark.long
def test_planted_mutants_are_killed_and_equivalent_ones_survive(tmp_path: Path) -> None:
    plant(tmp_path)
    run = f"main(['--out', 'out'], Path.cwd(), [Area(*{('toy', TOY.sources, TOY.tests)!r})])"
    code = f"from pathlib import Path; from areas import Area; from run import main; {run}; {run}"
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert not done.returncode, done.stdout + done.stderr
    rows = [json.loads(line) for line in (tmp_path / "out" / "shard-1-of-1.jsonl").read_text().splitlines()]
    assert {row["new"].strip(): row["result"] for row in rows} == {
        "return 1 if n < 0 else n": KILLED,
        "return 0 if n < 1 else n": SURVIVED,
        "return 0 if n <= 0 else n": SURVIVED,
        "return 0 if (n < 0) and False else n": KILLED,
        "return 0 if (n < 0) or True else n": KILLED,
    }
    assert len(rows) == 5  # the second run found them done
    assert {row["by"] for row in rows} == {"", "tests/test_toy.py::test_ramp"}
    assert (tmp_path / "toy" / "ramp.py").read_text() == RAMP
    assert not list(tmp_path.rglob("__pycache__"))


def test_each_area_names_files_that_are_there_and_no_file_twice() -> None:
    files = [file for area in AREAS for file in area.files(ROOT)]
    assert len(set(files)) == len(files)
    assert [test for area in AREAS for test in area.tests if not (ROOT / test).exists()] == []
