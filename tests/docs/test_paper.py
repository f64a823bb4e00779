"""The text in docs/paper: each number and claim has a source, and it builds."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
PAPER = TOP / "docs" / "paper"
_spec = importlib.util.spec_from_file_location("paper_build", PAPER / "build.py")  # `build` is a package elsewhere
assert _spec is not None and _spec.loader is not None
build = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(build)

import macros  # noqa: E402 - build.py adds the paths

TEXT = re.sub(r"(?<!\\)%.*", "", (PAPER / "paper.tex").read_text(encoding="utf-8"))
# ---------------------------------------------------------------------- the source


def test_each_number_has_a_source_and_is_used() -> None:
    assert set(re.findall(r"\\num\{([^}#]+)\}", TEXT)) == macros.names()


def test_each_claim_has_a_condition_and_is_made() -> None:
    pairs = set(re.findall(r'^        "([\w-]+)": (?:not )?(?:any\()?told', (PAPER / "macros.py").read_text(), re.M))
    assert set(re.findall(r"\\claim\{([^}#]+)\}", TEXT)) == {*macros.CLAIMS, *pairs}


# ---------------------------------------------------------------------- numbers as LaTeX


@pytest.mark.long
def test_a_false_claim_is_told() -> None:
    told = macros.false_claims(lambda condition: iter(["it is 2"] if condition == macros.CLAIMS["halves"] else []))
    assert "halves: it is 2" in told


# ---------------------------------------------------------------------- the build
@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("paper")
    command = [sys.executable, str(PAPER / "build.py"), str(folder), "--fast"]  # toys of other tests stay apart
    subprocess.run(command, check=True, capture_output=True, text=True)
    return folder


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_it_builds_numbers_tables_and_figures(built: Path) -> None:
    defined = re.findall(r"^\\setnum\{([^}]+)\}\{(.+)\}$", (built / "numbers.tex").read_text(), re.M)
    assert {name for name, _ in defined} == macros.names()
    assert dict(defined)["budget"] == "33"
    for name in re.findall(r"\\input\{(\w+)\}", TEXT):
        assert (built / f"{name}.tex").stat().st_size > 0
    for name in re.findall(r"\\includegraphics\{(\w+)\}", TEXT):
        assert (built / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert all((built / name).is_file() for name in build.SOURCES)
