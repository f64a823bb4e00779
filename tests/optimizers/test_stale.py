"""Trained optimizers say what has moved on since their training; what is merely old loads, what is wrong does not."""

from __future__ import annotations

import ast
import importlib.util
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import hpo_baselines
import hpo_gym
from hpo_gym.base.errors import DamagedDataError
from hpo_gym.optimize.learning import made_of as record
from hpo_gym.optimize.learning import sources
from hpo_gym.optimize.learning.folders import ABOUT, read_about, shipped
from hpo_gym.optimize.learning.made_of import made_of, moved, stale
from hpo_gym.optimize.learning.saved import read_saved, write_saved
from hpo_gym.optimize.protocol import OPTIMIZERS
from hpo_gym.suites.load import load_suite
from hpo_gym.system.storage.whole import MADE_OF, checksum

SAYS: dict[str, Any] = {"version": 1, "settings": {}, "suites": ["SVM"], "seen": ["f"]}


# ---------------------------------------------------------------------------------------------- stamps
@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        ("2@aaaaaaaa", "2@aaaaaaaa", ""),
        ("2@aaaaaaaa", "2@bbbbbbbb", "MLP 2: other data"),
        ("1@aaaaaaaa", "2@bbbbbbbb", "MLP 1 -> 2"),
        ("1@unknown", "1@bbbbbbbb", ""),
        ("unknown@aaaaaaaa", "2@bbbbbbbb", "MLP unknown: other data"),
        ("2@aaaaaaaa", None, "MLP 2 -> none"),
    ],
)
def test_a_stamp_differs_by_its_version_or_by_its_hash(then: str, now: str | None, said: str) -> None:
    assert moved("MLP", then, now, "data") == said


def test_a_result_of_today_names_its_suites_its_optimizers_and_the_package() -> None:
    suite = load_suite("SVM")
    found = made_of(["SVM"], ["ga", "not registered"])
    assert found == {
        "suites": {"SVM": f"{suite.version}@{suite.data_hash[:8]}"},
        "optimizers": {"ga": f"3@{sources.source_hash('ga')}"},
        "package": hpo_gym.__version__,
    }
    assert stale(found) == ()


def test_code_that_was_found_to_do_the_same_is_not_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"optimizers": {"ga": "3@00000000"}}
    assert stale(found) == ("ga 3: other code",)
    monkeypatch.setattr(record, "_sources", lambda: {"ga": {"3": ["00000000", sources.source_hash("ga")]}})
    assert stale(found) == ()


