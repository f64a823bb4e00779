"""Dask and Ray: a cluster that is started on this machine for one call, or one that runs already and is joined."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpo_gym.base import InvalidValueError, StateError, __version__, shown
from hpo_gym.system.jobs.processes import ONE_THREAD, Job, Outcome, environment, perform

_TLS = {"ca": "tls_ca_file", "cert": "tls_client_cert", "key": "tls_client_key"}
"""Names of files, and the options of Dask for encrypted connections."""


@dataclass(frozen=True)
class Cluster:
    """A running cluster.

    Attributes:
        address: Of Dask's scheduler, such as "tcp://10.0.0.5:8786", or of Ray's head, such as "10.0.0.5:6379".
        tls: Paths by the names `ca`, `cert` and `key`, for a scheduler at "tls://"; else Dask's configuration.
    """

    address: str
    tls: Mapping[str, str] | None = None

    @classmethod
    def of(cls, engine: str, address: str | None, tls: Mapping[str, str | Path] | None) -> Cluster | None:
        """Return the cluster of these options, None without an address; refuse options that fit no engine."""
        if tls is not None and not isinstance(tls, Mapping):
            raise InvalidValueError(f"`tls` must name three files, {', '.join(_TLS)}, got {shown(tls)}.")
        given = {name: str(path) for name, path in (tls or {}).items()}
        if address is None:
            if given:
                raise InvalidValueError(f"`tls` needs an `address`, got {given} alone.")
            return None
        if engine not in JOINED:
            raise InvalidValueError(f"`address` needs the engine 'dask' or 'ray', got ({engine=}, {address=}).")
        if not isinstance(address, str) or not address or not address.isprintable():
            raise InvalidValueError(f"`address` must be that of a running cluster, got {address!r}.")
        if given and engine != "dask":
            raise InvalidValueError(f"`tls` needs the engine 'dask', got {engine=}.")
        if given and set(given) != set(_TLS):
            raise InvalidValueError(f"`tls` must name three files, {', '.join(_TLS)}, got {sorted(given)}.")
        for name, path in given.items():
            if not Path(path).is_file():
                raise InvalidValueError(f"`tls` must name files, {name!r} is none: {path!r}.")
        return cls(address, given or None)


# -- Dask --------------------------------------------------------------------------------------------------------------


def dask_here(jobs: Sequence[Job], size: int, retries: int, timeout: float | None) -> Iterator[Outcome]:
    """Dask on this machine, bound to the loopback address, without a dashboard."""
    dask, distributed = importlib.import_module("dask"), importlib.import_module("distributed")
    rules = {"distributed.scheduler.allowed-failures": retries, "distributed.scheduler.worker-saturation": 1.0}
    local = {"threads_per_worker": 1, "processes": True, "host": "127.0.0.1", "memory_limit": 0}
    quiet = {"dashboard_address": "127.0.0.1:0", "scheduler_kwargs": {"dashboard": False}}  # Dask's port is fixed else
    with dask.config.set(rules), ExitStack() as stack:
        with environment(ONE_THREAD):  # a worker that is started again has it too
            cluster = stack.enter_context(distributed.LocalCluster(n_workers=size, **local, **quiet))
        client = stack.enter_context(distributed.Client(cluster))
        yield from _from_dask(client, jobs, "on this machine")


def dask_joined(jobs: Sequence[Job], cluster: Cluster) -> Iterator[Outcome]:
    """Yield a running scheduler; its `allowed-failures` decides how often a job is retried after its worker died."""
    distributed = importlib.import_module("distributed")
    files = {_TLS[name]: path for name, path in (cluster.tls or {}).items()}
    options = {"security": distributed.Security(**files, require_encryption=True)} if files else {}
    try:
        client = distributed.Client(cluster.address, set_as_default=False, **options)
    except (OSError, TypeError, ValueError, RuntimeError) as fault:  # OSError: refused, timed out, wrong certificate
        raise StateError(
            f"A scheduler of Dask must answer at `address`, {cluster.address} does not: {fault}"
        ) from fault
    with client:
        _check_versions(client, cluster.address)
        if not client.nthreads():
            warnings.warn(f"The scheduler at {cluster.address} has no worker yet: waiting for one.", stacklevel=2)
        yield from _from_dask(client, jobs, f"at {cluster.address}")


def _check_versions(client: Any, address: str) -> None:
    """Refuse workers that would make other results, or none."""
    versions = client.get_versions(packages=["hpo_gym"])["workers"]
    found = {worker: said["packages"].get("hpo_gym") for worker, said in versions.items()}
    others = sorted(worker for worker, version in found.items() if version != __version__)
    if others:
        raise StateError(
            f"Workers must have hpo-gym {__version__}, of {len(found)} at {address} {len(others)} have not: "
            f"{others[0]} has {found[others[0]] or 'none'}."
        )


def _from_dask(client: Any, jobs: Sequence[Job], where: str) -> Iterator[Outcome]:
    distributed = importlib.import_module("distributed")
    run = os.urandom(8).hex()  # others may use the same scheduler
    names = {f"hpo_gym-{run}-{i}": job for i, job in enumerate(jobs)}  # one prefix: then Dask queues them
    keys = {client.submit(perform, job, key=name, pure=False): job.key for name, job in names.items()}
    for future in distributed.as_completed(list(keys), loop=client.loop):
        if future.cancelled():
            raise _gone(where, len(keys), len(jobs))
        fault = future.exception()
        if fault is None:
            try:
                yield future.result()
            except OSError as lost:  # the scheduler went after the job had ended
                raise _gone(where, len(keys), len(jobs)) from lost
        else:
            status = "crashed" if isinstance(fault, distributed.KilledWorker) else "failed"
            yield Outcome(keys[future], status, None, f"{type(fault).__name__}: {fault}")
        del keys[future]


def _gone(where: str, left: int, count: int) -> StateError:
    return StateError(
        f"The scheduler of Dask {where} has gone, with {left} of {count} jobs left; what came before is kept: resume "
        "when it runs again."
    )


# -- Ray ---------------------------------------------------------------------------------------------------------------


def ray_here(jobs: Sequence[Job], size: int, retries: int, timeout: float | None) -> Iterator[Outcome]:
    """Ray on this machine, bound to the loopback address, without a dashboard."""
    here = {"num_cpus": size, "_node_ip_address": "127.0.0.1", "include_dashboard": False}
    return _from_ray(jobs, retries, here)


def ray_joined(jobs: Sequence[Job], cluster: Cluster) -> Iterator[Outcome]:
    """Yield a running Ray; its workers import packages installed there or on this process's path."""
    try:
        yield from _from_ray(jobs, 1, {"address": cluster.address})
    except (ConnectionError, TimeoutError, ValueError) as fault:
        raise StateError(f"A cluster of Ray must answer at `address`, {cluster.address} does not: {fault}") from fault


def _from_ray(jobs: Sequence[Job], retries: int, options: Mapping[str, Any]) -> Iterator[Outcome]:
    ray = importlib.import_module("ray")
    path = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}  # workers import what the driver can
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    ray.init(runtime_env={"env_vars": ONE_THREAD | path}, **quiet, **options)
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


JOINED: dict[str, Callable[[Sequence[Job], Cluster], Iterator[Outcome]]] = {"dask": dask_joined, "ray": ray_joined}
"""Engines that join a running cluster."""
