"""`check_env`: whether an env keeps its contract, stricter than Gymnasium's and Stable-Baselines3's checkers."""

from __future__ import annotations

from hpo_gym.base import InvalidValueError, shown
from hpo_gym.checks.additions import check_additions
from hpo_gym.checks.copies import check_copies, check_snapshots, check_spec, maker
from hpo_gym.checks.drive import Env, is_vector, kernel_of
from hpo_gym.checks.episodes import check_episodes
from hpo_gym.checks.faults import Faults, Patience, untouched_global_rng
from hpo_gym.checks.handed import check_given_values, check_handed_out
from hpo_gym.checks.keywords import check_keywords
from hpo_gym.checks.many import check_vector_steps
from hpo_gym.checks.pictures import check_pictures
from hpo_gym.checks.refusals import (
    check_actions,
    check_closing,
    check_order,
    check_resets,
    check_splits,
)
from hpo_gym.checks.seeds import check_hash_seed, check_other_actions, check_seeds
from hpo_gym.env import HPOEnv, HPOVectorEnv, PendingEnv, PendingVectorEnv

_SECONDS = 12.0  # of processor time, after which no other check begins
_FIRST = {
    "The order of calls": check_order,
    "Seeds and options of `reset`": check_resets,
    "Splits": check_splits,
    "Bad actions": check_actions,
    "To close": check_closing,
    "Keywords": check_keywords,
    "`spec`": check_spec,
    "What is handed over": check_given_values,
}
_ONE = {"Valid episodes": check_episodes, "Other actions": check_other_actions}
_MANY = {"Valid episodes": check_vector_steps}
_LAST = {
    "Nothing in addition": check_additions,
    "What is handed out": check_handed_out,
    "Seeds": check_seeds,
    "Copies": check_copies,
    "Snapshots": check_snapshots,
}


def check_env(env: Env, *, processes: bool = True, render: bool = True) -> None:
    """Check an env made by hpo_gym: `HPOEnv` or `HPOVectorEnv`, wrapped or not, that has not been reset.

    Numbers are recomputed and compared: scores, costs, incumbents and the rest of the budget from the trials and the
    tasks; queries, observations, rewards and masks by the registered parts; all of a single env with a plain vector env
    of the same parts and seeds, and each run of a vector env with a plain single env. Episodes are played on every task
    of the split, with random actions, repeats and the ends of the action space.

    It also finds: bad actions, seeds, options and splits that are accepted or change the state; steps before the first
    reset and after the end; episodes that differ for one seed, by earlier use, by other actions or by the hash seed of
    Python; objects that are handed out twice, change later, or matter after they were handed out; modified arguments;
    copies and pickles that diverge; outcomes outside their spaces, or with names and types other than stated; drawing
    that changes something; other spaces, keys of infos, words, files and memory than the plain env has.
    `docs/environment.md` has the list.

    Declared changes of a wrapper (an `ObservationWrapper`, `RewardWrapper` or `ActionWrapper`, and Gymnasium's own) are
    not compared. Episodes of more than 60 steps are followed to their end once, up to 2,000 steps. For a slow env,
    tasks and checks are left out after some seconds of processor time; a warning lists them.

    Args:
        processes: Whether to start Python processes with other hash seeds.

    Raises:
        CheckFailed: `faults` lists all faults.
        InvalidValueError: An env with vector rewards: with `weights` it has the same trials. Or trials in flight.
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
    checks = {**_FIRST, **(_MANY if is_vector(env) else _ONE), **_LAST}
    checks |= {"Pictures": check_pictures} if render else {}
    patience = Patience(_SECONDS)
    with untouched_global_rng(faults, "The env"):
        for what, check in checks.items():
            if patience.over:
                faults.leave_out(what.lower())
                continue
            with faults.guard(what):
                check(make, faults)
    if processes:
        with faults.guard("The env in another process"):
            check_hash_seed(make, faults)
    faults.close()
