"""`hpo-gym verify` lists what is out of date: no error, unless a release asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hpo_builders import outdated
from hpo_gym.app._commands import app
from hpo_gym.base import StateError, checkout
from hpo_gym.checks import shipped


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
