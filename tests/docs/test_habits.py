"""What the project's own files promise is what is done: workflows, hooks, templates, claimed versions, lower bounds."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / ".ci"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LINKING = [ROOT / "CODE_OF_CONDUCT.md", ROOT / ".github" / "pull_request_template.md"]


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def run_of_ci() -> str:
    return (CI / "run").read_text(encoding="utf-8")


# ---------------------------------------------------------------------------------------------- what runs where
def workflow() -> Any:
    return read(".github/workflows/ci.yml")


def commands(job: Any) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_a_job_is_one_script_that_runs_anywhere() -> None:
    jobs = workflow()["jobs"]
    assert commands(jobs["commit"]) == [".ci/run ${{ matrix.part }}"]
    assert commands(jobs["versions"]) == [".ci/versions . ${{ matrix.which }} python rl,optuna,sklearn,parquet"]
    assert commands(jobs["elsewhere"]) == ["python .ci/smoke.py ${{ matrix.tests }}"]
    assert commands(jobs["nightly"]) == [".ci/run --full", '.ci/report "$RUN"']
    for name, job in jobs.items():
        used = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
        pictures = ["actions/upload-artifact"] * (name == "commit")
        assert used == ["actions/checkout", "actions/setup-python", *pictures]
        if ".ci/run" in commands(job)[0]:
            assert job["steps"][0]["with"]["fetch-depth"] == 0, name  # `.ci/base` needs the commits before
    assert jobs["commit"]["steps"][1]["with"]["python-version"] == claimed()[0]


def test_each_python_is_run_with_the_newest_releases_and_the_first_with_the_lowest() -> None:
    jobs = workflow()["jobs"]
    runs = [(run["which"], run["python"]) for run in jobs["versions"]["strategy"]["matrix"]["include"]]
    newest = [python for which, python in runs if which == "newest"]
    assert [python for which, python in runs if which == "lowest"] == claimed()[:1]
    assert set(claimed()) <= set(newest)
    assert sorted(jobs["nightly"]["steps"][1]["with"]["python-version"].split()) == newest
    loop = re.search(r"for version in (.+); do", run_of_ci())
    assert loop is not None and loop[1].split() == newest


def test_other_systems_run_tests_that_exist() -> None:
    runs = {
        run["os"].partition("-")[0]: run["tests"]
        for run in workflow()["jobs"]["elsewhere"]["strategy"]["matrix"]["include"]
    }
    assert set(runs) == {"macos", "windows"} and runs["macos"] == ""
    for name in runs["windows"].split():
        path = ROOT / "tests" / name
        files = path.rglob("test_*.py") if path.is_dir() else [path]
        assert any("mark.smoke" in file.read_text(encoding="utf-8") for file in files), name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_reads_alone_unless_a_job_says_more_and_names_versions_of_actions(path: Path) -> None:
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert said["permissions"] == {"contents": "read"}
    for job in said["jobs"].values():
        assert job["timeout-minutes"] <= 360
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|release/v\d+)", step.get("uses", "a/b@v1"))
            for script in re.findall(r"\.ci/[\w.]+", step.get("run", "")):
                assert (ROOT / script).is_file(), script


def test_a_release_is_built_by_a_job_and_published_by_another_without_a_stored_token() -> None:
    said = read(".github/workflows/release.yml")
    build, publish = said["jobs"]["build"], said["jobs"]["publish"]
    assert said[True] == {"push": {"tags": ["v*"]}}  # YAML 1.1 reads the key `on` as a truth
    assert commands(build) == ['.ci/release "$GITHUB_REF_NAME" dist'] and "permissions" not in build
    assert publish["needs"] == "build" and commands(publish) == []
    assert publish["permissions"] == {"id-token": "write"}
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("tag", "said"), [("v9.9.9", "the tag v9.9.9 is not v"), (f"v{PROJECT['version']}", "CHANGELOG.md has no line")]
)
def test_a_release_needs_its_version_and_a_dated_changelog(tag: str, said: str, tmp_path: Path) -> None:
    dated = re.search(rf"^## \[{PROJECT['version']}\] - \d", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    if dated and not tag.startswith("v9"):
        pytest.skip("the changelog has a date: this version may be released")
    done = subprocess.run([str(CI / "release"), tag, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and said in done.stderr


def test_an_entry_is_replayed_by_a_workflow_that_may_only_read() -> None:
    """Entries come from strangers: the workflow runs our code on them, and none of theirs."""
    assert {p.stem for p in WORKFLOWS} == {"ci", "leaderboard", "pages", "release"}
    found = read(".github/workflows/leaderboard.yml")
    assert found["permissions"] == {"contents": "read"} and set(found["jobs"]) == {"replay"}
    assert commands(found["jobs"]["replay"])[1].startswith("hpo-gym leaderboard benchmarks/leaderboard/entries ")


def test_the_site_is_built_as_ci_run_builds_it_and_only_its_deployment_may_write_pages() -> None:
    found = read(".github/workflows/pages.yml")
    build, deploy = found["jobs"]["build"], found["jobs"]["deploy"]
    assert commands(build) == ['pip install --quiet ".[docs]"', "sphinx-build -q -W docs site"]
    assert 'sphinx-build" -q -W docs ' in run_of_ci() and '[docs]"' in run_of_ci()
    assert found["permissions"] == {"contents": "read"} and "permissions" not in build
    assert deploy["permissions"] == {"pages": "write", "id-token": "write"} and deploy["needs"] == "build"
    assert found[True] == {"push": {"branches": ["main"]}, "workflow_dispatch": None}  # YAML reads `on` as true


def test_jobs_of_a_commit_are_the_parts_of_ci_run() -> None:
    parts = workflow()["jobs"]["commit"]["strategy"]["matrix"]["part"]
    assert parts == re.findall(r"^if every (\w+); then$", run_of_ci(), re.MULTILINE)
    assert f"usage: .ci/run [{'|'.join(parts)}|--full]" in run_of_ci()
    wrong = subprocess.run([str(CI / "run"), "tets"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stderr.split(":")[0]) == (2, "usage")


def test_only_the_nightly_job_may_open_an_issue_and_does_when_it_fails() -> None:
    read_only = {"contents": "read"}
    assert workflow()["permissions"] == read_only
    allowed = {name: job.get("permissions", read_only) for name, job in workflow()["jobs"].items()}
    assert allowed.pop("nightly") == {**read_only, "issues": "write"}
    assert all(permissions == read_only for permissions in allowed.values())
    report = workflow()["jobs"]["nightly"]["steps"][-1]
    assert report["if"] == "failure()"
    assert "gh issue create" in (CI / "report").read_text(encoding="utf-8")


def test_a_change_is_held_against_where_it_left_main_or_against_the_commit_before(tmp_path: Path) -> None:
    def git(*command: str) -> str:
        settings = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *settings, *command], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def base() -> str:
        return subprocess.run([str(script)], capture_output=True, text=True, check=True).stdout.strip()

    script = tmp_path / ".ci" / "base"
    script.parent.mkdir()
    script.write_bytes((CI / "base").read_bytes())
    script.chmod(0o755)
    git("init", "-q")
    for message in ("one", "two"):
        git("commit", "-q", "--allow-empty", "-m", message)
        if message == "one":
            assert base() == git("rev-parse", "HEAD")  # nothing is before it
    one, two = git("rev-parse", "HEAD^1"), git("rev-parse", "HEAD")
    assert base() == one
    git("update-ref", "refs/remotes/origin/main", two)
    assert base() == one  # it is on main
    git("commit", "-q", "--allow-empty", "-m", "three")
    git("commit", "-q", "--allow-empty", "-m", "four")
    assert base() == two


def test_hooks_run_the_commands_of_ci_run() -> None:
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"  # nothing is fetched
    commands = [hook["entry"].replace(" --force-exclude", "") for hook in repository["hooks"]]
    assert commands == ["ruff check", "ruff format", "mypy"]
    lines = {line.strip() for line in run_of_ci().splitlines()}
    assert {"ruff check .", "ruff format --check .", 'step "types" mypy'} <= lines
    assert all(hook["language"] == "system" for hook in repository["hooks"])


@pytest.mark.parametrize("script", ["run", "base", "report", "versions", "python", "library", "release"])
def test_scripts_of_ci_are_whole(script: str) -> None:
    path = CI / script
    assert path.stat().st_mode & 0o100
    assert subprocess.run(["bash", "-n", str(path)], capture_output=True, check=False).returncode == 0


# ---------------------------------------------------------------------------------------------- what is claimed
def claimed() -> list[str]:
    classifiers = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", c) for c in PROJECT["classifiers"])
    return sorted(found[1] for found in classifiers if found)


def test_the_first_version_of_python_is_the_least() -> None:
    assert PROJECT["requires-python"] == f">={claimed()[0]}"


def test_no_system_is_claimed_but_the_one_that_is_run() -> None:
    assert [c for c in PROJECT["classifiers"] if "Operating System" in c] == ["Operating System :: POSIX :: Linux"]


def test_pins_are_the_lower_bounds() -> None:
    command = [sys.executable, str(CI / "lowest.py"), "rl,optuna,render"]
    pins = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert {"numpy==2.0", "torch==2.4", "optuna==4.0", "gymnasium[classic-control,other]==1.1"} <= set(pins)
    extras = PROJECT["optional-dependencies"]
    needs = {*PROJECT["dependencies"], *extras["rl"], *extras["optuna"], *extras["render"]}
    assert sorted(pins) == sorted(re.sub(r">=([\w.]+).*", r"==\1", need) for need in needs)


@pytest.mark.parametrize(
    ("other", "code"),
    [({"a.py": "1", "x/RECORD": "2"}, 0), ({"a.py": "2"}, 1), ({}, 1), ({"a.py": "1", "b.py": ""}, 1)],
)
def test_wheels_are_the_same_if_all_their_files_are(other: dict[str, str], code: int, tmp_path: Path) -> None:
    for name, files in (("a", {"a.py": "1", "x/RECORD": "1"}), ("b", other)):
        with zipfile.ZipFile(tmp_path / name, "w") as made:
            for path, text in files.items():
                made.writestr(path, text)
    command = [sys.executable, str(CI / "same_wheels.py"), str(tmp_path / "a"), str(tmp_path / "b")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == code


# ---------------------------------------------------------------------------------------------- containers
def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, with lines that go on joined."""
    whole = re.sub(r"\\\n\s*", "", text)
    return [(line.split()[0], line.partition(" ")[2]) for line in whole.splitlines() if line and line[0] != "#"]


