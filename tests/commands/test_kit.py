"""``kit ci``: jobs that a team can commit as they are."""

import io
import json
import subprocess
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError
from packaging.requirements import Requirement

GITHUB = ".github/workflows/upgradecheck.yml"
GITLAB = ".gitlab/upgradecheck.gitlab-ci.yml"
REQUIREMENTS = ".upgradecheck-requirements.txt"


@pytest.fixture(autouse=True)
def built(settings, tmp_path: Path) -> None:
    settings.DIST_DIR = tmp_path / "dist"
    settings.DIST_DIR.mkdir()
    settings.BASE_URL = "https://flightplan.example.com"
    wheel = settings.DIST_DIR / "flightplan_upgradecheck-9.9.9-py3-none-any.whl"
    wheel.write_bytes(b"the wheel")
    (settings.DIST_DIR / "dependencies.txt").write_text(
        "msgspec==0.22.0 \\\n    --hash=sha256:00\n"
    )


def written(tmp_path: Path, *more: str) -> Path:
    output = tmp_path / "repository"
    call_command(
        "kit",
        "ci",
        "--deployment",
        "production",
        "--output",
        str(output),
        *more,
        stdout=io.StringIO(),
    )
    return output


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (GITHUB, "kit-ci-github.yml"),
        (GITLAB, "kit-ci-gitlab.yml"),
        (REQUIREMENTS, "kit-ci-requirements.txt"),
    ],
)
def test_the_files_are_as_agreed(deployment, tmp_path, golden, path, name):
    assert (written(tmp_path) / path).read_text() == (golden / name).read_text()


def test_the_github_job_may_do_nothing_but_read_and_runs_on_requests_and_mondays(
    deployment, tmp_path
):
    workflow = yaml.safe_load((written(tmp_path) / GITHUB).read_text())
    on = workflow[True]  # YAML 1.1 reads the key `on` as true; GitHub does not.
    assert workflow["permissions"] == {"contents": "read"}
    assert set(on) == {"pull_request", "workflow_dispatch", "schedule"}
    assert on["schedule"] == [{"cron": "0 11 * * 1"}]
    job = workflow["jobs"]["upgradecheck"]
    assert job["env"] == {
        "FLIGHTPLAN_URL": "https://flightplan.example.com",
        "FLIGHTPLAN_DEPLOYMENT": "production",
        "AIRFLOW_TARGET": "3.1",
        "AIRFLOW_CURRENT": "2.9.3",
    }
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert all(name.rpartition("@")[2].startswith("v") for name in used)
    (sending,) = [step for step in job["steps"] if "FLIGHTPLAN_TOKEN" in step.get("env", {})]
    assert "schedule" in sending["if"] and "default_branch" in sending["if"]
    assert "permissions" not in job


def test_the_gitlab_job_runs_on_requests_and_schedules_and_keeps_the_report(deployment, tmp_path):
    jobs = yaml.safe_load((written(tmp_path) / GITLAB).read_text())
    assert list(jobs) == ["upgradecheck"]
    job = jobs["upgradecheck"]
    assert [rule["if"] for rule in job["rules"]] == [
        '$CI_PIPELINE_SOURCE == "merge_request_event"',
        '$CI_PIPELINE_SOURCE == "schedule"',
    ]
    assert job["artifacts"]["paths"] == ["upgradecheck-report.json"]
    assert job["artifacts"]["when"] == "always"
    assert "Europe/Berlin" in (tmp_path / "repository" / GITLAB).read_text()


def scripts(folder: Path) -> list[str]:
    workflow = yaml.safe_load((folder / GITHUB).read_text())
    job = yaml.safe_load((folder / GITLAB).read_text())["upgradecheck"]
    steps = [step["run"] for step in workflow["jobs"]["upgradecheck"]["steps"] if "run" in step]
    return [*steps, *job["before_script"], *job["script"]]


def test_every_script_is_one_that_a_shell_can_read(deployment, tmp_path):
    for script in scripts(written(tmp_path)):
        subprocess.run(["sh", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize(("status", "says"), [(0, ""), (1, "exit 1"), (3, "exit 3"), (2, "exit 2")])
def test_the_check_passes_the_exit_code_on_and_tells_1_and_3_apart(
    deployment, tmp_path, status, says
):
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "upgradecheck").write_text(f"#!/bin/sh\nexit {status}\n")
    (programs / "upgradecheck").chmod(0o755)
    for script in scripts(written(tmp_path)):
        if "case" in script:
            done = subprocess.run(
                ["sh", "-e", "-c", script],
                env={
                    "PATH": f"{programs}:/usr/bin:/bin",
                    "AIRFLOW_TARGET": "3.1",
                    "AIRFLOW_CURRENT": "2.9.3",
                },
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == status
            assert says in done.stdout
            assert bool(done.stdout) == bool(says)


def test_hostile_names_stay_text(deployment, tmp_path, settings):
    deployment.name = 'x\n    - run: evil\r${{ secrets.ALL }} "quoted" # end'
    deployment.save()
    settings.BASE_URL = 'https://x.example/"${{ secrets.ALL }}'
    folder = written(tmp_path)
    workflow = yaml.safe_load((folder / GITHUB).read_text())
    job = workflow["jobs"]["upgradecheck"]
    assert set(workflow) == {"name", True, "permissions", "concurrency", "jobs"}
    assert len(job["steps"]) == 7
    assert "${{" not in json.dumps(job["env"])
    assert list(yaml.safe_load((folder / GITLAB).read_text())) == ["upgradecheck"]


def test_every_requirement_has_a_hash(deployment, tmp_path):
    text = (written(tmp_path) / REQUIREMENTS).read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    named = [Requirement(line.rstrip("\\ ")) for line in lines if not line.startswith(" ")]
    assert [one.name for one in named] == ["flightplan-upgradecheck", "msgspec"]
    assert named[0].url == (
        "https://flightplan.example.com/dist/flightplan_upgradecheck-9.9.9-py3-none-any.whl"
    )
    assert sum("--hash=sha256:" in line for line in lines) == 2


def test_the_json_names_the_files(deployment, tmp_path):
    output = io.StringIO()
    call_command(
        "kit", "--deployment", "production", "--output", str(tmp_path), "--json", stdout=output
    )
    assert json.loads(output.getvalue())["files"] == [GITHUB, GITLAB, REQUIREMENTS]


def test_without_a_package_it_says_how_to_get_one(deployment, tmp_path, settings):
    (settings.DIST_DIR / "dependencies.txt").unlink()
    with pytest.raises(CommandError, match="make install") as failed:
        written(tmp_path)
    assert failed.value.returncode == 2


def test_a_folder_that_cannot_be_written_is_one_sentence(deployment, tmp_path):
    (tmp_path / "repository").write_text("a file")
    with pytest.raises(CommandError, match="cannot be written") as failed:
        written(tmp_path)
    assert failed.value.returncode == 2
