"""Several suites as one number: equal to loops; families of several suites, zeros, failures, missing suites."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import slow_statistics as slow

from hpo_gym.bench import pooling
from hpo_gym.bench.metrics import Curves
from hpo_gym.bench.pooling import POOLED

PLACES = {
    "A": ("x", "x", "y", "z", "v", "f", "g", "h", "i"),  # eight families
    "B": ("y", "z", "z", "v", "f", "g", "h", "i", "w"),  # seven of A
    "C": ("u", "t", "u"),  # none of the others; too few for an interval
    "One": ("x", "x"),
    "Formulas": ("p", "q"),
}
pooled = functools.partial(pooling.pooled, least=2)
NAMES = ("portfolio", "random", "a", "b")


def group(suite: str, names: tuple[str, ...] = NAMES, *, zero: str = "", failed: str = "") -> list[Curves]:
    """Runs of one trial: 1/8 to 1, 0 for `zero`, failed for `failed`."""
    families, out = PLACES[suite], []
    for name in names:
        rng = np.random.default_rng([ord(c) for c in suite + name])
        regret = rng.integers(1, 9, (len(families), 2, 1)) / 8
        regret = np.zeros_like(regret) if name == zero else np.full_like(regret, np.nan) if name == failed else regret
        out.append(Curves(suite, name, tuple(f"{suite}{i}" for i in range(len(families))), regret, families))
    return out


def values(curves: dict[str, list[Curves]], name: str, suites: list[str]) -> list[dict[str, list[float]]]:
    """AUC of each task by suite and family."""
    out = []
    for suite in suites:
        (c,) = [c for c in curves[suite] if c.optimizer == name]
        found: dict[str, list[float]] = {}
        for family, runs in zip(c.families, c.regret.tolist(), strict=True):
            found.setdefault(family, []).append(slow.mean([1.0 if np.isnan(v) else v for (v,) in runs]))
        out.append(found)
    return out


def expected(curves: dict[str, list[Curves]], name: str, anchor: str, suites: list[str]) -> tuple[list[float], float]:
    own, other = (values(curves, n, suites) for n in (name, anchor))
    families = [f for a in own for f in a]
    p = slow.exchanged_p(lambda swapped: slow.pooled_exchanged(own, other, swapped), families)
    return slow.pooled_interval(own, other), p


def same(found: list[float | None], expected: list[float | None]) -> bool:
    a, b = (np.array(of, np.float64) for of in (found, expected))
    return bool(np.allclose(a, b, rtol=1e-5, atol=2e-6, equal_nan=True))


@pytest.mark.long
@pytest.mark.parametrize("suites", ["AB", "ABC"])
@pytest.mark.parametrize("planted", [{}, {"zero": "a"}, {"failed": "b"}, {"zero": "b"}])
def test_pooled_equals_loops(planted: dict[str, str], suites: str) -> None:
    curves = {suite: group(suite, **planted) for suite in (*suites, "One", "Formulas")}
    found = pooled(curves, ["Formulas"])
    assert found["suites"] == list(suites)
    assert found["apart"] == {"Formulas": "formulas", "One": "one family"}
    assert found["families"] == 7 + 2 * len(suites) - 2  # of A and B together nine
    for anchor in ("portfolio", "random"):
        part, ps = found["anchors"][anchor], []
        others = [n for n in sorted(NAMES) if n != anchor]
        for name in others:
            ratio, p = expected(curves, name, anchor, list(suites))
            row = part["optimizers"][name]
            assert same(row["ratio"], ratio), (anchor, name)
            assert row["p"] == pytest.approx(p, abs=1e-6), (anchor, name)
            assert row["n_suites"] == len(suites) and (row["ratio"][1] is None) == ("C" in suites)
            ps.append(p)
        assert [part["optimizers"][n]["p_holm"] for n in others] == pytest.approx(slow.holm(ps), abs=3e-6)
        assert part["comparisons"] == 3
        own = part["optimizers"][anchor]
        assert (own["ratio"], own["p"], own["p_holm"]) == (
            [1.0, *([1.0, 1.0] if suites == "AB" else [None, None])],
            None,
            None,
        )


def test_suites_weigh_alike_and_a_mean_of_ratios_is_geometric() -> None:
    families = {"A": tuple("abcdefgh"), "B": tuple("abcdefgi")}
    level = {("A", "portfolio"): 0.5, ("A", "a"): 0.25, ("B", "portfolio"): 0.125, ("B", "a"): 0.5}
    curves = {
        s: [Curves(s, n, f, np.full((len(f), 1, 1), level[s, n])) for n in ("portfolio", "a")]
        for s, f in families.items()
    }
    row = pooled(curves)["anchors"]["portfolio"]["optimizers"]["a"]
    assert row["ratio"] == [1.414214] * 3  # sqrt(1/2 * 4), in each subset
    assert "random" not in pooled(curves)["anchors"]


def test_suites_of_few_families_stand_beside() -> None:
    """Nine families are pooled, eight have their own ratio alone: a half, the same, and twice the portfolio's AUC."""
    level = {"Nine": (9, 0.25), "Eight": (8, 0.5), "One": (1, 1.0)}
    curves = {
        s: [Curves(s, n, tuple("abcdefghi"[:k]), np.full((k, 1, 1), v)) for n, v in (("portfolio", 0.5), ("a", own))]
        for s, (k, own) in level.items()
    }
    found = pooling.pooled(curves)
    assert POOLED == 9 and found["suites"] == ["Nine"] and found["families"] == 9
    assert found["apart"] == {"Eight": "few families", "One": "one family"}
    row = found["anchors"]["portfolio"]["optimizers"]["a"]
    assert row["ratio"][0] == 0.5 and {s: r[0] for s, r in row["apart"].items()} == {"Eight": 1.0, "One": 2.0}


