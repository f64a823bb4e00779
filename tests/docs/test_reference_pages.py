"""The reference is made of the registries and of `hpo_gym.__all__`; lists of pages are made of the pages."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

import hpo_gym
from hpo_gym.optimize import OPTIMIZERS

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    return importlib.import_module


# ---------------------------------------------------------------------- a page for each floor
def test_every_public_name_is_in_the_reference_once(made: Any) -> None:
    listed = [name for page in made("api_pages").entries().values() for name in page]
    assert set(hpo_gym.__all__) <= set(listed)
    assert sorted(listed) == sorted(set(listed))


# ---------------------------------------------------------------------- a page for each group of optimizers
def test_every_family_has_a_page(made: Any) -> None:
    groups = set(made("registered").GROUPS)
    assert groups == {entry.about["family"] for entry in OPTIMIZERS.entries().values()}
    listed = re.findall(r"^optimizers/(.+)$", (DOCS / "optimizers.md").read_text(encoding="utf-8"), re.M)
    assert sorted(listed) == sorted(groups)


@pytest.mark.long
def test_every_member_of_a_family_is_on_its_page(made: Any) -> None:
    registered = made("registered")
    for group in registered.GROUPS:
        shown = {cells[0] for cells in registered.grid(group).rows}
        assert {f"[`{name}`](#{name})" for name in registered.members(group)} <= shown


# ---------------------------------------------------------------------- lists of pages
