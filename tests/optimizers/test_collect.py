"""Collected sets: worked out by hand, equal whatever the workers, made again by the env that the set names."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys

import hpo_gym
from hpo_gym import Episodes, InvalidValueError, UnknownNameError
from hpo_gym.base import seeding
from hpo_gym.optimize import Context, Run, collect_standard, make_optimizer, run_one

minari = pytest.importorskip("minari")

SMALL: dict[str, Any] = {"engine": "serial", "progress": False}


def collected(out: Path, behaviour: object = "random", suite: str = "ToyPlain", n: int = 12, **more: Any) -> Episodes:
    return hpo_gym.collect(behaviour, suite, n, out=out, **{**SMALL, **more})


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def replayed(folder: Path) -> None:
    """Compare a set, step by step and to the bit, with the env that it names."""
    data, episodes = minari.MinariDataset(folder / "data"), Episodes.read(folder)
    env = data.recover_environment().unwrapped
    assert len(data) == len(episodes)
    metas = data.storage.get_episode_metadata(range(len(data)))
    for i, (episode, meta) in enumerate(zip(data.iterate_episodes(), metas, strict=True)):
        seen, info = env.reset(seed=meta["seed"], options=meta["options"])
        assert info["task"] == episodes.tasks[episodes.task[i]]
        assert meta["total_steps"] == len(episode)
        _same(seen, episode.observations, 0)
        for t, action in enumerate(episode.actions):
            seen, reward, terminated, _, info = env.step(action)
            _same(seen, episode.observations, t + 1)
            assert (reward, terminated) == (episode.rewards[t], episode.terminations[t])
            if t < episodes.count[i]:
                assert info["score"] == episode.infos["score"][t + 1] == episodes.score[i, t]
                np.testing.assert_equal(info["cost"], episode.infos["cost"][t + 1])
        assert episode.truncations[-1] == (not terminated)
        assert episodes.returns[i] == pytest.approx(episode.rewards.sum(), rel=1e-12)


def _same(seen: Any, all_seen: Any, t: int) -> None:
    if isinstance(seen, dict):
        assert seen.keys() == all_seen.keys()
        for name, value in seen.items():
            np.testing.assert_array_equal(value, all_seen[name][t])
    else:
        np.testing.assert_array_equal(seen, all_seen[t])
        assert seen.dtype == all_seen.dtype


# ---------------------------------------------------------------------- by hand
def test_an_episode_of_two_trials_by_hand(tmp_path: Path) -> None:
    """The first episode of a set, from its hashes to the numbers in Minari."""
    episodes = collected(tmp_path, n=1, env={"budget": 2, "codec": "pool"}, seed=5)
    suite = toys.plain()
    seed = seeding.mix(np.array([seeding.key("collect", 5)], np.uint64), 0)
    instance = seeding.mix(seed, 1)
    task = suite.tasks("train")[seeding.below(instance, 4)[0]]
    rows = seeding.generator(seeding.starts_seed(int(instance[0]))).permutation(16)[:2].tolist()
    scores = task.evaluations().score[rows].tolist()
    assert json.loads((tmp_path / "episodes.jsonl").read_text()) == {
        "suite": "Plain", "task": task.name, "family": task.name, "seed": int(seed[0]), "behaviour": "random",
        "at": rows, "scores": scores, "costs": task.evaluations().cost[rows].tolist(), "return": sum(scores),
    }  # fmt: skip
    (episode,) = minari.MinariDataset(tmp_path / "data").iterate_episodes()
    assert episode.actions.tolist() == rows
    assert episode.rewards.tolist() == scores
    assert episode.terminations.tolist() == [False, True]
    assert episode.truncations.tolist() == [False, False]
    x = (2.0 * task.pool[rows] - 1.0).astype(np.float32)
    assert episode.observations.tolist() == [
        [0.0] * 8 + [1.0], [*x[0].tolist(), scores[0], scores[0], 0.5], [*x[1].tolist(), scores[1], max(scores), 0.0]
    ]  # fmt: skip
    assert np.isnan(episode.infos["score"][0])
    assert episode.infos["score"][1:].tolist() == scores
    assert episodes.returns.tolist() == [sum(scores)]


@pytest.mark.long
def test_references_by_hand(tmp_path: Path) -> None:
    """With the score as reward, the best run evaluates the best row throughout."""
    collected(tmp_path, env={"budget": 3})
    best = np.mean([3 * task.best for task in toys.plain().tasks("train")])
    data = minari.MinariDataset(tmp_path / "data")
    told = data.storage.metadata
    assert told["ref_max_score"] == pytest.approx(best)
    found = told["hpo_gym"]["references"]
    assert set(found) == {"random", "portfolio", "best"}
    mean = np.mean([3 * task.evaluations().score.mean() for task in toys.plain().tasks("train")])
    assert found["random"] == pytest.approx(mean, abs=5 * 3**0.5 * 0.6 / 1000**0.5)  # of 1,000 episodes
    assert found["portfolio"] < found["best"]
    assert minari.get_normalized_score(data, np.array([best, found["random"]])).tolist() == [1.0, 0.0]


def test_a_damaged_shard_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(OSError, match="stopped"):
        patch.setattr(
            "hpo_gym.optimize.collecting.collect._write", lambda *_: (_ for _ in ()).throw(OSError("stopped"))
        )
        collected(tmp_path, n=3)
    with pytest.raises(InvalidValueError, match="goes on with it"):
        collected(tmp_path, n=3)
    (shard,) = tmp_path.glob("shards-*/000000.npz")
    shard.write_bytes(b"PK no such file")
    with pytest.raises(hpo_gym.DamagedDataError, match="000000"):
        collected(tmp_path, n=3, resume=True)


def test_an_optimizer_chooses_as_in_a_rollout_of_the_same_seeds(tmp_path: Path) -> None:
    """Choices in a batch are those of ask and tell, on the same instance."""
    alone = collected(tmp_path, "ga", n=6)

    suite = toys.plain()
    for i in range(6):
        task, instance = suite.task(alone.tasks[alone.task[i]]), int(seeding.mix(alone.seed[i : i + 1], 1)[0])
        context = Context.of(task, 33, starts=seeding.starts_seed(instance))
        run = Run(task, context, instance)
        run_one(make_optimizer("ga"), run, context, seeding.generator(seeding.optimizer_seed(instance, "ga", {})))
        assert [trial.score for trial in run.trials] == alone.score[i, : alone.count[i]].tolist()


# ---------------------------------------------------------------------- round trips
SETS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "gaps": {"suite": "ToyGappy"},
    "ragged": {"suite": "ToyRagged"},
    "noise": {"suite": "ToyNoisy", "env": {"codec": "pool"}},
    "points": {"suite": "ToyFormulas"},
    "dictionary": {"env": {"observer": "tokens", "reward": "regret"}},
    "candidates": {"env": {"observer": {"name": "pool", "candidates": 4}, "reward": "improvement"}},
    "fidelities": {"behaviour": "hyperband", "suite": "ToyGappy", "env": {"codec": {"name": "pool", "fidelity": True}}},
    "box of fidelities": {
        "behaviour": "asha",
        "suite": "ToyGappy",
        "env": {"codec": {"name": "box", "fidelity": True}},
    },
    "stops": {"env": {"codec": {"name": "box", "stop": True}, "budget": 20}},
    "cut": {"env": {"budget": 20}},
    "cost": {"suite": "Linear", "env": {"budget_cost": 3.0}},
    "design": {"env": {"n_init": 3, "budget": 4, "scores": "rank"}},
    "ask and tell": {"behaviour": "tpe", "env": {"budget": 4}},
    "several suites": {"suite": "Linear,SVM", "env": {"budget": 4}, "behaviour": {"random": 1, "tpe": 1}},
    "onward": {"behaviour": "gap", "suite": "Trainings", "env": {"codec": "box", "budget": 3}, "n": 3},
    "validation": {"env": {"split": "val"}, "behaviour": "portfolio"},
    "one task": {"env": {"task": "b"}},
    "surrogates": {"suite": "SVM:surrogate", "env": {"budget": 4}},
}


@pytest.mark.long
@pytest.mark.parametrize("name", SETS)
def test_a_set_is_made_again_by_the_env_that_it_names(tmp_path: Path, name: str) -> None:
    collected(tmp_path, **{"n": 6, **SETS[name]})
    replayed(tmp_path)


@pytest.mark.long
def test_a_run_that_an_optimizer_ends_is_truncated_unless_the_codec_stops(tmp_path: Path) -> None:
    """All 16 rows are used up before the budget of 20 is."""
    for codec, ends in (({"name": "pool", "stop": True}, 17), ("pool", 16)):
        episodes = collected(tmp_path / str(ends), n=3, env={"codec": codec, "budget": 20})
        assert episodes.count.tolist() == [16] * 3
        for episode in minari.MinariDataset(tmp_path / str(ends) / "data").iterate_episodes():
            assert len(episode) == ends
            assert bool(episode.terminations[-1]) == (ends == 17)
            assert bool(episode.truncations[-1]) == (ends == 16)
        replayed(tmp_path / str(ends))


# ---------------------------------------------------------------------- the same bytes
@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shards of two behaviours."""
    folder = tmp_path_factory.mktemp("collect") / "mixed"
    hpo_gym.collect("random:.75,portfolio:.25", "SVM", 1100, out=folder, env={"budget": 3}, **SMALL)
    return folder


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_gives_the_same_bytes(mixed: Path, tmp_path: Path, workers: int) -> None:
    more: dict[str, Any] = {"engine": "process", "workers": workers, "progress": False, "env": {"budget": 3}}
    hpo_gym.collect({"random": 3, "portfolio": 1}, "SVM", 1100, out=tmp_path / "again", **more)
    assert contents(tmp_path / "again").keys() == contents(mixed).keys()
    for name in ("episodes.jsonl", "data/main_data.hdf5", "data/metadata.json"):
        same = (tmp_path / "again" / name).read_bytes() == (mixed / name).read_bytes()
        assert same or name == "data/metadata.json"  # it tells the shares as they were given


