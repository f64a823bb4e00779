"""Build the text on hpo-gym: numbers, tables and figures from stored results, then the PDF.

    python docs/paper/build.py docs/paper/build           # two to four minutes
    python docs/paper/build.py docs/paper/build --fast    # one panel of the figure of regrets, no PDF

The folder gets numbers.tex, a file for each table, figures as PDF, and copies of paper.tex and refs.bib. Without
pdflatex and bibtex the sources are left there, ready to be compiled.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
for _folder in (HERE, HERE.parent / "_ext"):
    if str(_folder) not in sys.path:
        sys.path.append(str(_folder))  # at the end: `build` is a package elsewhere

import credit  # noqa: E402 - the paths come first
import macros  # noqa: E402
import panels  # noqa: E402
import tabulars  # noqa: E402

SOURCES = ("paper.tex", "refs.bib")
COMMANDS = ("pdflatex", "bibtex", "pdflatex", "pdflatex")
FAST = panels.SUITES[-1:]


def main(words: Sequence[str] | None = None) -> None:
    """Build into a folder."""
    parser = argparse.ArgumentParser(description="Build the text on hpo-gym from stored results.")
    parser.add_argument("out", type=Path, help="folder to build in")
    parser.add_argument("--fast", action="store_true", help="one panel of the figure of regrets, no PDF")
    given = parser.parse_args(words)
    write(given.out, FAST if given.fast else panels.SUITES)
    if not given.fast:
        compile_in(given.out)


def write(folder: Path, suites: Sequence[str]) -> None:
    """Write numbers, tables and figures beside copies of the sources.

    Raises:
        SystemExit: A claim of the text does not hold, or a sentence credits training without a reason.
    """
    text = HERE / SOURCES[0]
    false = [*macros.false_claims(), *credit.faults(text, lambda name: macros.CLAIMS.get(name, ""))]
    if false:
        sys.exit("These claims of the text do not hold:\n" + "\n".join(false))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "numbers.tex").write_text(numbers(dict(macros.texts())), encoding="utf-8")
    for name, text in tabulars.tables().items():
        (folder / f"{name}.tex").write_text(text, encoding="utf-8")
    panels.figures(folder, suites)
    for name in SOURCES:
        shutil.copyfile(HERE / name, folder / name)


def numbers(texts: Mapping[str, str]) -> str:
    r"""Return the definitions that `\num` reads."""
    return "".join(f"\\setnum{{{name}}}{{{text}}}\n" for name, text in sorted(texts.items()))


def compile_in(folder: Path) -> None:
    """Compile paper.tex in a folder, where there are pdflatex and bibtex.

    Raises:
        SystemExit: LaTeX fails; its log says why.
    """
    lacking = sorted({command for command in COMMANDS if shutil.which(command) is None})
    if lacking:
        print(f"{' and '.join(lacking)} not found: the sources are in {folder}, nothing was compiled.")
        return
    for command in COMMANDS:
        options = ["-interaction=nonstopmode", "-halt-on-error"] if command == "pdflatex" else []
        done = subprocess.run([command, *options, "paper"], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{command} failed in {folder}:\n{done.stdout[-2000:]}")
    print(folder / "paper.pdf")


if __name__ == "__main__":
    main()