def test_the_image_installs_the_checkout_as_the_readme_does_and_runs_without_root() -> None:
    found = instructions((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    names = [name for name, _ in found]
    assert set(names) <= {"FROM", "RUN", "USER", "WORKDIR", "ENV", "COPY", "ARG", "CMD"}
    assert found[0] == ("FROM", f"python:{claimed()[0]}-slim")
    assert found[-2:] == [("RUN", 'pip install --no-cache-dir -e ".$EXTRAS"'), ("CMD", '["hpo-gym", "bench"]')]
    assert found[names.index("USER")] == ("USER", "user") and names.index("USER") < names.index("COPY")
    settings = " ".join(value for name, value in found if name == "ENV")
    assert all(f"{threads}_NUM_THREADS=1" in settings for threads in ("OMP", "OPENBLAS", "MKL"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "pip install -e ." in readme and "hpo-gym bench" in readme


def test_the_development_container_is_that_image_with_tools() -> None:
    said = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    folder = ROOT / ".devcontainer"
    assert (folder / said["build"]["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert (folder / said["build"]["context"]).resolve() == ROOT
    assert said["remoteUser"] == "user"
    assert set(said["build"]["args"]["EXTRAS"].strip("[]").split(",")) <= set(PROJECT["optional-dependencies"])
    assert f"'.{said['build']['args']['EXTRAS']}'" in said["postCreateCommand"]


def test_nothing_that_is_tracked_and_packed_is_left_out_of_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert not set(ignored) & {"hpo_gym", "agents", "baselines", "tests", "docs", "benchmarks", "pyproject.toml"}
    assert {".git", ".venv", "docs/_build"} <= set(ignored)


# ---------------------------------------------------------------------------------------------- templates
@pytest.mark.parametrize("path", [p for p in TEMPLATES if p.name != "config.yml"], ids=lambda path: path.stem)
def test_a_template_has_what_the_tracker_needs(path: Path) -> None:
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(said) <= {"name", "description", "labels", "body"}
    ids = [part["id"] for part in said["body"]]
    assert len(set(ids)) == len(ids)
    for part in said["body"]:
        assert part["type"] in ("input", "textarea", "checkboxes")
        assert part["attributes"]["label"]
        assert part["type"] != "checkboxes" or all("label" in option for option in part["attributes"]["options"])
    assert any(part.get("validations", {}).get("required") for part in said["body"])


def test_there_is_a_template_for_each_thing_that_is_added() -> None:
    assert [path.stem for path in TEMPLATES] == ["bug", "config", "feature", "optimizer", "policy", "suite"]


@pytest.mark.parametrize("path", [*LINKING, *TEMPLATES], ids=lambda path: path.name)
def test_files_that_templates_name_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w/.])((?:docs|benchmarks|tests|\.ci)/[\w./-]+|[A-Z_]+\.md|NOTICE)", text))
    for name in sorted(named):
        assert (ROOT / name.rstrip(".")).exists(), f"{path.name} names {name}"
