"""`check_env`: whether an env keeps its contract, stricter than Gymnasium's and Stable-Baselines3's checkers."""

from __future__ import annotations

import warnings

from gymnasium.utils.env_checker import check_env as check_by_gymnasium

from hpo_gym.base import InvalidValueError, shown
from hpo_gym.checks.copies import check_copies, check_hash_seed, check_seeds, check_snapshots, check_spec, maker
from hpo_gym.checks.drive import Env, Make, is_vector, kernel_of
from hpo_gym.checks.episodes import check_episodes, check_own_parts
from hpo_gym.checks.faults import Faults, Patience, untouched_global_rng
from hpo_gym.checks.handed import check_handed_out, check_pictures
from hpo_gym.checks.refusals import check_closing, check_keywords, check_refusals
from hpo_gym.checks.traces import check_traces
from hpo_gym.env import HPOEnv, HPOVectorEnv, PendingEnv, PendingVectorEnv

_SECONDS = 12.0  # of processor time, after which no other check begins


def check_env(env: Env, *, processes: bool = True, render: bool = True) -> None:
    """Check an env made by hpo_gym: `HPOEnv` or `HPOVectorEnv`, wrapped or not, that has not been reset.

    A single env has to pass Gymnasium's `check_env`. Then a plain env of the same parts and seeds gets the same calls,
    and all that both say must be equal: observations, rewards, ends, infos, histories, masks and refusals. Episodes
    are played on every task of the split, with random actions, repeats and the ends of the action space. A part of your
    own that derives from a registered one is held against it; any other must be the same in one run and in many.

    It also finds: bad actions, seeds, options and keywords that are accepted or change the state; steps before the
    first reset and after the end; episodes that differ for one seed, by earlier use or by the hash seed of Python;
    returned objects that are aliased, mutated later, or read back by the env; modified arguments; copies, pickles and
    snapshots that diverge; drawing that changes something; words, files and memory that the plain env does not leave.
    `docs/environment.md` has the list.

    Declared changes of a wrapper (an `ObservationWrapper`, `RewardWrapper` or `ActionWrapper`, and Gymnasium's own) are
    not compared. Episodes of more than 60 steps are followed to their end once, up to 2,000 steps. For a slow env,
    tasks and checks are left out after some seconds of processor time; a warning lists them.

    Args:
        processes: Whether to start Python processes with other hash seeds.

    Raises:
        CheckFailed: `faults` lists all faults.
        InvalidValueError: The env has vector rewards (use `weights` to scalarise), or `pending` above 1.
    """
    if not isinstance(getattr(env, "unwrapped", None), (HPOEnv, HPOVectorEnv)):
        raise InvalidValueError(
            f'`env` must be an env of hpo_gym, such as `gym.make("hpo_gym/SVM-v0")`, got {shown(env)}; others have '
            "`gymnasium.utils.env_checker.check_env`."
        )
    if kernel_of(env).parts.reward.dim:
        raise InvalidValueError("A reward must be a number here, got a vector of `objectives`; give `weights`.")
    if isinstance(env.unwrapped, (PendingEnv, PendingVectorEnv)):
        raise InvalidValueError("`pending` must be 1 here, as results come late otherwise: check the env without it.")
    faults = Faults(f"The env {env}")
    make = maker(env, faults)
    checks = {**_CHECKS, **({"Pictures": check_pictures} if render else {})}
    patience = Patience(_SECONDS)
    with untouched_global_rng(faults, "The env"):
        for what, check in checks.items():
            if patience.over:
                faults.left_out.append(what.lower())
                continue
            with faults.guard(what):
                check(make, faults)
    if processes:
        with faults.guard("The env in another process"):
            check_hash_seed(make, faults)
    faults.close()


def _check_by_gymnasium(make: Make, faults: Faults) -> None:
    env = make()
    if is_vector(env):  # Gymnasium has no checker of these
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice
        check_by_gymnasium(env, skip_render_check=True, skip_close_check=True)


_CHECKS = {
    "Gymnasium's `check_env`": _check_by_gymnasium,
    "Valid episodes": check_episodes,
    "Parts of your own": check_own_parts,
    "Bad actions, seeds and options": check_refusals,
    "To close": check_closing,
    "Keywords": check_keywords,
    "`spec`": check_spec,
    "What is handed out": check_handed_out,
    "Seeds": check_seeds,
    "Copies": check_copies,
    "Snapshots": check_snapshots,
    "What is left behind": check_traces,
}
