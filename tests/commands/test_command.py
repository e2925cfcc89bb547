"""What every command shares: exit codes, one sentence, one document, closed pipes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def manage(process_environment):
    def run(*words, **options):
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=process_environment,
            capture_output=True,
            text=True,
            **options,
        )

    return run


def test_wrong_arguments_and_wrong_input_end_with_one_sentence_and_exit_2(manage):
    for words, sentence in (
        (["token", "nowhere", "--scope", "read"], "There is no deployment “nowhere”."),
        (["token"], "the following arguments are required: slug, --scope"),
        (["token", "nowhere", "--scope", "read", "--nonsense"], "unrecognized arguments"),
    ):
        ended = manage(*words)
        assert ended.returncode == 2
        assert ended.stdout == ""
        assert sentence in ended.stderr
        assert ended.stderr.strip().count("\n") == 0
        assert "Traceback" not in ended.stderr


def test_a_reader_that_leaves_early_causes_no_traceback(process_environment):
    ended = subprocess.run(
        f"{sys.executable} manage.py signin-link you@example.com --json | true",
        shell=True,
        cwd=ROOT,
        env=process_environment,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in ended.stderr
    assert "BrokenPipe" not in ended.stderr


def test_a_database_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    environment = os.environ | {
        "DATABASE_URL": "postgresql://someone:secret@127.0.0.1:1/flightplan",
        "DATA_DIR": str(tmp_path),
    }
    answer = subprocess.run(
        [sys.executable, "manage.py", "decide", "--deployment", "production"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.strip() == (
        "The database on 127.0.0.1 does not answer; start it, or mend DATABASE_URL."
    )
