"""What is said of certainty counts families: equal to loops over families, and as wide as it must be."""

from __future__ import annotations

import numpy as np
import pytest
import slow_statistics as slow

from hpo_gym.base.errors import InvalidValueError, UnknownNameError
from hpo_gym.bench.intervals import Resamples, skewed, skewness, witness_of
from hpo_gym.bench.metrics import TEST, Curves, overtuning, summarise
from hpo_gym.bench.report.tables import cells, csv_text, said
from hpo_gym.bench.report.words import NARROW
from hpo_gym.suites.load import load_suite

FAMILIES = ("x", "y", "x", "z", "y", "x", "w", "v")


def curves(name: str, seed: int, *, score: str = "validation", families: tuple[str, ...] = FAMILIES) -> Curves:
    """Runs with ties, in eighths, and a failed cell."""
    rng = np.random.default_rng(seed)
    regret = rng.integers(0, 9, (len(families), 2, 4)) / 8
    regret[1, 0] = np.nan
    return Curves("S", name, tuple(f"t{i}" for i in range(len(families))), regret, families, score)


def grouped(values: np.ndarray, families: tuple[str, ...]) -> dict[str, list[float]]:
    out: dict[str, list[float]] = {}
    for v, f in zip(values.tolist(), families, strict=True):
        out.setdefault(f, []).append(v)
    return out


def filled(c: Curves) -> list[list[list[float]]]:
    return [[[1.0 if np.isnan(v) else v for v in run] for run in task] for task in c.regret.tolist()]


def by_hand(c: Curves, portfolio: Curves, everyone: list[Curves]) -> dict[str, list[float]]:
    """Values of each task by loops."""
    own, other = filled(c), filled(portfolio)

    def area(task: list[list[float]]) -> float:
        return slow.mean([slow.mean(run) for run in task])

    out: dict[str, list[float]] = {key: [] for key in ("auc", "log_auc", "rank", "gain", "solved", "p_better")}
    for i, task in enumerate(own):
        mine, theirs = area(task), area(other[i])
        areas = [area(filled(e)[i]) for e in everyone]
        out["auc"].append(mine)
        out["log_auc"].append(slow.mean([np.log10(v + 0.001) for run in task for v in run]))
        out["rank"].append(sum(a < mine - 1e-12 for a in areas) + (sum(abs(a - mine) < 1e-12 for a in areas) + 1) / 2)
        out["gain"].append(theirs - mine)
        out["solved"].append(slow.mean([float(run[-1] < 0.01) for run in task]))
        out["p_better"].append(0.5 if abs(mine - theirs) < 1e-12 else float(mine < theirs))
    return out


@pytest.mark.long
@pytest.mark.parametrize("families", [FAMILIES, ("x",) * 4 + ("y",) * 4, tuple("abcdefgh"), tuple("abcdefghiaab")])
def test_a_summary_equals_loops_over_families(families: tuple[str, ...]) -> None:
    everyone = [curves(n, i, families=families) for i, n in enumerate(("portfolio", "a", "b"))]
    found = summarise(everyone)
    ps = []
    for c in everyone:
        values = by_hand(c, everyone[0], everyone)
        for key, by_task in values.items():
            groups = grouped(np.array(by_task), families)
            expected = slow.interval(lambda drawn, g=groups: slow.mean_of(g, drawn), families)
            assert found[c.optimizer][key] == pytest.approx(expected, abs=2e-6), (c.optimizer, key)
        own, other = (grouped(np.array(by_hand(x, everyone[0], everyone)["auc"]), families) for x in (c, everyone[0]))
        ratio = slow.interval(lambda d, a=own, b=other: slow.mean_of(a, d) / slow.mean_of(b, d), families, slow.RATIOS)
        assert found[c.optimizer]["ratio"] == pytest.approx(ratio, abs=2e-6)
        gain = values["gain"]
        if c.optimizer != "portfolio":
            ps.append(
                slow.exchanged_p(
                    lambda s, g=gain: slow.mean([-v if f in s else v for v, f in zip(g, families, strict=True)]),
                    families,
                )
            )
    assert [found[n]["p"] for n in ("a", "b")] == pytest.approx(ps, abs=1e-6)
    assert [found[n]["p_holm"] for n in ("a", "b")] == pytest.approx(slow.holm(ps), abs=2e-6)
    assert found["a"]["n_families"] == len(set(families)) and found["a"]["n_tasks"] == len(families)
    assert found["portfolio"]["p"] is None


