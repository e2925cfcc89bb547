"""What was measured of Airflow's command line and settings is read whole, and refused where it is wrong."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from planner.rulebook.load import FOLDER, RulebookError, read, rulebook


@pytest.mark.parametrize(
    ("command", "since"),
    [
        ("webserver", "3.0"),
        ("db init", "3.0"),
        ("dags backfill", "3.0"),
        ("tasks run", "3.0"),
        ("trigger_dag", "3.0"),
        ("users create", "3.0"),
        ("dags trigger", ""),
        ("backfill create", ""),
        ("db migrate", ""),
    ],
)
def test_commands_by_the_line_that_dropped_them(command: str, since: str) -> None:
    assert rulebook().commands.commands[command].gone_since == since


def test_every_dropped_option_is_one_of_a_command_that_is_kept() -> None:
    book = rulebook().commands
    for command, options in book.options.items():
        assert set(book.commands[command].on.values()) <= {"kept", "provider"}, command
        assert all(change.gone_since for change in options.values()), command


def test_no_option_is_said_to_have_moved_to_one_that_is_gone() -> None:
    settings = rulebook().settings
    assert not [name for name, change in settings.items() if change.to in settings]


@pytest.mark.parametrize(
    ("file", "table", "name", "entry", "sentence"),
    [
        (
            "commands.json",
            "commands",
            "db x",
            "kkk",
            "one of k, g, p for each of 3.0, 3.1, 3.2, 3.3",
        ),
        ("commands.json", "commands", "db x", ["kkkx", ""], "one of k, g, p"),
        ("settings.json", "options", "core.x", ["iiik", ""], "letters, the new name, defaults"),
        ("settings.json", "options", "core.x", ["zzzz", "", []], "one of r, k, i"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(
    tmp_path: Path, file: str, table: str, name: str, entry: Any, sentence: str
) -> None:
    folder = tmp_path / "rulebook"
    shutil.copytree(FOLDER, folder)
    content = json.loads((folder / file).read_text())
    content[table][name] = entry
    (folder / file).write_text(json.dumps(content))
    with pytest.raises(RulebookError, match=f"rulebook/{file}: {name}: .*{sentence}"):
        read(folder)
