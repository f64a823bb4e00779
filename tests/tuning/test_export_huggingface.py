"""Repositories for the Hugging Face Hub: a card, safetensors and JSON; what is loaded is the same agent to the bit."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml

import hpo_gym
from hpo_gym.base import as_markdown
from hpo_gym.base.errors import DamagedDataError, InvalidValueError
from hpo_gym.optimize.learning.folders import shipped
from hpo_gym.optimize.learning.saved import check_saved, content_of, read_saved, write_saved
from hpo_gym.tuning import write_repository

pytest.importorskip("safetensors", reason="needs the extra 'rl'")
pytest.importorskip("torch", reason="needs the extra 'rl'")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of each kind of arrays, not to be changed."""
    root = tmp_path_factory.mktemp("hub")
    for name in ("recurrent-ppo-svm", "q-learning-automl"):
        write_repository(name, root / name)
    return root


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(shipped()))
def test_what_is_loaded_is_the_same_agent(name: str, tmp_path: Path) -> None:
    folder, source = tmp_path / "hub", shipped()[name]
    write_repository(name, folder)
    kept = {p.name for p in source.iterdir()} - {"weights.safetensors", "arrays.npz"}
    assert {p.name for p in folder.iterdir()} == {"README.md", "model.safetensors", *kept}
    assert not any(zipfile.is_zipfile(p) for p in folder.iterdir())
    check_saved(folder)
    optimizer = json.loads((source / "optimizer.json").read_text())["optimizer"]
    (said, arrays), (before, expected) = read_saved(folder, optimizer), read_saved(source, optimizer)
    assert arrays.keys() == expected.keys()
    for key, array in expected.items():
        assert (arrays[key].dtype, arrays[key].shape) == (array.dtype, array.shape)
        assert arrays[key].tobytes() == array.tobytes()
    files = ("arrays", "sha256", "checksum")  # of the file, and of what names the file
    assert {k: v for k, v in said.items() if k not in files} == {k: v for k, v in before.items() if k not in files}
    if before["arrays"] == "weights.safetensors":
        assert content_of(folder) == content_of(source)
        assert (folder / "optimizer.json").read_bytes() == (source / "optimizer.json").read_bytes()
        assert (folder / "model.safetensors").read_bytes() == (source / "weights.safetensors").read_bytes()
    suite = said["suites"][0]
    task = hpo_gym.load_suite(suite).tasks("test")[0]
    here, there = (hpo_gym.rollout(hpo_gym.load(one), task, 6, seed=1) for one in (name, folder))
    assert here.configs == there.configs and here.scores == there.scores and len(here.scores) == 6
    assert hpo_gym.load(folder).stale == hpo_gym.load(name).stale  # type: ignore[attr-defined]


@pytest.mark.long
def test_the_folder_is_an_optimizer_in_every_form_and_can_be_exported_again(repository: Path, tmp_path: Path) -> None:
    folder = repository / "recurrent-ppo-svm"
    task = hpo_gym.load_suite("SVM").tasks("test")[0]
    forms = [hpo_gym.rollout(form, task, 4) for form in (str(folder), folder, "recurrent-ppo-svm")]
    assert forms[0].configs == forms[1].configs == forms[2].configs
    write_repository(str(folder), tmp_path / "again")
    for name in ("model.safetensors", "optimizer.json", "training.json"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.long
def test_the_card_says_what_the_hub_asks_for(repository: Path, tmp_path: Path) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="needs the library of the Hub")
    text = (repository / "q-learning-automl" / "README.md").read_text()
    card = hub.ModelCard(text)
    assert (card.data.library_name, card.data.license) == ("hpo-gym", "mit")
    assert card.data.tags == ["hyperparameter-optimization", "automl", "rl"]
    about = json.loads((shipped()["q-learning-automl"] / "optimizer.json").read_text())
    assert f"({len(about['seen'])}): {as_markdown(', '.join(about['seen']))}." in text
    assert "AutoML (data 2f28484a)" in text and "`encoder`" not in text and "begins with encoder, estimator" in text
    assert json.loads(text.split("Settings: `")[1].split("`\n")[0]) == about["settings"]
    assert text.count("\nimport hpo_gym") == 1 and "$" not in text
    shutil.copytree(shipped()["q-learning-automl"], tmp_path / "mine")
    write_repository(str(tmp_path / "mine"), tmp_path / "hub")
    mine = (tmp_path / "hub" / "README.md").read_text()
    assert yaml.safe_load(mine.split("---\n")[1])["license"] == "unknown" and "Licence: unknown" in mine


@pytest.mark.long
def test_a_changed_bit_is_damage(repository: Path, tmp_path: Path) -> None:
    for name in ("model.safetensors", "optimizer.json"):
        shutil.copytree(repository / "recurrent-ppo-svm", tmp_path / name)
        data = bytearray((tmp_path / name / name).read_bytes())
        data[len(data) // 2] ^= 1
        (tmp_path / name / name).write_bytes(data)
        with pytest.raises(DamagedDataError, match=name):
            hpo_gym.load(tmp_path / name)
        with pytest.raises(DamagedDataError, match=name):
            write_repository(str(tmp_path / name), tmp_path / "new")
    (tmp_path / "model.safetensors" / "model.safetensors").unlink()
    with pytest.raises(DamagedDataError, match=r"weights\.safetensors must be a file; it is missing"):
        hpo_gym.load(tmp_path / "model.safetensors")
    assert not (tmp_path / "new").exists()


def test_what_has_no_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"must be trained to have weights, as \['maskable.*, got 'gp-ei'"):
        write_repository("gp-ei", tmp_path / "new")
    with pytest.raises(InvalidValueError, match="the nearest is 'ppo-drift'"):
        write_repository("ppo-drfit", tmp_path / "new")
    write_saved(tmp_path / "bare", "maml", {"version": 1, "settings": {}, "seen": ["f"]})
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "training.json").write_text('{"optimizer": "ga", "settings": {}}')
    write_saved(tmp_path / "other", "nobody", {"version": 1}, {"x": np.ones(1)})
    for name in ("bare", "own", "other"):
        with pytest.raises(InvalidValueError, match=rf"of a registered class, and have weights, got .*{name}"):
            write_repository(str(tmp_path / name), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_folder_that_holds_something_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes").write_text("mine")
    for place in (tmp_path / "full", tmp_path / "full" / "notes"):
        with pytest.raises(InvalidValueError, match="must be new or empty"):
            write_repository("q-learning-automl", place)
    assert (tmp_path / "full" / "notes").read_text() == "mine"


def test_safetensors_keep_the_bits_of_odd_floats(tmp_path: Path) -> None:
    about = {"version": 1, "settings": {}, "seen": ["f"], "suites": []}
    odd = {
        "x": np.array([-0.0, 5e-324, np.nan, -np.inf, 0.1]),
        "n": np.array([[2**62 + 1]]),
        "b": np.float32([-0.0, np.nan]),
    }
    write_saved(tmp_path / "a", "q-learning", about, odd)
    write_repository(str(tmp_path / "a"), tmp_path / "b")
    found = read_saved(tmp_path / "b", "q-learning")[1]
    assert {k: (v.dtype, v.tobytes()) for k, v in found.items()} == {k: (v.dtype, v.tobytes()) for k, v in odd.items()}
