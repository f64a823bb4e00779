"""A space in a file, which may be a stranger's: read, or refused in words, soon and in little memory."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hpo_gym.base.errors import HPOGymError, InvalidValueError
from hpo_gym.tuning.spaces import read_file

LEVELS = "".join(f"x{i + 1}: &l{i + 1} [{', '.join([f'*l{i}'] * 10)}]\n" for i in range(8))
MERGED = "".join(f"x{i + 1}: &l{i + 1} {{<<: [{', '.join([f'*l{i}'] * 10)}]}}\n" for i in range(8))


def written(folder: Path, text: str, name: str = "space.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_names_ranges_choices_and_an_alias(tmp_path: Path) -> None:
    text = "rate: &rate {low: 0.1, high: 1, log: true}\nother: *rate\nkind: [a, b]\nfixed: 3\n"
    space = read_file(written(tmp_path, text))
    assert space.names == ("rate", "other", "kind", "fixed")
    assert [h.log for h in space.hyperparameters] == [True, True, False, False]


@pytest.mark.parametrize(
    "text",
    [f"x0: &l0 [a, b]\n{LEVELS}", f"x0: &l0 {{low: 1, high: 2}}\n{MERGED}", "x: &x [*x]\n", "x: &x {<<: *x}\n"],
    ids=["lists", "merged", "itself", "merged with itself"],
)
def test_aliases_that_make_very_many_values_are_refused_before_they_are_made(tmp_path: Path, text: str) -> None:
    begun = time.process_time()
    with pytest.raises(InvalidValueError, match=r"space\.yaml must be YAML.*aliases must make at most 1048576 values"):
        read_file(written(tmp_path, text))
    assert time.process_time() - begun < 1.0


@pytest.mark.parametrize(
    "text",
    ["", "-", "x: !!int ''", "x: !!float ''", "x: !!bool maybe", "x: !!timestamp now", "x: !!binary '€'", "? [a]\n: b",
     "x: !!set {a, b}", "x: !!omap [a]", "x: 2001-01-01", "x: {low: 1, high: .inf}", "x: {low: .nan, high: 1}", "x: [",
     "1: [a, b]", "x: !!python/object/apply:os.getcwd []", "x: {low: 2001-01-01, high: 1}", "--- a\n--- b", "\tx: 1",
     "x: {low: [1], high: 2}", "x: {low: 0, high: 1, log: yes please}", "x: {<<: 1}", f"x: {'9' * 5000}",
     "[" * 400, "x: {low: !!set {a}, high: 1}", "hyperparameters: [{}]", "hyperparameters: [*a]",
     "%YAML 9.9\n---\nx: 1"],
)  # fmt: skip
def test_what_is_no_space_is_refused_in_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(HPOGymError):
        read_file(written(tmp_path, text))


def test_a_pipe_a_folder_and_a_very_large_file_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(InvalidValueError, match=r"pipe\.yaml must be a file, it is a pipe or a device"):
        read_file(tmp_path / "pipe.yaml")
    with pytest.raises(InvalidValueError, match=r"must be a file, it is a folder"):
        read_file(tmp_path)
    with pytest.raises(InvalidValueError, match=r"at most 16777216 bytes"):
        read_file(written(tmp_path, "#" * (1 << 24) + "\n"))
    (tmp_path / "latin.yaml").write_bytes(b"x: [\xe9, b]")
    with pytest.raises(InvalidValueError, match="text in UTF-8"):
        read_file(tmp_path / "latin.yaml")
