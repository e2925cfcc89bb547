"""``facts``: a TOML file becomes a deployment, and every fact says where it came from."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from planner.models import Deployment

CONTRACT = """
name = "Production"
current_version = "2.9.3"
target_version = "3.1"
dag_count = 400
executor = "CeleryExecutor"
python_current = "3.11"
python_target = "3.12"
mlops_roadmap = false
hybrid_workload = false
provider_dependencies = ["snowflake"]
bandwidth_quarters = 1.0
metadata_db = "postgresql"
"""


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("facts", *arguments, stdout=out)
    return out.getvalue()


def written(folder: Path, content: str, name: str = "facts.toml") -> str:
    (folder / name).write_text(content)
    return str(folder / name)


@pytest.mark.django_db
class TestFacts:
    def test_a_file_creates_a_deployment(self, tmp_path: Path) -> None:
        document = json.loads(run("production", written(tmp_path, CONTRACT), "--json"))

        assert document["slug"] == "production"
        assert document["facts"]["dag_count"]["value"] == 400
        assert document["facts"]["dag_count"]["from"].startswith("file facts.toml, ")
        assert document["facts"]["engineers"]["from"] == "not stated, the usual value"
        assert Deployment.objects.get().sources.get().name == "uploads"

    def test_without_a_target_the_newest_supported_line_is_proposed(self, tmp_path: Path) -> None:
        content = CONTRACT.replace('target_version = "3.1"\n', "")

        target = json.loads(run("production", written(tmp_path, content), "--json"))["facts"][
            "target_version"
        ]

        assert target == {"value": "3.3", "from": "not stated, the newest supported line"}

    def test_a_second_file_changes_what_it_names_and_keeps_the_rest(self, tmp_path: Path) -> None:
        run("production", written(tmp_path, CONTRACT))

        document = json.loads(
            run("production", written(tmp_path, "dag_count = 500", "later.toml"), "--json")
        )

        assert document["revision"] == 2
        assert document["facts"]["dag_count"]["value"] == 500
        assert document["facts"]["dag_count"]["from"].startswith("file later.toml, ")
        assert document["facts"]["python_target"]["value"] == "3.12"
        assert document["facts"]["python_target"]["from"].startswith("file facts.toml, ")

    def test_the_same_file_again_is_no_new_revision(self, tmp_path: Path) -> None:
        file = written(tmp_path, CONTRACT)
        run("production", file)

        assert json.loads(run("production", file, "--json"))["revision"] == 1

    def test_without_a_file_it_prints_what_is_stored(self, tmp_path: Path) -> None:
        run("production", written(tmp_path, CONTRACT))

        lines = run("production").splitlines()

        assert lines[0] == "Production (production)"
        assert any(
            "provider_dependencies  snowflake" in line and "file facts.toml" in line
            for line in lines
        )

    @pytest.mark.parametrize(
        ("slug", "content", "words"),
        [
            ("production", CONTRACT + "mlops_roadmap = 1", "is not TOML: cannot overwrite a value"),
            (
                "production",
                CONTRACT.replace("2.9.3", "3.0.1"),
                "current_version: 3.0.1 is already Airflow 3",
            ),
            ("production", 'dag_count = "many"', "name: is missing; current_version: is missing"),
            ("Production!", CONTRACT, 'slug: "Production!" must be small letters'),
            ("new", CONTRACT, 'slug: "new" is the address of a page'),
        ],
    )
    def test_what_cannot_be_is_refused_whole(
        self, tmp_path: Path, slug: str, content: str, words: str
    ) -> None:
        with pytest.raises(CommandError) as caught:
            run(slug, written(tmp_path, content))

        assert caught.value.returncode == 2
        assert words in str(caught.value)
        assert "facts.toml: " in str(caught.value)
        assert not Deployment.objects.exists()

    def test_an_unknown_deployment_says_how_to_make_one(self) -> None:
        with pytest.raises(CommandError, match=r"Create it with: facts nowhere FILE\.toml"):
            run("nowhere")
