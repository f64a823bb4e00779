"""Clusters that run as processes of their own on the loopback address, and end with the block that started them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TLS = {"ca": "--tls-ca-file", "cert": "--tls-cert", "key": "--tls-key"}


@dataclass
class DaskCluster:
    """A scheduler and its workers, each a process that can be killed."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)


@contextmanager
def dask_cluster(folder: Path, workers: int = 2, tls: Mapping[str, Path] | None = None) -> Iterator[DaskCluster]:
    """A scheduler of Dask and workers of one thread, whose path is that of this process."""
    folder.mkdir(parents=True, exist_ok=True)
    options = [word for name, path in (tls or {}).items() for word in (TLS[name], str(path))]
    place = folder / "scheduler.json"
    protocol = ["--protocol", "tls"] if tls else []
    scheduler = _started(
        folder, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
        "--scheduler-file", str(place), *protocol, *options,
    )  # fmt: skip
    cluster = DaskCluster("", scheduler)
    try:
        _wait(lambda: place.exists() and place.read_text().strip().endswith("}"), scheduler)
        cluster.address = json.loads(place.read_text())["address"]
        for _ in range(workers):
            cluster.workers.append(
                _started(
                    folder, "distributed.cli.dask_worker", cluster.address, "--nthreads", "1", "--no-nanny",
                    "--no-dashboard", "--host", "127.0.0.1", "--local-directory", str(folder), *options,
                )
            )  # fmt: skip
        _wait(lambda: (folder / "log").read_bytes().count(b"Registered to") == workers, scheduler)
        yield cluster
    finally:
        for process in (*cluster.workers, cluster.scheduler):
            process.kill()
            process.wait()


@dataclass(frozen=True)
class RayHead:
    """A running Ray.

    Attributes:
        address: Of its head.
        environment: What who joins it must have: the token that lets in.
    """

    address: str
    environment: Mapping[str, str]


@contextmanager
def ray_head(folder: Path, cores: int = 2) -> Iterator[RayHead]:
    """Ray's head on this machine, which ends with its group of processes."""
    port = _free_port()
    command = [
        str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", f"--port={port}",
        f"--num-cpus={cores}", "--include-dashboard=false", "--disable-usage-stats", f"--temp-dir={folder}",
    ]  # fmt: skip
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": os.urandom(16).hex()}
    head = _popen(command, folder, token)
    try:
        _wait(lambda: b"Ray runtime started" in (folder / "log").read_bytes(), head)
        yield RayHead(f"127.0.0.1:{port}", token)
    finally:
        os.killpg(head.pid, signal.SIGTERM)
        try:
            head.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(head.pid, signal.SIGKILL)
            head.wait()


def certificates(folder: Path) -> dict[str, Path]:
    """A certificate that is its own authority, and its key."""
    folder.mkdir(parents=True, exist_ok=True)
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return {"ca": cert, "cert": cert, "key": key}


def _started(folder: Path, module: str, *words: str) -> subprocess.Popen[bytes]:
    return _popen([sys.executable, "-m", module, *words], folder)


def _popen(command: list[str], folder: Path, more: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """A process in a group of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), **(more or {})}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)


def _wait(ready: object, process: subprocess.Popen[bytes], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not ready():  # type: ignore[operator]
        assert process.poll() is None, "the cluster ended before it was ready"
        assert time.monotonic() < end, "the cluster did not start"
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
