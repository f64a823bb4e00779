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
CREDIT = {
    "a shipped policy": "A shipped policy, trained by PPO on other suites, has the lowest AUC of 53 methods.",
    "training pays": "Training pays: `ppo-pool` is ahead of the portfolio, and `untrained` is not.",
    "over the twin": "`ppo-pool-tables` is better than `untrained`.",
    "no name": "The trained policy beats every list.",
    "learns to": "PPO learns to tune a support vector machine in a minute.",
    "thanks to training": "Thanks to training, the AUC is .3 lower.",
    "by training": "The regret is halved by training.",
    "training as a subject": "Five minutes of learning puts it well ahead.",
    "after training": "After training, `ppo-pool` leads.",
    "passive": "Random search is outperformed by the trained agent.",
    "Chinese, lowest": "随包附带、用 PPO 训练的策略，AUC 最低。",
    "Chinese, learned to": "智能体学会了调参。",
}
RESULTS = {
    "lowest": "`ppo-pool-tables` has the lowest AUC.",
    "beside a method": "After five points `transfer-mix` beats the portfolio, and so does `ppo-pool-tables`.",
    "ahead of random": "PPO is ahead of random search.",
    "neutral words": "`ppo-pool` ends where the portfolio begins.",
    "a figure": "On `SVM` PPO has an AUC of .024.",
    "a stored figure": "On `SVM` the pool policy has {num}`planted.loss`.",
    "a share": "`ppo-pool-tables` needs half the trials.",
    "passive, figure": "An AUC of .024 was reached by PPO.",
    "one file": "The one file ends at .023.",
    "a caption": "![PPO passes random search after a minute](figures/learnable.svg)",
    "a row": "Table:\n\n| suite | random | best |\n|---|---|---|\n| `SVM` | .093 | PPO: .024 |",
    "Chinese, figure": "`ppo-pool` 的 AUC 是随机搜索的 0.26。",
    "Chinese, a rival": "一个文件里的 PPO 比随机搜索低。",
}
FAIR = (
    "`ppo-pool-tables` and `untrained` are both ahead of the portfolio.",
    "`ppo-pool-tables` has the lowest AUC. `untrained` is level with it.",
    "PPO has an AUC of .024, and before its training .107.",
    "PPO has {num}`learnable/ratios[SVM, ppo][/ untrained]` of what it has untrained.",
    "Table:\n\n| suite | untrained | best |\n|---|---|---|\n| `SVM` | .107 | PPO: .024 |",
    "![PPO and its untrained self on validation tasks](figures/learnable.svg)",
    "No training of `ppo-pool` helps.",
    "The trained policy is level with the policy before its first step.",
    "`ppo-pool` is a policy for any pool. The best list of training tasks has the lowest regret.",
    "`transfer-mix` learns from earlier data sets, and is ahead of `random`.",
)
OVER = CREDIT["over the twin"]


@pytest.fixture
def credit(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXT))
    return importlib.import_module("credit")


def faults_of(credit: Any, folder: Path, text: str) -> list[str]:
    (folder / "page.md").write_text(f"# Page\n\nA first paragraph.\n\n- {text}\n- Another item.\n")
    return list(credit.faults(folder / "page.md"))


@pytest.mark.parametrize("text", CREDIT.values(), ids=CREDIT)
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


@pytest.mark.parametrize("text", RESULTS.values(), ids=RESULTS)
def test_a_result_needs_the_control_beside_it(credit: Any, text: str, tmp_path: Path) -> None:
    faults = faults_of(credit, tmp_path, text)
    assert faults
    assert all("nothing beside it what its control does" in fault for fault in faults)
    if "|" not in text:
        assert not faults_of(credit, tmp_path, f"{text} `untrained` has .86.")
        assert not faults_of(credit, tmp_path, f"{text} It has {{num}}`planted.mine-to-untrained` of it.")


@pytest.mark.parametrize("text", FAIR)
def test_what_is_fair_passes(credit: Any, text: str, tmp_path: Path) -> None:
    assert faults_of(credit, tmp_path, text) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("page", "said"),
    [
        (OVER, "credits training without the condition"),
        (f'{{claim}}``planted.other-to-untrained.high < 1 "{OVER}"``', "false claim"),
        (f'{{claim}}``{PAID} "{OVER}"``', None),
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