def test_one_family_has_a_mean_and_no_interval() -> None:
    everyone = [curves(n, i, families=("x",) * 8, score=TEST) for i, n in enumerate(("portfolio", "a"))]
    found = summarise(everyone)["a"]
    for key in ("auc", "log_auc", "rank", "gain", "solved", "p_better", "ratio", "overtuned"):
        mean, low, high = found[key]
        assert mean is not None and low is high is None, key
    assert all(e[1:] == [None, None] for e in found["regret"].values())
    assert found["p"] is found["p_holm"] is None
    alone = summarise([curves(n, i, families=("x",) * 8) for i, n in enumerate(("portfolio", "a"))])["a"]
    assert alone["auc"][0] == found["auc"][0]


def test_the_interval_covers_where_tasks_of_a_family_are_alike() -> None:
    """30 families of one to six tasks that share most of their value: by families it covers, by tasks it does not."""
    rng = np.random.default_rng(2)
    place = np.repeat(np.arange(30), rng.integers(1, 7, 30))
    families = [f"f{i:02}" for i in place]
    samples = {"families": Resamples.of(families), "tasks": Resamples.of([f"t{i:03}" for i in range(len(place))])}
    hits = dict.fromkeys(samples, 0)
    for _ in range(300):
        values = rng.normal(0.0, 1.0, 30)[place] + rng.normal(0.0, 0.3, len(place))
        for name, sample in samples.items():
            _, low, high = sample.mean(values)
            assert low is not None and high is not None
            hits[name] += low <= 0.0 <= high
    assert 0.93 <= hits["families"] / 300 < 1.0
    assert hits["tasks"] / 300 < 0.85


def drawn(families: int, many: int) -> tuple[np.ndarray, np.ndarray]:
    """AUCs of two optimizers on families, ``(families, many)`` each, as skewed and related as those of the suites."""
    rng = np.random.default_rng(families)
    shared = rng.beta(0.5, 4.0, (families, many))  # mean 1 / 9
    return shared * rng.uniform(0.4, 1.0, shared.shape), shared * rng.uniform(0.8, 1.0, shared.shape)


def covered(edges: tuple[np.ndarray, np.ndarray], true: float) -> float:
    return float(((edges[0] <= true) & (true <= edges[1])).mean())


@pytest.mark.long
@pytest.mark.parametrize("families", [8, 12, 30])
def test_intervals_cover(families: int) -> None:
    """Of a mean, a difference and a ratio; the percentile interval of a bootstrap does not."""
    own, other = drawn(families, 2000)
    sample = Resamples.of([f"f{i:02}" for i in range(families)])
    assert covered(sample.estimate(own)[1:], 0.7 / 9) >= 0.90
    assert covered(sample.estimate(own - other)[1:], -0.2 / 9) >= 0.90
    ratios = np.array([sample.ratio(a, b) for a, b in zip(own.T, other.T, strict=True)], np.float64)
    assert covered((ratios[:, 1], ratios[:, 2]), 7 / 9) >= 0.92
    counts = np.random.default_rng(0).multinomial(families, [1 / families] * families, 2000)
    percentiles = np.percentile(counts @ own / families, (2.5, 97.5), axis=0)
    assert covered((percentiles[0], percentiles[1]), 0.7 / 9) < (0.90 if families < 30 else 0.94)


def test_curves_name_a_family_per_task_or_none() -> None:
    assert Curves("S", "a", ("x", "y"), np.zeros((2, 1, 1))).families == ("x", "y")
    with pytest.raises(InvalidValueError, match=r"`families` must name one per task, got 1 for 2 \('S', 'a'\)"):
        Curves("S", "a", ("x", "y"), np.zeros((2, 1, 1)), ("f",))
    with pytest.raises(UnknownNameError, match="Did you mean 'test'"):
        Curves("S", "a", ("x",), np.zeros((1, 1, 1)), score="tset")


