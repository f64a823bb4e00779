"""Pages show stored results: a cell or a figure by its key; a missing key and a false claim fail the build."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXT = Path(__file__).resolve().parents[2] / "docs" / "_ext"
STUDY = """
from types import SimpleNamespace
HEADS = ("optimizer", "ratio to `portfolio`", "suites")
ROWS = (("`mine`", "0.849 [0.725, 0.964]", "13"), ("**`mine, k=0`**", "1.050\\\\* [1.010, 1.100]", "13"))
def tables(stored):
    return {"pooled": SimpleNamespace(columns=HEADS, rows=ROWS, note="A note.")}
def values(stored):
    return {"loss": [0.5, 0.4, 0.6], "cells": 1234, "names": ["a", "b"]}
"""
GOOD = """# Page

```{table} planted/pooled
```

{num}`planted/pooled[mine][ratio to portfolio]:.2f`, {num}`planted.cells`,
{claim}``planted/pooled[mine][ratio to portfolio].high < 1 "`mine` is **ahead** with {num}`planted.loss`."``
"""


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.syspath_prepend(str(EXT))
    import stored as module  # type: ignore[import-not-found]

    (tmp_path / "planted.py").write_text(STUDY)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(module, "STUDIES", tmp_path)
    for made in (module.study, module.results, module._given, module.table):
        made.cache_clear()
    sys.modules.pop("planted", None)
    return module


def build(folder: Path, page: str, study: str = STUDY) -> subprocess.CompletedProcess[str]:
    """Build one page with warnings as errors, beside the planted study."""
    (folder / "index.md").write_text(page)
    (folder / "_study").mkdir(exist_ok=True)
    (folder / "_study" / "planted.py").write_text(study)
    (folder / "conf.py").write_text(
        f"import sys\nfrom pathlib import Path\nsys.path[:0] = [{str(EXT)!r}, {str(folder / '_study')!r}]\n"
        f"import stored\nstored.STUDIES = Path({str(folder / '_study')!r})\n"
        "extensions = ['myst_parser', 'results']\nexclude_patterns = ['_study']\n"
    )
    needs_sphinx()
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", str(folder), str(folder / "out")]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})


# ---------------------------------------------------------------------- keys
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("planted/pooled[mine][ratio to portfolio]", ["0.849 [0.725, 0.964]"]),
        ("planted/pooled[mine, k=0][suites]", ["13"]),
        ("planted/pooled[mine; mine, k=0][suites]", ["13", "13"]),
        ("planted/pooled[*][ratio to portfolio].high", [0.964, 1.1]),
        ("planted.loss.low", [0.4]),
        ("planted.cells", [1234]),
    ],
)
def test_a_key_gives_a_cell_or_a_figure(stored: Any, key: str, value: list[Any]) -> None:
    assert stored.lookup(key) == value


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("planned.loss", "no study 'planned'. Did you mean 'planted'"),
        ("planted.los", "no value in 'planted': 'los'. Did you mean 'loss'"),
        ("planted/poled[mine][suites]", "no table in 'planted': 'poled'. Did you mean 'pooled'"),
        ("planted/pooled[mime][suites]", "no row in 'pooled': 'mime'. Did you mean 'mine'"),
        ("planted/pooled[mine][suite]", "no column in 'pooled': 'suite'. Did you mean 'suites'"),
        ("planted/pooled", "no key of a cell"),
    ],
)
def test_a_missing_key_names_the_nearest(stored: Any, key: str, said: str) -> None:
    with pytest.raises(stored.MissingResult) as raised:
        stored.lookup(key)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        ("0.849 [0.725, 0.964]", ".2f", "0.85 [0.72, 0.96]"),
        ("1.050* [1.010, 1.100]", "", "1.050 [1.010, 1.100]"),
        ([0.5, 0.4, 0.6], "", "0.50 [0.40, 0.60]"),
        (1234, "", "1,234"),
        (0.125, ".1f", "0.1"),
        (["a", "b"], "", "a, b"),
        ("12.5 %", ".0f", "12 %"),
    ],
)
def test_a_figure_is_printed_in_its_format(stored: Any, value: Any, form: str, text: str) -> None:
    assert stored.shown(value, form) == text


# ---------------------------------------------------------------------- claims
@pytest.mark.parametrize(
    "claim",
    [
        "planted/pooled[mine][ratio to portfolio].high < 1",
        "planted/pooled[*][suites] == 13 and planted.loss.low >= .4",
        "planted.loss < planted.cells",
        "planted.names contains a and planted.names lacks c",
        "planted/pooled[mine, k=0][ratio to portfolio] contains '*'",
        "planted/pooled[mine][ratio to portfolio] lacks '*'",
    ],
)
def test_a_true_claim_has_no_fault(stored: Any, claim: str) -> None:
    assert list(stored.faults(claim)) == []


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (
            "planted/pooled[*][ratio to portfolio].high < 1",
            ["planted/pooled[*][ratio to portfolio].high is 1.1, not < 1"],
        ),
        (
            "planted.loss > .5 and planted.cells < 2",
            ["planted.loss is 0.5, not > .5", "planted.cells is 1234, not < 2"],
        ),
        ("planted.names contains c", ["planted.names is ['a', 'b'], without 'c'"]),
        ("planted.names lacks b", ["planted.names is ['a', 'b'], with 'b'"]),
    ],
)
def test_a_false_claim_is_named_with_its_value(stored: Any, claim: str, said: list[str]) -> None:
    assert list(stored.faults(claim)) == said


# ---------------------------------------------------------------------- the build
def needs_sphinx() -> None:
    for package in ("sphinx", "myst_parser"):
        pytest.importorskip(package, reason="the documentation needs: pip install 'hpo-gym[docs]'")


@pytest.mark.long
def test_a_page_shows_table_figure_and_claim_and_a_csv_file_lies_beside_it(tmp_path: Path) -> None:
    done = build(tmp_path, GOOD)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "0.85 [0.72, 0.96], 1,234" in text and "<strong>ahead</strong> with 0.50 [0.40, 0.60]." in text
    assert 'href="tables/planted/pooled.csv"' in text and "A note." in text
    lines = (tmp_path / "out" / "tables" / "planted" / "pooled.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["optimizer,ratio to portfolio,suites", 'mine,"0.849 [0.725, 0.964]",13']


@pytest.mark.long
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (".high < 1", ".high < .9", "false claim: planted/pooled[mine][ratio to portfolio].high is 0.964, not < .9"),
        ("planted.cells", "planted.cell", "no value in 'planted': 'cell'"),
        ("{table} planted/pooled", "{table} planted/poled", "no table in 'planted': 'poled'"),
        (
            "pooled[mine][ratio to portfolio].high",
            "pooled[mime][ratio to portfolio].high",
            "no row in 'pooled': 'mime'",
        ),
    ],
)
def test_a_false_claim_and_a_missing_key_fail_the_build(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert GOOD.count(old) == 1
    done = build(tmp_path, GOOD.replace(old, new))
    assert done.returncode != 0
    assert said in done.stderr
