"""Engines: run independent jobs one after another, in processes, or on Dask or Ray, with the same outcomes.

A job's exception is that job's failure, a killed worker costs its job one try, and neither ends the run. Workers use
one thread each, so that as many of them as there are cores do not get in each other's way.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from hpo_gym.errors import InvalidValueError, unknown
from hpo_gym.jobs.processes import ONE_THREAD, Job, Outcome, one_thread, perform, run_in_processes
from hpo_gym.registry import EXTRAS, require

__all__ = ["ENGINES", "Job", "Outcome", "perform", "run", "usable_cores"]


def run(
    jobs: Sequence[Job],
    *,
    engine: str = "serial",
    workers: int | None = None,
    retries: int = 1,
    timeout: float | None = None,
) -> Iterator[Outcome]:
    """Yield one outcome per job, as they finish; in the order of `jobs` only by the serial engine.

    Leaving the iterator early, by an exception or by Ctrl-C, ends the workers.

    Args:
        jobs: What to do; the keys must differ.
        engine: "serial", "process", "dask" or "ray".
        workers: Processes, by default one per usable core; the serial engine has none.
        retries: How often a job whose worker died is run again.
        timeout: Seconds per try, after which the worker is killed; by the process engine only.

    Raises:
        UnknownNameError: No such engine.
        InvalidValueError: An option breaks its rule.
        MissingExtraError: The engine's package is not installed.
    """
    check_engine(engine, workers)
    twice = [key for key, count in Counter(job.key for job in jobs).items() if count > 1]
    if twice:
        raise InvalidValueError(f"`key` must differ from job to job, got {twice[:5]} more than once.")
    if retries < 0 or (timeout is not None and timeout <= 0):
        raise InvalidValueError(f"`retries >= 0`, `timeout > 0` must hold, got {(retries, timeout)}.")
    if timeout is not None and engine != "process":
        raise InvalidValueError(f"`timeout` needs the engine 'process', got ({engine=}, {timeout=}).")
    size = max(1, min(workers or usable_cores(), len(jobs)))
    return ENGINES[engine](jobs, size, retries, timeout)


def check_engine(engine: str, workers: int | None) -> None:
    """Refuse an engine that does not exist or is not installed, and fewer than one worker; see `run`."""
    if engine not in ENGINES:
        raise unknown("engine", engine, ENGINES)
    if engine in EXTRAS:
        require(engine)
    if workers is not None and workers < 1:
        raise InvalidValueError(f"`workers >= 1` must hold, got {workers}; the nearest is 1.")


def usable_cores() -> int:
    """Number of cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _serial(jobs: Sequence[Job], size: int, retries: int, timeout: float | None) -> Iterator[Outcome]:
    return map(perform, jobs)


def _dask(jobs: Sequence[Job], size: int, retries: int, timeout: float | None) -> Iterator[Outcome]:
    """Dask on this machine, bound to the loopback address, without a dashboard."""
    dask, distributed = importlib.import_module("dask"), importlib.import_module("distributed")
    rules = {"distributed.scheduler.allowed-failures": retries, "distributed.scheduler.worker-saturation": 1.0}
    local = {"threads_per_worker": 1, "processes": True, "host": "127.0.0.1", "memory_limit": 0}
    quiet = {"dashboard_address": "127.0.0.1:0", "scheduler_kwargs": {"dashboard": False}}  # Dask's port is fixed else
    with dask.config.set(rules), ExitStack() as stack:
        with one_thread():  # a worker that is started again has it too
            cluster = stack.enter_context(distributed.LocalCluster(n_workers=size, **local, **quiet))
        client = stack.enter_context(distributed.Client(cluster))
        keys = {client.submit(perform, job, key=f"job-{i}", pure=False): job.key for i, job in enumerate(jobs)}
        for future in distributed.as_completed(list(keys)):
            key, fault = keys.pop(future), future.exception()
            status = "crashed" if isinstance(fault, distributed.KilledWorker) else "failed"
            yield future.result() if fault is None else Outcome(key, status, None, f"{type(fault).__name__}: {fault}")


def _ray(jobs: Sequence[Job], size: int, retries: int, timeout: float | None) -> Iterator[Outcome]:
    """Ray on this machine, bound to the loopback address, without a dashboard."""
    ray = importlib.import_module("ray")
    path = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}  # workers import what the driver can
    quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    ray.init(num_cpus=size, _node_ip_address="127.0.0.1", runtime_env={"env_vars": ONE_THREAD | path}, **quiet)
    try:
        remote = ray.remote(num_cpus=1, max_retries=retries)(perform)
        keys = {remote.remote(job): job.key for job in jobs}
        while keys:
            (reference,), _ = ray.wait(list(keys), num_returns=1)
            key = keys.pop(reference)
            try:
                yield ray.get(reference)
            except ray.exceptions.WorkerCrashedError as fault:
                yield Outcome(key, "crashed", None, str(fault))
            except ray.exceptions.RayError as fault:
                yield Outcome(key, "failed", None, str(fault))
    finally:
        ray.shutdown()


Engine = Callable[[Sequence[Job], int, int, float | None], Iterator[Outcome]]
ENGINES: dict[str, Engine] = {"serial": _serial, "process": run_in_processes, "dask": _dask, "ray": _ray}
