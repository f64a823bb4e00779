"""A family keeps its id when a new version of a table names it anew: its split, and who may be judged on it."""

from __future__ import annotations

import pytest

from hpo_gym.problem import suite as module
from hpo_gym.problem.suite import family_id, fold_of, has_seen, split_of

OLD, OTHER = "openml-2", "abalone"


@pytest.fixture
def renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`openml-2` becomes `letters`, later `glyphs`; `shells` is a part of `abalone`."""
    known = {"letters": OLD, "glyphs": "letters", "shells": OTHER}
    monkeypatch.setattr(module, "_renamed", lambda: known)
    module._family_uniform.cache_clear()


@pytest.mark.usefixtures("renamed")
def test_a_renamed_family_keeps_its_id_split_and_fold() -> None:
    assert [family_id(name) for name in ("glyphs", "letters", OLD, "shells", "new")] == [OLD] * 3 + [OTHER, "new"]
    assert split_of("glyphs") == split_of(OLD) and fold_of("glyphs") == fold_of(OLD)


@pytest.mark.usefixtures("renamed")
@pytest.mark.parametrize(
    ("seen", "family", "leaks"),
    [
        ({OLD}, "glyphs", True),
        ({"glyphs"}, OLD, True),
        ({"letters"}, "glyphs", True),
        ({OTHER}, "shells", True),
        ({OTHER}, "glyphs", False),
        (frozenset(), OLD, False),
    ],
)
def test_who_has_seen_a_family_has_seen_it_under_all_names(seen: set[str], family: str, leaks: bool) -> None:
    assert has_seen(seen, family) is leaks
