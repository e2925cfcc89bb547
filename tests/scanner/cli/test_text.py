"""The answer for people: the line, the caret, what to write instead, and nothing that harms a terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from planner.scanner.cli.screen import harmless, width_of
from planner.scanner.cli.text import excerpt
from tests.scanner.cli.terminal import COMMAND, SUBDAG, Tree, environment

DAG = """\
from airflow import DAG

with DAG("daily", schedule_interval="@daily", default_args={"owner": "bi"}):
    pass
"""


def in_terminal(tree: Tree, *arguments: str, columns: int = 80, **environ: str) -> str:
    """What the command writes to a terminal, from stdout and stderr."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=tree.root,
        env=environment(tree.root) | {"TERM": "xterm"} | environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):  # Linux ends a terminal with an error
        while part := os.read(ours, 65536):
            seen += part
    os.close(ours)
    process.wait(60)
    return seen.decode()


def test_a_finding_shows_its_line_a_caret_and_what_to_write_instead(tree):
    tree.write("dags/daily.py", DAG)
    text = tree.run(".").text
    lines = text.splitlines()
    at = next(index for index, line in enumerate(lines) if "`schedule_interval` is removed" in line)
    assert lines[0] == "dags/daily.py  bi (The DAG in this file names bi as its owner)"
    assert lines[at].startswith("  ERROR   AIR301  ")
    assert (
        lines[at + 1]
        == '     3 │ with DAG("daily", schedule_interval="@daily", default_args={"owner": "bi"}):'
    )
    assert lines[at + 2] == "       │                   ^^^^^^^^^^^^^^^^^"
    assert "   instead Rename the argument to `schedule`. It works on 2.x and 3.x." in lines
    assert "       fix now, on Airflow 2; there is a safe edit for it" in lines
    assert "     stops daily" in lines


def test_it_ends_with_totals_coverage_and_one_next_step(tree):
    tree.write("dags/daily.py", DAG)
    lines = tree.run(".").text.splitlines()
    assert "By rule" in lines and "By owner" in lines
    assert any(line.startswith("  bi: 1 error") for line in lines)
    assert any(
        line.startswith("1 error, ") and line.endswith("in 1 file for Airflow 3.3.")
        for line in lines
    )
    assert any(line.startswith("Checked 1 file with ") and "ruff 0." in line for line in lines)
    assert " ".join(lines).count("Next: ") == 1
    assert "--patch fixes.patch" in " ".join(lines[-2:])


def test_a_clean_tree_says_so_and_what_else_can_be_done(tree):
    tree.write("a.py", "x = 1\n")
    answer = tree.run(".")
    assert answer.status == 0
    assert answer.text.startswith("Nothing found that Airflow 3.3 would break")
    assert "--import-with" in answer.text


def test_the_same_problem_many_times_is_told_once(tree):
    uses = "".join(f"a{number} = DummyOperator()\n" for number in range(9))
    tree.write("a.py", "from airflow.operators.dummy_operator import DummyOperator\n" + uses)
    text = tree.run(".").text
    assert text.count("instead ") == 1
    assert "6 more of the same: line 5, 6, 7, 8, 9, 10" in text


def test_colour_is_for_terminals_alone(tree):
    tree.write("dags/daily.py", DAG)
    assert "\x1b[" not in tree.run(".").text
    assert "\x1b[1;31mERROR" in in_terminal(tree, ".")
    assert "\x1b[1;31m" not in in_terminal(tree, ".", NO_COLOR="1")
    assert "\x1b[1;31m" not in in_terminal(tree, ".", TERM="dumb")
    file = tree.root.parent / "out.txt"
    in_terminal(tree, ".", "--output", str(file))
    assert b"\x1b[" not in file.read_bytes()


@pytest.mark.parametrize("columns", [20, 40, 60])
def test_a_narrow_terminal_breaks_no_line_of_ours(tree, columns):
    tree.write("dags/daily.py", DAG)
    shown = re.sub(r"\x1b\[[0-9;]*[mK]", "", in_terminal(tree, ".", columns=columns))
    room = max(columns, 40)
    words = [line for line in shown.splitlines() if "│" in line or "^" in line]
    assert words and all(len(line.rstrip("\r")) <= room for line in words)


