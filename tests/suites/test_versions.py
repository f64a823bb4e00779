"""What `v0` of an env id and the version of a suite promise: see docs/policy.md."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from toys import plain

from hpo_builders import files, versions
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.suites.load import load_suite

RECORD = Path(__file__).resolve().parents[1] / "data" / "envs.json"
NAMES = versions.shipped_names()
IDS = sorted(name for name in gym.registry if name.startswith("hpo_gym/") and name != "hpo_gym/Live-v0")
STEPS = 4


# ---------------------------------------------------------------------------------------------- versions of suites
@pytest.mark.parametrize("name", NAMES)
def test_a_suites_data_are_those_of_its_version(name: str) -> None:
    suite = load_suite(name)
    known = versions.recorded()
    assert versions.with_those_of(known, [suite]) == known, "python -m hpo_builders.versions adds a new version"


def test_other_data_under_an_unchanged_version_are_refused() -> None:
    suite = plain()
    known = versions.with_those_of({}, [suite])
    assert known == {suite.name: {"1": suite.data_hash}}
    changed = replace(suite, data_hash="0" * 64)
    with pytest.raises(InvalidValueError, match="raise its `version`"):
        versions.with_those_of(known, [changed])
    later = versions.with_those_of(known, [replace(changed, version=2)])
    assert later == {suite.name: {"1": suite.data_hash, "2": "0" * 64}}
    with pytest.raises(InvalidValueError, match="must be at least 2"):
        versions.with_those_of(later, [suite])


def test_every_file_of_data_is_in_the_manifest_that_verify_reads() -> None:
    reported = {"README.md", files.MANIFEST}
    there = {path.relative_to(files.DATA).as_posix() for path in files.DATA.rglob("*") if path.is_file()}
    assert set(files.read_json(files.DATA / files.MANIFEST)) == there - reported


@pytest.mark.parametrize("name", sorted(path.parent.name for path in files.DATA.glob("*/table*.npz")))
def test_the_card_of_a_table_names_the_commit_and_the_command_that_rebuild_it(name: str) -> None:
    built = load_suite(name).about["built"]
    assert re.fullmatch("[0-9a-f]{40}", built["commit"]) and built["command"].startswith(f"hpo-gym build {name}")


# ---------------------------------------------------------------------------------------------- versions of env ids
def actions(space: gym.Space[Any]) -> list[Any]:
    """The same on any machine, with any release of Gymnasium."""
    if isinstance(space, gym.spaces.Discrete):
        return [(3 * t + 1) % int(space.n) for t in range(STEPS)]
    assert isinstance(space, gym.spaces.Box)
    shares = [(0.37 * (t + 1)) % 1.0 for t in range(STEPS)]
    return [(space.low + (space.high - space.low) * share).astype(space.dtype) for share in shares]


def shown(env_id: str) -> dict[str, Any]:
    """What an env shows by default: its spaces, its budget, and rewards and observations of its first steps."""
    env = gym.make(env_id)
    env.reset(seed=0)
    space, kernel = env.action_space, env.unwrapped.kernel  # type: ignore[attr-defined]
    steps = [env.step(action) for action in actions(space)]
    env.close()
    return {
        "action": str(space.n) if isinstance(space, gym.spaces.Discrete) else str(space.shape),
        "observation": str(env.observation_space.shape),
        "budget": kernel.contexts.budget,
        "rewards": [round(float(step[1]), 6) for step in steps],
        "observed": [round(float(np.clip(step[0], -10.0, 10.0).sum()), 4) for step in steps],
    }


@pytest.mark.parametrize("env_id", IDS)
def test_an_env_id_still_shows_what_it_showed(env_id: str) -> None:
    """Renew by `python tests/suites/test_versions.py`, once the changelog says what moved."""
    expected, found = json.loads(RECORD.read_text(encoding="utf-8"))[env_id], shown(env_id)
    for name in ("rewards", "observed"):
        assert found.pop(name) == pytest.approx(expected.pop(name), abs=1e-3)
    assert found == expected


def test_every_env_id_is_recorded_and_is_v0() -> None:
    assert sorted(json.loads(RECORD.read_text(encoding="utf-8"))) == IDS, "python tests/suites/test_versions.py"
    assert {name.rpartition("-")[2] for name in IDS} == {"v0"}


if __name__ == "__main__":
    RECORD.write_text(json.dumps({name: shown(name) for name in IDS}, indent=1) + "\n", encoding="utf-8")
