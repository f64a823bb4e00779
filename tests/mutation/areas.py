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
        ("hpo_gym/env/runs/*.py",),
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
        ("hpo_gym/env/observers/*.py", "hpo_gym/env/codecs/*.py", "hpo_gym/env/rewards/*.py", "hpo_gym/env/scales.py"),
        (
            "tests/parts/test_answers.py",
            "tests/parts/test_observers.py",
            "tests/parts/test_codecs.py",
            "tests/parts/test_rewards.py",
            "tests/parts/test_scores.py",
            "tests/core/test_single.py",
            "tests/core/test_objectives.py",
            "tests/parts/test_budget_cost.py",
        ),
    ),
    Area(
        "kernel",
        (
            "hpo_gym/env/kernel.py",
            "hpo_gym/env/transition.py",
            "hpo_gym/env/make.py",
            "hpo_gym/env/parts.py",
            "hpo_gym/env/single.py",
            "hpo_gym/env/infos.py",
        ),
        (
            "tests/core/test_kernel.py",
            "tests/core/test_single.py",
            "tests/core/test_infos.py",
            "tests/core/test_make.py",
            "tests/core/test_repeats.py",
            "tests/parts/test_budget_cost.py",
            "tests/fits/test_fits.py",
            "tests/core/test_objectives.py",
        ),
    ),
    Area(
        "nearest",
        ("hpo_gym/problem/nearest/*.py", "hpo_gym/problem/space/snapping.py"),
        ("tests/core/test_nearest.py", "tests/core/test_snapping.py", "tests/core/test_pool.py"),
    ),
    Area("rollout", ("hpo_gym/optimize/rollouts.py",), ("tests/bench/test_rollout.py",)),
    Area(
        "metrics",
        (
            "hpo_gym/bench/metrics.py",
            "hpo_gym/bench/intervals.py",
            "hpo_gym/bench/significance.py",
            "hpo_gym/bench/pooling.py",
            "hpo_gym/bench/incumbent.py",
        ),
        (
            "tests/bench/test_metrics_answers.py",
            "tests/bench/test_metrics.py",
            "tests/bench/test_families.py",
            "tests/bench/test_significance.py",
            "tests/bench/test_pooling.py",
            "tests/bench/test_tested.py",
            "tests/fits/test_fits.py",
            "tests/bench/test_rollout.py",
        ),
    ),
    Area("seeding", ("hpo_gym/base/seeding.py",), ("tests/core/test_seeding.py",)),
    Area(
        "store",
        ("hpo_gym/system/storage/*.py",),
        (
            "tests/bench/test_store_answers.py",
            "tests/core/test_expected.py",
            "tests/core/test_store.py",
            "tests/core/test_whole.py",
            "tests/core/test_kept.py",
            "tests/core/test_repair.py",
        ),
    ),
    Area(
        "tuning",
        (
            "hpo_gym/tuning/allowance.py",
            "hpo_gym/tuning/arguments.py",
            "hpo_gym/tuning/auto.py",
            "hpo_gym/tuning/earlier.py",
            "hpo_gym/tuning/proposals.py",
            "hpo_gym/tuning/stopping.py",
            "hpo_gym/tuning/stored_study.py",
            "hpo_gym/tuning/study.py",
            "hpo_gym/tuning/tuner.py",
            "hpo_gym/tuning/tuned.py",
        ),
        (
            "tests/tuning/test_stopping.py",
            "tests/tuning/test_allowance.py",
            "tests/tuning/test_verdict.py",
            "tests/tuning/test_told.py",
            "tests/tuning/test_stored_study.py",
            "tests/tuning/test_tune.py",
        ),
    ),
    Area(
        "forms",
        (
            "hpo_gym/optimize/forms/__init__.py",
            "hpo_gym/optimize/forms/policy_optimizer.py",
        ),
        (
            "tests/optimizers/test_forms.py",
            "tests/core/test_policy_optimizer.py",
        ),
    ),
    Area(
        "surrogates",
        (
            "hpo_gym/suites/tasks/surrogate/*.py",
            "hpo_gym/suites/surrogates.py",
        ),
        ("tests/suites/test_surrogates.py",),
    ),
    Area(
        "transfer",
        (
            "baselines/hpo_baselines/_transfer/*.py",
            "baselines/hpo_baselines/transfer_*.py",
            "baselines/hpo_baselines/_models/doubt.py",
            "baselines/hpo_baselines/_models/acquisition.py",
            "baselines/hpo_baselines/_models/columns.py",
            "baselines/hpo_baselines/_models/gaussian_process.py",
            "agents/hpo_agents/_pool/prior.py",
            "agents/hpo_agents/_pool/posterior.py",
            "agents/hpo_agents/_pool/mixture.py",
        ),
        (
            "tests/baselines/test_transfer_time.py",
            "tests/baselines/test_trust.py",
            "tests/baselines/test_portfolio.py",
            "tests/baselines/test_per_cost.py",
            "tests/core/test_kept.py",
            "tests/transfer/test_acquisition.py",
            "tests/transfer/test_ensemble.py",
            "tests/transfer/test_greedy_portfolio.py",
            "tests/transfer/test_incremental.py",
            "tests/transfer/test_mixture.py",
            "tests/transfer/test_posterior.py",
            "tests/transfer/test_prior.py",
            "tests/transfer/test_surrogate.py",
            "tests/baselines/test_transfer.py",
            "tests/baselines/test_meta_features.py",
        ),
    ),
    Area(
        "objectives",
        ("hpo_gym/problem/objectives/*.py",),
        (
            "tests/core/test_objectives.py",
            "tests/bench/test_hypervolume.py",
            "tests/suites/test_objectives_in_tables.py",
        ),
    ),
    Area(
        "seconds",
        (
            "hpo_gym/problem/budget.py",
            "hpo_gym/problem/costs.py",
            "hpo_gym/bench/spent.py",
        ),
        (
            "tests/core/test_budget.py",
            "tests/bench/test_spent.py",
            "tests/bench/test_checkpoints_kept.py",
            "tests/parts/test_budget_cost.py",
            "tests/parts/test_checkpoints.py",
        ),
    ),
    Area(
        "sb3",
        (
            "hpo_gym/sb3.py",
            "hpo_gym/optimize/forms/sb3_policy.py",
        ),
        (
            "tests/core/test_sb3.py",
            "tests/core/test_set_policy.py",
            "tests/optimizers/test_forms.py",
        ),
    ),
    Area(
        "vector",
        (
            "hpo_gym/env/vector.py",
            "hpo_gym/env/env.py",
            "hpo_gym/env/watch.py",
            "hpo_gym/env/snapshots.py",
        ),
        (
            "tests/core/test_kernel.py",
            "tests/core/test_infos.py",
            "tests/core/test_gymnasium.py",
            "tests/core/test_single.py",
            "tests/core/test_determinism.py",
        ),
    ),
)
