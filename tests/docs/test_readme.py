"""What is written is true: blocks run, command lines parse, links lead somewhere, tables have a row for everything."""

from __future__ import annotations

import inspect
import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import hpo_gym
from hpo_gym import app
from hpo_gym.base.registry import scan_names

TOP = Path(__file__).resolve().parents[2]
PAGES = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
FOLDERS = ("agents", "baselines", "benchmarks", "benchmarks/builders", "hpo_gym/suites", "hpo_gym/data")
OTHERS = (
    "README.zh-CN.md", "docs/zh/index.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md",
    *(f"{folder}/README.md" for folder in FOLDERS),
)  # fmt: skip
TUTORIALS = sorted((TOP / "docs" / "tutorials").glob("*.md"))  # test_tutorials.py runs them
WRITTEN = [*PAGES, *TUTORIALS, *(TOP / name for name in OTHERS)]
RUN = """
import json, sys
for name, block in json.load(sys.stdin):
    exec(compile(block, name, "exec"), globals())
"""


def _name(path: Path) -> str:
    return path.relative_to(TOP).as_posix()


def _blocks(path: Path) -> list[tuple[str, str]]:
    """The Python blocks of a page, with their places."""
    text = path.read_text(encoding="utf-8")
    found = re.finditer(r"^```python\n(.*?)^```$", text, re.M | re.S)
    return [(f"{_name(path)}:{text[: m.start()].count(chr(10)) + 2}", m[1]) for m in found]


@pytest.mark.long
def test_the_first_block_prints_the_same_each_time() -> None:
    block = _blocks(TOP / "README.md")[0][1]
    ran = [subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, check=True) for _ in range(2)]
    assert ran[0].stdout == ran[1].stdout and len(ran[0].stdout.splitlines()) == 1


def _commands() -> list[tuple[str, str]]:
    """Every command line `hpo-gym ...` that is written, in indented and fenced blocks and in the text."""
    found = []
    for path in WRITTEN:
        for line in re.sub(r" \\\n +", " ", path.read_text(encoding="utf-8")).splitlines():
            blocks = [part.strip() for part in line.split("&&")] if line.startswith("    ") or "&&" in line else []
            inline = re.findall(r"`(hpo-gym [^`]+)`", line)
            found += [(_name(path), c.split("  #")[0]) for c in [*blocks, *inline] if c.startswith("hpo-gym ")]
    return sorted(set(found))


def _pages() -> list[Any]:
    """Pages with blocks; all but the first take long. `test_language_models.py` runs the one with files of commands."""
    pages = [path for path in PAGES if _blocks(path) and path.name != "language-models.md"]
    return [pytest.param(path, marks=() if path.name == "README.md" else pytest.mark.long) for path in pages]


def _parse(command: str) -> Any:
    """Parse a command line without running it; what it must be given may be left out, as text does."""
    import typer.main

    group = typer.main.get_command(app.app)  # a fresh one, to be changed
    arguments = shlex.split(command)[1:]
    context = group.make_context("hpo-gym", list(arguments))  # type: ignore[attr-defined]
    name, sub, rest = group.resolve_command(context, arguments)  # type: ignore[attr-defined]
    for parameter in sub.params:
        parameter.required = False
    return sub.make_context(name, list(rest), parent=context)


# ---------------------------------------------------------------------- blocks, commands, links
@pytest.mark.parametrize("path", _pages(), ids=_name)
def test_the_blocks_of_a_page_run_one_after_the_other(path: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error:::hpo_gym", "-c", RUN],
        input=json.dumps(_blocks(path)), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr


@pytest.mark.parametrize("command", _commands(), ids=lambda c: f"{c[0]}: {c[1]}"[:90])
def test_a_command_line_that_is_written_parses(command: tuple[str, str]) -> None:
    _parse(command[1])


@pytest.mark.parametrize("path", WRITTEN, ids=_name)
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"https?://|#|mailto:", target):
            assert (path.parent / target.split("#")[0]).exists(), f"{_name(path)} links to {target}"
    for file in re.findall(r"`((?:hpo_gym|agents|baselines|benchmarks|docs|tests|notebooks)/[\w./-]+)`", text):
        assert (TOP / file).exists() or re.search(r"-v\d$", file), f"{_name(path)} names {file}"  # or an env id


# ---------------------------------------------------------------------- a row for everything
def _rows(path: Path) -> dict[str, str]:
    """The rows of a page's tables by the first name in their first cell."""
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\| `([^`]+)`", line):
            found.setdefault(match[1], line)
    return found


@pytest.mark.parametrize("name", scan_names("hpo_gym.suites", "SUITES"))
def test_a_suite_has_a_card(name: str) -> None:
    card = (TOP / "docs" / "suites.md").read_text(encoding="utf-8").split(f"\n## {name}\n")[1].split("\n## ")[0]
    for part in ("search space", "score", "cost", "tasks", "source", "licence"):
        assert f"| **{part}** |" in card, f"the card of {name} must say: {part}"


def test_every_keyword_of_the_env_has_a_row_with_its_default() -> None:
    rows = _rows(TOP / "docs" / "environment.md")
    for parameter in list(inspect.signature(hpo_gym.HPOEnv.__init__).parameters.values())[1:]:
        default = repr(parameter.default).replace("'", '"')
        assert f"`{default}`" in rows[parameter.name], f"{parameter.name} = {default}"


def test_every_option_of_bench_has_a_row() -> None:
    rows = _rows(TOP / "docs" / "benchmark.md")
    for parameter in _parse("hpo-gym bench").command.params:
        if parameter.name not in ("help", "quiet"):
            assert parameter.opts[0] in rows, f"docs/benchmark.md must have a row for {parameter.opts[0]}"


# ---------------------------------------------------------------------- what surrounds the code
def test_the_version_is_the_same_everywhere() -> None:
    version = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["version"]
    assert version == hpo_gym.__version__
    assert f"## [{version}]" in (TOP / "CHANGELOG.md").read_text()
    assert yaml.safe_load((TOP / "CITATION.cff").read_text())["version"] == version


@pytest.mark.parametrize("path", WRITTEN, ids=_name)
def test_no_page_names_a_machine(path: Path) -> None:
    assert not re.search(r"(?<![\w.:/])/(home|root|tmp|Users|work)/", path.read_text(encoding="utf-8"))
