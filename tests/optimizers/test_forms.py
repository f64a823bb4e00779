"""An optimizer in any form gives the same run wherever it is given."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from toys import gappy

import hpo_gym
from hpo_gym.base.errors import DamagedDataError, InvalidValueError, UnknownNameError
from hpo_gym.optimize.forms import form_of, make_optimizer
from hpo_gym.optimize.learning.saved import read_saved, write_saved
from hpo_gym.optimize.protocol import OPTIMIZERS, Context

pytestmark = pytest.mark.usefixtures("all_undrawn")

OWN = textwrap.dedent(
    """
    import json

    import hpo_gym


    class Nth:
        '''Proposes what was best on the n-th training task.'''

        version, best, seen = 1, None, frozenset()

        def __init__(self, n=0):
            self.n = n

        def train(self, tasks, rng, *, validation=(), steps=None):
            task = tasks[self.n]
            best = max(map(task.run, task.space.decode(task.pool)), key=lambda trial: trial.score)
            self.best, self.seen = dict(best.config), frozenset(task.family for task in tasks)

        def save(self, folder):
            (folder / "best.json").write_text(json.dumps([self.best, sorted(self.seen)]))

        def load(self, folder):
            self.best, seen = json.loads((folder / "best.json").read_text())
            self.seen = frozenset(seen)

        def reset(self, context, rng):
            self.left = 1

        def ask(self):
            self.left -= 1
            return hpo_gym.Query(self.best) if self.left >= 0 else None

        def tell(self, trial):
            pass


    def shifted():
        return hpo_gym.make_optimizer("random")
    """
)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own_agent.py"
    path.write_text(OWN)
    return path


def choices(optimizer: Any, seed: int = 3) -> list[dict[str, Any]]:
    task = hpo_gym.load_suite("SVM").tasks("test")[0]
    return list(hpo_gym.rollout(optimizer, task, 4, seed=seed).configs)


def aucs(results: Any) -> dict[str, float]:
    frame = results.to_frame()
    assert not results.failed_cells
    return {str(name): float(auc) for name, auc in zip(frame["optimizer"], frame["auc"], strict=True)}


BENCH: dict[str, Any] = {"suites": "SVM", "seeds": 1, "tasks": 2, "budget": 4}


# ---------------------------------------------------------------------- make_optimizer
def test_a_name_a_class_a_function_and_an_object_make_the_same(own: Path) -> None:
    random = type(make_optimizer("random"))
    forms = ["random", random, make_optimizer("random"), lambda: make_optimizer("random"), f"{own}:shifted",
             {"name": "random"}]  # fmt: skip
    expected = choices(make_optimizer("random"))
    for form in forms:
        assert choices(make_optimizer(form)) == expected


def test_settings_go_to_the_class_and_to_nothing_that_is_made() -> None:
    cls: Any = type(make_optimizer("ga"))
    assert make_optimizer("ga", population=4).population == make_optimizer(cls, population=4).population == 4  # type: ignore[attr-defined]
    for made in (make_optimizer("ga"), "ppo-pool-tables"):
        with pytest.raises(InvalidValueError, match="has its settings already"):
            make_optimizer(made, population=4)
    with pytest.raises(UnknownNameError, match="populatio"):
        make_optimizer(cls, populatio=4)


@pytest.mark.long
def test_each_form_has_a_name_and_a_spec_that_finds_it_again(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "nth"
    hpo_gym.train(f"{own}:Nth", "SVM", settings={"n": 3}, out=folder)
    own_class = type(make_optimizer(f"{own}:Nth"))
    expected = {
        "random": ("random", "random"),
        "c:/agent.py:Mine": ("Mine", "c:/agent.py:Mine"),
        f"{own}:Nth": ("Nth", f"{own}:Nth"),
        f"{own}:Nth@nth": ("nth", f"saved:{own}:Nth@{folder.resolve()}"),
        "nth": ("nth", f"saved:{folder.resolve()}"),
        "ppo-pool-tables": ("ppo-pool-tables", "saved:ppo-pool-tables"),
        own_class: ("Nth", f"{own}:Nth"),
        make_optimizer("random"): ("RandomSearch", "own:RandomSearch"),
    }
    assert {given: (form_of(given).name, form_of(given).spec) for given in expected} == expected
    for trained in ("nth", f"{own}:Nth@nth", "ppo-pool-tables"):
        assert list(form_of(trained).settings) == ["checksum"]


def test_a_saved_optimizer_of_a_class_that_only_this_process_has_is_carried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OPTIMIZERS, "_here", dict(OPTIMIZERS._here))
    random: Any = type(make_optimizer("random"))

    @OPTIMIZERS.register("own-random")
    class Mine(random):  # type: ignore[misc]
        def load(self, folder: Path) -> None:
            self.seen = frozenset(read_saved(folder, "own-random")[0]["seen"])

    write_saved(tmp_path / "mine", "own-random", {"version": 1, "seen": ["a family"]})
    form = form_of(tmp_path / "mine")
    assert (form.name, form.spec, list(form.settings)) == ("mine", "own:mine", ["checksum"])
    made: Any = form.make()
    assert type(made) is Mine and made.seen == {"a family"}


@pytest.mark.parametrize(
    ("form", "fault", "words"),
    [
        (7, InvalidValueError, "must be a name, a class"),
        (None, InvalidValueError, "must be a name, a class"),
        ([1, 2], InvalidValueError, "must be a name, a class"),
        ({"setting": 1}, InvalidValueError, "must be a name, a class"),
        ("rundom", UnknownNameError, "random"),
        ("nowhere.py:Mine", UnknownNameError, "No file 'nowhere.py'"),
        ("nowhere:Mine", UnknownNameError, "No module 'nowhere'"),
        ("model.zip", InvalidValueError, "load_weights"),
    ],
)
def test_what_is_no_form_is_refused_in_words(form: Any, fault: type[Exception], words: str) -> None:
    with pytest.raises(fault, match=words):
        make_optimizer(form)


# ---------------------------------------------------------------------- train, load
@pytest.mark.long
def test_what_train_says_it_saved_load_and_bench_take(own: Path, tmp_path: Path) -> None:
    out = tmp_path / "nth"
    hpo_gym.train(f"{own}:Nth", "SVM", settings={"n": 3}, out=out)
    taken = hpo_gym.load(f"{own}:Nth@{out}")
    assert taken.n == 3 and taken.best == json.loads((out / "best.json").read_text())[0]  # type: ignore[attr-defined]
    assert hpo_gym.load(out, f"{own}:Nth").best == taken.best == hpo_gym.load(out, type(taken)).best  # type: ignore[attr-defined]
    with pytest.raises(UnknownNameError, match="Name its class"):
        hpo_gym.load(out)
    results = hpo_gym.benchmark([f"{own}:Nth@{out}", "random"], **BENCH, out=tmp_path / "results")
    score = {c["optimizer"]: c for c in results.trials().to_dict("records")}
    assert "nth" in score and not results.failed_cells


def test_other_bytes_are_another_optimizer(own: Path, tmp_path: Path) -> None:
    for n in (0, 1):
        hpo_gym.train(f"{own}:Nth", "SVM", settings={"n": n}, out=tmp_path / str(n))
    one, other = (form_of(f"{own}:Nth@{tmp_path / str(n)}").settings for n in (0, 1))
    assert one != other
    (tmp_path / "0" / "training.json").write_text('{"optimizer": "x", "settings": {}}')  # how it went is not in it
    assert form_of(f"{own}:Nth@{tmp_path / '0'}").settings == one


# ---------------------------------------------------------------------- benchmark
@pytest.mark.long
def test_a_trained_object_is_not_trained_again_and_not_run_on_what_it_has_seen(own: Path, tmp_path: Path) -> None:
    made: Any = make_optimizer(f"{own}:Nth", n=1)
    hpo_gym.train(made, "SVM", out=tmp_path / "trained")
    results = hpo_gym.benchmark({"mine": made}, **BENCH, out=tmp_path / "results")
    assert not (tmp_path / "results" / "trained").exists() and not results.failed_cells
    other: Any = make_optimizer(f"{own}:Nth", n=1)
    hpo_gym.train(other, "SVM", fold=0, out=tmp_path / "fold")  # on families that the published split tests
    seen = hpo_gym.benchmark({"mine": other}, **{**BENCH, "tasks": None}, out=tmp_path / "seen")
    assert seen.failed_cells and "was trained on its family" in seen.errors[0]


# ---------------------------------------------------------------------- Stable-Baselines3
def env_of(**keywords: Any) -> Any:
    from hpo_gym.sb3 import as_vec_env

    settings: dict[str, Any] = {"budget": 6, "codec": "pool", "autoreset_mode": "SAME_STEP", **keywords}
    return as_vec_env(hpo_gym.HPOVectorEnv(2, gappy(), **settings))


def models() -> dict[str, Any]:
    from sb3_contrib import MaskablePPO, RecurrentPPO
    from stable_baselines3 import DQN, PPO
    from stable_baselines3.common.vec_env import VecNormalize

    small = {"policy_kwargs": {"net_arch": [8]}, "seed": 0, "device": "cpu"}
    recurrent = {**small, "policy_kwargs": {"net_arch": [8], "lstm_hidden_size": 4}}
    return {
        "ppo": PPO("MlpPolicy", env_of(observer="summary", scores="rank"), **small),
        "box": PPO("MlpPolicy", env_of(codec="box"), **small),
        "dict": PPO("MultiInputPolicy", env_of(observer="pool"), **small),
        "normalized": PPO("MlpPolicy", VecNormalize(env_of()), **small),
        "maskable": MaskablePPO("MlpPolicy", env_of(duplicates="mask"), **small),
        "recurrent": RecurrentPPO("MlpLstmPolicy", env_of(), **recurrent),
        "dqn": DQN("MlpPolicy", env_of(), buffer_size=100, **small),
        "single": PPO("MlpPolicy", hpo_gym.HPOEnv(gappy(), budget=6, codec="pool"), **small),
    }


@pytest.mark.long
@pytest.mark.parametrize("kind", ["ppo", "box", "dict", "normalized", "maskable", "recurrent", "dqn", "single"])
def test_a_model_chooses_as_it_does_on_its_env(kind: str) -> None:
    """Beside SB3's own loop: `predict` of the model on the env's observations."""
    model = models()[kind]
    if kind == "normalized":
        model.get_env().training = True
        model.learn(64)
        model.get_env().training = False
    around = model.get_env()
    around.seed(4)
    obs, states, starts, chosen = around.reset(), None, np.ones(around.num_envs, bool), []
    task = _task_of(around)
    for _ in range(6):
        masks = {"action_masks": np.stack(around.env_method("action_masks"))} if kind == "maskable" else {}
        memory = {} if kind == "maskable" else {"state": states, "episode_start": starts}
        action, states = model.predict(obs, deterministic=True, **memory, **masks)
        starts = np.zeros(around.num_envs, bool)
        before = _history_of(around)
        obs, *_ = around.step(action)
        after = _history_of(around)
        chosen.append(after[-1] if len(after) > len(before) else None)
    optimizer = make_optimizer(model, deterministic=True)
    optimizer.reset(Context.of(task, 6), np.random.default_rng(0))
    ours = []
    for _ in range(6):
        query = optimizer.ask()
        assert query is not None
        trial = task.run(query.config)
        optimizer.tell(trial)
        ours.append(trial.score)
    reported = [c for c in chosen if c is not None]  # at the end of an episode the next one has begun
    assert len(reported) >= 5
    np.testing.assert_allclose(ours[: len(reported)], reported, rtol=1e-6)


@pytest.mark.long
def test_a_policy_that_draws_does_so_by_the_seed_of_its_run_alone() -> None:
    import torch

    from hpo_gym.optimize.forms.sb3_policy import SB3Policy

    model = models()["ppo"]
    task = _task_of(model.get_env())

    def chosen(seed: int) -> list[int]:
        optimizer = SB3Policy(model, deterministic=False)
        return [task.row_of(config) for config in hpo_gym.rollout(optimizer, task, 6, seed=seed).configs]

    before = torch.random.get_rng_state()
    runs = [chosen(seed) for seed in (0, 1, 0, 1)]
    assert runs[:2] == runs[2:] and runs[0] != runs[1]
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.long
def test_a_gaussian_is_sampled_and_a_choice_is_greedy_unless_asked(tmp_path: Path) -> None:
    from sb3_contrib import TQC
    from stable_baselines3 import PPO, TD3

    def of(algorithm: Any, codec: str = "box", **settings: Any) -> Any:
        small = {"policy_kwargs": {"net_arch": [8]}, "seed": 0, "device": "cpu"}
        return algorithm("MlpPolicy", env_of(codec=codec), **small, **settings)

    ppo, replay = of(PPO), {"buffer_size": 10}
    sampled = {  # TD3 has no spread to draw from
        "ppo": (ppo, True), "sde": (of(PPO, use_sde=True), True), "pool": (of(PPO, "pool"), False),
        "tqc": (of(TQC, **replay), True), "td3": (of(TD3, **replay), False),
    }  # fmt: skip
    for name, (model, draws) in sampled.items():
        assert make_optimizer(model).settings["deterministic"] is not draws, name  # type: ignore[attr-defined]
        for way in (True, False):
            forced: Any = make_optimizer({"name": model, "deterministic": way})
            assert forced.settings["deterministic"] is way
        task = _task_of(model.get_env())
        runs = [[t.score for t in hpo_gym.rollout(make_optimizer(model), task, 6, seed=s)] for s in (0, 1, 0)]
        assert runs[0] == runs[2] and (runs[0] != runs[1]) is draws, name
    with pytest.raises(UnknownNameError, match="Did you mean 'deterministic'"):
        make_optimizer(ppo, determinstic=True)
    with pytest.raises(InvalidValueError, match="must be True, False or None, got 1"):
        make_optimizer(ppo, deterministic=1)
    (tmp_path / "own.py").write_text(
        "import hpo_gym\nfrom stable_baselines3 import PPO\n\n\n"
        "def agent():\n    return PPO('MlpPolicy', 'hpo_gym/SVM-v0', seed=0, device='cpu')\n"
    )
    found: Any = make_optimizer(f"{tmp_path / 'own.py'}:agent")
    assert (found.settings["algorithm"], found.settings["deterministic"]) == ("PPO", True)  # a list of candidates


def _inner(around: Any) -> Any:
    while not isinstance(around, (hpo_gym.HPOEnv, hpo_gym.HPOVectorEnv)):
        envs = getattr(around, "envs", None)
        around = envs[0] if envs else getattr(around, "venv", None) or around.env
    return around


def _task_of(around: Any) -> Any:
    kernel = _inner(around).kernel
    return kernel.batch.tasks[kernel.runs.task.item(0)]


def _history_of(around: Any) -> list[float]:
    env = _inner(around)
    history = env.history() if isinstance(env, hpo_gym.HPOEnv) else env.history(0)
    return [float(s) for s in history.scores]


def test_of_a_zip_the_weights_are_read_and_nothing_is_run(tmp_path: Path) -> None:
    import zipfile

    from stable_baselines3 import PPO

    from hpo_gym.sb3 import load_weights

    kwargs = {"policy_kwargs": {"net_arch": [8]}}
    env = env_of()
    model = PPO("MlpPolicy", env, seed=1, device="cpu", **kwargs)
    model.save(tmp_path / "model.zip")
    read = load_weights(tmp_path / "model.zip", PPO, env, device="cpu", **kwargs)
    assert make_optimizer(read).settings == make_optimizer(model).settings  # type: ignore[attr-defined]
    with pytest.raises(InvalidValueError, match="must fit PPO"):
        load_weights(tmp_path / "model.zip", PPO, env, policy_kwargs={"net_arch": [9]}, device="cpu")
    with pytest.raises(DamagedDataError, match=r"policy\.pth"):
        load_weights(tmp_path / "none.zip", PPO, env)

    class Evil:
        def __reduce__(self) -> Any:
            return (open, (str(tmp_path / "ran"), "w"))

    import pickle

    import torch

    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        import io

        stream = io.BytesIO()
        torch.save({"x": Evil()}, stream, pickle_module=pickle)
        archive.writestr("policy.pth", stream.getvalue())
        archive.writestr("data", "not read")
    with warnings.catch_warnings(), pytest.raises(DamagedDataError, match="numbers alone"):
        warnings.simplefilter("ignore")
        load_weights(tmp_path / "evil.zip", PPO, env)
    assert not (tmp_path / "ran").exists()


@pytest.mark.long
def test_weights_of_a_stranger_are_bounded_before_they_are_taken(tmp_path: Path) -> None:
    import io
    import zipfile

    import torch
    from stable_baselines3 import PPO

    from hpo_gym.sb3 import load_weights

    env, kwargs = env_of(), {"policy_kwargs": {"net_arch": [8]}}
    model = PPO("MlpPolicy", env, seed=1, device="cpu", **kwargs)
    own = model.policy.state_dict()
    name = next(iter(own))

    def read(weights: Any, *, packed: bool = False, legacy: bool = False, pad: int = 0) -> Any:
        stream = io.BytesIO()
        torch.save(weights, stream, _use_new_zipfile_serialization=not legacy)
        data = stream.getvalue()
        if packed:
            again = io.BytesIO()
            with zipfile.ZipFile(stream) as old, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as new:
                for info in old.infolist():
                    new.writestr(info.filename, old.read(info))
            data = again.getvalue()
        with zipfile.ZipFile(tmp_path / "odd.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("policy.pth", data + bytes(pad))
        return load_weights(tmp_path / "odd.zip", PPO, env, device="cpu", **kwargs)

    assert read(own).policy.state_dict().keys() == own.keys()
    nan = own[name].clone()
    nan.view(-1)[0] = float("nan")
    for odd, rule in (
        ({**own, name: nan}, "must be finite, got NaN"),
        ({**own, name: own[name].double()}, "float32.*float64"),
        ({**own, name: torch.zeros(1).expand(10**12)}, r"\(1000000000000,\)"),
        ({**own, name: 5}, "got 'int'"),
        ({**own, "more": nan}, "'more'"),
    ):
        with pytest.raises(InvalidValueError, match=rf"must fit PPO.*{rule}"):
            read(odd)
    with pytest.raises(DamagedDataError, match="weights by name, got list"):
        read([1, 2])
    with pytest.raises(DamagedDataError, match=r"at most .* bytes for this model"):
        read(own, pad=1 << 26)
    with pytest.raises(DamagedDataError, match="stored, not compressed"):
        read(own, packed=True)
    with pytest.raises(DamagedDataError, match="not a zip"):
        read(own, legacy=True)


# ---------------------------------------------------------------------- workers
SCRIPT = """
import sys

