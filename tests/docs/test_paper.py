"""The text in docs/paper: no number is typed, each macro has a source, references are complete, and it builds."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).resolve().parents[2]
PAPER = TOP / "docs" / "paper"
_spec = importlib.util.spec_from_file_location("paper_build", PAPER / "build.py")  # `build` is a package elsewhere
assert _spec is not None and _spec.loader is not None
build = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(build)

import macros  # noqa: E402 - build.py adds the paths
import stored  # noqa: E402
import tabulars  # noqa: E402

TEXT = re.sub(r"(?<!\\)%.*", "", (PAPER / "paper.tex").read_text(encoding="utf-8"))
BODY = TEXT.partition(r"\begin{document}")[2]
NAMES = (
    "NAS-Bench-201",
    "OpenML-CC18",
    "hpo_gym/SVM-v0",
    "BSD-3-Clause",
    "Apache-2.0",
    "quick-v1",
    "tables-v1",
    "unseen-v1",
)
"""Names with digits."""
SIZES = (
    r"95\,\%", r"5\,\%", "60/15/25", "below 1", "250 rows", "80,000 weights", "eight families",
    "nine or more test families", "five given configurations", "seven earlier tunings", "three image data sets",
    "Three habits", "best of sixteen", "first sixteen candidates",
)  # fmt: skip
"""Sizes of a definition, of the tests and of the data, or of cited work."""
UNREAD = (
    re.compile(r"\\begin\{verbatim\}.*?\\end\{verbatim\}", re.S),
    re.compile(r"\\(?:cite[pt]?|ref|label|num|input|includegraphics|bibliography|bibliographystyle)\{[^}]*\}"),
    re.compile(r"\\claim\{[^}]*\}"),
    re.compile(r"\\setlength\{[^}]*\}\{[^}]*\}|\\renewcommand\{[^}]*\}\{[^}]*\}"),
    re.compile(r"\\begin\{(?:table|figure)\*?\}\[\w+\]"),
    re.compile(r"\b(?:19|20)\d\d\b"),
)
"""Code, keys, lengths and years."""
WORDS = re.compile(
    rf"\b(?:{'|'.join(macros.WORDS[3:])}|thirteen|fifteen|sixteen|twenty|thirty|hundred|thousand)\b", re.I
)


def typed(text: str) -> list[str]:
    """Return numbers that stand in a text as digits or as words from three on."""
    for part in UNREAD:
        text = part.sub(" ", text)
    text = " ".join(text.split())
    for known in (*NAMES, *SIZES):
        text = re.sub(rf"(?<![\d.,]){re.escape(known)}", " ", text)
    return re.findall(r"[\w.,]*\d[\w.,]*", text) + WORDS.findall(text)


def fields(entry: str) -> dict[str, str]:
    return dict(re.findall(r"^  (\w+) = \{(.*)\},$", entry, re.M))


# ---------------------------------------------------------------------- the source
def test_no_number_is_typed() -> None:
    assert typed(BODY) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("it has .86 of the AUC", [".86"]),
        (r"it has \num{mix-cold} \citep{chen2022optformer}", []),
        (r"a level of 5\,\%, and 15\,\% of pairs", ["15"]),
        ("over eight families, over eight suites, in 2016", ["eight"]),
        (r"\claim{halves}{it has 12 pairs}", ["12"]),
    ],
)
def test_typed_numbers_are_found(text: str, found: list[str]) -> None:
    assert typed(text) == found


def test_each_number_has_a_source_and_is_used() -> None:
    assert set(re.findall(r"\\num\{([^}#]+)\}", TEXT)) == macros.names()


def test_each_claim_has_a_condition_and_is_made() -> None:
    pairs = set(re.findall(r'^        "([\w-]+)": (?:not )?(?:any\()?told', (PAPER / "macros.py").read_text(), re.M))
    assert set(re.findall(r"\\claim\{([^}#]+)\}", TEXT)) == {*macros.CLAIMS, *pairs}


def test_each_reference_is_cited_and_complete() -> None:
    entries = re.split(r"^@", (PAPER / "refs.bib").read_text(encoding="utf-8"), flags=re.M)[1:]
    keys = {re.match(r"\w+\{(\w+),", entry)[1] for entry in entries}  # type: ignore[index]
    cited = {key.strip() for keys in re.findall(r"\\cite[pt]?\{([^}]+)\}", BODY) for key in keys.split(",")}
    assert keys == cited
    for entry in entries:
        found = fields(entry)
        assert {"author", "title", "year"} <= set(found) and {"booktitle", "journal", "howpublished"} & set(found), (
            entry
        )


def test_the_citation_file_prefers_the_text() -> None:
    title = " ".join(re.search(r"\\title\{.*?\\textbf\{(.*?)\}\}", TEXT, re.S)[1].replace("\\\\", " ").split())  # type: ignore[index]
    preferred = yaml.safe_load((TOP / "CITATION.cff").read_text(encoding="utf-8"))["preferred-citation"]
    assert (preferred["title"], preferred["type"]) == (title, "unpublished")
    assert not {"doi", "identifiers", "url"} & set(preferred)


# ---------------------------------------------------------------------- numbers as LaTeX
@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("0.86* [0.60, 1.10]", ".86 [.60, 1.10]"),
        ("0.1.0", "0.1.0"),
        ("-0.07", "$-$.07"),
        ("92%", r"92\,\%"),
        ("10.5", "10.5"),
        ("2026.12", "2026.12"),
    ],
)
def test_numbers_as_latex(text: str, latex: str) -> None:
    assert macros.latex(text) == latex


def test_letters_of_a_group() -> None:
    assert macros.letters("a-dg") == set("abcdg")
    assert macros.letters("b") == {"b"}
    assert macros.letters("yz-B") == set("yzAB")
    assert macros.letters("–") == set()


def test_small_numbers_are_words() -> None:
    assert [macros.word(n) for n in (0, 8, 12, 13, 1846)] == ["none", "eight", "twelve", "13", "1,846"]


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


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_table_of_suites_has_a_line_for_each(built: Path) -> None:
    lines = (built / "suites.tex").read_text().splitlines()
    for name in (name for names in tabulars.KINDS.values() for name in names):
        assert sum(line.startswith(f"{name} & ") for line in lines) == 1, name
    svm = next(line for line in lines if line.startswith("SVM & 150 & 78/30/40 & 9 & 500 & 3 & "))
    (told,) = stored.cells("evidence/told[SVM][told apart]")
    assert svm.endswith(f"& {float(told):.3f} \\\\".replace("0.", ".", 1))


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_it_compiles_where_there_is_latex(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build.compile_in(built)
    said = capsys.readouterr().out
    assert (built / "paper.pdf").is_file() or "nothing was compiled" in said
    if (built / "paper.log").is_file():
        log = (built / "paper.log").read_text(encoding="latin-1")
        assert "undefined" not in log and not re.search(r"Overfull \\hbox \((?!0|1\.)", log)


def test_without_latex_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    build.compile_in(tmp_path)
    assert "bibtex and pdflatex not found" in capsys.readouterr().out
