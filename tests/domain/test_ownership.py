"""Who owns a path: order of the sources, CODEOWNERS semantics, reasons."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.ownership import (
    MAX_BECAUSE,
    Assigner,
    Author,
    BadLine,
    author_key,
    is_by_last_change,
    owner_key,
    pattern_is_valid,
    split_owners,
)

CODEOWNERS = """\
# everyone
*                       @org/platform
dags/finance/           @data-eng
dags/finance/*.sql      bea@example.com # the SQL is hers @nobody
/clients/               @Owen @second
dags/nobody/
docs\\ old/              @writer
"""


def assigner(
    codeowners: str = "",
    dags: dict[str, list[str]] | None = None,
    folders: list[tuple[str, str]] | None = None,
    people: dict[str, str] | None = None,
    **options: object,
) -> Assigner:
    return Assigner(codeowners, dags or {}, folders or [], people or {}, **options)  # type: ignore[arg-type]


def test_the_last_matching_codeowners_line_wins_and_is_named() -> None:
    owners = assigner(CODEOWNERS)
    assert owners.assign("dags/finance/rollup.py") == (
        "data-eng",
        "CODEOWNERS line 3: dags/finance/ @data-eng",
    )
    assert owners.assign("dags/finance/a.sql")[0] == "bea@example.com"
    assert owners.assign("README.md") == ("org/platform", "CODEOWNERS line 2: * @org/platform")


def test_a_comment_at_the_end_of_a_line_names_no_owner() -> None:
    assert assigner("dags/ # ask @carol").assign("dags/a.py")[0] is None


def test_a_line_without_owner_leaves_the_path_to_the_next_source() -> None:
    owners = assigner(CODEOWNERS, {"dags/nobody/a.py": ["Ana"]})
    assert owners.assign("dags/nobody/a.py") == (
        "ana",
        "The DAG in this file names Ana as its owner",
    )


def test_of_several_owners_the_first_takes_the_finding() -> None:
    assert assigner(CODEOWNERS).assign("clients/crm.py")[0] == "owen"


def test_paths_with_blanks_match_as_others_do() -> None:
    owners = assigner("dags/* @flat\n" + CODEOWNERS.partition("@org/platform\n")[2])
    assert owners.assign("dags/my file.py")[0] == "flat"
    assert owners.assign("sub/docs old/a.md")[0] == "writer"


def test_a_broken_line_is_left_out_and_told_and_the_rest_keeps_its_numbers() -> None:
    owners = assigner("dags/[a @x\ndags/[].py @y\ndags/ @z\n")
    assert owners.bad_lines == (BadLine(1, "dags/[a @x"), BadLine(2, "dags/[].py @y"))
    assert owners.assign("dags/a.py") == ("z", "CODEOWNERS line 3: dags/ @z")


def test_codeowners_comes_before_the_dag_and_the_dag_before_the_folder() -> None:
    sources = {
        "codeowners": "dags/a.py @code",
        "dags": {"dags/a.py": ["dag"], "dags/b.py": ["dag"]},
        "folders": [("dags/", "folder")],
    }
    owners = assigner(**sources)  # type: ignore[arg-type]
    assert [owners.assign(f"dags/{name}.py")[0] for name in "abc"] == ["code", "dag", "folder"]
    assert owners.assign("dags/c.py")[1] == "Folder rule dags/: folder"
    assert owners.assign("lib/d.py") == (
        None,
        "Nobody yet: no CODEOWNERS line, DAG owner or folder rule matches",
    )


def test_names_that_are_not_people_own_nothing_and_the_reason_says_so() -> None:
    owners = assigner(dags={"a.py": ["Airflow"], "b.py": ["airflow, Ana"]}, not_people=["airflow"])
    assert owners.assign("a.py") == (
        None,
        'Nobody yet: the DAG\'s owner "Airflow" is not someone to ask',
    )
    assert owners.assign("b.py")[0] == "ana"


def test_a_name_on_the_stop_list_counts_once_someone_made_it_an_alias() -> None:
    owners = assigner(dags={"a.py": ["airflow"]}, people={"airflow": "ana"}, not_people=["airflow"])
    assert owners.assign("a.py")[0] == "ana"


def test_aliases_lead_to_their_owner() -> None:
    owners = assigner("* @Ana-Handle", people={"ana-handle": "ana"})
    assert owners.assign("a.py") == ("ana", "CODEOWNERS line 1: * @Ana-Handle")


def test_someone_who_left_takes_nothing_and_the_next_source_answers() -> None:
    owners = assigner("* @ana", folders=[("dags/", "team")], inactive=["ana"])
    assert owners.assign("dags/a.py")[0] == "team"
    assert owners.assign("lib/a.py")[0] is None


def test_codeowners_speaks_of_the_whole_tree_when_only_a_folder_is_scanned() -> None:
    assert assigner("/services/dags/ @team", prefix="services/dags").assign("a.py")[0] == "team"


def test_the_last_folder_rule_that_matches_wins() -> None:
    owners = assigner(folders=[("dags/", "all"), ("dags/finance reports/", "fin")])
    assert owners.assign("dags/finance reports/a.py")[0] == "fin"


def test_how_a_name_was_written_is_remembered() -> None:
    owners = assigner(dags={"a.py": ["Priya  Nair"]})
    assert owners.assign("a.py")[0] == "priya nair"
    assert owners.spellings == {"priya nair": "Priya Nair"}


def test_patterns_are_checked_before_they_become_rules() -> None:
    assert pattern_is_valid("dags/finance/")
    assert not pattern_is_valid("dags/[a")
    assert not pattern_is_valid("  ")
    assert not pattern_is_valid("# dags")


AUTHOR = Author("cora@example.com", "Cora Díaz", date(2026, 11, 3))


def test_who_changed_the_file_last_takes_what_no_rule_gives_to_anyone() -> None:
    owners = assigner(
        dags={"dags/a.py": ["Ana"], "dags/b.py": ["airflow"]},
        folders=[("lib/", "team")],
        not_people=["airflow"],
        last_changes=dict.fromkeys(["dags/a.py", "dags/b.py", "lib/c.py"], AUTHOR),
    )
    assert owners.assign("dags/a.py")[0] == "ana"
    assert owners.assign("lib/c.py")[0] == "team"
    key, because = owners.assign("dags/b.py")
    assert (key, because) == ("cora@example.com", "Last changed by Cora Díaz on 3 Nov 2026")
    assert is_by_last_change(because)
    assert owners.spellings["cora@example.com"] == "Cora Díaz"


def test_an_author_is_the_owner_whose_alias_the_address_is() -> None:
    last_changes = {"a.py": AUTHOR}
    owners = assigner(last_changes=last_changes, people={"cora@example.com": "org/data"})
    assert owners.assign("a.py")[0] == "org/data"
    gone = assigner(last_changes=last_changes, inactive=["cora@example.com"])
    assert gone.assign("a.py") == (
        None,
        "Nobody yet: cora@example.com takes no findings any more",
    )


@pytest.mark.parametrize(
    ("name", "email", "key"),
    [
        ("Ana", "Ana@Example.com", "ana@example.com"),
        ("Ana", "1234+Ana-Lima@users.noreply.github.com", "ana-lima"),
        ("Ana", "ana-lima@users.noreply.github.com", "ana-lima"),
        ("Ana Lima", "", "ana lima"),
        ("", "", ""),
    ],
)
def test_an_author_is_filed_under_the_address_or_the_handle_behind_it(
    name: str, email: str, key: str
) -> None:
    assert author_key(name, email) == key


SOURCES = ("codeowners", "dags", "folders", "last_changes")


@given(st.sets(st.sampled_from(SOURCES)), st.sets(st.sampled_from(SOURCES)))
def test_the_first_source_whose_owner_still_takes_findings_always_decides(
    named: set[str], gone: set[str]
) -> None:
    values: dict[str, Any] = {
        "codeowners": "* @codeowners" if "codeowners" in named else "",
        "dags": {"a.py": ["dags"]} if "dags" in named else {},
        "folders": [("*.py", "folders")] if "folders" in named else [],
        "last_changes": {"a.py": Author("last_changes", "", date(2026, 1, 1))}
        if "last_changes" in named
        else {},
    }
    key, because = assigner(**values, inactive=gone).assign("a.py")
    decides = [source for source in SOURCES if source in named and source not in gone]
    assert key == (decides[0] if decides else None)
    assert because
    if named and not decides:
        first = next(source for source in SOURCES if source in named)
        assert because == f"Nobody yet: {first} takes no findings any more"


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(names)
def test_a_key_is_its_own_key(name: str) -> None:
    assert owner_key(owner_key(name)) == owner_key(name)


@given(st.lists(names, max_size=4))
def test_every_owner_in_a_text_is_found_and_none_is_blank(parts: list[str]) -> None:
    assert all(name == name.strip() and name for name in split_owners(",".join(parts)))


@given(codeowners=names, path=names, dag=names, folder=names)
def test_hostile_text_always_gets_an_answer_with_a_short_reason(
    codeowners: str, path: str, dag: str, folder: str
) -> None:
    folders = [(folder, "team")] if pattern_is_valid(folder) else []
    owners = Assigner(codeowners, {path: [dag]}, folders, {}, not_people=["airflow"])
    key, because = owners.assign(path)
    assert key is None or key == owner_key(key) != ""
    assert 0 < len(because) <= MAX_BECAUSE
    assert owners.assign(path) == (key, because)


@given(st.lists(st.sampled_from(["a/", "b/", "a/b/", "*", "*.py", "/a/*"]), max_size=8))
def test_adding_a_line_only_changes_the_paths_it_matches(patterns: list[str]) -> None:
    text = "\n".join(f"{pattern} @o{index}" for index, pattern in enumerate(patterns))
    for path in ("a/x.py", "b/x.py", "a/b/x.sql", "c.py"):
        before = assigner(text).assign(path)
        after = assigner(text + "\nzz/only/here/ @last").assign(path)
        assert before == after
