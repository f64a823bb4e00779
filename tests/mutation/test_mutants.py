"""The tool that tests the tests: what it mutates, what it leaves alone, and that a verdict is right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("mutmut", reason="mutmut is in the extra `dev`")

from areas import AREAS, Area
from forks import forked
from mutants import mutants_of, sample
from report import scores, survivors
from results import KILLED, SURVIVED, Result, append, read
from run import judge

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
RESULT = Result("0123456789ab", "toy", "toy/a.py", 3, "swap_op", "a | b", "a & b", SURVIVED, "", 0.5)
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


def test_ids_are_unique_and_do_not_depend_on_other_functions() -> None:
    text = "def f(a):\n    if a > 1:\n        a = g(a, 1)\n    if a > 1:\n        return 2\n"
    alone = [mutant.id for mutant in mutants_of(text, "toy.py")]
    among = [
        mutant.id for mutant in mutants_of(f"import os\n\nx = 1\n\ndef g(a):\n    return a > 1\n\n\n{text}", "toy.py")
    ]
    assert len(set(among)) == len(among) > len(alone)
    assert set(alone) < set(among)
    assert not set(alone) & {mutant.id for mutant in mutants_of(text, "other.py")}


def plant(root: Path) -> None:
    for folder in ("toy", "tests"):
        (root / folder).mkdir()
    (root / "toy" / "__init__.py").touch()
    (root / "toy" / "ramp.py").write_text(RAMP)
    (root / "tests" / "test_toy.py").write_text(RAMP_TEST)


def test_a_sample_takes_the_operators_by_turns_and_depends_on_the_key(tmp_path: Path) -> None:
    plant(tmp_path)
    drawn = {key: [mutant for _, mutant in sample(tmp_path, [TOY], size=3, key=key)] for key in ("a", "b")}
    assert [mutant.id for mutant in drawn["a"]] == ["2dd7b73f3424", "321f53d6a134", "bc0b4dca51e9"]
    assert [mutant.id for mutant in drawn["b"]] == ["5b956395031e", "321f53d6a134", "2dd7b73f3424"]
    assert [{mutant.operator for mutant in each} for each in drawn.values()] == [{"number", "swap_op", "if_exp"}] * 2


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


def test_a_child_gives_its_result_or_is_ended_or_has_died() -> None:
    assert forked(lambda: [1, 2], timeout=60.0) == [1, 2]
    with pytest.raises(TimeoutError, match="no result in 0 s"):
        forked(lambda: time.sleep(600), timeout=0.1)
    with pytest.raises(ChildProcessError, match="died"):
        forked(lambda: os._exit(0), timeout=60.0)


def test_results_outlive_a_line_that_was_cut_off_and_the_last_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "shard-1-of-2.jsonl"
    append(path, RESULT)
    path.write_bytes(path.read_bytes() + b'{"id": "01')
    killed = Result(**{**vars(RESULT), "result": KILLED})
    append(path, killed)
    assert read(tmp_path) == {RESULT.id: killed}
    assert len(path.read_text().splitlines()) == 3


def test_reasons_are_kept_while_a_mutant_survives() -> None:
    table = survivors([RESULT], "")
    assert table.endswith("| 0123456789ab | toy/a.py | 3 | swap_op | `a \\| b` → `a & b` |  |\n")
    explained = table.replace("|  |\n", "| No b without a. |\n")
    assert survivors([RESULT], explained) == explained
    assert "No b" not in survivors([Result(**{**vars(RESULT), "result": KILLED})], explained)


def test_scores_count_what_was_run_of_what_was_asked() -> None:
    killed = Result(**{**vars(RESULT), "id": "1", "result": KILLED})
    lines = scores([RESULT, killed, killed, killed], {"toy": 10, "other": 2}).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["toy", "3", "4", "10", "75.0%", "0", "0.5"],
        ["other", "0", "0", "2", "-", "0", "0.0"],
        ["all", "3", "4", "12", "75.0%", "0", "0.5"],
    ]


def test_too_many_survivors_are_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    results = [RESULT, *(Result(**{**vars(RESULT), "id": str(i), "result": KILLED}) for i in range(9))]
    judge(results, 90.0)
    assert capsys.readouterr().out == "9 of 10 mutants killed, at least 90 % must be\n"
    with pytest.raises(SystemExit, match="too many mutants survive"):
        judge([RESULT, *results], 90.0)


def test_each_area_names_files_that_are_there_and_no_file_twice() -> None:
    files = [file for area in AREAS for file in area.files(ROOT)]
    assert len(set(files)) == len(files)
    assert [test for area in AREAS for test in area.tests if not (ROOT / test).exists()] == []
