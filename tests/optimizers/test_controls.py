"""What a trained optimizer was before its training stands in each comparison of it, in the next row."""

from __future__ import annotations

from typing import Any

import toys  # noqa: F401 - registers the suites

from hpo_gym.bench.report.tables import pooled_cells, rows, with_controls
from hpo_gym.optimize.learning.control import control_of


def test_a_registered_and_a_trained_one_have_the_control_of_their_class() -> None:
    assert control_of("ppo-pool") == control_of("ppo-pool-tables") == "untrained"
    for name in ("random", "untrained", "q-learning-automl", "file.py:Name", "saved:x"):
        assert control_of(name) is None


def test_a_control_stands_below_the_first_whose_control_it_is() -> None:
    before = {"mine": "untrained", "ppo-pool": "untrained", "other": "gone"}
    assert with_controls(["ga", "untrained", "mine", "tpe", "ppo-pool"], before) == [
        "ga", "mine", "untrained", "tpe", "ppo-pool",
    ]  # fmt: skip
    assert with_controls(["ppo-pool", "ga", "untrained"], before) == ["ppo-pool", "untrained", "ga"]
    assert with_controls(["untrained", "ga", "other"], before) == ["untrained", "ga", "other"]


def results_of(auc: dict[str, float]) -> Any:
    """Return results of one suite, and of it pooled."""
    one = {name: {"auc": [value, None, None]} for name, value in auc.items()}
    ratios = {
        name: {"ratio": [value, None, None], "p_holm": None, "n_suites": 1, "apart": {}} for name, value in auc.items()
    }
    pooled = {"anchors": {"portfolio": {"optimizers": ratios}}, "apart": []}
    before = {"ppo-pool-tables": "untrained"}
    return {"suites": {"SVM": {"optimizers": one}}, "pooled": pooled, "before": before}


def test_the_tables_of_a_report_have_it_in_the_next_row() -> None:
    found = results_of({"untrained": 0.1, "ga": 0.2, "ppo-pool-tables": 0.3, "random": 0.4})
    expected = ["ga", "ppo-pool-tables", "untrained", "random"]
    assert [row.optimizer for row in rows(found, "SVM")] == expected
    assert [line[0] for line in pooled_cells(found)[1:]] == expected
