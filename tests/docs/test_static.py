"""The README says what is stored: each figure at its printed digits, each verdict under its conditions."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).resolve().parents[2]
README = TOP / "README.md"
VERDICTS = re.compile(
    r"surviv\w+|told apart|level with|lowest AUC|nothing is shown|carry both|None of ours|otherwise than"
)
STUDY = """
from types import SimpleNamespace
ROWS = (("`mine`", "0.849* [0.725, 0.964]"), ("`theirs`", "1.050 [0.990, 1.100]"))
def tables(stored):
    return {"pooled": SimpleNamespace(columns=("optimizer", "ratio"), rows=ROWS)}
def values(stored):
    return {"cells": 1234}
"""
PAGE = """# Page

`mine` has .85 [.72, .96] of it and survives Holm's
correction over 1,234 cells; `yours` has .3 [.2, .4].

<!-- stored
.85 [.72, .96] = planted/pooled[mine][ratio]
survives Holm's correction if planted/pooled[mine][ratio] contains '*' and planted/pooled[theirs][ratio] lacks '*'
1,234 cells = planted.cells
.3 [.2, .4] by hand
-->

```python
x = .1 [.0, .2]
```
"""


@pytest.fixture
def static(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The module, beside a planted study."""
    monkeypatch.syspath_prepend(str(TOP / "docs" / "_ext"))
    import static as module  # type: ignore[import-not-found]

    (tmp_path / "planted.py").write_text(STUDY)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(module.stored, "STUDIES", tmp_path)
    _forget(module.stored)
    sys.modules.pop("planted", None)
    yield module
    _forget(module.stored)


def _forget(stored: Any) -> None:
    for made in (stored.study, stored.results, stored._given, stored.table):
        made.cache_clear()


def faults(static: Any, folder: Path, text: str) -> list[str]:
    (folder / "PAGE.md").write_text(text)
    return list(static.faults(folder / "PAGE.md"))


# ---------------------------------------------------------------------- a planted page
def test_a_true_page_has_no_fault(static: Any, tmp_path: Path) -> None:
    assert faults(static, tmp_path, PAGE) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            ".85 [.72",
            ".85 [.74",
            "PAGE.md:3: prints '.85 [.74, .96]', stored is 0.849* [0.725, 0.964] (planted/pooled[mine][ratio])",
        ),
        ("1,234", "1,235", "PAGE.md:4: prints '1,235 cells', stored is 1234 (planted.cells)"),
        (
            "lacks '*'",
            "contains '*'",
            'PAGE.md:3: "survives Holm\'s correction" is false: planted/pooled[theirs][ratio] is '
            "'1.050 [0.990, 1.100]', without '*'",
        ),
        (
            "[mine][ratio]\n",
            "[mime][ratio]\n",
            "PAGE.md:3: no row in 'pooled': 'mime'. Did you mean 'mine'?",
        ),
        (".3 [.2, .4] by hand\n", "", "PAGE.md:4: no comment says where '.3 [.2, .4]' comes from"),
        ("has .3 [.2, .4]", "has none", "PAGE.md:6: the section above does not say '.3 [.2, .4]'"),
        (
            "by hand",
            "of course",
            "PAGE.md:6: '.3 [.2, .4] of course' is no line of a comment, write `WORDS = KEY`, `WORDS if CONDITIONS` or "
            "`WORDS by ORIGIN`",
        ),
    ],
)
def test_a_fault_is_named_with_file_line_printed_and_stored(
    static: Any, tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert faults(static, tmp_path, PAGE.replace(old, new))[0] == said


# ---------------------------------------------------------------------- the README
def unheld(static: Any, text: str) -> Iterator[str]:
    """Yield verdicts of a page for which no line of a comment stands."""
    held = list(static.lines(text))
    for m in VERDICTS.finditer(static.prose(text)):
        if not any(line.start <= m.start() and m.end() <= line.end for line in held):
            yield m[0]


def test_each_interval_and_verdict_of_the_readme_has_a_line(static: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static.stored, "faults", lambda claim: [])
    monkeypatch.setattr(static, "_prints", lambda said, value: True)
    monkeypatch.setattr(static.stored, "lookup", lambda key: [])
    assert list(static.faults(README)) == []
    assert list(unheld(static, README.read_text(encoding="utf-8"))) == []
    assert list(unheld(static, "It is level with it.")) == ["level with"]


@pytest.mark.long
def test_the_readme_says_what_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOP / "docs" / "_ext"))
    import static

    assert list(static.faults(README)) == []


def test_the_chinese_readme_has_the_figures_of_the_english_one(static: Any) -> None:
    text, chinese = (path.read_text(encoding="utf-8") for path in (README, TOP / "README.zh-CN.md"))
    intervals = re.findall(r"(?<![\d.])[+-]?\.\d+ \[[^\]]+\]", static.prose(text))
    assert len(intervals) > 10
    for said in intervals:
        assert re.sub(r"(?<![\d])\.(?=\d)", "0.", said) in chinese, said
    blocks = [re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S) for page in (text, chinese)]
    ours, theirs = ([re.sub(r"# .*", "#", block) for block in some] for some in blocks)
    assert ours == theirs
