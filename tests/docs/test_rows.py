"""Rows of tables are made of what files say: a new part needs its file and the command, nothing else."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import MappingProxyType

import pytest

from hpo_gym.errors import InvalidValueError
from hpo_gym.registry import Entry, Registry

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"
PART = '''
from {package} import THINGS


@THINGS.register("dial")
class Dial:
    """Box ``(1,)``: where the dial
    stands. **Reference**: none.

    More of it.
    """

    def __init__(self, low=0, high=1, served=None):
        pass
'''


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("rows")


def entry(folder: Path, text: str, **about: object) -> Entry:
    path = folder / "thing.py"
    path.write_text(text)
    return Entry("thing", "somewhere.thing", None, MappingProxyType(about), path, "Thing")


def test_a_new_file_is_a_new_row(rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "rows_sample"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from hpo_gym.registry import Registry\nTHINGS = Registry('thing', (__name__,), variable='THINGS')\n"
    )
    (package / "dial.py").write_text(PART.format(package="rows_sample"))
    monkeypatch.syspath_prepend(str(tmp_path))
    things: Registry[object] = importlib.import_module("rows_sample").THINGS
    monkeypatch.setattr(rows, "OBSERVERS", things)
    assert list(rows.observers())[2:] == ["| `dial` | Box `(1,)` | where the dial stands | `low`, `high` |"]


def test_a_file_is_read_and_not_imported(rows, tmp_path: Path) -> None:
    text = 'raise SystemExit\nclass Thing:\n    """What it\n    is.\n\n    And more.\n    """\n'
    assert rows.said(entry(tmp_path, text)) == "What it is"
    assert "somewhere" not in sys.modules


def test_what_a_row_lacks_is_asked_for(rows, tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"`register\('thing', ..\)` must state `state`.*thing\.py"):
        rows.stated(entry(tmp_path, ""), "state")
    with pytest.raises(InvalidValueError, match=r"`Thing` must have a docstring.*thing\.py"):
        rows.said(entry(tmp_path, "class Thing: pass\n"))
    with pytest.raises(InvalidValueError, match=r"`Thing` must begin with its space and a colon.*thing\.py"):
        rows.space_and_use(entry(tmp_path, 'class Thing:\n    """A thing."""\n'))


def test_a_page_that_is_out_of_date_is_named_with_the_command(
    rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text("old")
    monkeypatch.setattr(rows, "TOP", tmp_path)
    monkeypatch.setattr(rows, "pages", lambda: {page: "new"})
    with pytest.raises(SystemExit, match=r"out of date: page\.md; run `python benchmarks/studies/rows\.py`"):
        rows.main(check=True)
    assert page.read_text() == "old"
    rows.main(check=False)
    rows.main(check=True)
    assert page.read_text() == "new"
