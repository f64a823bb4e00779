"""`import hpo_gym` is light, and every public name is there."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import hpo_gym

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "stable_baselines3", "ConfigSpace", "scipy", "sklearn", "pandas", "matplotlib", "pydantic", "typer",
         "optuna", "hpo_agents", "hpo_baselines")  # fmt: skip


def child(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.strip()


@pytest.mark.parametrize(
    "code",
    [
        "import hpo_gym",
        "import hpo_gym; hpo_gym.HPOEnv; hpo_gym.HPOVectorEnv; hpo_gym.SearchSpace; hpo_gym.rollout; hpo_gym.Task",
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code):
    loaded = child(f"{code}\nimport sys, json; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))")
    assert json.loads(loaded) == []


@pytest.mark.long
def test_a_check_of_an_env_loads_nothing_that_is_heavy():
    code = "import hpo_gym as h; h.check_env(h.HPOEnv('Functions'), processes=False, render=False)"
    loaded = child(f"{code}\nimport sys, json; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))")
    assert json.loads(loaded) == []


def test_the_import_loads_little_more_than_gymnasium_and_numpy():
    def loaded(modules: str) -> set[str]:
        return set(json.loads(child(f"import {modules}, sys, json; print(json.dumps(sorted(sys.modules)))")))

    more = loaded("hpo_gym, gymnasium, numpy") - loaded("gymnasium, numpy")
    assert {m.split(".")[0] for m in more} - set(sys.stdlib_module_names) == {"hpo_gym"}
    assert more >= {"hpo_gym", "hpo_gym.base.errors", "hpo_gym.base.registry"}
    assert len([m for m in more if m.startswith("hpo_gym")]) <= 7


@pytest.mark.parametrize("name", hpo_gym.__all__)
def test_a_public_name_can_be_had(name):
    assert getattr(hpo_gym, name) is not None


def test_an_unknown_name_is_an_attribute_error_and_a_second_import_registers_nothing_twice():
    with pytest.raises(AttributeError, match="no attribute 'HPOEnvv'"):
        hpo_gym.HPOEnvv  # noqa: B018
    importlib.reload(hpo_gym)
