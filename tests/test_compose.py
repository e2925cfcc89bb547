"""What docker-compose.yml promises, read from the file itself."""

import re
from pathlib import Path

import pytest
import yaml
from honcho.environ import parse_procfile

ROOT = Path(__file__).parent.parent
OURS = ("prepare", "web", "worker", "beat")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_it_runs_every_process_with_its_database_and_broker(compose):
    assert set(compose["services"]) == {*OURS, "postgres", "redis"}


def test_processes_run_the_same_commands_as_without_docker(compose):
    procfile = parse_procfile((ROOT / "Procfile").read_text()).processes
    assert {name: compose["services"][name]["command"] for name in procfile} == dict(procfile)


@pytest.mark.parametrize("name", OURS)
def test_our_processes_are_not_root_and_gain_no_rights(compose, name):
    service = compose["services"][name]
    assert service["user"] == "flightplan"
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True


@pytest.mark.parametrize("name", ["web", "worker", "beat", "postgres", "redis"])
def test_every_lasting_service_has_a_health_check_and_restarts(compose, name):
    service = compose["services"][name]
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", OURS)
def test_every_setting_can_be_given_in_the_file_beside_it(compose, name):
    assert compose["services"][name]["env_file"] == [{"path": ".env", "required": False}]


def test_all_state_lies_in_volumes(compose):
    mounted = {
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
    }
    assert mounted == set(compose["volumes"])


@pytest.mark.parametrize("secret", ["SECRET_KEY", "POSTGRES_PASSWORD"])
def test_secrets_come_from_the_environment_and_are_asked_for(secret):
    text = (ROOT / "docker-compose.yml").read_text()
    uses = re.findall(rf"\$\{{{secret}([^}}]*)\}}", text)
    assert uses
    assert all(use.startswith(":?") for use in uses)


def test_the_image_is_not_root_has_a_health_check_and_no_secret():
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER (?!root)\w+$", text, re.M)
    assert "HEALTHCHECK" in text
    assert "SECRET" not in text
    assert "PASSWORD" not in text
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".env", "var", ".venv"} <= set(ignored)
