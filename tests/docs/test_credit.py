"""No sentence of a page credits training unless what is trained is better than what it was before."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
from test_results import EXT, STUDY, build

TOP = Path(__file__).resolve().parents[2]
PAGES = [
    *sorted(TOP.glob("README*.md")),
    *sorted(p for p in (TOP / "docs").rglob("*.md") if not {"_build", "build"} & {*p.parts}),
]
PAID = "planted.mine-to-untrained.high < 1"
PLANTED = STUDY.replace(
    '{"loss"', '{"mine-to-untrained": [0.8, 0.7, 0.9], "other-to-untrained": [0.9, 0.8, 1.1], "loss"'
)
CREDIT = (
    "A shipped policy, trained by PPO on other suites, has the lowest AUC of the 53 recorded methods.",
    "Training pays: `ppo-pool` is ahead of the portfolio, and `untrained` is not.",
    "`ppo-pool-tables` is better than `untrained`.",
    "The trained policy beats every list.",
    "随包附带、用 PPO 训练的策略，AUC 最低。",
)
PRAISE = (
    "`ppo-pool-tables` has the lowest AUC.",
    "After five points `transfer-mix` beats the portfolio, and so does `ppo-pool-tables`.",
)
FAIR = (
    "`ppo-pool-tables` and `untrained` are both ahead of the portfolio.",
    "`ppo-pool-tables` has the lowest AUC. `untrained` is level with it.",
    "No training of `ppo-pool` helps.",
    "The trained policy is level with the policy before its first step.",
    "`ppo-pool` takes 3 ms; the best list of training tasks has the lowest regret.",
    "Training pays on schedules, where `plateau` is the best.",
)


@pytest.fixture
def credit(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXT))
    return importlib.import_module("credit")


def faults_of(credit: Any, folder: Path, text: str) -> list[str]:
    (folder / "page.md").write_text(f"# Page\n\nA first paragraph.\n\n- {text}\n- Another item.\n")
    return list(credit.faults(folder / "page.md"))


@pytest.mark.parametrize("text", CREDIT)
def test_credit_needs_a_ratio_to_the_control_below_one(credit: Any, text: str, tmp_path: Path) -> None:
    (fault,) = faults_of(credit, tmp_path, text)
    assert fault.startswith("page.md:5: credits training without the condition")
    assert not faults_of(credit, tmp_path, f'{{claim}}``{PAID} "{text}"``')
    for other in (
        "planted.mine-to-untrained.high < 2",
        "planted.mine-to-portfolio.high < 1",
        f"x{PAID}".replace("<", ">"),
    ):
        assert faults_of(credit, tmp_path, f'{{claim}}``{other} "{text}"``')


@pytest.mark.parametrize("text", PRAISE)
def test_praise_needs_the_control_beside_it(credit: Any, text: str, tmp_path: Path) -> None:
    (fault,) = faults_of(credit, tmp_path, text)
    assert "its paragraph does not say how its control does" in fault
    assert not faults_of(credit, tmp_path, f"{text} `untrained` has .86.")


@pytest.mark.parametrize("text", FAIR)
def test_what_is_fair_passes(credit: Any, text: str, tmp_path: Path) -> None:
    assert faults_of(credit, tmp_path, text) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("page", "said"),
    [
        (CREDIT[2], "credits training without the condition"),
        (f'{{claim}}``planted.other-to-untrained.high < 1 "{CREDIT[2]}"``', "false claim"),
        (f'{{claim}}``{PAID} "{CREDIT[2]}"``', None),
        (FAIR[0], None),
    ],
)
def test_a_page_that_credits_training_for_nothing_fails_the_build(page: str, said: str | None, tmp_path: Path) -> None:
    done = build(tmp_path, f"# Page\n\n{page}\n", PLANTED)
    assert (done.returncode != 0) is (said is not None), done.stderr
    assert said is None or said in done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(TOP).as_posix())
def test_our_pages_credit_no_training_for_nothing(credit: Any, page: Path) -> None:
    assert list(credit.faults(page)) == []
