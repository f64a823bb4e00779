"""Transfer baselines are those of their statements, whatever is missing or failed, and learn a prior once."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys
from ConfigSpace import ConfigurationSpace

from hpo_baselines import average_rank, ebgp
from hpo_baselines._models import experts, gaussian_process, meta_table
from hpo_baselines._models.acquisition import log_expected_improvement, standardised
from hpo_baselines._models.columns import Columns
from hpo_baselines._models.experts import experts_of, processes_of
from hpo_baselines._models.gaussian_process import GaussianProcess
from hpo_baselines._models.meta_table import table_of
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer import surrogate
from hpo_baselines._transfer.earlier import Place
from hpo_baselines.rgpe import own_losses, ranking_losses, ranking_weights
from hpo_baselines.transfer_mix import Product
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import Run as Alone
from hpo_gym.optimize.rollouts import run_batch, run_one
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Query, Trial
from hpo_gym.suites.load import load_suite

EXPERTS = ["rgpe", "taf-r"]  # they have a process of each earlier task
# they look earlier scores up
TABLES = ["ebgp", "task-mixture", "transfer-mix", "transfer-mix-per-cost", "transfer-time"]
ALL = [*EXPERTS, *TABLES, "average-rank", "gp-warm", "gp-fade"]
RECORDED = Path(__file__).parents[1] / "data" / "transfer_acquisitions.npz"
CASES = range(3)


@functools.cache
def space(d: int = 2) -> SearchSpace:
    return SearchSpace(ConfigurationSpace(space={f"x{j}": (0.0, 1.0) for j in range(d)}))


def evaluations(name: str, x: np.ndarray, score: Any, status: Any = None) -> Evaluations:
    y = np.asarray(score, float)
    codes = np.zeros(len(y), np.int8) if status is None else np.asarray(status, np.int8)
    return Evaluations(name, name, x, y, np.ones(len(y)), codes)


def prior_of(y: Any, x: np.ndarray) -> tuple[Evaluations, ...]:
    return tuple(evaluations(f"t{i}", x, row) for i, row in enumerate(np.asarray(y, float)))


def smooth(seed: int, k: int, x: np.ndarray) -> np.ndarray:
    """Scores of `k` tasks whose best points are near (.7, .7, ...), each on a scale of its own, ``(k, m)``."""
    rng = np.random.default_rng(seed)
    best = 0.7 + 0.05 * rng.normal(size=(k, 1, x.shape[1]))
    return rng.normal(size=(k, 1)) - np.exp(rng.normal(size=(k, 1))) * ((x - best) ** 2).sum(2)


def points(m: int, d: int = 2, seed: int = 0) -> np.ndarray:
    return space(d).snap(np.random.default_rng(seed).random((m, d)))


def bowl(x: np.ndarray) -> float:
    return -float(((x - 0.6) ** 2).sum())


def context(x: np.ndarray | None, prior: Sequence[Evaluations], d: int = 2, **more: Any) -> Context:
    return Context(space(d), 33.0, pool=x, prior=prior, **more)


def asked(
    name: str, context: Context, count: int, score: Any = bowl, given: Sequence[np.ndarray] = (), **options: Any
) -> np.ndarray:
    """The points that are asked for after given ones; `score` is a function of a point."""
    optimizer, s, out = make_optimizer(name, **options), context.space, []
    optimizer.reset(context, np.random.default_rng(0))
    for x in given:
        optimizer.tell(Trial(Query(s.from_unit(x)), float(score(x))))
    for _ in range(count):
        query = optimizer.ask()
        if query is None:
            break
        out.append(s.to_unit(query.config))
        optimizer.tell(Trial(query, float(score(out[-1]))))
    return np.array(out).reshape(-1, s.d)


def acquisition(name: str, run: Run, rows: Sequence[int], y: np.ndarray, **options: Any) -> Any:
    """What candidates are chosen by, after trials of some rows of the run's pool."""
    assert run.pool is not None
    optimizer: Any = make_optimizer(name, **options)
    return optimizer.begin(run).fit(Place(run.pool.x[list(rows)], np.array(rows, int)), y)


