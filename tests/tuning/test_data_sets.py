"""Meta-features of a user's data: by hand, and of whatever else scikit-learn takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from hpo_gym.tuning.meta_features import meta_features_of

SIZES = {"n_rows": 4.0, "n_columns": 2.0, "rows_per_column": 2.0}


def test_a_frame_is_described_as_the_suites_describe_theirs() -> None:
    frame = pd.DataFrame(
        {
            "number": [1.0, 3.0, np.nan, 3.0],  # the median 3 in the place of the third, and a column that tells of it
            "class": ["a", "b", None, "a"],  # three levels: "", a, b
            "same": [7, 7, 7, 7],
        }
    )
    found = meta_features_of(frame, np.array(["no", "yes", "yes", "yes"]), classifies=True)
    columns = np.array([[1, 3, 3, 3], [0, 0, 1, 0], [0, 0, 1, 0], [1, 0, 0, 1], [0, 1, 0, 0]], float)
    together = np.abs(np.corrcoef(columns))[~np.eye(5, dtype=bool)].mean()
    skew = 2 / np.sqrt(3)  # of 1 of 4 that differs: (27 - 3) / 4 / 3 ** 1.5; that of 2 of 4 is 0
    assert found == {
        "n_rows": 4.0, "n_columns": 5.0, "n_classes": 2.0, "majority_share": 0.75, "minority_share": 0.25,
        "numeric_share": round(2 / 3, 6), "missing_share": round(2 / 12, 6), "is_regression": 0.0,
        "rows_per_column": 0.8, "mean_correlation": pytest.approx(together, abs=1e-6),
        "mean_skewness": pytest.approx(4 / 5 * skew, abs=1e-6), "target_skewness": None,
    }  # fmt: skip


def test_a_heavy_tailed_target_is_described_in_its_logarithm() -> None:
    y = np.exp(np.array([0.0] * 15 + [8.0]))  # 1 of 16 differs: its skewness is 14 / sqrt(15), also of the logarithm
    x = np.arange(32.0).reshape(16, 2)
    heavy = meta_features_of(x, y, classifies=False)
    assert heavy["target_skewness"] == pytest.approx(14 / np.sqrt(15), abs=1e-6)
    three = np.exp(np.array([0.0] * 14 + [1.0, 8.0]))  # its own is nearly 14 / sqrt(15); the logarithm's is less
    log = np.log(three)
    known = (((log - log.mean()) / log.std()) ** 3).mean()
    assert meta_features_of(x, three, classifies=False)["target_skewness"] == pytest.approx(known, abs=1e-6) != 3.61
    assert heavy["is_regression"] == 1.0 and heavy["n_classes"] == 0.0 and heavy["majority_share"] is None


@pytest.mark.parametrize(
    ("x", "y", "known"),
    [
        (csr_array(np.eye(4)[:, :2]), np.arange(4), SIZES),
        (["a text", "another", "third", "fourth"], np.arange(4), {"n_rows": 4.0}),
        ([[1.0], [2.0, 3.0], [4.0], [5.0]], None, {"n_rows": 4.0}),
        (np.ones((4, 2)), np.arange(4), SIZES),
        (np.ones((4, 2), complex), np.arange(4), SIZES),
        (np.array([["a", 1], ["b", 2], ["c", 3], ["d", 4]], object), np.arange(4), SIZES),
    ],
    ids=["sparse", "texts", "ragged", "constant", "complex", "objects"],
)
def test_of_what_is_no_table_of_numbers_only_the_sizes_are_known(x: Any, y: Any, known: dict[str, float]) -> None:
    assert meta_features_of(x, y, classifies=True) == known


@pytest.mark.parametrize("y", [None, np.ones((4, 2)), np.array([1.0, np.nan, np.inf, 2.0]), ["a", "b", "c", "d"]])
def test_numbers_are_finite_or_unknown_whatever_the_target(y: Any) -> None:
    x = np.array([[1.0, np.inf], [2.0, np.nan], [3.0, 1e300], [4.0, -1e300]])
    found = meta_features_of(x, y, classifies=False)
    assert found["n_rows"] == 4.0 and found["target_skewness"] is None
    assert all(v is None or np.isfinite(v) for v in found.values())
    assert found["missing_share"] == 0.25