import numpy as np

import hpo_gym


class Mine:
    '''Random configurations.'''

    version = 1

    def __init__(self, shift=0):
        self.shift = shift

    def reset(self, context, rng):
        self.space, self.rng = context.space, np.random.default_rng(self.shift)

    def ask(self):
        return hpo_gym.Query(self.space.from_unit(self.space.snap(self.rng.random((1, self.space.d)))[0]))

    def tell(self, trial):
        pass


given = {"class": Mine, "object": Mine(3), "lambda": lambda: Mine(3), "set": {"name": Mine, "shift": 3}}
given["file"] = hpo_gym.make_optimizer(sys.argv[1])
results = hpo_gym.benchmark(given, "SVM", tasks=2, seeds=1, budget=4, out=sys.argv[2], workers=2, engine=sys.argv[3])
assert not results.failed_cells, results.errors
frame = results.to_frame().set_index("optimizer")["auc"]
print({name: round(float(auc), 12) for name, auc in frame.items()})
"""


@pytest.mark.long
def test_a_script_without_a_guard_sends_its_classes_and_objects_to_workers(own: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)

    def run(engine: str) -> dict[str, float]:
        words = [sys.executable, "script.py", f"{own}:shifted", engine, engine]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return dict(eval(done.stdout))  # noqa: S307 - of the script above

    alone, together = run("serial"), run("process")
    assert alone == together
    assert together["object"] == together["lambda"] == together["set"] != together["class"]


@pytest.mark.long
def test_a_model_is_compared_by_its_name_and_a_copy_of_its_weights(tmp_path: Path) -> None:
    from stable_baselines3 import PPO

    vector = hpo_gym.HPOVectorEnv(2, "SVM", budget=4, codec="pool", autoreset_mode="SAME_STEP")
    model = PPO("MlpPolicy", hpo_gym.sb3.as_vec_env(vector), policy_kwargs={"net_arch": [8]}, seed=0, device="cpu")  # type: ignore[attr-defined]
    found = aucs(hpo_gym.benchmark([model, "random"], **BENCH, out=tmp_path / "a"))
    assert set(found) == {"PPO", "random", "default", "portfolio"}
    test = hpo_gym.HPOVectorEnv(2, "SVM", split="test", budget=4, codec="pool", autoreset_mode="SAME_STEP")
    seen = hpo_gym.benchmark((model, test), **BENCH, out=tmp_path / "b")
    assert "was trained on its family" in seen.errors[0]
    taken: Any = make_optimizer(model)
    before = taken.settings["weights"]
    model.learn(32)
    assert taken.settings["weights"] == before != make_optimizer(model).settings["weights"]  # type: ignore[attr-defined]


@pytest.mark.long
def test_a_policy_is_asked_about_observations_normalised_as_in_its_training() -> None:
    model = models()["normalized"]
    model.learn(64)
    optimizer: Any = make_optimizer(model)
    optimizer.reset(Context.of(_task_of(model.get_env()), 6), np.random.default_rng(0))
    asked: list[np.ndarray] = []

    def first(observation: np.ndarray, **more: Any) -> tuple[int, None]:
        asked.append(observation)
        return 0, None

    optimizer.network = SimpleNamespace(predict=first)
    raw = optimizer.observer(optimizer._contexts, optimizer.runs)[0]
    optimizer.ask()
    np.testing.assert_allclose(asked[0], model.get_env().normalize_obs(raw), rtol=1e-6)
    assert not np.allclose(asked[0], raw)
