"""One seed gives one episode: in a fresh env and a used one, and in another process."""

from __future__ import annotations

from hpo_gym.checks.drive import Make, drive, episode_length
from hpo_gym.checks.elsewhere import elsewhere
from hpo_gym.checks.faults import Faults, difference

_SOME = 15  # steps


def check_seeds(make: Make, faults: Faults) -> None:
    """Check that episodes of one seed are alike, whatever happened before."""
    whole = episode_length(make()) + 3
    used, fresh = make(), make()
    first = drive(fresh, 0, whole)
    faults.same("One seed gives two episodes", first, drive(used, 0, whole))
    faults.same("One seed gives two episodes of one env", first, drive(used, 0, whole))
    drive(used, 11, whole, choose=9)
    for _ in range(2):
        drive(used, None, 2, choose=3)
    some = min(whole, _SOME)
    faults.same("What was done before changes a seeded episode", drive(make(), 4, some), drive(used, 4, some))


def check_hash_seed(make: Make, faults: Faults) -> None:
    """Other processes, with other hash seeds of Python, give the same episode."""
    env = make()
    steps = episode_length(env) + 3
    for where, there in elsewhere("The env", faults, drive, env, 2, steps).items():
        alike = difference(drive(make(), 2, steps), there) is None
        faults.expect(alike, f"{where} gives another episode")
