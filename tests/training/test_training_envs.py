"""The suites `Schedules` and `Drift` as envs, and the same by ask and tell."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import pytest

import hpo_gym
from hpo_gym.base import seeding
from hpo_gym.base.errors import DamagedDataError, HPOGymError, InvalidValueError, StateError
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.runs.which import ALL_RUNS
from hpo_gym.env.vector import HPOVectorEnv
from hpo_gym.optimize.forms.policy_optimizer import PolicyOptimizer
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import Run, rollout
from hpo_gym.problem.suite import SPLITS
from hpo_gym.problem.trial import Query, Trial
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.schedules import schedules_with
from hpo_gym.suites.tasks.training.signals import SIGNALS
from hpo_gym.system.storage.blocks import pack, unpack

NAMES = ("Schedules", "Drift")
KEEP = 4


class Cosine:
    """A learning rate that falls by a cosine, by ask and tell."""

    def __init__(self, top: float = 0.1) -> None:
        self.top, self.reported = top, list[Mapping[str, float]]()

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.epochs, self.t, self.reported = int(context.budget), 0, [context.signals]

    def ask(self) -> Query:
        share = 0.5 * (1 + math.cos(math.pi * self.t / (self.epochs - 1)))
        self.t += 1
        return Query({"learning_rate": max(self.top * share, 1e-5)})

    def tell(self, trial: Trial) -> None:
        self.reported.append(trial.signals)


# ---------------------------------------------------------------------- the suites
@pytest.mark.parametrize("name", NAMES)
def test_a_suite_has_as_many_tasks_as_promised(name: str) -> None:
    suite = load_suite(name)
    counts = [len(suite.tasks(split)) for split in SPLITS]
    families = [len({t.family for t in suite.tasks(split)}) for split in SPLITS]
    assert counts == [45, 15, 40] and families == [15, 5, 10]
    assert suite.kind == "training" and suite.task("moons-s17").name == "moons-s17"
    assert suite.split(suite.task("waveform-s99")) == "test"
    assert suite.members[0].counts == {"Drift": "mean"}.get(name, "last")
    with pytest.raises(HPOGymError, match="moons"):
        suite.task("moon-s1")
    with pytest.raises(HPOGymError, match="`<family>-s<seed>`"):
        suite.task("moons-17")


@pytest.mark.long
@pytest.mark.parametrize(("name", "steps", "reward"), [("Schedules", 25, "Final"), ("Drift", 40, "Score")])
def test_the_defaults_are_those_of_the_suite(name: str, steps: int, reward: str) -> None:
    env = gym.make(f"hpo_gym/{name}-v0")
    obs, info = env.reset(seed=1)
    assert env.action_space == gym.spaces.Discrete(5) and obs.shape == (23,)
    count, over = 0, False
    while not over:
        _, _, over, _, info = env.step(KEEP)
        count += 1
    assert count == steps == info["t"] and info["config"] == env.unwrapped.suite.space.default
    assert type(env.unwrapped.kernel.parts.reward).__name__ == reward
    assert gym.make(f"hpo_gym/{name}-v0", budget=3, codec="box").action_space.shape == (1,)
    assert HPOEnv("Functions").kernel.contexts.budget == 33


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", ["NEXT_STEP", "SAME_STEP", "DISABLED"])
@pytest.mark.long
def test_the_checker_says_nothing_of_many(name: str, mode: str) -> None:
    options: dict[str, Any] = {"budget": 5, "task": "moons-s0", "autoreset_mode": mode}
    hpo_gym.check_env(gym.make_vec(f"hpo_gym/{name}-v0", num_envs=3, **options), processes=False, render=False)


@pytest.mark.parametrize("codec", [{"name": "move"}, {"name": "box"}])
@pytest.mark.long
def test_the_checker_says_nothing_of_one(codec: Mapping[str, Any]) -> None:
    for observer in ("training", "history"):
        env = gym.make("hpo_gym/Schedules-v0", budget=4, task="moons-s0", codec=codec, observer=observer)
        hpo_gym.check_env(env, processes=codec["name"] == "move", render=False)


# ---------------------------------------------------------------------- what an action is
def test_a_move_is_a_tenth_a_half_twice_or_ten_times_and_the_ends_hold() -> None:
    env = HPOEnv("Schedules", task="moons-s0", budget=12)
    env.reset(seed=0)
    rates = [env.step(a)[-1]["config"]["learning_rate"] for a in (KEEP, 3, 2, 1, 0, KEEP, 0, 0, 0, 0, 0, 3)]
    expected = [0.01, 0.1, 0.2, 0.1, 0.01, 0.01, 1e-3, 1e-4, 1e-5, 1e-5, 1e-5, 1e-4]
    assert rates == pytest.approx(expected, rel=1e-6)


def test_a_move_changes_one_of_several_controls() -> None:
    env = HPOEnv(schedules_with(("momentum", "batch")), task="moons-s0", budget=9)
    env.reset(seed=0)
    assert env.action_space == gym.spaces.Discrete(13)
    seen = [env.step(a)[-1]["config"] for a in (4, 5, 7, 8, 10, 11, 11, 12)]
    assert [c["momentum"] for c in seen] == pytest.approx(
        [0.9 - 0.2 * 0.99, 0.9 - 0.25 * 0.99, 0.9 - 0.05 * 0.99] + [0.9 - 0.05 * 0.99] * 5
    )
    assert [c["batch"] for c in seen] == [16, 16, 16, 16, 32, 128, 128, 128]
    assert [c["learning_rate"] for c in seen] == pytest.approx([0.01] * 8)


def test_ten_thousand_bad_actions_change_nothing() -> None:
    env, rng = HPOEnv("Schedules", task="moons-s0", codec="box"), np.random.default_rng(0)
    env.reset(seed=0)
    env.step(np.zeros(1, np.float32))
    before = env.snapshot()
    bad = [np.nan, np.inf, -np.inf, 1.0001, -3.0, 1e30]
    kinds = [
        lambda v: np.array([v]), lambda v: np.array([[v]]), lambda v: v, lambda v: np.array([v, v]), lambda v: str(v),
        lambda v: None, lambda v: {"a": v}, lambda v: np.array([v], object), lambda v: [], lambda v: np.array([v + 1j]),
    ]  # fmt: skip
    for i in range(10_000):
        with pytest.raises(InvalidValueError):
            env.step(kinds[i % 10](bad[int(rng.integers(6))]))
    assert env.snapshot() == before


# ---------------------------------------------------------------------- what is seen and got
def test_the_share_the_values_and_their_moves_are_shown() -> None:
    env = HPOEnv("Schedules", task="moons-s0", budget=4)
    obs, _ = env.reset(seed=0)
    assert obs[:4] == pytest.approx([0.0, 1.0, 0.0, 0.0])
    ten = 2 * 1 / 6  # of the six decades, in [-1, 1]
    assert env.step(3)[0][:4] == pytest.approx([0.25, 0.0, ten, ten])
    assert env.step(KEEP)[0][:4] == pytest.approx([0.5, 0.0, ten, 0.0])
    assert env.step(0)[0][:4] == pytest.approx([0.75, 0.0, 0.0, -ten], abs=1e-6)


def test_the_sum_of_final_is_where_the_run_ends() -> None:
    env = HPOEnv("Schedules", task="moons-s0")
    env.reset(seed=3)
    total = 0.0
    for action in (3, KEEP, KEEP, 3, *[KEEP] * 21):
        _, reward, over, _, _ = env.step(action)
        total += reward
    scores = env.history().scores
    assert over and total == pytest.approx((scores[-1] + 1) / 0.43) and min(np.diff(scores)) < 0


def test_nothing_is_ever_not_finite_at_any_learning_rate() -> None:
    for name in NAMES:
        envs = HPOVectorEnv(96, name, codec="box", autoreset_mode="SAME_STEP")
        obs, _ = envs.reset(seed=0)
        rng, high, low = np.random.default_rng(0), envs.single_observation_space.high, envs.single_observation_space.low
        met = 0
        for _ in range(45):
            assert np.isfinite(obs).all() and (obs <= high).all() and (obs >= low).all()
            obs, rewards, over, _, infos = envs.step(rng.choice([-1.0, 0.0, 1.0], (96, 1)))
            assert np.isfinite(rewards).all() and np.isfinite(infos["score"][~over]).all()
            met += int((infos["status"] == 4).sum())
        assert met > 100


# ---------------------------------------------------------------------- ask and tell
def test_a_run_by_ask_and_tell_is_that_of_the_env() -> None:
    for name in NAMES:
        task = load_suite(name).tasks("val")[0]
        budget = 12
        cosine = Cosine()
        history = rollout(cosine, task, budget, seed=4)
        instance = seeding.instance_seed(task.suite, task.name, "rollout", 4)
        env = HPOEnv(name, split="val", task=task.name, budget=budget, codec="box")
        env.reset(seed=0)
        env.kernel.start(ALL_RUNS, np.zeros(1, np.int64), np.array([instance], np.uint64))
        for trial in history:
            env.step(task.space.to_unit(trial.config) * 2 - 1)
        assert env.history().trials == history.trials
        assert cosine.reported[1:] == [t.signals for t in history] and set(cosine.reported[0]) == set(SIGNALS)
        assert cosine.reported[0]["sharpness_at_start"] == history[3].signals["sharpness_at_start"]


@pytest.mark.parametrize(
    ("name", "at", "observer", "budget"), [("Drift", 2, "training", 12), ("Policies", 5, "progress", 6)]
)
def test_a_policy_sees_by_ask_and_tell_what_it_sees_in_the_env(name: str, at: int, observer: str, budget: int) -> None:
    suite = load_suite(name)
    task, seen = suite.tasks("val")[at], list[np.ndarray]()
    env = HPOEnv(name, split="val", task=task.name, budget=budget)
    env.reset(seed=0)
    actions = int(env.action_space.n)  # type: ignore[attr-defined]

    def policy(obs: np.ndarray, rng: np.random.Generator) -> int:
        seen.append(obs)
        return len(seen) * 3 % actions

    history = rollout(PolicyOptimizer(policy, observer, "move", scale=suite.scale()), task, budget, seed=1)
    instance = seeding.instance_seed(task.suite, task.name, "rollout", 1)
    env.kernel.start(ALL_RUNS, np.zeros(1, np.int64), np.array([instance], np.uint64))
    obs = env.kernel.observe()[0]
    for t, expected in enumerate(seen):
        assert (obs == expected).all(), t
        obs = env.step((t + 1) * 3 % actions)[0]
    assert env.history().scores == history.scores


def test_a_policy_must_be_told_the_signals() -> None:
    task = load_suite("Schedules").tasks("val")[0]
    optimizer = PolicyOptimizer(lambda obs, rng: KEEP, "training", "move")
    with pytest.raises(InvalidValueError, match="`training` observer needs tasks"):
        optimizer.reset(Context.of(task, 3), np.random.default_rng(0))
        optimizer.spaces()
    optimizer.reset(Context(task.space, 3.0, signals=Run(task, 3, 0).signals), np.random.default_rng(0))
    query = optimizer.ask()
    assert query is not None
    with pytest.raises(InvalidValueError, match=r"`trial\.signals` must be"):
        optimizer.tell(Trial(query, -1.0))


# ---------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("keywords", "match"),
    [
        ({"n_init": 2}, "`n_init` must be 0 on 'Schedules'"),
        ({"duplicates": "penalize"}, "`duplicates` must be 'allow' on 'Schedules'"),
        ({"codec": {"name": "box", "fidelity": True}}, "`fidelity` of the codec must be False on 'Schedules'"),
        ({"codec": {"name": "move", "stop": True}}, "`stop` of the codec must be False on 'Schedules'"),
        ({"codec": "pool"}, "`codec` must need no pool"),
        ({"observer": "pool"}, "`pool` observer needs tasks with a pool"),
    ],
)
def test_what_has_no_meaning_here_is_refused_by_name(keywords: dict[str, Any], match: str) -> None:
    with pytest.raises(InvalidValueError, match=match):
        HPOEnv("Schedules", **keywords)


def test_what_has_no_meaning_elsewhere_is_refused_by_name() -> None:
    with pytest.raises(InvalidValueError, match="`training` observer needs tasks whose trials go on from each other"):
        HPOEnv("Functions", observer="training")
    env = HPOEnv("Functions")
    env.reset(seed=0)
    with pytest.raises(StateError, match="Only a run whose trials go on from each other"):
        env.snapshot()


@pytest.mark.parametrize("name", ["gp-warm", "hyperband", "task-mixture"])
def test_optimizers_that_need_a_table_are_refused_by_name(name: str) -> None:
    task = load_suite("Schedules").tasks("val")[0]
    with pytest.raises(InvalidValueError, match=f"The optimizer '{name}' .* needs trials that are the same"):
        rollout(hpo_gym.make_optimizer(name), task, 3)
    with pytest.raises(InvalidValueError, match="`n_init` must be 0"):
        rollout(Cosine(), task, 3, n_init=1)
    assert len(rollout(hpo_gym.make_optimizer("random"), task, 3)) == 3


# ---------------------------------------------------------------------- snapshots
def begun(name: str = "Schedules", steps: int = 6, **keywords: Any) -> HPOEnv:
    env = HPOEnv(name, **{"task": "moons-s0", **keywords})
    env.reset(seed=3)
    for t in range(steps):
        env.step(t % 5)
    return env


@pytest.mark.parametrize("name", NAMES)
def test_the_same_actions_from_a_snapshot_give_the_same_outcomes(name: str) -> None:
    env = begun(name, 5)
    data = env.snapshot()
    assert len(data) < 8000
    actions = np.random.default_rng(1).integers(0, 5, env.kernel.contexts.horizon - 5).tolist()
    first = [env.step(a) for a in actions]
    shown = env.restore(data)
    again = [env.step(a) for a in actions]
    assert first[-1][2] and (shown == HPOEnv.restore(begun(name, 0), data)).all()
    for one, other in zip(first, again, strict=True):
        assert (one[0] == other[0]).all() and one[1:] == other[1:]
    assert env.snapshot() == env.snapshot()


def test_a_snapshot_of_an_end_is_an_end_and_of_a_beginning_a_beginning() -> None:
    env = begun(steps=0)
    opening = env.snapshot()
    for _ in range(25):
        env.step(KEEP)
    ended, history = env.snapshot(), env.history()
    shown = env.restore(opening)
    assert shown[1] == 1.0 and len(env.history()) == 0
    assert env.step(3)[-1]["t"] == 1
    env.restore(ended)
    assert env.history() == history
    with pytest.raises(StateError, match="An episode must be running"):
        env.step(KEEP)


def test_a_run_of_two_that_goes_back_ends_later_than_the_other() -> None:
    envs = HPOVectorEnv(2, "Drift", task="moons-s0", budget=5, autoreset_mode="DISABLED")
    envs.reset(seed=5)
    opening = envs.snapshot(0)
    for _ in range(3):
        envs.step(np.array([KEEP, KEEP]))
    envs.restore(0, opening)
    assert [envs.step(np.array([KEEP, KEEP]))[2].tolist() for _ in range(2)] == [[False, False], [False, True]]


@pytest.mark.parametrize("mode", ["NEXT_STEP", "SAME_STEP", "DISABLED"])
def test_a_run_of_many_takes_the_place_of_another(mode: str) -> None:
    """As in population-based training: run 2 goes on from run 0, later from a single env, and its neighbours notice
    nothing."""
    make: dict[str, Any] = {"task": "moons-s0", "budget": 8, "autoreset_mode": mode}
    envs, twin = (HPOVectorEnv(4, "Drift", **make) for _ in range(2))
    envs.reset(seed=5), twin.reset(seed=5)
    actions = np.random.default_rng(0).integers(0, 5, (30, 4))
    for t in range(3):
        envs.step(actions[t]), twin.step(actions[t])
    envs.restore(2, envs.snapshot(0))
    assert (envs.observe()[2] == envs.observe()[0]).all() and envs.history(2) == envs.history(0)
    for t in range(3, 6):
        actions[t, 2] = actions[t, 0]
        a, b = envs.step(actions[t]), twin.step(actions[t])
        assert (a[0][2] == a[0][0]).all() and a[1][2] == a[1][0]
        assert (a[0][[0, 1, 3]] == b[0][[0, 1, 3]]).all() and (a[1][[0, 1, 3]] == b[1][[0, 1, 3]]).all()
    one = begun("Drift", 2, budget=8)
    envs.restore(2, one.snapshot())
    over = None
    for t in range(6, 12):
        a, o = envs.step(actions[t]), one.step(int(actions[t, 2]))
        assert a[1][2] == o[1] and a[2][2] == o[2], t
        if o[2]:
            assert t == 11 and envs.kernel.runs.count(2) == (0 if mode == "SAME_STEP" else 8)
        elif t < 11:
            assert (a[0][2] == o[0]).all()
        over = np.asarray(a[2])
        if mode == "DISABLED" and over.any() and t < 11:
            envs.reset(options={"reset_mask": over})
    assert over is not None and over[2]


def test_what_is_no_snapshot_of_this_run_is_refused_and_nothing_changes() -> None:
    env = begun()
    data, other = env.snapshot(), begun(steps=3).snapshot()
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    refused: list[tuple[Any, type[HPOGymError], str]] = [
        (other[:-1], DamagedDataError, "cut or changed"),
        (other + b"0", DamagedDataError, "cut or changed"),
        (bytes(flipped), DamagedDataError, "cut or changed"),
        (b"", DamagedDataError, "cut or changed"),
        ("text", InvalidValueError, "must be the bytes"),
        (begun(task="blobs-s0").snapshot(), InvalidValueError, "of the run's own task, 'moons-s0' of 'Schedules'; got"),
        (begun("Drift").snapshot(), InvalidValueError, "'moons-s0' of 'Drift'"),
        (begun(budget=7).snapshot(), InvalidValueError, r"`budget` of a snapshot must be 25\.0"),
        (begun(observer="history").snapshot(), InvalidValueError, "`observer history` of a snapshot"),
    ]
    wide = HPOEnv(schedules_with(("momentum",)), task="moons-s0")
    wide.reset(seed=0)
    refused.append((wide.snapshot(), InvalidValueError, "of the same network and controls"))
    for bad, kind, match in refused:
        with pytest.raises(kind, match=match):
            env.restore(bad)
        assert env.snapshot() == data
    for place in range(0, len(data), 97):
        broken = bytearray(data)
        broken[place] ^= 4
        with pytest.raises(DamagedDataError):
            env.restore(bytes(broken))
    assert env.snapshot() == data
    with pytest.raises(StateError, match="Call `reset` before"):
        HPOEnv("Schedules").restore(data)
    with pytest.raises(InvalidValueError, match="`i` must be an integer in"):
        envs = HPOVectorEnv(2, "Schedules")
        envs.reset(seed=0)
        envs.snapshot(2)


def test_what_no_run_can_be_is_refused_though_its_checksum_is_right() -> None:
    env = begun()
    data = env.snapshot()
    arrays = dict(unpack(data[len(b"hpo-gym snapshot 1\n") + 32 :]))

    def resealed(**changed: Any) -> bytes:
        block = pack({**arrays, **changed})
        return b"hpo-gym snapshot 1\n" + hashlib.sha256(block).digest() + block

    score = arrays["run:score"].copy()
    score[2] = np.nan
    long = {n: np.repeat(arrays[n], 5, 0) for n in ("run:at", "run:score", "run:cost", "run:status", "run:shown")}
    for changed, rule in (
        ({"run:score": score}, "`run:score` of a snapshot must be numbers, got NaN"),
        ({"run:best": np.array(np.nan)}, "`run:best` of a snapshot must be numbers"),
        ({"epoch": np.array(10**15)}, "`epoch` of a snapshot must be that of its 6 trials, got 1000000000000000"),
        ({"run:status": arrays["run:status"] + np.int8(99)}, "must be codes of `Status`"),
        (long, "at most 25 trials, got 30"),
        ({"head": np.frombuffer(b"{}", np.uint8)}, "must say what it is of"),
        ({"head": np.frombuffer(b"5", np.uint8)}, "must say what it is of"),
    ):
        with pytest.raises(DamagedDataError, match=rule):
            env.restore(resealed(**changed))
        assert env.snapshot() == data
    env.restore(resealed())


def test_a_snapshot_of_a_diverged_training_is_taken() -> None:
    env = HPOEnv("Schedules", task="moons-s0", codec="box")
    env.reset(seed=0)
    for _ in range(6):
        env.step(np.ones(1, np.float32))
    data = env.snapshot()
    env.restore(data)
    assert env.snapshot() == data


def test_the_checker_of_optimizers_finds_one_that_reads_the_signals_of_another_run() -> None:
    class Late(type(hpo_gym.make_optimizer("jump"))):  # type: ignore[misc]
        seen: ClassVar[list[float]] = []

        def log_rate(self, now: Any) -> Any:
            self.seen.append(float(now.signals["first_loss"][0]))
            return super().log_rate(now) - self.seen[0] * len(self.seen) / 100

    with pytest.raises(hpo_gym.CheckFailed, match="One seed gives other trials"):
        hpo_gym.check_optimizer(Late, load_suite("Schedules").tasks("val")[0], budget=4, may_repeat=True)
