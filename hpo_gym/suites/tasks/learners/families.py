"""Families of physics of learners: those of `Policies`, and twelve more to test."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hpo_gym.suites.tasks.policies import families
from hpo_gym.suites.tasks.policies.families import Family

MORE: Mapping[str, Family] = MappingProxyType(
    {
        "cartpole-light": Family("cartpole", {"cart": (0.25, 0.45)}),
        "cartpole-jupiter": Family("cartpole", {"gravity": (20, 26)}),
        "cartpole-weak": Family("cartpole", {"force": (3, 4.5)}),
        "cartpole-strong": Family("cartpole", {"force": (20, 40)}),
        "pendulum-long": Family("pendulum", {"length": (2, 3.5)}),
        "pendulum-jupiter": Family("pendulum", {"gravity": (20, 26)}),
        "pendulum-free": Family("pendulum", {"damping": (0.002, 0.006)}),
        "pendulum-able": Family("pendulum", {"strength": (0.85, 1.05)}),
        "reacher-long": Family("reacher", {"upper": (1.6, 2.2), "fore": (1.6, 2.2)}),
        "reacher-short": Family("reacher", {"upper": (0.4, 0.6), "fore": (0.4, 0.6)}),
        "reacher-weak": Family("reacher", {"torque": (1, 1.8)}),
        "reacher-light": Family("reacher", {"upper_mass": (0.3, 0.5), "fore_mass": (0.3, 0.5)}),
    }
)
FAMILIES: Mapping[str, Mapping[str, Family]] = MappingProxyType(
    {**families.FAMILIES, "test": {**families.FAMILIES["test"], **MORE}}
)
"""Families by split."""

BY_NAME: Mapping[str, Family] = MappingProxyType({**families.BY_NAME, **MORE})
