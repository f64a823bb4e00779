"""Shared parts of network training: one thread, generators of its own, and checked weights."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hpo_baselines._runs.trained import check_like
from hpo_gym.system import one_blas_thread


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep PyTorch and NumPy to one thread: the same sums in the same order on any machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with one_blas_thread():
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def own_randomness() -> Iterator[None]:
    """Restore the global generators afterwards; Stable-Baselines3 seeds and reads them."""
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        torch.set_rng_state(before[2])


def weights_of(network: torch.nn.Module) -> dict[str, NDArray[Any]]:
    """All parameters by name, copies."""
    return {name: p.detach().numpy().copy() for name, p in network.state_dict().items()}


def load_weights(network: torch.nn.Module, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Load the output of `weights_of`.

    Raises:
        InvalidValueError: Arrays are missing or left over, or have another shape or type, or are not finite.
    """
    check_like(arrays, weights_of(network))
    network.load_state_dict({name: torch.tensor(values) for name, values in arrays.items()})
