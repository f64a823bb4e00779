"""Pictures of a run: a text with a line per trial, and an image that shows every trial and every hyperparameter."""

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import toys

from hpo_gym.env.env import HPOEnv
from hpo_gym.env.render import RENDERERS, ansi, rgb_array
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
