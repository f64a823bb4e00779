"""Objectives that do something with processes of their own. Each gives 6, and says what it puts in shared memory."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from typing import Any

import numpy as np

import hpo_gym


def joblib_workers(config: dict[str, Any]) -> float:
    from joblib import Parallel, delayed

    print(f"in memory: joblib_memmapping_folder_{os.getpid()}")
    large = np.ones(300_000)  # beyond what joblib pickles: it goes to workers through /dev/shm
    return float(sum(Parallel(n_jobs=2)(delayed(_times)(large, i) for i in range(4))))


def _times(large: Any, i: int) -> float:
    return float(large[0] * i)


def cross_validation(config: dict[str, Any]) -> float:
    from sklearn.dummy import DummyClassifier
    from sklearn.model_selection import cross_val_score

    return 6.0 * float(cross_val_score(DummyClassifier(), np.zeros((8, 1)), np.zeros(8), cv=2, n_jobs=2).mean())


def executor(config: dict[str, Any]) -> float:
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(2) as pool:
        return float(sum(pool.map(abs, range(4))))


def pool_of(method: str) -> float:
    context = multiprocessing.get_context(method)
    lock = context.Lock()  # a semaphore with a name
    print(f"in memory: {lock._semlock.name}")
    with context.Pool(2) as pool:
        return float(sum(pool.map(abs, range(4))))


def spawn_pool(config: dict[str, Any]) -> float:
    return pool_of("spawn")


def fork_pool(config: dict[str, Any]) -> float:
    return pool_of("fork")


def forkserver_pool(config: dict[str, Any]) -> float:
    return pool_of("forkserver")


def manager(config: dict[str, Any]) -> float:
    shared = multiprocessing.Manager().dict()  # never shut down
    shared["a"] = 6.0
    return float(shared["a"])


def shared_memory(config: dict[str, Any]) -> float:
    from multiprocessing.shared_memory import SharedMemory

    memory = SharedMemory(create=True, size=1 << 16)  # never unlinked
    print(f"in memory: {memory.name}")
    memory.buf[0] = 6
    return float(memory.buf[0])


def data_loader(config: dict[str, Any]) -> float:
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    loader = DataLoader(TensorDataset(torch.ones(6)), batch_size=2, num_workers=2)
    return float(sum(batch.sum() for (batch,) in loader))


def light_gbm(config: dict[str, Any]) -> float:
    from lightgbm import LGBMRegressor

    x = np.arange(40.0).reshape(-1, 1)
    model = LGBMRegressor(n_estimators=2, n_jobs=2, verbose=-1).fit(x, np.full(40, 6.0))
    return round(float(model.predict(x)[0]), 6)


def nested(config: dict[str, Any]) -> float:
    found = hpo_gym.tune(lambda c: 6.0 + 0.0 * c["y"], {"y": (0.0, 1.0)}, optimizer="random", budget=1, seed=0)
    return found.best_score


FAST: list[Callable[[dict[str, Any]], float]] = [executor, spawn_pool, fork_pool, manager, shared_memory]
LONG = [joblib_workers, cross_validation, forkserver_pool, data_loader, light_gbm, nested]
ORDINARY = {objective.__name__: objective for objective in [*FAST, *LONG]}
