"""Pages of envs are made of docstrings, registries and cards: each has every section, and a block that runs."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hpo_gym.base.registry import scan_names

TOP = Path(__file__).resolve().parents[2]
NAMES = scan_names("hpo_gym.suites", "SUITES")
EXT = TOP / "docs" / "_ext"
SECTIONS = [
    "Description", "Action space", "Observation space", "Reward", "Starting state", "Episode end", "Info", "Arguments",
    "Data", "Licence", "Versions", "References",
]  # fmt: skip
RUN = "import json, sys\nfor name, block in json.load(sys.stdin):\n    exec(compile(block, name, 'exec'), {})\n"


@pytest.fixture
def envs(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXT))
    return importlib.import_module("env_pages")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_every_section_with_words(envs: Any, name: str) -> None:
    text = envs.page(name)
    head, *parts = text.split("\n## ")
    found = {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in parts}
    assert [*found] == SECTIONS and all(len(words) > 3 for words in found.values())
    assert head.startswith(f"# {name}\n") and f"`hpo_gym/{name}-v0`" in head
    env, own = envs.made(name)
    rows = re.findall(r"^\| `([^`]+)` \| .* \| .* \| .* \| .* \|$", found["Action space"], re.M)
    assert rows == [h.name for h in env.suite.space.hyperparameters]
    assert f"after {own['budget']} trials" in found["Episode end"]
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (TOP / "docs" / "envs" / link).resolve().exists(), link


@pytest.mark.long
def test_the_block_of_every_page_runs(envs: Any, tmp_path: Path) -> None:
    blocks = [(name, re.search(r"```python\n(.*?)```", envs.page(name), re.S)[1]) for name in NAMES]  # type: ignore[index]
    done = subprocess.run(
        [sys.executable, "-W", "error:::hpo_gym", "-c", RUN],
        input=json.dumps(blocks), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0 and len(done.stdout.splitlines()) == len(blocks), done.stderr


def test_conditions_in_words_by_hand(envs: Any) -> None:
    one = {"child": "a", "parent": "b", "type": "EQ", "value": 2.0}
    other = {"child": "a", "parent": "c", "type": "IN", "values": ["x", "y"]}
    assert envs.condition(one) == "`b` is `2`"
    assert envs.condition({"child": "a", "type": "OR", "conditions": [one, other]}) == "`b` is `2` or `c` is `x` or `y`"
