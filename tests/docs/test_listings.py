"""Tables on pages have a row for everything registered, made of its own file."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from hpo_gym.base.registry import Registry

EXT = Path(__file__).resolve().parents[2] / "docs" / "_ext"
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
def listings(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(EXT))
    return importlib.import_module("listings")


def test_a_new_file_is_a_new_row(listings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "rows_sample"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from hpo_gym.base.registry import Registry\nTHINGS = Registry('thing', (__name__,), variable='THINGS')\n"
    )
    (package / "dial.py").write_text(PART.format(package="rows_sample"))
    monkeypatch.syspath_prepend(str(tmp_path))
    things: Registry[object] = importlib.import_module("rows_sample").THINGS
    monkeypatch.setattr(listings, "OBSERVERS", things)
    assert list(listings.observers()) == [("`dial`", "Box `(1,)`", "where the dial stands", "`low`, `high`")]


def test_suites_without_results_are_those_whose_cards_say_so(listings) -> None:
    cards = (EXT.parent / "suites.md").read_text(encoding="utf-8").split("\n## ")
    named = tuple(sorted(card.split("\n")[0] for card in cards if "| **results** | none" in card))
    assert named == listings.WITHOUT_RESULTS
    data = EXT.parents[1] / "hpo_gym" / "data"
    assert not any((data / name / "found.json").exists() for name in named)