def test_a_long_scan_shows_how_far_it_is_and_cleans_up(tree):
    for number in range(1500):
        tree.write(f"dags/d{number}.py", DAG)
    shown = in_terminal(tree, ".", "--format", "github", "--no-cache")
    assert re.search(r"\r\x1b\[2K\[#*\.+\] [\d,]+ of 1,500 files", shown)
    assert shown.rindex("\r\x1b[2K") < shown.index("::error")


def test_no_bar_where_nobody_looks(tree):
    for number in range(300):
        tree.write(f"dags/d{number}.py", DAG)
    assert tree.run(".", "--format", "json").err == ""


def test_hostile_names_and_lines_are_spelled_out(tree):
    tree.write("dags/\x1b]0;evil\x07\n.py", DAG)
    tree.write(
        "dags/b.py",
        "from airflow.operators.dummy_operator import DummyOperator  # \x1b[31m\u202e\nDummyOperator('\x1b[2J\x9b')\n",
    )
    out = in_terminal(tree, ".", NO_COLOR="1")
    assert not re.search(
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", out.replace("\r\x1b[2K", "")
    )
    assert "\\x1b[2J\\x9b" in out


@pytest.mark.parametrize(
    "locale",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "cp1252"},
    ],
)
def test_other_encodings_get_what_they_can_show(tree, locale):
    tree.write("dags/b.py", SUBDAG.replace("DummyOperator()", "DummyOperator('日本 → ü')"))
    answer = tree.start(".", environ=locale)
    assert answer.status == 1
    shown = answer.out.decode(locale["PYTHONIOENCODING"])
    assert "\\u65e5\\u672c" in shown
    assert "AIR302" in shown


@pytest.mark.parametrize("form", ["text", "json", "github", "report", "sarif"])
def test_a_reader_that_has_seen_enough_is_no_error(tree, form):
    for number in range(200):
        tree.write(f"dags/d{number}.py", DAG)
    done = subprocess.run(
        [
            "bash",
            "-o",
            "pipefail",
            "-c",
            f"{' '.join(COMMAND)} . --format {form} | head -c 10; echo status ${{PIPESTATUS[0]}}",
        ],
        cwd=tree.root,
        env=environment(tree.root),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert b"status 1" in done.stdout
    assert done.stderr == b""


def test_standard_output_that_is_full_is_a_sentence(tree):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    tree.write("a.py")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "."],
            cwd=tree.root,
            env=environment(tree.root),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    assert done.stderr.startswith(b"upgradecheck: Standard output: ")
    assert b"Traceback" not in done.stderr


# ---------------------------------------------------------------- one line


@pytest.mark.parametrize(
    ("line", "column", "end", "code", "caret"),
    [
        ("x = old()", 5, 8, "x = old()", "    ^^^"),
        ("x = old()", 5, None, "x = old()", "    ^^^^^"),
        ("x = old()", None, None, "x = old()", ""),
        ("\tx = old()", 6, 9, "    x = old()", "        ^^^"),
        ("                x = old()", 21, 24, "    x = old()", "        ^^^"),
        ("日本 = old()", 6, 9, "日本 = old()", "       ^^^"),
        ("x = 1", 60, 70, "x = 1", "     ^"),
        ("", 1, None, "", "^"),
        ("a\x1b[0m = old()", 9, 12, "a\\x1b[0m = old()", "           ^^^"),
    ],
)
def test_the_caret_stands_below_what_is_meant(line, column, end, code, caret):
    assert excerpt(line, column, end, 60) == (code, caret)


@pytest.mark.parametrize("room", [20, 40, 80])
@pytest.mark.parametrize("column", [1, 50, 500, 3000])
def test_a_long_line_is_cut_around_what_is_meant(room, column):
    line = "日a" * 1500
    code, caret = excerpt(line, column, column + 4, room)
    assert width_of(code) <= room
    assert width_of(caret) <= room
    assert "^" in caret


def test_harmless_text_has_nothing_that_steers():
    every = "".join(map(chr, [*range(0x250), *range(0x2000, 0x2070), 0xD800, 0xFEFF, 0xE0001]))
    shown = harmless(every)
    assert shown.isprintable()
    assert harmless("plain – “text” 日本") == "plain – “text” 日本"
