"""Further objectives and sizes of a table are kept, read again or refused."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpo_gym
from hpo_gym.base.errors import DamagedDataError, HPOGymError, InvalidValueError
from hpo_gym.problem import Objective, Table
from hpo_gym.suites.own import files as table_files
from hpo_gym.suites.own.suite import TableSuite, load_folder, table_suite
from hpo_gym.suites.own.trials import suite_from_csv

DATA = Path(hpo_gym.__file__).parent / "data"
SPACE = {"i": (0, 2)}
X = [{"i": i} for i in range(3)]
SCORES = [[0.1, 0.2, 0.3], [0.4, np.nan, -np.inf]]
SIZE = {"values": [[10.0, 20.0, 30.0], [40.0, np.nan, np.nan]], "direction": "minimize", "unit": "weights"}
RECALL = {"values": [[0.5, 0.25, 0.0], [1.0, 0.5, 0.75]], "direction": "maximize", "protocol": "on the test rows"}


def two() -> TableSuite:
    return table_suite("Two", SPACE, X, SCORES, costs=np.ones((2, 3)), objectives={"size": SIZE, "recall": RECALL})


def same(a: TableSuite, b: TableSuite) -> bool:
    arrays = all(
        (u is None and v is None) or (u.dtype == v.dtype and np.array_equal(u, v, equal_nan=True))
        for u, v in ((getattr(a.table, n), getattr(b.table, n)) for n in Table.ARRAYS)
    )
    plain = all(getattr(a.table, n) == getattr(b.table, n) for n in ("further", "sizes", "fidelities"))
    return arrays and plain and a.data_hash == b.data_hash


# ------------------------------------------------------------------------------------------------ kept
def test_objectives_are_one_array_and_lacking_ones_are_the_worst_of_their_task() -> None:
    table = two().table
    assert table.further == (Objective("size", "weights"), Objective("recall", "", "maximize", "on the test rows"))
    assert table.objectives is not None
    assert table.objectives[..., 0].tolist() == [[10, 20, 30], [40, 40, 40]]  # not measured, failed
    assert table.objectives[..., 1].tolist() == [[0.5, 0.25, 0.0], [1.0, 0.5, 0.75]]


def test_a_round_trip_gives_an_equal_suite_and_equal_bytes(tmp_path: Path) -> None:
    sizes = {"kind": "size", "unit": "weights", "values": [5000, 20000, 80000]}
    many = table_suite(
        "Sizes", SPACE, X, np.arange(18.0).reshape(2, 3, 3), fidelity=sizes,
        objectives={"size": {**SIZE, "values": [[1.1, 2.2, 3.3]] * 2}},
    )  # fmt: skip
    assert many.table.fidelities == (0.0625, 0.25, 1.0)
    for suite, name in ((two(), "two"), (many, "many")):
        suite.save(tmp_path / name)
        again = load_folder(tmp_path / name)
        assert same(suite, again)
        again.save(tmp_path / "again")
        for file in ("suite.json", "table.npz"):
            assert (tmp_path / "again" / file).read_bytes() == (tmp_path / name / file).read_bytes()
        assert json.loads((tmp_path / name / "suite.json").read_text())["format"] == 1


def test_sizes_may_stand_still_where_the_shares_are_given() -> None:
    sizes = {"kind": "size", "values": [5, 5, 80]}
    suite = table_suite("S", SPACE, X, np.ones((1, 3, 3)), fidelity=sizes, fidelities=[0.1, 0.2, 1.0])
    assert suite.table.sizes is not None
    assert suite.table.sizes.values == (5.0, 5.0, 80.0)
    with pytest.raises(InvalidValueError, match="ascend"):
        table_suite("S", SPACE, X, np.ones((1, 3, 3)), fidelity=sizes)


def test_pools_of_their_own_have_objectives_of_their_own(tmp_path: Path) -> None:
    pools = [X, X[:2]]
    given = {"size": {"values": [[1, 2, 3], [5, 4]], "direction": "minimize"}}
    suite = table_suite("Own", SPACE, pools, [[0.1, 0.2, 0.3], [0.4, 0.5]], objectives=given)
    assert suite.table.objectives is not None
    assert suite.table.objectives[..., 0].tolist() == [[1, 2, 3], [5, 4, 5]]
    suite.save(tmp_path)
    assert same(suite, load_folder(tmp_path))


def test_objectives_decide_no_score_so_the_hash_of_the_data_stays() -> None:
    assert two().data_hash == table_suite("Two", SPACE, X, SCORES, costs=np.ones((2, 3))).data_hash


@pytest.mark.parametrize("name", ["SVM", "Curves", "NAS", "Studies"])
def test_a_shipped_folder_is_written_byte_for_byte_as_it_is(tmp_path: Path, name: str) -> None:
    said, arrays = table_files.read_folder(DATA / name)
    raw = json.loads((DATA / name / "suite.json").read_text())
    assert said.format == 1
    description = {k: v for k, v in raw.items() if k not in ("format", "sha256", "bytes", "checksum")}
    table_files.write_folder(tmp_path, description, arrays)
    for file in ("suite.json", "table.npz"):
        assert (tmp_path / file).read_bytes() == (DATA / name / file).read_bytes()


# ------------------------------------------------------------------------------------------------ refused on the way in
@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        ({}, "mapping"),
        ([SIZE], "mapping"),
        ({"size": [1, 2, 3]}, "mapping"),
        ({"size": {"values": SIZE["values"]}}, "direction"),
        ({"size": {"direction": "minimize"}}, "`values`"),
        ({"size": {**SIZE, "directon": "x"}}, "directon"),
        ({"size": {**SIZE, "direction": "minimise"}}, "minimise"),
        ({"size": {**SIZE, "unit": 3}}, "unit.*got 3"),
        ({"score": SIZE}, "must not be named 'score'"),
        ({"cost": SIZE}, "must not be named 'cost'"),
        ({"": SIZE}, r"objectives\.0\.name"),
        ({"size": {**SIZE, "values": [[1, 2]] * 2}}, r"'size'.*\(2, 3\)"),
        ({"size": {**SIZE, "values": np.ones((2, 3, 2))}}, "full evaluations"),
        ({"size": {**SIZE, "values": [["a"] * 3] * 2}}, "numbers"),
        ({"size": {**SIZE, "values": [[1, np.nan, 3], [4, 5, 6]]}}, "'size' is nan in row 1 of task 0"),
        ({"size": {**SIZE, "values": [[1, 2, 3], [4, np.inf, 6]]}}, "'size' is inf in row 1 of task 1"),
    ],
)
def test_objectives_that_break_a_rule_are_refused(objectives: Any, message: str) -> None:
    with pytest.raises(HPOGymError, match=message):
        table_suite("Two", SPACE, X, SCORES, objectives=objectives)


@pytest.mark.parametrize(
    ("fidelity", "message"),
    [
        ({"kind": "size", "values": [5, 20]}, "as many"),
        ({"kind": "sise", "values": [5, 20, 80]}, "Did you mean 'size'"),
        ({"kind": "size", "values": [5, 80, 20]}, r"never descend.*\(5.0, 20.0, 80.0\)"),
        ({"kind": "size", "values": [0, 20, 80]}, "positive"),
        ({"kind": "size", "values": ["a", 20, 80]}, "numbers"),
        ({"kind": "size", "value": [5, 20, 80]}, "values"),
        ({"kind": "size", "values": [5, 20, 80], "units": "w"}, "Did you mean 'unit'"),
    ],
)
def test_sizes_that_break_a_rule_are_refused(fidelity: dict[str, Any], message: str) -> None:
    with pytest.raises(HPOGymError, match=message):
        table_suite("S", SPACE, X, np.ones((1, 3, 3)), fidelity=fidelity)


# ------------------------------------------------------------------------------------------------ refused on reading
@pytest.fixture
def saved(tmp_path: Path) -> Path:
    two().save(tmp_path)
    return tmp_path


def rewrite(folder: Path, **change: object) -> None:
    """Change suite.json and put the right checksums in, as somebody would who means it; None takes a key out."""
    data = {**json.loads((folder / "suite.json").read_text()), **change}
    data = {key: value for key, value in data.items() if value is not None}
    table = (folder / "table.npz").read_bytes()
    data |= {"sha256": {"table.npz": hashlib.sha256(table).hexdigest()}, "bytes": {"table.npz": len(table)}}
    data["checksum"] = table_files.checksum(data)
    (folder / "suite.json").write_text(json.dumps(data))


SAID = [{"name": "size", "direction": "minimize"}, {"name": "recall", "direction": "maximize"}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format.*2"),
        ({"format": True}, "format.*True"),
        ({"objectives": None}, r"names \[\]"),
        ({"objectives": SAID[:1]}, r"\(2, 3, 1\).*\['size'\].*\(2, 3, 2\)"),
        ({"objectives": [SAID[0], SAID[0]]}, "different, got"),
        ({"objectives": [SAID[0], {"name": "score", "direction": "maximize"}]}, "must not be named 'score'"),
        ({"objectives": [SAID[0], {"name": "recall", "direction": "upwards"}]}, "direction.*upwards"),
        ({"objectives": [SAID[0], {"name": "recall"}]}, "direction"),
        ({"fidelity": {"kind": "size", "values": [1, 2]}}, "one for each of 1 fidelities, got 2"),
        ({"fidelity": {"kind": "weight", "values": [1]}}, "'weight'"),
    ],
)
def test_a_description_that_breaks_a_rule_of_objectives_is_refused(
    saved: Path, change: dict[str, object], message: str
) -> None:
    rewrite(saved, **change)
    with pytest.raises(DamagedDataError, match=message):
        load_folder(saved)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (None, "got None"),
        (np.ones((2, 2, 2)), r"\(2, 3, 2\)"),
        (np.ones((2, 3)), r"\(2, 3, 2\)"),
        (np.array([[[1, 2], [1, 2], [1, np.nan]], [[1, 2]] * 3]), "'recall' is nan in row 2 of task 0"),
        (np.array([[[1, 2]] * 3, [[1, 2], [1, 2], [-np.inf, 2]]]), "'size' is -inf in row 2 of task 1"),
        (np.ones((2, 3, 2), int), "floats"),
    ],
)
def test_an_array_that_is_not_what_its_names_say_is_refused(
    saved: Path, array: np.ndarray | None, message: str
) -> None:
    _, arrays = table_files.read_folder(saved)
    kept = {name: a for name, a in arrays.items() if name != "objectives"}
    table_files.write_npz(saved / "table.npz", kept if array is None else {**kept, "objectives": array})
    rewrite(saved)
    with pytest.raises(DamagedDataError, match=message):
        load_folder(saved)


# ------------------------------------------------------------------------------------------------ a file of trials
LINES = """task,i,score,weights,recall,epochs
a,0,0.1,10,0.5,1
a,0,0.2,12,0.5,4
a,0,0.4,14,0.7,4
a,1,0.1,20,0.1,1
a,1,0.3,20,0.1,4
b,0,0.1,30,0.1,1
b,0,failed,,,4
b,1,0.1,20,0.1,1
b,1,0.3,50,0.1,4
"""


def test_a_file_of_trials_gives_objectives_the_mean_of_repeats_at_full_fidelity(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(LINES)
    further = {"weights": "minimize", "recall": "maximize"}
    suite = suite_from_csv(tmp_path / "t.csv", {"i": (0, 1)}, fidelity="epochs", objectives=further)
    assert suite.table.further == (Objective("weights"), Objective("recall", direction="maximize"))
    assert suite.table.objectives is not None
    found = suite.table.objectives[:, np.argsort(suite.members[0].pool[:, 0])]
    assert found[..., 0].tolist() == [[13, 20], [50, 50]]  # (12 + 14) / 2; the failure's is the worst
    assert np.allclose(found[..., 1], [[0.6, 0.1], [0.1, 0.1]])


@pytest.mark.parametrize(
    ("line", "objectives", "message"),
    [
        ("a,2,0.5,,0.1,4", {"weights": "minimize"}, "'weights' is nan"),
        ("a,2,0.5,many,0.1,4", {"weights": "minimize"}, "line 11.*weights.*'many'"),
        ("a,2,0.5,inf,0.1,4", {"weights": "minimize"}, "line 11.*weights.*'inf'"),
        ("a,2,0.5,3,0.1,4", {"weight": "minimize"}, "Did you mean 'weights'"),
        ("a,2,0.5,3,0.1,4", {"weights": "down"}, "direction"),
        ("a,2,0.5,3,0.1,4", ["weights"], "mapping"),
        ("a,2,0.5,3,0.1,4", {"i": "minimize", "epochs": "minimize"}, "one role"),
    ],
)
def test_a_file_whose_objectives_cannot_be_read_is_refused(
    tmp_path: Path, line: str, objectives: Any, message: str
) -> None:
    (tmp_path / "t.csv").write_text(f"{LINES}{line}\na,2,0.5,3,0.1,1\n")
    ignore = [] if "recall" in objectives else ["recall"]
    with pytest.raises(HPOGymError, match=message):
        suite_from_csv(tmp_path / "t.csv", {"i": (0, 2)}, fidelity="epochs", ignore=ignore, objectives=objectives)
