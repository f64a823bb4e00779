"""Each tutorial runs as it is printed: its blocks and commands in order, in one folder, and prints what it says."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
FOLDER = TOP / "docs" / "tutorials"
PAGES = sorted(p for p in FOLDER.glob("*.md") if p.name != "index.md")
PARTS = re.compile(
    r"^```(python|text|console)\n(.*?)^```$|^    ((?:hpo-gym|python) (?:[^\n]*\\\n)*[^\n]*)$|^Save as `([\w.]+)`:$",
    re.M | re.S,
)
RUN = """
import contextlib, io, json, shlex, subprocess, sys

steps, said = json.load(sys.stdin), []
for kind, place, text in steps:
    if kind == "file":
        with open(place, "w", encoding="utf-8") as file:
            file.write(text)
        said.append("")
    elif kind == "python":
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(text, place, "exec"), globals())
        said.append(out.getvalue())
    else:
        words = shlex.split(text)
        start = [sys.executable, "-m", "hpo_gym"] if words[0] == "hpo-gym" else [sys.executable]
        done = subprocess.run([*start, *words[1:]], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{place}: {text!r} ended with {done.returncode}: {done.stderr}")
        said.append(done.stdout)
print(json.dumps(said))
"""
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*")

Step = tuple[str, str, str]
Said = tuple[str, float]
TOLERANCES = {"text": 0.05, "console": 0.5}
"""By how much printed numbers may differ: where a network is trained, the last digits of one machine become much on
another, so such outputs stand in blocks of `console`."""


def steps_of(path: Path) -> list[tuple[Step, Said | None]]:
    """What a page does, in order: kind, place and text of each step; what it says that it prints, and how exactly."""
    page, steps, file = path.read_text(encoding="utf-8"), list[tuple[Step, Said | None]](), ""
    for part in PARTS.finditer(page):
        block, text, command, name = part.groups()
        place = f"{path.name}:{page[: part.start()].count(chr(10)) + 2}"
        if name:
            file = name
        elif block in TOLERANCES:
            steps[-1] = (steps[-1][0], (text, TOLERANCES[block]))
        elif block:
            steps.append((("file", file, text) if file else ("python", place, text), None))
            file = ""
        else:
            line = command.replace("\\\n", " ").replace("docs/examples/", f"{TOP / 'docs' / 'examples'}/")
            steps.append((("command", place, line), None))
    return steps


def same(said: str, printed: str, tolerance: float = 0.05) -> bool:
    """Whether words are equal, and numbers within the tolerance."""
    words = [NUMBER.sub("#", " ".join(text.split())) for text in (said, printed)]
    numbers = [[float(n.replace(",", "")) for n in NUMBER.findall(text)] for text in (said, printed)]
    return words[0] == words[1] and all(
        math.isclose(a, b, rel_tol=tolerance, abs_tol=0.0011) for a, b in zip(*numbers, strict=True)
    )


def run(steps: list[tuple[Step, Said | None]], folder: Path) -> list[str]:
    """What each step printed."""
    env = os.environ | {"COLUMNS": "120"}
    done = subprocess.run(
        [sys.executable, "-W", "error:::hpo_gym", "-c", RUN], input=json.dumps([step for step, _ in steps]),
        cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=290,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    said: list[str] = json.loads(done.stdout.splitlines()[-1])
    return said


def test_each_page_has_steps_a_time_and_an_entry() -> None:
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    assert PAGES
    for path in PAGES:
        assert steps_of(path), path.name
        assert re.search(r"^Ran in \d+ s", path.read_text(encoding="utf-8"), re.M), f"{path.name} must say its seconds"
        assert f"]({path.name})" in index and f"\n{path.stem}\n" in index, f"index.md must have {path.name}"


@pytest.mark.long
@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_a_tutorial_runs_as_printed(path: Path, tmp_path: Path) -> None:
    steps = steps_of(path)
    for (step, printed), said in zip(steps, run(steps, tmp_path), strict=True):
        if printed is not None:
            assert same(said, *printed), f"{step[1]} prints\n{said}\nand the page says\n{printed[0]}"


def test_a_command_goes_on_after_a_backslash(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("    hpo-gym info \\\n        SVM \\\n        --json\n\n    hpo-gym list\n")
    assert [step[2].split() for step, _ in steps_of(tmp_path / "page.md")] == [
        ["hpo-gym", "info", "SVM", "--json"], ["hpo-gym", "list"],
    ]  # fmt: skip


def test_what_is_printed_is_compared() -> None:
    assert same("auc 0.100 of 12\n", "auc 0.102   of 12")
    assert not same("auc 0.100", "auc 0.110")
    assert not same("auc 0.100", "AUC 0.100")
    assert not same("1 2", "1")
