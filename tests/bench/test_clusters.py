"""Clusters that run already: what is joined gives the same bytes, and what dies in mid-run loses nothing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import toys
from clusters import certificates, dask_cluster, ray_head
from test_bench import MINE, stored

from hpo_gym import app
from hpo_gym.base.errors import InvalidValueError, StateError
from hpo_gym.bench.runner import benchmark, remake
from hpo_gym.system.jobs.engines import Cluster, Job, run
from hpo_gym.system.storage.store import verify

needs_dask = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="the extra 'dask' is missing")
needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra 'ray' is missing")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made by openssl")
SMALL: dict[str, Any] = {"budget": 3, "seeds": 24}
ENTRANTS = ["random", MINE + "Slow", MINE + "Draws"]
NOWHERE = "tcp://127.0.0.1:1"


pytestmark = pytest.mark.usefixtures("all_undrawn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite in a folder."""
    path = tmp_path_factory.mktemp("suites") / "gappy"
    toys.gappy().save(path)
    return path


@pytest.fixture(scope="module")
def serial(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The comparison that all others must end up with."""
    out = tmp_path_factory.mktemp("serial")
    benchmark(ENTRANTS, folder, out=out, **SMALL)
    return out


def same(out: Path, other: Path) -> None:
    """The same cells, and the same bytes of results; the report is made of these."""
    assert verify(out / "store.sqlite") == []
    assert stored(out) == stored(other)
    for folder in (out, other):
        remake(folder, timings=False)
    assert (out / "results.json").read_bytes() == (other / "results.json").read_bytes()


def _words(folder: Path) -> list[str]:
    """The command line of the same comparison."""
    return ["hpo-gym", "bench", "--suite", str(folder), "--optimizers", ",".join(ENTRANTS), "--budget", "3", "--seeds",
            "24", "--quiet"]  # fmt: skip


@pytest.mark.long
@needs_dask
def test_a_worker_and_the_scheduler_die_in_mid_run_and_nothing_is_lost(
    folder: Path, serial: Path, tmp_path: Path
) -> None:
    reported: list[int] = []
    with dask_cluster(tmp_path / "dask") as cluster:

        def kill(done: int, total: int, what: str) -> None:
            reported.append(done)
            if len(reported) == 2:
                cluster.workers[0].kill()
            if len(reported) == 4:
                cluster.scheduler.kill()

        with pytest.raises(StateError, match=rf"scheduler of Dask at {cluster.address} has gone.* resume"):
            benchmark(
                ENTRANTS, folder, out=tmp_path / "out", engine="dask", address=cluster.address, progress=kill, **SMALL
            )
    assert verify(tmp_path / "out" / "store.sqlite") == []
    there, whole = stored(tmp_path / "out"), stored(serial)
    assert len(there) == reported[3] and 0 < len(there) < len(whole)
    assert there == {cell: whole[cell] for cell in there}
    again: list[int] = []
    benchmark(
        ENTRANTS, folder, out=tmp_path / "out", resume=True, progress=lambda done, *_: again.append(done), **SMALL
    )
    assert again[0] == reported[3]
    same(tmp_path / "out", serial)


@needs_dask
@needs_openssl
@pytest.mark.slow
def test_an_encrypted_scheduler_is_joined_by_the_command_line(
    folder: Path, serial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = certificates(tmp_path / "tls")
    words = [*_words(folder), "--engine", "dask"]
    with dask_cluster(tmp_path / "dask", 1, tls) as cluster:
        assert cluster.address.startswith("tls://")
        keys = [word for name, path in tls.items() for word in (f"--tls-{name}", str(path))]
        monkeypatch.setattr("sys.argv", [*words, "--address", cluster.address, *keys, "--out", str(tmp_path / "out")])
        with pytest.raises(SystemExit) as end:
            app.main()
        assert end.value.code == 0
        with (
            monkeypatch.context() as patch,
            pytest.raises(StateError, match=r"must have hpo-gym 9\.9, of 1 at tls.* has 0"),
        ):
            patch.setattr("hpo_gym.system.jobs.clusters.__version__", "9.9")
            list(run([Job("a", int)], engine="dask", cluster=Cluster.of("dask", cluster.address, tls)))
        other = certificates(tmp_path / "other")  # an authority that the scheduler does not know
        with pytest.raises(StateError, match="must answer at `address`"):
            list(run([Job("a", int)], engine="dask", cluster=Cluster.of("dask", cluster.address, other)))
        with pytest.raises(StateError, match=r"must answer at `address`.*tls"):
            list(run([Job("a", int)], engine="dask", cluster=Cluster(cluster.address)))
    same(tmp_path / "out", serial)


@needs_ray
@pytest.mark.slow
def test_a_running_ray_is_joined(folder: Path, serial: Path, tmp_path: Path) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="r", dir="/tmp") as place,
        ray_head(Path(place)) as ray,
    ):  # sockets: short paths
        words = [*_words(folder)[1:], "--engine", "ray", "--address", ray.address, "--out", str(tmp_path / "out")]
        command = [sys.executable, "-m", "hpo_gym", *words]
        environment = {**os.environ, **ray.environment, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    same(tmp_path / "out", serial)


@pytest.mark.long
@needs_dask
def test_where_no_scheduler_answers_is_said_in_words(folder: Path, tmp_path: Path) -> None:
    import dask

    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}), pytest.raises(StateError, match=NOWHERE):
        benchmark("random", folder, out=tmp_path, engine="dask", address=NOWHERE, **SMALL)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"engine": "process", "address": NOWHERE}, "`address` needs the engine 'dask' or 'ray'"),
        ({"engine": "dask", "address": NOWHERE, "workers": 2}, "`workers` must not be given with `address`"),
        ({"engine": "dask", "address": ""}, "`address` must be that of a running cluster"),
        ({"engine": "dask", "tls": {"ca": "x"}}, "`tls` needs an `address`"),
        ({"engine": "dask", "address": NOWHERE, "tls": {"ca": "x"}}, "`tls` must name three files"),
        ({"engine": "dask", "address": NOWHERE, "tls": dict.fromkeys(("ca", "cert", "key"), "x")}, "'ca' is none: 'x'"),
        ({"engine": "ray", "address": NOWHERE, "tls": {"ca": "x"}}, "`tls` needs the engine 'dask'"),
        ({"engine": "serial", "timeout": 1.0}, "`timeout` needs the engine 'process'"),
        ({"engine": "process", "timeout": 0.0}, "`timeout` must be a finite number above 0"),
    ],
)
@needs_dask
@needs_ray
def test_wrong_options_of_a_cluster_are_refused_before_anything_runs(
    options: dict[str, Any], said: str, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InvalidValueError, match=said):
        benchmark("random", folder, out=tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
