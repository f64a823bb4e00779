"""The outer loop of a training, on one number."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="networks need: pip install 'hpo-gym[rl]'")

from hpo_baselines._maml.descent import Descent  # noqa: E402


class Number(torch.nn.Module):
    def __init__(self, start: float = 3.0) -> None:
        super().__init__()
        self.x = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))


def test_steps_get_smaller_as_a_cosine() -> None:
    """The steps of Adam are as long as its rate where the gradient stays the same."""
    number, moved = Number(), []
    descent = Descent(number, 0.1, 4)
    for _ in range(4):
        before = number.x.item()
        descent.step(number.x * 2.0)
        moved.append(before - number.x.item())
    assert moved == pytest.approx([0.05 * (1.0 + math.cos(math.pi * i / 4)) for i in range(4)], rel=1e-5)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_changes_nothing(bad: float) -> None:
    number = Number()
    descent = Descent(number, 0.1, 3)
    descent.step(number.x * bad)
    assert number.x.item() == 3.0
    descent.step(number.x * 2.0)
    assert number.x.item() < 3.0


def test_the_best_of_six_moments_is_kept() -> None:
    number, asked = Number(), []
    descent = Descent(number, 0.1, 12)
    losses = iter([5.0, math.nan, 2.0, 2.0, 4.0, 9.0])

    def loss() -> float:
        asked.append((descent.done, number.x.item()))
        return next(losses)

    for _ in range(12):
        descent.step(number.x * 2.0)
        descent.judge(loss)
    descent.end()
    assert [done for done, _ in asked] == [2, 4, 6, 8, 10, 12]
    assert number.x.item() == asked[2][1] != asked[3][1]


def test_without_a_judge_the_last_is_kept() -> None:
    number = Number()
    descent = Descent(number, 0.1, 2)
    for _ in range(2):
        descent.step(number.x * 2.0)
    last = number.x.item()
    descent.end()
    assert number.x.item() == last < 3.0
