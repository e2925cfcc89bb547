"""``runbook``: every format, one JSON document, reasons on stderr, exit 2 with one sentence."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from planner.management.commands.runbook import Command
from planner.models import Deployment

FREEZE = ("--deployment", "production", "--freeze", "2027-03-05T18:00", "--zone", "Europe/Berlin")


def run(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("runbook", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_json_has_what_the_contract_names(deployment: Deployment) -> None:
    out, err = run(*FREEZE, "--json")

    document = json.loads(out)
    assert document["revision"] is None
    assert document["ready"] is False
    assert document["not_ready_because"]
    assert f"- {document['not_ready_because'][0]}" in err
    for step in (*document["steps"], *document["rollback"]):
        assert {
            "at", "utc", "offset", "action", "command", "expect", "otherwise", "owner", "minutes", "kind"
        } <= set(step)  # fmt: skip
    freeze = next(step for step in document["steps"] if step["key"] == "freeze-merges")
    assert (freeze["at"], freeze["utc"], freeze["offset"]) == (
        "2027-03-05T18:00+01:00",
        "2027-03-05T17:00Z",
        "T−14 h",
    )


def test_format_json_is_the_same_document(deployment: Deployment) -> None:
    assert run(*FREEZE, "--format", "json")[0] == run(*FREEZE, "--json")[0]


def test_text_says_first_that_it_is_not_ready(deployment: Deployment) -> None:
    out, _ = run(*FREEZE)

    assert out.startswith("Cutover runbook: Production\nDraft · hash ")
    assert "NOT READY" in out.splitlines()[3]


def test_a_draft_is_kept_nowhere(deployment: Deployment) -> None:
    run(*FREEZE)

    deployment.refresh_from_db()
    assert deployment.runbook == {}
    assert not deployment.runbook_revisions.exists()


def test_recording_numbers_and_keeps_the_window(deployment: Deployment) -> None:
    first = json.loads(run(*FREEZE, "--record", "--json")[0])
    again = json.loads(run("--deployment", "production", "--record", "--json")[0])
    moved = json.loads(
        run("--deployment", "production", "--freeze", "2027-03-12T18:00", "--record", "--json")[0]
    )

    assert (first["revision"], again["revision"], moved["revision"]) == (1, 1, 2)
    assert first["hash"] == again["hash"] != moved["hash"]


def test_without_a_window_it_proposes_the_plans_weekend(deployment: Deployment) -> None:
    document = json.loads(run("--deployment", "production", "--json")[0])

    assert document["window"]["freeze_words"].startswith("Friday ")
    assert document["window"]["zone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("form", "start"), [("md", "# Cutover runbook"), ("html", "<!doctype html>")]
)
def test_other_formats(deployment: Deployment, form: str, start: str) -> None:
    assert run(*FREEZE, "--format", form)[0].startswith(start)


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_pdf_goes_to_a_file(deployment: Deployment, tmp_path: Path, paper: str) -> None:
    target = tmp_path / "runbook.pdf"

    out, err = run(*FREEZE, "--format", "pdf", "--paper", paper, "--output", str(target))

    assert target.read_bytes().startswith(b"%PDF")
    assert out == ""
    assert f"Written to {target}." in err


def test_pdf_to_a_terminal_is_refused(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", _Terminal())

    with pytest.raises(CommandError, match="--output FILE") as caught:
        call_command("runbook", *FREEZE, "--format", "pdf")
    assert caught.value.returncode == 2


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--freeze", "2027-03-28T02:30"), "--freeze: 2027-03-28 02:30 does not exist"),
        (("--freeze", "next friday"), '--freeze: "next friday" is not a date and time'),
        (("--zone", "Mars/Olympus"), '--zone: "Mars/Olympus" is not a time zone'),
        (("--deployment", "elsewhere"), "There is no deployment “elsewhere”"),
        (("--output", "/nowhere/at/all.txt"), "/nowhere/at/all.txt: cannot be written"),
        (("--format", "docx"), "invalid choice"),
        (("--way", "sideways"), "invalid choice"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_exit_2(
    deployment: Deployment, arguments: tuple[str, ...], sentence: str
) -> None:
    out, err = io.StringIO(), io.StringIO()

    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stopped:
        Command(stdout=out, stderr=err).run_from_argv(["manage.py", "runbook", *FREEZE, *arguments])

    assert stopped.value.code == 2
    assert out.getvalue() == ""
    assert sentence in err.getvalue()
    assert "Traceback" not in err.getvalue()
