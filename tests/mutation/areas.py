"""Which source files are mutated, and which tests must notice: one row an area.

The tests are named in the order in which they are likely to kill: known answers first, properties last.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Area:
    """Source files by globs, and the test files that hold them; both relative to the root of the repository."""

    name: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self, root: Path) -> list[str]:
        """Every source file, sorted; each glob has to match."""
        found: set[str] = set()
        for pattern in self.sources:
            matches = {path.relative_to(root).as_posix() for path in root.glob(pattern)}
            if not matches:
                raise FileNotFoundError(f"Area {self.name!r}: no source file matches {pattern!r}.")
            found |= matches
        return sorted(found)


AREAS = (
    Area(
        "state",
        ("hpo_gym/state/*.py",),
        (
            "tests/core/test_failures.py",
            "tests/core/test_runs.py",
            "tests/core/test_contexts.py",
            "tests/core/test_ring_buffer.py",
            "tests/core/test_oracle.py",
            "tests/core/test_repeats.py",
            "tests/core/test_single.py",
        ),
    ),
    Area(
        "parts",
        ("hpo_gym/observers/*.py", "hpo_gym/codecs/*.py", "hpo_gym/rewards/*.py", "hpo_gym/score_scales.py"),
        (
            "tests/parts/test_observers.py",
            "tests/parts/test_codecs.py",
            "tests/parts/test_rewards.py",
            "tests/parts/test_scores.py",
            "tests/core/test_single.py",
        ),
    ),
    Area(
        "kernel",
        (
            "hpo_gym/engine/kernel.py",
            "hpo_gym/engine/transition.py",
            "hpo_gym/engine/make.py",
            "hpo_gym/engine/parts.py",
            "hpo_gym/engine/single.py",
            "hpo_gym/engine/infos.py",
        ),
        (
            "tests/core/test_kernel.py",
            "tests/core/test_single.py",
            "tests/core/test_infos.py",
            "tests/core/test_make.py",
            "tests/core/test_repeats.py",
        ),
    ),
    Area(
        "nearest",
        ("hpo_gym/nearest/*.py", "hpo_gym/space/snapping.py", "hpo_gym/space/choice_table.py"),
        ("tests/core/test_nearest.py", "tests/core/test_snapping.py", "tests/core/test_pool.py"),
    ),
    Area("rollout", ("hpo_gym/bench/rollout.py",), ("tests/bench/test_rollout.py",)),
    Area(
        "metrics",
        (
            "hpo_gym/bench/metrics.py",
            "hpo_gym/bench/bootstrap.py",
            "hpo_gym/bench/significance.py",
            "hpo_gym/bench/pooling.py",
            "hpo_gym/bench/incumbents.py",
        ),
        (
            "tests/bench/test_metrics_answers.py",
            "tests/bench/test_metrics.py",
            "tests/bench/test_families.py",
            "tests/bench/test_significance.py",
            "tests/bench/test_pooling.py",
            "tests/bench/test_tested.py",
            "tests/bench/test_rollout.py",
        ),
    ),
    Area("seeding", ("hpo_gym/seeding.py",), ("tests/core/test_seeding_answers.py", "tests/core/test_seeding.py")),
    Area(
        "store",
        ("hpo_gym/storage/*.py",),
        ("tests/bench/test_store_answers.py", "tests/core/test_store.py", "tests/core/test_whole.py"),
    ),
)