# ---------------------------------------------------------------------- overtuning
RUNS = [
    [[0.5, 0.25, 0.5], [0.5, 0.25, 0.25]],  # one of two fell, by .25
    [[0.0, 0.0, 1.0], [0.125, 0.5, 0.375]],  # both, by 1 and .25
    [[1.0, 1.0, 1.0], [np.nan] * 3],  # none; a failed one is none
]


def test_overtuning_by_hand() -> None:
    c = Curves("S", "a", tuple("xyz"), np.array(RUNS), score=TEST)
    share, by = overtuning(c)
    assert share.tolist() == [0.5, 1.0, 0.0] and by.tolist() == [0.125, 0.625, 0.0]
    found = summarise([c])["a"]
    assert found["overtuned"][0] == 0.5 and found["overtuned_by"][0] == 0.5  # (.25 + 1 + .25) / 3
    assert "overtuned" not in summarise([Curves("S", "a", tuple("xyz"), np.array(RUNS))])["a"]


def test_rounding_is_no_overtuning_and_of_none_there_is_no_size() -> None:
    c = Curves("S", "a", ("x", "y"), np.array([[[0.3, 0.1 + 0.2]], [[0.2, 0.2]]]), score=TEST)
    assert summarise([c])["a"]["overtuned"] == [0.0, None, None]
    assert summarise([c])["a"]["overtuned_by"] == [None, None, None]


@pytest.mark.parametrize(
    ("suite", "families", "witnesses"),
    [("LM", 3, {"text"}), ("Control", 2, {"acrobot", "cartpole"})],
)  # fmt: skip
def test_families_that_say_the_same_count_once(suite: str, families: int, witnesses: set[str]) -> None:
    tasks = load_suite(suite).tasks("test")
    assert len({t.family for t in tasks}) == families and {witness_of(t.suite, t.family) for t in tasks} == witnesses


@pytest.mark.parametrize(
    ("values", "families", "by_hand"),
    [
        ([0, 0, 0, 0, 0, 0, 0, 1], "abcdefgh", 2.267787),  # p = 1/8: (1 - 2 p) / sqrt(p (1 - p)) = .75 / sqrt(7 / 64)
        ([0, 0, 0, 0, 0, 0, 0, -1], "abcdefgh", -2.267787),
        ([0, 0, 0, 0, 1], "abcde", 1.5),  # .6 / sqrt(.16)
        ([0, 0, 0, 0, 0, 2, 0], "abcdeee", 1.5),  # a family counts by its mean, here 2/3
        ([1, 1, 1], "abc", None),
    ],
)
def test_skewness_by_hand(values: list[float], families: str, by_hand: float | None) -> None:
    found = skewness(np.array(values, np.float64), families)
    assert found == (None if by_hand is None else pytest.approx(by_hand, abs=1e-6))
    assert skewed(found) == (by_hand is not None and abs(by_hand) > 2)


def test_a_gain_of_skewed_families_is_marked() -> None:
    """Of eight families one gains .8 and seven nothing: 2.27; of the other optimizer half gain."""
    values = {"portfolio": [0.9] * 8, "few": [0.1] + [0.9] * 7, "half": [0.5, 0.9] * 4}
    names = tuple("abcdefgh")
    found = summarise([Curves("S", n, names, np.array(v)[:, None, None], names) for n, v in values.items()])
    assert {name: s["skewness"] for name, s in found.items()} == {"few": 2.267787, "half": 0.0, "portfolio": None}
    part = {"score": "validation", "tested_tasks": 0, "end": "best", "n_tasks": 8, "n_families": 8, "comparisons": 2}
    results = {"protocol": {"budget": 4}, "suites": {"S": {**part, "optimizers": found}}}
    assert NARROW in said(results, "S")
    marked = {row[0]: "‡" in row[2] for row in cells(results, "S", timings=False)[1:]}
    assert marked == {"few": True, "half": False, "portfolio": False}
    head, *lines = csv_text(results, timings=False).splitlines()
    assert [line.split(",")[head.split(",").index("skewness")] for line in lines] == ["0.0", "2.267787", ""]