def test_a_suite_whose_portfolio_leaves_nothing_stands_apart() -> None:
    level = {"A": 0.0019, "B": 0.002}
    curves = {
        s: [Curves(s, n, tuple("abcdefgh"), np.full((8, 1, 1), v)) for n, v in (("portfolio", own), ("random", 0.5))]
        for s, own in level.items()
    }
    found = pooled(curves)
    assert found["suites"] == ["B"] and found["apart"] == {"A": "nothing left"}
    row = found["anchors"]["portfolio"]["optimizers"]["random"]
    assert (row["ratio"], row["n_suites"]) == ([250.0] * 3, 1) and row["apart"]["A"][0] == pytest.approx(263.157895)


@pytest.mark.long
def test_who_did_not_run_everywhere_is_pooled_over_what_is_shared() -> None:
    curves = {"A": group("A"), "B": group("B", ("portfolio", "b")), "C": group("C", ("random", "a", "b"))}
    found = pooled(curves)["anchors"]
    by = {n: (row["n_suites"], row["ratio"]) for n, row in found["portfolio"]["optimizers"].items()}
    assert {n: count for n, (count, _) in by.items()} == {"a": 1, "b": 2, "portfolio": 2, "random": 1}
    assert by["b"][1] == pytest.approx(expected(curves, "b", "portfolio", ["A", "B"])[0], rel=1e-5)
    assert None not in by["b"][1]
    against = found["random"]["optimizers"]["b"]
    assert against["n_suites"] == 2
    ratio, p = expected(curves, "b", "random", ["A", "C"])
    assert same(against["ratio"], ratio) and against["p"] == pytest.approx(p, abs=1e-6)


def test_who_shares_no_suite_with_the_anchor_has_no_ratio() -> None:
    curves = {"A": group("A", ("portfolio", "a")), "C": group("C", ("b",)), "One": group("One", ("portfolio", "c"))}
    found = pooled(curves)["anchors"]["portfolio"]
    assert found["comparisons"] == 1
    assert found["optimizers"]["b"] == {
        "ratio": [None, None, None], "p": None, "n_suites": 0, "apart": {}, "p_holm": None,
    }  # fmt: skip
    assert found["optimizers"]["c"]["n_suites"] == 0 and found["optimizers"]["c"]["apart"]["One"][1:] == [None, None]


def test_what_stands_apart_has_its_own_ratio() -> None:
    curves = {suite: group(suite) for suite in PLACES}
    apart = pooled(curves, ["Formulas"])["anchors"]["random"]["optimizers"]["a"]["apart"]
    own, other = (values(curves, n, ["Formulas"])[0] for n in ("a", "random"))
    assert apart["Formulas"] == pytest.approx(
        slow.interval(lambda d: slow.mean_of(own, d) / slow.mean_of(other, d), ["p", "q"]), abs=2e-6
    )
    one, base = (values(curves, n, ["One"])[0]["x"] for n in ("a", "random"))
    assert apart["One"] == [pytest.approx(slow.mean(one) / slow.mean(base), abs=1e-6), None, None]


def test_a_family_of_two_suites_is_one_witness() -> None:
    """The same families in two suites, against others of the same values: as wide as in one suite, not less."""
    rng = np.random.default_rng(4)
    regret = {n: rng.integers(1, 9, (8, 1, 1)) / 8 for n in ("portfolio", "a")}

    def suite(name: str, families: str) -> list[Curves]:
        return [Curves(name, n, tuple(f"{name}{f}" for f in families), r, tuple(families)) for n, r in regret.items()]

    def width(*suites: tuple[str, str]) -> float:
        row = pooled({s: suite(s, f) for s, f in suites})["anchors"]["portfolio"]["optimizers"]["a"]
        return float(np.log(row["ratio"][2] / row["ratio"][1]))

    alone, same, apart = width(("A", "abcdefgh")), width(("A", "abcdefgh"), ("B", "abcdefgh")), width(
        ("A", "abcdefgh"), ("B", "ijklmnop")
    )  # fmt: skip
    assert same == pytest.approx(alone, rel=1e-5)
    assert apart < 0.85 * alone
