"""Pictures of a run: a text with a line per trial, and an image that shows every trial and every hyperparameter."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import toys
from matplotlib.figure import Figure

from hpo_gym.base.errors import UnknownNameError
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.render import RENDERERS, _draw_configurations, _draw_scores, ansi, rgb_array
from hpo_gym.env.vector import HPOVectorEnv
from hpo_gym.problem.trial import History


def played(steps: int, **options: object) -> HPOEnv:
    env = HPOEnv(**{"suite": "ToyGappy", "budget": 8, **options})
    env.reset(seed=3)
    env.action_space.seed(1)
    for _ in range(steps):
        env.step(env.action_space.sample())
    return env


def test_the_text_has_a_line_per_trial_with_all_that_happened():
    env = played(6, codec={"name": "box", "fidelity": True}, n_init=2, render_mode="ansi")
    head, *lines = env.render().splitlines()
    history = env.history()
    task = history and env.kernel.batch.tasks[int(env.kernel.runs.task[0])]
    assert f"Gappy / {task.name}" in head and "of 8" in head and f"trial {history.incumbents[-1] + 1}" in head
    assert len(lines) == len(history) == 8
    for i, (line, trial) in enumerate(zip(lines, history, strict=True)):
        assert line.startswith(f"{i + 1:>4} ") and f"{trial.score:.6g}" in line and f"cost {trial.cost:.3g}" in line
        assert ("*" in line) == (history.incumbents[i] == i)
        assert ("given" in line) == (i < 2) and ("failed" in line) == (trial.status != 0)
        assert all(f"{name}=" in line for name in trial.config)


@pytest.mark.long
@pytest.mark.parametrize("suite", [*toys.SUITE_NAMES, "AutoML"])
def test_the_picture_has_one_size_whatever_the_run(suite):
    shapes = {played(steps, suite=suite, render_mode="rgb_array").render().shape for steps in (0, 1, 8)}
    assert shapes == {(480, 1000, 3)}


@pytest.mark.long
def test_the_picture_changes_where_something_happened():
    one, two = (played(steps, render_mode="rgb_array").render() for steps in (3, 4))
    assert one.dtype == np.uint8 and (one != two).any(2)[:, 600:].any() and (one != two).any(2)[:, :450].any()
    np.testing.assert_array_equal(one, played(3, render_mode="rgb_array").render())


PICTURES = {
    "nothing": ({}, 0, set()),
    "one trial": ({"suite": "Functions"}, 1, {"trial", "incumbent", "lowest value", "highest"}),
    "all": (
        {"suite": "SVM", "n_init": 4, "budget": 12}, 12,
        {"given", "trial", "failed", "incumbent", "lowest value", "highest", "inactive"},
    ),
    "fidelities": (
        {"suite": "Curves", "codec": {"name": "box", "fidelity": True}}, 8,
        {"trial", "lower fidelity", "incumbent", "lowest value", "highest", "inactive"},
    ),
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize(("options", "steps", "names"), PICTURES.values(), ids=PICTURES)
def test_the_keys_name_the_colours_of_the_picture_and_no_others(options, steps, names):
    env = played(steps, **options)
    history, task = env.history(), env.kernel.batch.tasks[int(env.kernel.runs.task[0])]
    left, right = Figure().subplots(1, 2)
    _draw_scores(left, history, 20)
    _draw_configurations(right, history, task, 20)
    key = left.get_legend()
    shown = {text.get_text() for text in right.texts}
    assert set(task.space.names) <= shown
    known = {"given", "trial", "lower fidelity", "failed", "incumbent", "lowest value", "highest", "inactive"}
    assert {t.get_text() for t in (key.get_texts() if key else ())} | shown & known == names


def test_an_empty_history_and_odd_names_can_be_drawn():
    task = toys.plain().task("a")
    assert "no trial yet" in ansi(History(), task, 5)
    assert rgb_array(History(), task, 5).shape[2] == 3
    assert set(RENDERERS) == set(HPOEnv.metadata["render_modes"])


def test_no_mode_draws_nothing_and_a_vector_env_draws_every_run():
    assert played(1).render() is None
    env = HPOVectorEnv(2, "ToyPlain", budget=3, render_mode="ansi")
    env.reset(seed=0)
    texts = env.render()
    assert len(texts) == 2 and all("no trial yet" in text for text in texts)


def test_a_window_is_the_wrapper_of_gymnasium_and_its_refusal_says_so():
    with pytest.raises(UnknownNameError, match=r"'rgb_array' and wrap it in `gymnasium\.wrappers\.HumanRendering`"):
        HPOEnv("ToyPlain", render_mode="human")
    with pytest.raises(
        UnknownNameError, match=r"'rgb_array' and wrap it in `gymnasium\.wrappers\.vector\.HumanRendering`"
    ):
        gym.make_vec("hpo_gym/HPO-v0", num_envs=2, suite="ToyPlain", render_mode="human")
    with pytest.raises(UnknownNameError, match=r"'rgb_aray'\. Did you mean 'rgb_array'"):
        HPOVectorEnv(2, "ToyPlain", render_mode="rgb_aray")


def rendered(vector: bool, shown: list[np.ndarray], monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """An env in the wrapper that opens a window, with a window that keeps what it shows, and what resizes for it."""
    window = SimpleNamespace(blit=lambda surface, at: shown.append(surface))
    pygame = SimpleNamespace(
        display=SimpleNamespace(init=lambda: None, set_mode=lambda size: window, flip=lambda: None, quit=lambda: None),
        time=SimpleNamespace(Clock=lambda: SimpleNamespace(tick=shown.append)),
        event=SimpleNamespace(pump=lambda: None), surfarray=SimpleNamespace(make_surface=np.copy),
        init=lambda: None, quit=lambda: None,
    )  # fmt: skip
    half = SimpleNamespace(resize=lambda picture, size: picture[::2, ::2])
    monkeypatch.setitem(sys.modules, "pygame", pygame)
    monkeypatch.setitem(sys.modules, "cv2", half)
    keywords = {"suite": "ToyPlain", "budget": 3, "render_mode": "rgb_array"}
    if vector:
        return gym.wrappers.vector.HumanRendering(gym.make_vec("hpo_gym/HPO-v0", num_envs=4, **keywords)), half
    return gym.wrappers.HumanRendering(gym.make("hpo_gym/HPO-v0", **keywords)), half


@pytest.mark.long
@pytest.mark.parametrize("vector", [False, True])
def test_gymnasium_opens_a_window_on_one_env_and_on_many(vector: bool, monkeypatch: pytest.MonkeyPatch):
    shown: list[Any] = []
    env, half = rendered(vector, shown, monkeypatch)
    env.reset(seed=0)
    env.step(env.action_space.sample())
    first, rate, second, again = shown
    assert rate == again == 4 and first.shape == second.shape == (1000, 480, 3) and (first != second).any()
    pictures = env.env.render() if vector else (env.env.render(),)
    upright = [np.transpose(p, (1, 0, 2)) for p in pictures]
    if vector:  # two by two
        upright = [half.resize(p, None) for p in upright]
        rows = [np.concatenate(upright[i : i + 2]) for i in (0, 2)]
        np.testing.assert_array_equal(second, np.concatenate(rows, axis=1))
    else:
        np.testing.assert_array_equal(second, upright[0])
    env.close()


@pytest.mark.long
@pytest.mark.parametrize("vector", [False, True])
def test_gymnasium_records_a_video_of_one_env_and_of_many(
    vector: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    if vector and not hasattr(gym.wrappers.vector, "RecordVideo"):
        pytest.skip("this release of Gymnasium records one env alone")
    written: list[tuple[str, float, tuple[int, ...]]] = []

    class Clip:
        def __init__(self, frames: list[np.ndarray], fps: float) -> None:
            self.reported = (fps, np.shape(frames))

        def write_videofile(self, path: str, **_: object) -> None:
            written.append((Path(path).name, *self.reported))

    for name in ("moviepy", "moviepy.video", "moviepy.video.io"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    clip = ModuleType("moviepy.video.io.ImageSequenceClip")
    clip.ImageSequenceClip = Clip  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, clip.__name__, clip)
    keywords = {"suite": "ToyPlain", "budget": 3, "render_mode": "rgb_array"}
    if vector:
        envs = gym.make_vec("hpo_gym/HPO-v0", num_envs=2, **keywords)
        env: Any = gym.wrappers.vector.RecordVideo(envs, str(tmp_path / "videos"), video_aspect_ratio=(4, 1))
    else:
        env = gym.wrappers.RecordVideo(gym.make("hpo_gym/HPO-v0", **keywords), str(tmp_path / "videos"))
    env.reset(seed=0)
    for _ in range(3):
        env.step(env.action_space.sample())
    env.close()
    assert written == [("rl-video-episode-0.mp4", 4, (4, 480, 2000 if vector else 1000, 3))]


@pytest.mark.long
def test_the_extra_render_brings_windows_and_videos(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    pytest.importorskip("pygame", reason="needs the extra 'render'")
    pytest.importorskip("moviepy", reason="needs the extra 'render'")
    pytest.importorskip("cv2", reason="needs the extra 'render'", exc_type=ImportError)  # or a library of the system
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")  # a window without a screen
    keywords = {"suite": "ToyPlain", "budget": 2}
    many = gym.make_vec("hpo_gym/HPO-v0", num_envs=2, render_mode="rgb_array", **keywords)
    one = gym.make("hpo_gym/HPO-v0", render_mode="rgb_array", **keywords)
    made = {
        "window": gym.make("hpo_gym/HPO-v0", render_mode="human", **keywords),
        "windows": gym.wrappers.vector.HumanRendering(many),
        "video": gym.wrappers.RecordVideo(one, str(tmp_path)),
    }
    for env in made.values():
        env.reset(seed=0)
        for _ in range(2):
            env.step(env.action_space.sample())
        if hasattr(env, "window"):
            assert env.window.get_size() == env.screen_size
        env.close()
    video = (tmp_path / "rl-video-episode-0.mp4").read_bytes()
    assert video[4:8] == b"ftyp" and len(video) > 1000


@pytest.mark.long
def test_gymnasium_collects_frames():
    env = gym.wrappers.RenderCollection(gym.make("hpo_gym/HPO-v0", suite="ToyPlain", budget=2, render_mode="rgb_array"))
    env.reset(seed=0)
    env.step(env.action_space.sample())
    assert len(env.render()) == 2
