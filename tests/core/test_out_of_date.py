"""`hpo-gym verify` lists what is out of date: no error, unless a release asks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hpo_builders import outdated
from hpo_gym.app._commands import app
from hpo_gym.base import StateError, checkout
from hpo_gym.checks import shipped
from hpo_gym.suites import load_suite


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if MLP had another version, and no file were damaged."""
    monkeypatch.setattr(shipped, "verify", lambda folder: ([], 3))
    monkeypatch.setattr(outdated, "out_of_date", lambda: {"agent ppo-pool-tables": ("MLP 2 -> 3", "ppo-pool 3 -> 4")})


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(("arguments", "code"), [(["verify"], 0), (["verify", "--current"], 1)])
def test_what_is_out_of_date_is_listed_and_fails_a_release_alone(arguments: list[str], code: int) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code
    assert "out of date: agent ppo-pool-tables: MLP 2 -> 3, ppo-pool 3 -> 4\n3 checked, 0 damaged, 1 out of date" in (
        done.output
    )


def test_damage_stays_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "verify", lambda folder: (["x is missing"], 3))
    monkeypatch.setattr(outdated, "out_of_date", lambda: pytest.fail("damaged files are not compared"))
    done = CliRunner().invoke(app, ["verify"])
    assert done.exit_code == 3 and "damaged: x is missing" in done.output


@pytest.mark.usefixtures("listed")
def test_an_installed_release_lists_nothing_and_says_so_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "_TOP", tmp_path)
    done = CliRunner().invoke(app, ["verify"])
    assert done.exit_code == 0 and "3 checked, 0 damaged\n" in done.output
    with pytest.raises(StateError, match="`hpo-gym verify --current` must run in a checkout"):
        CliRunner().invoke(app, ["verify", "--current"], catch_exceptions=False)


def test_each_kind_of_result_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old: dict[str, Any] = {"made_of": {"suites": {"SVM": "0@00000000"}}}
    for name in ("old", "new"):
        (tmp_path / f"{name}.json").write_text(json.dumps(old if name == "old" else {"found": {}}))
    monkeypatch.setattr(outdated, "STUDIES", tmp_path)
    monkeypatch.setattr(outdated, "FOLDER", tmp_path)
    found, now = outdated.out_of_date(), load_suite("SVM").version
    assert {what: words for what, words in found.items() if "old" in what} == {
        "reference runs on old": (f"SVM 0 -> {now}",),
        "study old": (f"SVM 0 -> {now}",),
    }
    assert not any("new" in what for what in found)
