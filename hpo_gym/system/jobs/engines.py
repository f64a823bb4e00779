"""Engines: run independent jobs one after another, in processes, or on Dask or Ray, with the same outcomes.

A job's exception is that job's failure, a killed worker costs its job one try, and neither ends the run. Workers use
one thread each, so that as many of them as there are cores do not get in each other's way.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from hpo_gym.base import EXTRAS, InvalidValueError, limit, require, unknown, whole
from hpo_gym.system.jobs.clusters import JOINED, Cluster, dask_here, ray_here
from hpo_gym.system.jobs.processes import Job, Outcome, perform, run_in_processes
from hpo_gym.system.jobs.threads import one_blas_thread
from hpo_gym.system.storage.posix import posix

__all__ = ["ENGINES", "Cluster", "Job", "Outcome", "perform", "run", "usable_cores"]


def run(
    jobs: Sequence[Job],
    *,
    engine: str = "serial",
    workers: int | None = None,
    retries: int = 1,
    timeout: float | None = None,
    cluster: Cluster | None = None,
) -> Iterator[Outcome]:
    """Yield one outcome per job, as they finish; in the order of `jobs` only by the serial engine.

    Leaving the iterator early, by an exception or by Ctrl-C, ends the workers.

    Args:
        engine: "serial", "process", "dask" or "ray".
        workers: Processes, by default one per usable core; the serial engine has none.
        retries: How often a job is rerun after its worker died.
        timeout: Seconds per try, then the worker is killed; by the process engine only.
        cluster: A running cluster of "dask" or "ray", with its own settings of workers and, for Dask, retries.

    Raises:
        UnknownNameError: No such engine.
        InvalidValueError: An option breaks its rule.
        StateError: The cluster does not answer, or has gone.
        MissingExtraError: The engine's package is not installed.
    """
    check_engine(engine, workers, timeout, cluster)
    twice = [key for key, count in Counter(job.key for job in jobs).items() if count > 1]
    if twice:
        raise InvalidValueError(f"`key` must differ from job to job, got {twice[:5]} more than once.")
    if retries < 0:
        raise InvalidValueError(f"`retries >= 0` must hold, got {retries}.")
    if not jobs:
        return iter(())
    if cluster is not None:
        return JOINED[engine](jobs, cluster)
    size = min(workers or usable_cores(), len(jobs))
    return ENGINES[engine](jobs, size, retries, timeout)


def check_engine(
    engine: str, workers: int | None, timeout: float | None = None, cluster: Cluster | None = None
) -> None:
    """Refuse an engine that does not exist or is not installed, and options that it does not have; see `run`."""
    if not isinstance(engine, str) or engine not in ENGINES:
        raise unknown("engine", engine, ENGINES)
    if engine in EXTRAS:
        require(engine)
    if engine == "process":
        posix("fcntl", "The engine 'process'")
    if workers is not None:
        whole("workers", workers)
    if workers is not None and cluster is not None:
        raise InvalidValueError(f"`workers` must not be given with `address`: {cluster.address} has its own.")
    limit("timeout", timeout)
    if timeout is not None and engine != "process":
        raise InvalidValueError(f"`timeout` needs the engine 'process', got ({engine=}, {timeout=}).")


def usable_cores() -> int:
    """Return the number of cores available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


Engine = Callable[[Sequence[Job], int, int, float | None], Iterator[Outcome]]
ENGINES: dict[str, Engine] = {
    "serial": lambda jobs, *_: map(one_blas_thread()(perform), jobs), "process": run_in_processes, "dask": dask_here,
    "ray": ray_here,
}  # fmt: skip
