"""Comparisons with several trials in flight: regret over simulated time by hand, what is stored, and what is refused.

The task `b` of `planned` has rows of costs 1, 2, 4, 1 (a unit is 2) and regrets .5, .75, 0, 1; .5625 in the mean. Two
workers that are given the rows 0, 2, 1, 3: row 0 runs to 1, then row 1 to 3, then row 3 to 4, beside row 2, which runs
to 4. In units they end at .5, 1.5, 2 and 2, in the order 0, 1, 2, 3. Four evaluations by two are a time of 2.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import toys
from bench_optimizers import rows
from test_spent import planned

import hpo_gym
from hpo_gym.base import InvalidValueError
from hpo_gym.bench import Protocol, named_protocol
from hpo_gym.bench.cells import Cell
from hpo_gym.problem import Budget

SMALL = {"seeds": 1, "engine": "serial", "progress": False}
CELL = Cell("S", "hash", "t", None, 0)


def flown(out: Path, *, test: bool = False, **more: Any) -> Any:
    options: dict[str, Any] = {**SMALL, "budget": 4, "in_flight": 2, **more}
    return hpo_gym.benchmark({"listed": rows("0213")}, planned(test=test), out=out, **options)


# ---------------------------------------------------------------------- by hand
@pytest.mark.long
@pytest.mark.parametrize("test", [False, True])
def test_regret_over_trials_and_over_simulated_time_by_hand(test: bool, undrawn: None, tmp_path: Path) -> None:
    results = flown(tmp_path / "out", test=test)
    early, late = (0.4375, 0.25) if test else (0.5625, 0.0)
    (over_trials,) = [c for c in results.curves["Planned"] if c.optimizer == "listed"]
    (over_time,) = [c for c in results.times["Planned"] if c.optimizer == "listed"]
    assert over_trials.regret[0, 0].tolist() == [0.5, 0.5, late, late] and over_trials.workers == 1
    assert over_time.regret[0, 0].tolist() == [early] * 8 + [0.5] * 24 + [late]
    assert (over_time.cost, over_time.workers) == (2.0, 2)
    reported = results.data["suites"]["Planned"]["optimizers"]["listed"]["time"]
    assert reported["auc"][0] == pytest.approx((8 * early + 24 * 0.5 + late) / 33, abs=1e-6)
    assert reported["last"][0] == late
    frame = results.to_frame().set_index("optimizer").loc["listed"]
    assert frame["time_auc"] == reported["auc"][0] and frame["time_last"] == late
    trials = results.trials()
    own = trials[trials["optimizer"] == "listed"]
    assert own["clock"].tolist() == [0.5, 1.5, 2.0, 2.0] and [c["row"] for c in own["config"]] == [0, 1, 2, 3]


@pytest.mark.long
def test_a_budget_in_cost_is_spent_in_the_order_of_ends(undrawn: None, tmp_path: Path) -> None:
    """3 units are a cost of 6: rows 0, 2 and 1 take 7, so row 1 is cut at 1 and ends first after row 0."""
    results = flown(tmp_path / "out", budget=None, budget_cost=3)
    own = results.trials().query("optimizer == 'listed'")
    assert [c["row"] for c in own["config"]] == [0, 1, 2] and own["status"].tolist() == ["ok", "timeout", "ok"]
    assert own["spent"].tolist() == [0.5, 1.0, 3.0] and own["clock"].tolist() == [0.5, 1.0, 2.0]
    (over_time,) = [c for c in results.times["Planned"] if c.optimizer == "listed"]
    assert over_time.cost == 1.5 and over_time.regret[0, 0].tolist() == [0.5625] * 10 + [0.5] * 23


@pytest.mark.slow
def test_results_are_the_same_on_one_process_and_on_two(tmp_path: Path) -> None:
    texts = []
    for workers in (1, 2):
        out = tmp_path / str(workers)
        hpo_gym.benchmark(["random", "ga"], toys.gappy(), budget=6, seeds=2, in_flight=3, workers=workers, out=out,
                          engine="process", progress=False)  # fmt: skip
        data = json.loads((out / "results.json").read_text())
        texts.append({key: value for key, value in data.items() if key != "timings"})
        assert "Regret over simulated time" in (out / "report.html").read_text()
    assert texts[0] == texts[1] and texts[0]["protocol"]["in_flight"] == 3


# ---------------------------------------------------------------------- what is stored
# ---------------------------------------------------------------------- named protocols, refusals
def test_a_named_protocol_has_one_in_flight_unless_its_file_says_more(tmp_path: Path) -> None:
    assert all(named_protocol(name).protocol.in_flight == 1 for name in ("quick-v1", "tables-v1"))
    path = tmp_path / "four.yaml"
    path.write_text("name: four-v1\nabout: Four at once.\nsuites: SVM\nin_flight: 4\nseeds: 1\n")
    assert named_protocol(path).protocol == Protocol(seeds=1, in_flight=4)
    with pytest.raises(InvalidValueError, match="`in_flight` must be 1 under the protocol 'quick-v1'"):
        hpo_gym.benchmark("random", protocol="quick-v1", in_flight=2, out=tmp_path / "out")


def test_what_cannot_be_in_flight_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(InvalidValueError, match="`in_flight` must be an integer"):
        hpo_gym.benchmark("random", "SVM", in_flight=0, out=out)
    with pytest.raises(InvalidValueError, match="`in_flight` must be 1 on 'Trainings'"):
        hpo_gym.benchmark("constant", "Trainings", in_flight=2, out=out)
    with pytest.raises(InvalidValueError, match="`in_flight` must be 1 with `checkpoints`"):
        replace(Protocol(budget=Budget.of(None, 3, True)), in_flight=2)
    assert not out.exists()


@pytest.mark.long
def test_an_entry_has_one_in_flight(undrawn: None, tmp_path: Path) -> None:
    flown(tmp_path / "out")
    with pytest.raises(InvalidValueError, match="`in_flight` must be 1 in an entry, got 2"):
        hpo_gym.bench.pack(tmp_path / "out", {}, optimizer="listed")
