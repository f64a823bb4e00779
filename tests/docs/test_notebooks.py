"""Notebooks run, and what is checked in is what a clean run shows: outputs, without errors, warnings or paths.

`python tests/docs/test_notebooks.py 02 04` runs notebooks anew and stores them, `HPO_GYM_SMOKE` unset.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="notebooks need: pip install 'hpo-gym[notebooks]'")
nbclient = pytest.importorskip("nbclient", reason="notebooks need: pip install 'hpo-gym[notebooks]'")

TOP = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((TOP / "notebooks").glob("*.ipynb"))
SAME_DIGITS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
"""Kernels that each processor with AVX2 has: last digits, and with them trainings, do not hang on the processor."""
ABSOLUTE = re.compile(r"(?<![\w.:/<])/(home|root|tmp|Users|usr|work|var|opt|mnt|private)/|[A-Z]:\\\\Users")


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def _texts(cell: Any) -> list[str]:
    """All that a code cell's outputs say as text."""
    found = []
    for output in cell.outputs:
        found.append(output.get("text", ""))
        found += [v for kind, v in output.get("data", {}).items() if kind.startswith("text/")]
    return [t if isinstance(t, str) else "".join(t) for t in found]


def _plain(cell: Any) -> list[str]:
    """Words that a code cell prints, builds as Markdown, or ends in."""
    kinds = ("text/markdown", "text/plain")
    data = [o.get("data", {}) for o in cell.outputs]
    ends = [next((d[k] for k in kinds if k in d), "") for d in data]
    return " ".join(o.get("text", "") or end for o, end in zip(cell.outputs, ends, strict=True)).split()


def _shows(source: str) -> bool:
    """Whether a cell must have an output: it prints, draws, or ends in an expression."""
    if "%" in source.splitlines()[0] or "    %pip" in source:
        return source.startswith("%%writefile")
    last = ast.parse(source).body[-1]
    return "print(" in source or "plt.show()" in source or isinstance(last, ast.Expr)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_valid_and_names_no_machine(path: Path) -> None:
    notebook = _read(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert not ABSOLUTE.search(path.read_text(encoding="utf-8"))
    assert path.stat().st_size < 900_000, "pictures must be small"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_what_is_checked_in_is_a_clean_run(path: Path) -> None:
    cells = [c for c in _read(path).cells if c.cell_type == "code"]
    assert [c.execution_count for c in cells] == list(range(1, len(cells) + 1)), "run all cells in order"
    for cell in cells:
        if _shows(cell.source):
            assert cell.outputs, f"no output of:\n{cell.source}"
        for output in cell.outputs:
            assert output.output_type != "error", output
            assert output.get("name") != "stderr", output
        for text in _texts(cell):
            assert "Warning" not in text
            assert "Traceback" not in text
    assert any("image/png" in output.get("data", {}) for c in cells for output in c.outputs), "no figure"


def _run(path: Path, where: Path, timeout: int) -> Any:
    """The notebook, executed; raises with the cell and its traceback."""
    notebook = _read(path)
    client = nbclient.NotebookClient(notebook, timeout=timeout, resources={"metadata": {"path": str(where)}})
    client.execute()
    return notebook


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
@pytest.mark.filterwarnings("ignore")  # of the kernel's own packages; those of the cells are looked for below
@pytest.mark.long
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPO_GYM_SMOKE", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    notebook = _run(path, tmp_path, 120)
    for cell in (c for c in notebook.cells if c.cell_type == "code"):
        assert bool(cell.outputs) or not _shows(cell.source)
        said = [o for o in cell.outputs if o.output_type == "error" or o.get("name") == "stderr"]
        assert not said, said


@pytest.mark.timeout(1800)
@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
@pytest.mark.filterwarnings("ignore")
def test_what_is_checked_in_is_what_it_says_now(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data, agents and baselines change; what notebooks show of them must be run anew then."""
    monkeypatch.delenv("HPO_GYM_SMOKE", raising=False)
    for name, value in SAME_DIGITS.items():
        monkeypatch.setenv(name, value)
    for stored, made in zip(_read(path).cells, _run(path, tmp_path, 1800).cells, strict=True):
        if stored.cell_type == "code":
            assert _plain(stored) == _plain(made), stored.source


if __name__ == "__main__":
    os.environ.update(SAME_DIGITS)
    for notebook in (p for p in NOTEBOOKS if not sys.argv[1:] or p.stem.startswith(tuple(sys.argv[1:]))):
        with tempfile.TemporaryDirectory() as folder:
            nbformat.write(_run(notebook, Path(folder), 1800), notebook)
        print(notebook.stem, flush=True)
