"""A collected set as a data set of Minari, by its own writer (format "hdf5")."""

from __future__ import annotations

import copy
import errno
import hashlib
import importlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from hpo_gym.base import InvalidValueError, __version__, require
from hpo_gym.env import HPOEnv
from hpo_gym.optimize.collecting.play import OBSERVATIONS, Arrays
from hpo_gym.system import whole_folder

DATA = "data"
_ROOM = 8192  # bytes of a dataset beside its values; 3,000 were seen


def write_minari(folder: Path, spec: Mapping[str, Any], shards: Iterable[Arrays], about: Mapping[str, Any]) -> str:
    """Write a set as ``folder/data``, whole; return a checksum of its content, whatever the version of HDF5.

    Args:
        spec: Keywords of the env.
        shards: Arrays of `hpo_gym.optimize.collecting.shards.played`, in the order of the episodes.
        about: Further metadata.
    """
    require("minari")
    storages = importlib.import_module("minari.dataset.minari_storage").MinariStorage
    content, env, first = hashlib.sha256(), HPOEnv(**spec), 0
    with whole_folder(folder.resolve() / DATA) as part:  # Minari sums sizes of files wrongly below a relative path
        storage = storages.new(
            part, env.observation_space, env.action_space, _env_spec(spec), "hdf5", jpeg_encoding=False
        )
        for shard in shards:
            for name in sorted(shard):
                content.update(f"{name} {shard[name].dtype.str} {shard[name].shape}".encode())
                content.update(shard[name].tobytes())
            _check_room(part, shard)
            storage.update_episodes(_episodes(shard, first))
            first += len(shard["steps"])
        made = {"minari_version": importlib.import_module("minari").__version__}
        storage.update_metadata({**made, "requirements": [f"hpo-gym>={__version__}"], **about})
    return content.hexdigest()


def _check_room(folder: Path, shard: Arrays) -> None:
    """Raise `OSError` where a shard may not fit on the disk: HDF5 would let the process crash."""
    most = 2 * sum(array.nbytes for array in shard.values()) + _ROOM * len(shard["steps"]) * len(shard)
    if shutil.disk_usage(folder).free < most:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _env_spec(spec: Mapping[str, Any]) -> Any:
    """Return the specification from which Minari makes the env."""
    name = f"hpo_gym/{str(spec['suite']).replace(':surrogate', 'Surrogate')}-v0"
    made = copy.deepcopy(gym.spec(name if name in gym.registry else "hpo_gym/HPO-v0"))  # the registry's own
    made.kwargs = dict(spec)
    return made


def _episodes(shard: Arrays, first: int) -> Iterator[Any]:
    """Yield the episodes of a shard as Minari's buffers; `first` is the number of the first."""
    buffer = importlib.import_module("minari.data_collector").EpisodeBuffer
    observed = [name for name in shard if name.startswith(OBSERVATIONS)]
    blank = {"score": np.nan, "cost": 0.0, "status": 0}
    infos = {k: np.insert(shard[k], 0, v, 1) for k, v in blank.items()}  # a reset has infos too
    for i, steps in enumerate(shard["steps"].tolist()):
        if not steps:
            raise InvalidValueError(f"Each episode must have a step, {first + i} has none: Minari cannot hold it.")
        seen = {name.rpartition("/")[2]: shard[name][i, : steps + 1] for name in observed}
        ends = np.arange(steps) == steps - 1
        yield buffer(
            id=first + i,
            seed=shard["seed"][i],
            options={"task": str(shard["task"][i])},
            observations=seen[OBSERVATIONS] if observed == [OBSERVATIONS] else seen,
            actions=shard["actions"][i, :steps],
            rewards=shard["rewards"][i, :steps],
            terminations=ends & bool(shard["terminated"][i]),
            truncations=ends & (not shard["terminated"][i]),
            infos={name: values[i, : steps + 1] for name, values in infos.items()},
        )
