"""Seeds and noise by key: a draw depends on its purpose, never on when or where it is made.

Strings are hashed with BLAKE2b, arrays of integers with a splitmix64 finaliser (Steele, Lea and Flood, "Fast
splittable pseudorandom number generators", 2014). Neither depends on platform, PYTHONHASHSEED or version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base.arrays import Keys

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_A = np.uint64(0xBF58476D1CE4E5B9)
_B = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_MASK = (1 << 64) - 1


def key(*parts: object) -> int:
    """Hash JSON values (strings, numbers, lists, mappings) to an integer in [0, 2**64)."""
    text = canonical(parts, allow_nan=False)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def canonical(data: object, *, allow_nan: bool = True) -> str:
    """Return JSON with sorted keys and no spaces, the input of hashes; NaN and infinity may be refused."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=allow_nan)


def digest(value: object) -> str:
    """Return a hash of JSON values, 32 hex digits."""
    return hashlib.blake2b(canonical(value, allow_nan=False).encode(), digest_size=16).hexdigest()


def mix(seed: Keys, salt: Keys | int) -> Keys:
    """Hash pairs of 64-bit integers elementwise, with broadcasting; both as arrays (or an integer `salt`)."""
    s = np.atleast_1d(np.asarray(salt & _MASK if isinstance(salt, int) else salt, np.uint64))
    z = np.atleast_1d(seed) ^ (s * _GOLDEN + _B)
    z = (z ^ (z >> _S30)) * _A
    z = (z ^ (z >> _S27)) * _B
    z = z ^ (z >> _S31)
    z = z + _GOLDEN  # a second round: one leaves related pairs correlated
    z = (z ^ (z >> _S30)) * _A
    z = (z ^ (z >> _S27)) * _B
    out: Keys = z ^ (z >> _S31)
    return out


def unmixed(mixed: Keys, salt: int) -> Keys:
    """Return the seeds of which `mix` makes these numbers, elementwise: it is a bijection for each salt."""
    z = np.atleast_1d(mixed)
    for _ in range(2):
        for shift, factor in ((_S31, _B), (_S27, _A), (_S30, np.uint64(1))):
            z = (z ^ (z >> shift) ^ (z >> (shift + shift))) * np.uint64(pow(int(factor), -1, 2**64))
        z = z - _GOLDEN
    z = z + _GOLDEN  # the first round began without it
    return z ^ (np.array([salt & _MASK], np.uint64) * _GOLDEN + _B)


def mix_int(seed: int, salt: int) -> int:
    """`mix` for one pair of Python integers, the same value."""
    return int(mix(np.array([seed & _MASK], np.uint64), salt)[0])


def uniform(keys: Keys) -> NDArray[np.float64]:
    """Map 64-bit keys to floats uniform in (0, 1), elementwise."""
    return ((keys >> _S11).astype(np.float64) + 0.5) * 2.0**-53


def below(keys: Keys, n: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """Map 64-bit keys to integers uniform in [0, n), elementwise (bias below n / 2**53); `n` may be one for each."""
    return np.minimum((uniform(keys) * n).astype(np.int64), n - 1)


def normal(keys: Keys) -> NDArray[np.float64]:
    """Map 64-bit keys to standard normal floats, elementwise (Box and Muller, 1958)."""
    u, v = uniform(keys), uniform(mix(keys, 1))
    return np.asarray(np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v), np.float64)


def instance_seed(suite: str, task: str, protocol: str, replicate: int) -> int:
    """Seed of the instance of one cell: noise, given points and candidate draws, the same for every optimizer."""
    return key("world", suite, task, protocol, replicate)


def starts_seed(instance: int) -> int:
    """Seed of the random configurations of one cell, the same for every optimizer."""
    return key("starts", instance)


def optimizer_seed(instance: int, optimizer: str, settings: Mapping[str, object]) -> int:
    """Seed of an optimizer's own choices in one cell."""
    return key("optimizer", instance, optimizer, dict(settings))


def generator(seed: int) -> np.random.Generator:
    """Return a generator whose stream is a function of `seed` alone."""
    return np.random.Generator(np.random.PCG64(seed & _MASK))
