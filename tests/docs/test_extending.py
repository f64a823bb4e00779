"""The examples of the page on extensions keep the project's own rules: types, contracts, and clear errors."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hpo_gym.base.errors import InvalidValueError
from hpo_gym.base.registry import making

TOP = Path(__file__).parents[2]
BLOCKS = re.findall(r"```python\n(.*?)```", (TOP / "docs" / "extending.md").read_text(encoding="utf-8"), re.S)


@pytest.mark.slow
def test_the_kept_quantity_of_the_page_is_two_files_that_pass_mypy(tmp_path):
    (block,) = [block for block in BLOCKS if "COLUMNS" in block]
    column = block[: block.index("@hpo_gym.OBSERVERS")]
    (tmp_path / "idle_seconds.py").write_text("import numpy as np\n\n" + column)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", str(tmp_path / "idle_seconds.py")]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.long
def test_the_baseline_of_the_page_keeps_the_contract_on_a_table(tmp_path):
    code = "\n\n".join(block for block in BLOCKS if "class Nudge" in block or 'check_optimizer("nudge"' in block)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 'load_suite("SVM")' in code and "check_optimizer" in code


def test_a_wrong_import_is_named_with_its_place_and_the_door(tmp_path, monkeypatch):
    (tmp_path / "imports_wrongly.py").write_text("import math\nfrom hpo_gym import NoSuchThing\n")
    monkeypatch.syspath_prepend(tmp_path)
    words = r"'NoSuchThing'.* at .*imports_wrongly\.py:2, .*hpo_gym import OPTIMIZERS.*hpo_gym\.optimize"
    with pytest.raises(InvalidValueError, match=words), making("nudge", {}):
        __import__("imports_wrongly")
