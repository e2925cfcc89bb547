"""``decide``: the sentence first, exactly one JSON document, exit 2 with one sentence."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from planner.domain.decision import decide
from planner.domain.facts import facts_from
from planner.management.commands.decide import Command
from planner.models import Deployment
from planner.rendering.decision import decision_as_text
from planner.rulebook.load import rulebook
from tests.conftest import FACTS

FACTS_FILE = """
name = "Production"
current_version = "2.9.3"
target_version = "3.1"
dag_count = 401
python_target = "3.12"
provider_dependencies = ["snowflake"]
bandwidth_quarters = 0.8
"""


@pytest.fixture
def facts_file(tmp_path: Path) -> Callable[[str], str]:
    def write(content: str) -> str:
        path = tmp_path / "facts.toml"
        path.write_text(content)
        return str(path)

    return write


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("decide", *arguments, stdout=out)
    return out.getvalue()


def refusal(*arguments: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        call_command("decide", *arguments, stdout=io.StringIO())
    return caught.value


def test_the_people_text_is_as_agreed(golden: Path) -> None:
    decision = decide(
        facts_from(FACTS), rulebook(), today=datetime(2026, 11, 22, tzinfo=UTC).date()
    )

    assert decision_as_text(decision) + "\n" == (golden / "decide.txt").read_text()


def test_the_sentence_comes_first(facts_file: Callable[[str], str]) -> None:
    first = run("--facts", facts_file(FACTS_FILE)).splitlines()[0]

    assert first.startswith("Defer: need 0.802 quarters but have 0.80, whatever the 4 points say.")


def test_the_json_document_has_the_agreed_keys(facts_file: Callable[[str], str]) -> None:
    document = json.loads(run("--facts", facts_file(FACTS_FILE), "--json"))

    assert document["verdict"] == "defer"
    assert (document["points"], document["threshold"]) == (4, 3)
    assert set(document) >= {
        "verdict",
        "sentence",
        "points",
        "threshold",
        "signals",
        "gate",
        "second_opinion",
        "flips",
        "preconditions",
        "effort",
    }
    assert all({"key", "points", "applies"} <= set(signal) for signal in document["signals"])
    assert [signal["points"] for signal in document["signals"]] == [0, 0, 2, 2, 0]
    assert (document["gate"]["need"], document["gate"]["have"], document["gate"]["passes"]) == (
        0.802,
        0.8,
        False,
    )
    assert document["second_opinion"]["verdict"] == "upgrade now"
    assert document["second_opinion"]["agrees"] is False
    assert document["preconditions"][0].startswith("first: put the check in CI")
    assert {key: document["flips"][1][key] for key in ("key", "from", "to")} == {
        "key": "dag_count",
        "from": 401,
        "to": 400,
    }


def test_a_stored_deployment_decides_like_its_file(
    deployment: Deployment, tmp_path: Path, facts_file: Callable[[str], str]
) -> None:
    lines = [f"{key} = {json.dumps(value)}" for key, value in FACTS.items()]

    stored = json.loads(run("--deployment", "production", "--json"))
    from_file = json.loads(run("--facts", facts_file("\n".join(lines)), "--json"))

    assert stored == from_file


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("name = ", "facts.toml: is not TOML: invalid value (at line 1, the end)."),
        ('name = "x"\na b', "(at line 2, column 3)"),
        (
            'name = "x"\ncurrent_version = 2.9\ndag_count = 4',
            "facts.toml: current_version: must be text in quotes, not 2.9.",
        ),
        ('name = "x"\ncurrent_version = "2.9"', "dag_count: is missing"),
        (FACTS_FILE + "dags = 4", "dags: is not a fact; the facts are name,"),
        (FACTS_FILE.replace("401", '"401"'), "dag_count: must be a whole number, not '401'"),
        (FACTS_FILE.replace("0.8", "nan"), "bandwidth_quarters: must lie between"),
    ],
)
def test_a_wrong_file_is_refused_naming_file_and_key(
    facts_file: Callable[[str], str], content: str, words: str
) -> None:
    error = refusal("--facts", facts_file(content))

    assert error.returncode == 2
    assert words in str(error)
    assert "\n" not in str(error)


def test_a_file_that_is_not_text_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "facts.toml"
    path.write_bytes(b'name = "x"\nhosting = "\xff"\n')

    assert "is not UTF-8 text (at line 2)" in str(refusal("--facts", str(path)))


def test_a_missing_file_and_a_missing_deployment_are_sentences(db: None, tmp_path: Path) -> None:
    assert "cannot be read" in str(refusal("--facts", str(tmp_path / "none.toml")))
    assert "There is no deployment" in str(refusal("--deployment", "nowhere"))
    assert refusal("--deployment", "nowhere").returncode == 2


@pytest.mark.parametrize("arguments", [[], ["--facts", "a", "--deployment", "b"], ["--bogus"]])
def test_wrong_arguments_end_with_exit_code_2(arguments: list[str]) -> None:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as caught:
        Command(stderr=err).run_from_argv(["manage.py", "decide", *arguments])

    assert caught.value.code == 2
    assert out.getvalue() == ""
    assert "Traceback" not in err.getvalue()
