"""An optimizer that cannot run on a suite is refused before a comparison begins, by name, with what would fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import toys
from bench_optimizers import Draws

import hpo_gym
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.bench import runner
from hpo_gym.bench.runner import benchmark
from hpo_gym.optimize.fitting import check_fits
from hpo_gym.optimize.protocol import OPTIMIZERS, Context
from hpo_gym.optimize.rollouts import begun, choices_of, turns
from hpo_gym.suites.load import load_suite


class Picky(Draws):
    """Needs a hyperparameter of a name."""

    def fits(self, context: Context) -> None:
        if "degree" not in context.space.names:
            raise InvalidValueError(f"It needs `degree`, got {list(context.space.names)}.")


@pytest.mark.parametrize(
    ("optimizers", "suite", "said"),
    [
        (["cosine"], "SVM", r"on 'SVM', 'cosine' cannot\. .* without a pool .* 'cosine' runs on Trainings; on 'SVM'"),
        (["random", "cosine", "step"], "SVM", "'cosine' and 'step' cannot"),
        (["plateau"], "Functions", "must have `learning_rate` to be scheduled"),
        (["tpe", "hyperband", "rgpe"], "Trainings", r"'hyperband' and 'rgpe' cannot\. .* go on from each other"),
        (["fsbo"], "Trainings", r"'fsbo' runs on .*; on 'Trainings' run default"),
        (["ppo-pool", "bc"], "Functions", "'ppo-pool' and 'bc' cannot. A pool policy is trained on tables"),
        ({"mine": Picky}, "Functions", r"'mine' cannot\. It needs `degree`, .* runs on SVM.*; on 'Functions' run"),
    ],
)  # fmt: skip
def test_it_is_refused_by_name_with_what_would_fit(optimizers: Any, suite: str, said: str, tmp_path: Path) -> None:
    for word in optimizers if isinstance(optimizers, list) else []:
        if not OPTIMIZERS.installed(word):
            pytest.skip(f"{word} is not installed")
    with pytest.raises(InvalidValueError, match=said):
        benchmark(optimizers, suite, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_of_the_default_optimizers_it_is_left_out_with_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "FIRST", ("random", "transfer-mix"))
    with pytest.warns(UserWarning, match=r"transfer-mix is left out on Trainings\. .* go on from each other"):
        results = benchmark(suites="Trainings", tasks=1, seeds=1, budget=2, engine="serial", out=tmp_path)
    assert set(results.data["protocol"]["optimizers"]) == {"random", "default", "portfolio"}
    assert results.failed_cells == 0


@pytest.mark.long
def test_one_trained_elsewhere_is_refused(tmp_path: Path) -> None:
    suite = toys.plain()
    hpo_gym.train("q-learning", suite, steps=200, out=tmp_path / "mine")
    with pytest.raises(InvalidValueError, match=r"the one trained on.* on 'SVM' run default"):
        benchmark(str(tmp_path / "mine"), "SVM", out=tmp_path / "out")
    assert benchmark(str(tmp_path / "mine"), suite, budget=2, seeds=1, out=tmp_path / "out").failed_cells == 0


@pytest.mark.long
@pytest.mark.parametrize("suite", ["SVM", "Functions", "Trainings"])
def test_it_fits_exactly_where_its_first_trial_is_made(suite: str) -> None:
    loaded = load_suite(suite)
    task = loaded.tasks("test")[0]
    for name, entry in OPTIMIZERS.entries().items():
        if entry.about["trainable"] or not OPTIMIZERS.installed(name):
            continue
        optimizer = OPTIMIZERS.get(name)()
        run, context, instance = begun(task, 3, prior=loaded.prior())
        first = turns(optimizer, run, context, choices_of(optimizer, instance))
        assert reason(check_fits, optimizer, task) == reason(next, first), name


def reason(call: Callable[..., Any], *arguments: Any) -> str:
    """Why a call is refused; "" if it is not."""
    try:
        call(*arguments)
    except InvalidValueError as fault:
        return str(fault)
    return ""
