"""Repeats of a comparison: counted from stored trials, shown in every table, remarked on where they cannot pay."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys

import hpo_gym
from hpo_gym.bench.report import console_tables
from hpo_gym.problem.trial import Query


class Stubborn:
    """Propose three configurations at random, then the last of them for ever."""

    def reset(self, context: Any, rng: np.random.Generator) -> None:
        self.left = context.pool[rng.permutation(len(context.pool))[:3]].tolist()
        self.space = context.space

    def ask(self) -> Query:
        x = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        return Query(self.space.from_unit(np.array(x)))

    def tell(self, trial: Any) -> None:
        pass


@pytest.mark.long
def test_a_stubborn_optimizer_repeats_five_of_eight_trials(tmp_path: Path) -> None:
    suite = toys.plain()
    options: Any = {"budget": 8, "seeds": 2, "engine": "serial", "progress": False}
    with pytest.warns(UserWarning, match=r"run on Plain repeat .* which cannot pay there: Stubborn \(62 %\)\."):
        made = hpo_gym.benchmark([Stubborn, "random"], suite, out=tmp_path / "out", **options)
    again = hpo_gym.Results.load(tmp_path / "out")  # from what is stored
    for results in (made, again):
        found = {name: s["repeats"] for name, s in results.data["suites"]["Plain"]["optimizers"].items()}
        assert found["Stubborn"] == 5 / 8 and found["random"] == found["portfolio"] == 0.0
        assert len(results.notes) == 1
    (line,) = [x for x in csv.DictReader((tmp_path / "out" / "table.csv").open()) if x["optimizer"] == "Stubborn"]
    assert line["repeats"] == "0.625" and "62 %" in made.to_markdown()
    assert made.to_frame().set_index("optimizer")["repeats"]["Stubborn"] == 0.625
    (sheet,) = console_tables(made.data)
    assert next(c for c in sheet.columns if c.head == "repeats").rank == 1
    assert (tmp_path / "out" / "report.html").read_text().count(">repeats<") >= 2  # the short table, and all columns