def test_a_finished_set_is_kept_and_another_is_refused(tmp_path: Path) -> None:
    collected(tmp_path)
    before = contents(tmp_path)
    collected(tmp_path, resume=True)
    assert contents(tmp_path) == before
    with pytest.raises(InvalidValueError, match=r"holds this set: `resume=True` \(`--resume`\) goes on"):
        collected(tmp_path)
    with pytest.raises(InvalidValueError, match=r"holds .* of something else"):
        collected(tmp_path, resume=True, n=13)


def test_on_meta_train_no_optimizer_knows_a_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each knows some earlier tasks, in all the three quarters that its own family is not in."""
    known: dict[str, set[str]] = {}
    made = Context.of.__func__  # type: ignore[attr-defined]

    def of(cls: Any, /, task: Any, budget: Any, prior: Any = (), **more: Any) -> Context:
        known[task.family] = {earlier.family for earlier in prior}
        return made(cls, task, budget, prior, **more)  # type: ignore[no-any-return]

    monkeypatch.setattr(Context, "of", classmethod(of))
    collected(tmp_path, "random", "SVM", 300, env={"budget": 1})
    families = {task.family for task in hpo_gym.load_suite("SVM").tasks("train")}
    assert len(known) > 30
    assert all(family not in others and others < families for family, others in known.items())
    assert len({frozenset(others) for others in known.values()}) == 4


@pytest.mark.long
# ---------------------------------------------------------------------- replays
@pytest.mark.long
@pytest.mark.parametrize("suite", ["ToyPlain", "ToyFormulas"])
def test_a_replay_plays_the_choices_into_other_parts(tmp_path: Path, suite: str) -> None:
    first = collected(tmp_path / "a", {"ga": 1, "random": 1}, suite)
    parts = {"observer": "summary", "reward": "regret"}
    again = hpo_gym.collect("replay", of=tmp_path / "a", env=parts, out=tmp_path / "b", **SMALL)
    for name in ("seed", "at", "score", "cost", "behaviour", "count", "fidelity", "status"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name), name)
    assert again.spec == {**first.spec, **parts}
    assert (again.returns <= 0.0).all()
    replayed(tmp_path / "b")


@pytest.mark.long
@pytest.mark.parametrize(("suite", "start"), [("SVM", "cold"), ("SVM", "init5"), ("Functions", "cold")])
def test_runs_of_a_comparison_are_replayed(tmp_path: Path, suite: str, start: str) -> None:
    """The instance of each cell is that of the comparison: noise and initial design are, so scores are."""
    from hpo_gym.bench import Results, recorded

    hpo_gym.benchmark(
        ["random", "ga"], suite, start=start, budget=6, seeds=2, tasks=4, out=tmp_path / "bench", report=False,
        engine="serial", progress=False,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        runs = recorded(tmp_path / "bench")
        again = hpo_gym.collect("replay", of=runs, env={"split": "test"}, out=tmp_path / "set", **SMALL)
    trials = Results.load(tmp_path / "bench").trials()
    assert len(again) == len(runs) == trials.groupby(["optimizer", "task", "replicate"]).ngroups
    np.testing.assert_allclose(again.score, runs.score, rtol=0.0, atol=0.0 if suite == "SVM" else 1e-4)
    replayed(tmp_path / "set")


# ---------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"env": {"codec": "move"}}, "`codec` must have an action for each proposal, 'move' has none .* is 'pool'"),
        ({"env": {"codec": "move"}, "suite": "ToyFormulas"}, "'move' has none .* is 'box'"),
        ({"env": {"codec": {"name": "pool", "candidates": 2}}}, "'pool' has none .* is 'box'"),
        ({"behaviour": "replay"}, "`of` must be given with the behaviour 'replay'"),
        ({"of": 3}, "`of` must be given with the behaviour 'replay'"),
        ({"suite": toys.plain()}, "`suite` must be a name or a folder"),
        ({"env": {"reward": len}}, "`env` must be plain JSON"),
        ({"env": {"objectives": ["score", "cost"]}}, "`objectives` need `weights`"),
        ({"n": 0}, r"`episodes` must be an integer in \[1"),
        ({"behaviour": {"random": 0}}, "`the share of random` must be a finite number above 0"),
        ({"seed": -1}, "`seed` must be"),
    ],
)
def test_what_cannot_be_collected_is_refused(tmp_path: Path, arguments: dict[str, Any], match: str) -> None:
    with pytest.raises(InvalidValueError, match=match):
        collected(tmp_path, **arguments)
    assert not (tmp_path / "episodes.json").exists()


@pytest.mark.long
# ---------------------------------------------------------------------- standard sets
def test_the_smallest_standard_set_has_its_checksums(tmp_path: Path) -> None:
    assert len(collect_standard("svm-quick", out=tmp_path, **SMALL)) == 200
    with pytest.raises(UnknownNameError, match="Did you mean 'svm-quick'"):
        collect_standard("svm-quik", out=tmp_path)


@pytest.mark.parametrize("name", ["data/thesis.tex", "shards-1/a.npz", "episodes.jsonl"])
def test_what_is_of_something_else_stays(name: str, tmp_path: Path) -> None:
    """A folder called data is in many folders."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("years")
    with pytest.raises(InvalidValueError, match=rf"`out` must be a new folder, .* holds {name.partition('/')[0]}"):
        collected(tmp_path, n=1)
    assert (tmp_path / name).read_text() == "years" and len([*tmp_path.iterdir()]) == 1


@pytest.mark.long
@pytest.mark.skipif(shutil.which("unshare") is None, reason="makes a small disk of its own")
@pytest.mark.parametrize(("engine", "size", "what"), [
    ("serial", "200k", "000000.npz"), ("process", "200k", "000000.npz"), ("serial", "2600k", "data"),
    ("serial", "9000k", "data"),
])  # fmt: skip
def test_a_full_disk_is_said_in_words_whatever_is_being_written(
    tmp_path: Path, engine: str, size: str, what: str
) -> None:
    disk = f'mount -t tmpfs -o size={size} tmpfs "{tmp_path}"'
    if subprocess.run(["unshare", "-rm", "sh", "-c", disk], capture_output=True).returncode:
        pytest.skip("no disk may be made here")
    words = f"collect --suite SVM --episodes 400 --engine {engine} --workers 1 --quiet --out '{tmp_path}/set'"
    command = ["unshare", "-rm", "sh", "-c", f"{disk} && '{sys.executable}' -m hpo_gym {words}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 3, (done.returncode, done.stderr)
    said = done.stderr.strip()
    assert said.startswith("error: ") and said.endswith("; what was there before is intact.") and "\n" not in said
    assert f"{what} could not be written ([Errno 28]" in said
