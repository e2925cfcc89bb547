"""The CSV with which findings are handed out, read back."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.parsers.csv_file import CsvProblem, CsvRejected
from planner.parsers.finding_csv import read_finding_csv


def test_a_row_names_a_finding_by_number_or_path() -> None:
    read = read_finding_csv(
        b"finding,owner,due,note\n12,@Ana,2026-10-28,see #4\ndags/a.py,,2026-10-29,\n"
    )
    first, second = read.rows
    assert (first.finding_id, first.path, first.owner) == (12, "", "ana")
    assert (first.due, first.note, first.line) == (date(2026, 10, 28), "see #4", 2)
    assert (second.finding_id, second.path, second.owner) == (None, "dags/a.py", "")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_files_of_spreadsheets_are_read(delimiter: str, mark: str) -> None:
    text = f"{mark}ID{delimiter}Owner\r\n7{delimiter}ana\r\n"
    (row,) = read_finding_csv(text.encode()).rows
    assert (row.finding_id, row.owner) == (7, "ana")


def test_a_line_that_asks_for_nothing_is_blank() -> None:
    read = read_finding_csv(b"id,path,owner,due,note\n1,a.py,,,\n2,b.py, ,,\n\n")
    assert (read.rows, read.problems, read.blank) == ([], [], 2)


def test_bad_lines_are_told_and_the_rest_is_kept() -> None:
    read = read_finding_csv(
        b'id,owner,due\n1,ana,soon\nx,ana,\n,ana,\n4,@,\n5,"ana\nb",2026-01-01\n6,c,28.10.2026\n'
    )
    assert [(problem.line, problem.sentence) for problem in read.problems] == [
        (2, '"soon" is not a date; write one like 2026-10-28.'),
        (3, '"x" is not a finding\'s number.'),
        (4, "The line names neither a finding nor a path."),
        (5, '"@" is no owner\'s name.'),
        (8, '"28.10.2026" is not a date; write one like 2026-10-28.'),
    ]
    assert [(row.line, row.owner) for row in read.rows] == [(6, "ana b")]


def test_a_guarded_cell_is_read_as_it_was_meant() -> None:
    (row,) = read_finding_csv(b"id,note\n1,'=1+1\n").rows
    assert row.note == "=1+1"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "names no column"),
        (b"owner,due\nana,\n", "names no column .id."),
        (b"id,state\n1,open\n", "names no column .owner."),
        (b"id,owner\n1,\xe4\n", "not UTF-8"),
        (b'id,owner\n1,"ana\n', "Line 2 cannot be read"),
    ],
)
def test_a_file_that_is_no_such_csv_is_refused_in_words(content: bytes, sentence: str) -> None:
    with pytest.raises(CsvRejected, match=sentence):
        read_finding_csv(content)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        read = read_finding_csv(b"id,owner,due,note\n" + content)
    except CsvRejected:
        return
    assert all(isinstance(problem, CsvProblem) for problem in read.problems)
