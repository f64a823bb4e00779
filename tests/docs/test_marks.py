"""What stands between two marks of a page is renewed, and a page that is out of date is named."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"
PARTS = (("one", ["a", "b"]), ("two", ["c"]))
OLD = "by hand\n<!-- one -->\nold\n<!-- /one -->\nby hand too\n<!-- two --><!-- /two -->\n"
NEW = "by hand\n<!-- one -->\n\na\nb\n\n<!-- /one -->\nby hand too\n<!-- two -->\n\nc\n\n<!-- /two -->\n"


@pytest.fixture
def marks(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("marks")


def test_a_page_is_written_between_its_marks_and_then_checked(marks: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(OLD, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"^out of date: page\.md; run `python benchmarks/studies/mine\.py FOLDER`$"):
        marks.renew(page, PARTS, "mine.py FOLDER", check=True)
    assert page.read_text(encoding="utf-8") == OLD
    marks.renew(page, PARTS, "mine.py FOLDER", check=False)
    assert page.read_text(encoding="utf-8") == NEW
    with pytest.raises(SystemExit) as ended:
        marks.renew(page, PARTS, "mine.py FOLDER", check=True)
    assert ended.value.code == 0
