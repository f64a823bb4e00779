"""Code that only the repository has is found in a checkout, and said to be missing elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hpo_gym.base import checkout
from hpo_gym.base.checkout import BUILDERS, import_from_checkout
from hpo_gym.base.errors import StateError


def test_a_folder_of_the_checkout_becomes_importable_once(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(Path(__file__).resolve().parents[2] / BUILDERS)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if Path(place) != Path(folder)])
    import_from_checkout(BUILDERS, "`hpo-gym build`")
    import_from_checkout(BUILDERS, "`hpo-gym build`")
    assert sys.path.count(folder) == 1


def test_elsewhere_the_error_names_the_folder_and_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "_TOP", tmp_path)
    with pytest.raises(StateError, match=r"benchmarks/builders is in no wheel.*pip install -e \."):
        import_from_checkout(BUILDERS, "`hpo-gym build`")