# ---------------------------------------------------------------------------------------------- loading
def with_data_of(suite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a suite had a new version of its data."""
    real = load_suite

    def load(name: Any) -> Any:
        found = real(name)
        return replace(found, version=found.version + 1, data_hash="0" * 64) if found.name == suite else found

    monkeypatch.setattr(record, "load_suite", load)


def test_a_shipped_policy_loads_after_another_hash_of_mlp_and_says_that_it_is_stale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("sb3_contrib")
    pytest.importorskip("safetensors")
    with_data_of("MLP", monkeypatch)
    agent: Any = hpo_gym.load("ppo-pool-tables")
    then = record.parts(read_about(shipped()["ppo-pool-tables"])[MADE_OF]["suites"]["MLP"])[0]
    assert agent.stale == (f"MLP {then} -> {load_suite('MLP').version + 1}",)


def test_a_loaded_optimizer_that_is_saved_again_keeps_its_origin(tmp_path: Path) -> None:
    tasks = load_suite("SVM").tasks("train")
    agent: Any = hpo_gym.make_optimizer("q-learning", steps=400, candidates=8)
    agent.train(tasks, hpo_gym.base.seeding.generator(0))
    agent.save(tmp_path / "new")
    head = json.loads((tmp_path / "new" / ABOUT).read_text())
    head[MADE_OF]["suites"]["SVM"] = "0@00000000"
    head[MADE_OF]["checksum"] = checksum(head[MADE_OF])
    (tmp_path / "new" / ABOUT).write_text(json.dumps(head))
    old: Any = hpo_gym.load(tmp_path / "new")
    assert old.stale == (f"SVM 0 -> {load_suite('SVM').version}",)
    old.save(tmp_path / "again")
    assert read_about(tmp_path / "again") == head
    old.train(tasks, hpo_gym.base.seeding.generator(0))
    assert old.stale == ()


def test_made_of_has_a_checksum_of_its_own(tmp_path: Path) -> None:
    write_saved(tmp_path, "ga", SAYS)
    head = json.loads((tmp_path / ABOUT).read_text())
    head[MADE_OF]["suites"]["SVM"] = "9@00000000"
    (tmp_path / ABOUT).write_text(json.dumps(head))
    with pytest.raises(DamagedDataError, match="`checksum` of `made_of` must be"):
        read_saved(tmp_path, "ga", 1)


# ---------------------------------------------------------------------------------------------- sources
@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two packages of optimizers, found in place of the real ones."""
    home = tmp_path / "hpo_baselines"
    shutil.copytree(Path(hpo_baselines.__file__ or "").parent, home)
    real = importlib.util.find_spec

    def find(name: str, *more: Any) -> Any:
        spec = real(name, *more)
        if name == "hpo_baselines" and spec is not None:
            spec.submodule_search_locations = [str(home)]
        return spec

    monkeypatch.setattr(importlib.util, "find_spec", find)
    return home


def hash_of_ga(home: Path) -> str:
    entry = replace(OPTIMIZERS.entries()["ga"], path=home / "genetic.py")
    for cached in (sources._tree, sources._imported, sources._file_text, sources.source_hash):
        cached.cache_clear()
    files = sources.files_of(entry)
    assert home / "_runs" / "baseline.py" in files
    return "".join(sorted(map(sources._file_text, files)))


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("genetic.py", '"""A genetic algorithm on mixed and conditional spaces."""', '"""Breed configurations."""'),
        ("genetic.py", "_ATTEMPTS = 4  #", "_ATTEMPTS = 4  # another comment:"),
        ("genetic.py", "def mu(self, run: Run) -> int:", "def mu(self, run):"),
        ("genetic.py", "_ATTEMPTS = 4", "Numbers = NDArray[np.float64]\n_ATTEMPTS = 4"),
        ("genetic.py", 'family="evolutionary"', 'family="genetic"'),
        ("genetic.py", "import numpy as np\n", "import math\n\nimport numpy as np\n"),
    ],
)
def test_words_types_and_imports_do_not_change_the_hash_of_an_optimizer(
    packages: Path, file: str, old: str, new: str
) -> None:
    before = hash_of_ga(packages)
    changed(packages / file, old, new)
    assert hash_of_ga(packages) == before


def test_a_number_in_a_file_that_an_optimizer_imports_changes_its_hash(packages: Path) -> None:
    before = hash_of_ga(packages)
    changed(packages / "genetic.py", "_ATTEMPTS = 4", "_ATTEMPTS = 5")
    after = hash_of_ga(packages)
    assert after != before
    base = packages / "_runs" / "baseline.py"
    base.write_text(base.read_text() + "\n_SHARE = 0.5\n")
    assert hash_of_ga(packages) != after


def test_a_moved_file_keeps_the_hash_of_an_optimizer(packages: Path) -> None:
    before = hash_of_ga(packages)
    (packages / "_runs").rename(packages / "_parts")
    for path in packages.rglob("*.py"):
        path.write_text(path.read_text().replace("hpo_baselines._runs", "hpo_baselines._parts"))
    entry = replace(OPTIMIZERS.entries()["ga"], path=packages / "genetic.py")
    for cached in (sources._tree, sources._imported, sources._file_text):
        cached.cache_clear()
    assert "".join(sorted(map(sources._file_text, sources.files_of(entry)))) == before


def test_messages_of_errors_do_not_count_but_their_classes_do() -> None:
    texts = [
        sources.text_of(ast.parse(f"if x:\n    raise {error}"))
        for error in ("ValueError('a')", "ValueError('b')", "KeyError('a')")
    ]
    assert texts[0] == texts[1] != texts[2]
