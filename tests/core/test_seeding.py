"""Keyed hashes: the same everywhere, different for different things, and well spread."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from hpo_gym import seeding

KEYS = seeding.mix(np.arange(100_000, dtype=np.uint64), 1)


def test_a_hundred_thousand_cells_have_as_many_seeds() -> None:
    worlds = {
        seeding.world_seed(suite, f"task-{t}", "bench", r)
        for suite in ("AutoML", "Functions")
        for t in range(5000)
        for r in range(10)
    }
    assert len(worlds) == 100_000
    assert len({seeding.optimizer_seed(w, "ga", {}) for w in worlds} | worlds) == 200_000


def test_hashes_never_change() -> None:
    assert seeding.key("a", 1) == 6122212360037925922
    assert seeding.mix_int(3, 4) == 4254727587775465320


def test_parts_are_kept_apart() -> None:
    assert seeding.key("ab", "c") != seeding.key("a", "bc")
    assert seeding.key("1") != seeding.key(1)
    assert seeding.optimizer_seed(1, "a", {}) != seeding.optimizer_seed(1, "a", {"b": 1})
    with pytest.raises(ValueError, match="JSON"):
        seeding.key(float("nan"))


def test_hashes_do_not_depend_on_the_process() -> None:
    code = "from hpo_gym import seeding; print(seeding.world_seed('s', 't', 'p', 3), seeding.mix_int(5, 6))"
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": h}, capture_output=True, check=True
        ).stdout
        for h in ("0", "1")
    }
    assert said == {f"{seeding.world_seed('s', 't', 'p', 3)} {seeding.mix_int(5, 6)}\n".encode()}


def test_uniform_and_normal_draws_have_their_distributions() -> None:
    assert stats.kstest(seeding.uniform(KEYS), "uniform").pvalue > 1e-3
    assert stats.kstest(seeding.normal(KEYS), "norm").pvalue > 1e-3
    counts = np.bincount(seeding.below(KEYS, 7), minlength=7)
    assert stats.chisquare(counts).pvalue > 1e-3
    assert (seeding.uniform(KEYS) > 0).all()
    assert (seeding.uniform(KEYS) < 1).all()


def test_one_flipped_bit_flips_half_of_the_bits() -> None:
    flipped = seeding.mix(np.arange(1000, dtype=np.uint64) ^ np.uint64(1), 1) ^ KEYS[:1000]
    bits = np.unpackbits(flipped.view(np.uint8)).mean()
    assert abs(bits - 0.5) < 0.01
    salted = seeding.mix(np.arange(1000, dtype=np.uint64), 2) ^ KEYS[:1000]
    assert abs(np.unpackbits(salted.view(np.uint8)).mean() - 0.5) < 0.01


def test_a_generator_is_a_function_of_its_seed() -> None:
    assert seeding.generator(0).random() == seeding.generator(2**64).random()
    assert seeding.generator(0).random() != seeding.generator(1).random()