def everywhere(run: Run) -> Place:
    assert run.pool is not None
    return Place(run.pool.x, slice(None))


# ---------------------------------------------------------------------- recorded answers of a plain statement
@functools.cache
def recorded(case: int) -> dict[str, np.ndarray]:
    """Inputs, and what an independent statement of each method answered: never to be made from our own answers."""
    with np.load(RECORDED, allow_pickle=False) as file:
        mine = {n.partition(".")[2]: file[n] for n in file.files if n.startswith(f"{case}.")}
        return mine | {"lengths": file["lengths"]}


@functools.cache
def recorded_context(case: int) -> Context:
    r = recorded(case)
    return context(r["x"], prior_of(r["train"], r["x"]), r["x"].shape[1])


def recorded_run(case: int) -> Run:
    return Run(recorded_context(case), np.random.default_rng([int(recorded(case)["seed"]), 11]))


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A case whose processes have the recorded hyperparameters, which were found by a numerical gradient."""
    r = recorded(request.param)
    earlier, own = iter(r["experts.parameters"]), dict(zip(r["lengths"][3:], r["own.parameters"], strict=True))
    monkeypatch.setattr(gaussian_process, "_most_probable", lambda x, *_: own[len(x)] if len(x) < 80 else next(earlier))
    forget()
    yield request.param
    forget()


def forget() -> None:
    experts._experts.cache_clear()
    processes_of.cache_clear()


def trials_of(case: int, place: int) -> tuple[list[int], np.ndarray]:
    r = recorded(case)
    rows = r["rows"][: r["lengths"][place]].tolist()
    return rows, r["y"][rows]


def compared(name: str, case: int, place: int) -> tuple[np.ndarray, np.ndarray]:
    """Our values and the recorded ones."""
    run, (rows, y) = recorded_run(case), trials_of(case, place)
    ours, theirs = acquisition(name, run, rows, y)(everywhere(run)), recorded(case)[f"{name}.acquisition"][place]
    underflows = name == "rgpe" and len(rows) >= 3
    return np.maximum(ours, np.log(1e-300)) if underflows else ours, theirs


@pytest.mark.parametrize("place", range(7))
@pytest.mark.parametrize("name", ["task-mixture", "ebgp", "transfer-mix", "rgpe", "taf-r"])
def test_acquisition_values_are_those_of_the_statement(name: str, case: int, place: int) -> None:
    ours, theirs = compared(name, case, place)
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)


def test_what_earlier_processes_predict_is_that_of_the_statement(case: int) -> None:
    r, found = recorded(case), experts_of(recorded_run(case), 80, 0, False)
    assert found is not None
    assert found.mean == pytest.approx(r["experts.mean"], rel=1e-9, abs=1e-12)
    assert np.sqrt(found.variance) == pytest.approx(r["experts.sd"], rel=1e-9)


def test_weights_of_processes_are_those_of_the_statement_for_the_same_draws(case: int) -> None:
    r, run = recorded(case), recorded_run(case)
    found = experts_of(run, 80, 0, False)
    assert found is not None
    for place, parameters, weight in zip(range(3, 7), r["own.parameters"], r["rgpe.weights"], strict=True):
        rows, y = trials_of(case, place)
        z, rng = standardised(y), recorded_run(case).rng
        noise = rng.standard_normal((len(found.mean), 30, len(y)))
        sd = np.sqrt(found.variance)
        losses = [ranking_losses(m[rows], s[rows], z, e) for m, s, e in zip(found.mean, sd, noise, strict=True)]
        own = GaussianProcess(r["x"][rows], z, parameters)
        mine = own_losses(*own.leave_one_out(), z, rng.standard_normal((30, len(y))))
        assert ranking_weights(np.array(losses), mine) == pytest.approx(weight, abs=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_the_order_of_average_ranks_is_that_of_the_statement(case: int) -> None:
    known = recorded_context(case)
    assert np.array_equal(asked("average-rank", known, 90), known.pool[recorded(case)["average-rank.order"]])  # type: ignore[index]


# ---------------------------------------------------------------------- without a statement to compare with
@pytest.mark.parametrize("name", ["taf-r"])
def test_where_no_earlier_task_counts_two_trials_are_followed_by_a_random_one(name: str) -> None:
    x = points(40)
    run = Run(context(x, prior_of(smooth(1, 4, x), x)), np.random.default_rng(0))
    found = experts_of(run, 80, 0, False)
    assert found is not None
    wrong = np.array([int(found.top.argmax()), int(found.top.argmin())])
    assert acquisition(name, run, wrong.tolist(), np.array([-1.0, 1.0])) is None
    assert acquisition(name, run, wrong.tolist(), np.array([1.0, -1.0])) is not None


def test_a_warm_start_tries_the_portfolio_after_given_points_and_then_its_process() -> None:
    x = points(60)
    known = context(x, prior_of(smooth(1, 6, x), x))
    first = asked("portfolio", known, 5, given=x[:2])
    warm = asked("gp-warm", known, 8, given=x[:2])
    assert np.array_equal(warm[:5], first)
    assert not np.array_equal(asked("gp-warm", known, 8, given=x[:2], n_init=8)[5:], warm[5:])
    process = GaussianProcess.fit  # the sixth is the best of a process whose prior is the earlier tasks'
    learned = [p.log_parameters for p in processes_of(Columns(known.space, False), tuple(known.prior), 80, 0)]
    seen = np.concatenate([x[:2], first])
    y = np.array([bowl(p) for p in seen])
    own = process(seen, y, centre=np.mean(learned, axis=0))
    value = log_expected_improvement(*own.predict(x), float(y.max()))
    value[[i for i, p in enumerate(x) if (seen == p).all(1).any()]] = -np.inf
    assert np.array_equal(warm[5], x[value.argmax()])


# ---------------------------------------------------------------------- little is known
@pytest.mark.parametrize("prior", [(), (evaluations("wide", np.full((2, 3), 0.5), [0.0, 1.0]),)], ids=["none", "wide"])
@pytest.mark.parametrize("pool", [True, False])
@pytest.mark.parametrize("name", ALL)
def test_without_a_prior_of_use_it_is_the_search_that_needs_none(name: str, pool: bool, prior: Any) -> None:
    x = points(40) if pool else None
    other = "gp-ei" if name in (*EXPERTS, "gp-warm", "gp-fade", "transfer-time") else "random"
    assert np.array_equal(asked(name, context(x, prior), 8), asked(other, context(x, prior), 8))


@pytest.mark.parametrize("name", ALL)
def test_how_bad_an_earlier_failure_is_said_to_be_changes_nothing(name: str) -> None:
    x = points(40)
    y = smooth(3, 5, x)
    failed = np.random.default_rng(4).random(y.shape) < 0.3
    low = np.where(failed, np.inf, y).min(1, keepdims=True)
    of = [
        [
            evaluations(f"t{i}", x, row, bad)
            for i, (row, bad) in enumerate(zip(np.where(failed, v, y), failed, strict=True))
        ]
        for v in (low, low - 1.0, np.full_like(low, -1e300))
    ]
    first, second, third = (asked(name, context(x, prior), 12) for prior in of)
    assert np.array_equal(first, second)
    assert np.array_equal(first, third)


def test_scores_that_were_not_measured_are_estimated_by_those_of_other_tasks() -> None:
    x = points(4)
    y = np.array([[0.0, 1.0, 2.0, np.nan], [10.0, 30.0, 50.0, 70.0], [5.0, 5.0, 5.0, np.nan]])
    table = table_of(Run(context(x, prior_of(y, x)), np.random.default_rng(0)))
    assert table is not None
    usual = (70.0 - 40.0) / np.std([10.0, 30.0, 50.0, 70.0])  # only the second task knows the last point
    assert table.y[0, 3] == pytest.approx(1.0 + np.std([0.0, 1.0, 2.0]) * usual)
    assert table.y[2, 3] == 5.0
    assert np.array_equal(table.y[:, :3], y[:, :3])


# ---------------------------------------------------------------------- one answer, however it is asked for
@pytest.mark.parametrize("name", [*EXPERTS, *TABLES])
def test_a_candidate_has_one_value_whether_it_is_a_row_among_all_or_among_some(name: str) -> None:
    x = points(50)
    run = Run(context(x, prior_of(smooth(1, 6, x), x)), np.random.default_rng(0))
    for n in (0, 2, 6):
        value = acquisition(name, run, range(n), smooth(2, 1, x)[0, :n])
        some = np.array([40, 3, 17])
        assert value(Place(x[some], some)) == pytest.approx(value(everywhere(run))[some], rel=1e-9)
        near = value(Place(x[some], some, exact=False))
        if name in EXPERTS:
            assert near == pytest.approx(value(everywhere(run))[some], rel=1e-6)
        assert near.shape == (3,)


SUITES = [toys.gappy(), toys.plain(), toys.ragged(), toys.formulas()]


# ---------------------------------------------------------------------- once for a prior
def counted(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[Any]:
    calls: list[Any] = []
    plain = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *args: (calls.append(args), plain(*args))[1])
    return calls


@pytest.mark.long
@pytest.mark.parametrize("own", [True, False])
def test_a_prior_is_learned_once_for_all_runs_and_baselines(own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    fits = counted(monkeypatch, experts, "_process")
    predictions = counted(monkeypatch, experts, "_predict")
    surrogates = counted(monkeypatch, surrogate, "Surrogate")
    filled = counted(monkeypatch, meta_table, "MetaTable")
    learned = [average_rank.average_ranks, ebgp.task_prior]
    before = [f.cache_info().misses for f in learned]
    x = points(60)
    y = smooth(1, 5, x)
    prior = prior_of(y, points(60, seed=1) if own else x)
    for _ in range(3):
        for name in ALL:
            # as in a benchmark: each task has a context of its own, with an equal pool and the fold's prior
            contexts = [context(x.copy(), prior) for _ in range(2)]
            optimizer: Any = make_optimizer(name)
            optimizer.reset_batch(contexts, [np.random.default_rng(i) for i in range(2)])
            optimizer.choose(optimizer._runs)
            asked(name, context(x.copy(), list(prior)), 7)
    assert len(fits) == 5
    assert len(predictions) == 1
    assert len(filled) == 1
    assert len(surrogates) == (5 if own else 0)
    assert [f.cache_info().misses - b for f, b in zip(learned, before, strict=True)] == [1, 1]


# ---------------------------------------------------------------------- settings
def test_replicates_with_equal_trials_share_a_fit_and_choose_as_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: Counter[int] = Counter()
    whole = Product._product
    monkeypatch.setattr(Product, "_product", lambda self, seen, y: fitted.update([len(y)]) or whole(self, seen, y))
    suite = load_suite("SVM")
    tasks = [task for task in suite.tasks("val")[:2] for _ in range(3)]  # three replicates each
    contexts = [Context.of(task, 5, suite.prior()) for task in tasks]
    rngs = [[np.random.default_rng([i, 5]) for i in range(6)] for _ in range(2)]
    mix: Any = make_optimizer("transfer-mix")
    runs = run_batch(mix, tasks, range(6), contexts, rngs[0], budget=5, n_init=0)
    assert fitted == dict.fromkeys(range(1, 5), 2), "a fit for each task and trial"
    for i, task in enumerate(tasks):
        alone = Alone(task, contexts[i], i)
        run_one(make_optimizer("transfer-mix"), alone, contexts[i], rngs[1][i])
        assert [t.score for t in alone.trials] == runs.arrays(i)["score"].tolist()
