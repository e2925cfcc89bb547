"""Which root a report's paths are relative to."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.paths import PathRefused, choose_root, from_uri, relative_to


def root_of(*paths: str, named: str = "", base: str = "", known: tuple[str, ...] = ()) -> str:
    return choose_root(paths, named=named, base=base, known=lambda: known).root


def test_the_named_root_wins() -> None:
    choice = choose_root(
        ["/ci/repo/dags/a.py"], named="/ci/repo/", base="/ci", known=lambda: ["a.py"]
    )
    assert (choice.root, choice.because) == ("/ci/repo", "named by the sender")


def test_then_the_reports_own_base() -> None:
    assert root_of("/ci/repo/dags/a.py", base="/ci/repo/", known=("a.py",)) == "/ci/repo"


def test_a_base_that_leads_out_does_not_count() -> None:
    assert root_of("/ci/repo/dags/a.py", base="/ci/../repo") == "/ci/repo/dags"


def test_a_base_that_no_path_lies_in_does_not_count() -> None:
    assert root_of("/ci/repo/dags/a.py", base="/other", known=("dags/a.py",)) == "/ci/repo"


def test_then_the_files_that_are_known() -> None:
    choice = choose_root(
        ["/b/x/dags/a.py", "/b/x/dags/b.py", "/b/x/dags/new.py"],
        named="",
        base="",
        known=lambda: ["dags/a.py", "dags/b.py", "dags/gone.py"],
    )
    assert choice.root == "/b/x"
    assert choice.because == "2 of 3 files below it are known already"


def test_one_deep_match_does_not_make_a_root() -> None:
    paths = ["/r/x/p/__init__.py", "/r/x/a.py", "/r/x/b.py", "/r/x/c.py"]
    assert root_of(*paths, known=("__init__.py",)) == "/r/x"


def test_else_the_common_folder() -> None:
    assert root_of("/r/x/a.py", "/r/x/y/b.py", "/r/xy/c.py") == "/r"
    assert root_of("/r/x/a.py") == "/r/x"


def test_relative_paths_stay_as_they_are() -> None:
    choice = choose_root(["dags/a.py", "./dags/b.py"], named="", base="", known=list)
    assert choice.root == ""
    assert relative_to(choice.root, "./dags//b.py") == "dags/b.py"


@pytest.mark.parametrize(
    ("root", "path", "relative"),
    [
        ("/ci/repo", "/ci/repo/dags/a.py", "dags/a.py"),
        ("/ci/repo/", "/ci/repo/a.py", "a.py"),
        ("/ci/repo", "/ci/repo2/a.py", "/ci/repo2/a.py"),
        ("/ci/repo", "dags/a.py", "dags/a.py"),
        ("/ci/Repo", "/ci/repo/a.py", "/ci/repo/a.py"),
        ("C:\\ci\\repo", "C:\\ci\\repo\\dags\\a.py", "dags/a.py"),
        ("C:/ci/repo", "file:///C:/ci/repo/dags/a%20b.py", "dags/a b.py"),
        ("/ci", "file:///ci/a.py", "a.py"),
        ("dags", "dags/a.py", "a.py"),
        ("", "dags\\sub\\a.py", "dags/sub/a.py"),
    ],
)
def test_paths_below_a_root(root: str, path: str, relative: str) -> None:
    assert relative_to(root, path) == relative


@pytest.mark.parametrize("path", ["../a.py", "dags/../../a.py", "/ci/../etc/passwd", "a\\..\\b.py"])
def test_paths_that_lead_out_are_refused(path: str) -> None:
    with pytest.raises(PathRefused):
        relative_to("/ci", path)


def test_windows_runners_have_a_root_too() -> None:
    paths = ["D:\\a\\repo\\dags\\a.py", "D:\\a\\repo\\dags\\b\\c.py"]
    assert root_of(*paths) == "D:/a/repo/dags"
    assert root_of(*paths, known=("dags/a.py",)) == "D:/a/repo"


def test_file_uris() -> None:
    assert from_uri("file:///home/x%20y/a.py") == "/home/x y/a.py"
    assert from_uri("file://localhost/home/a.py") == "/home/a.py"
    assert from_uri("file:///C:/a.py") == "C:/a.py"
    assert from_uri("file://server/share/a.py") == "//server/share/a.py"
    assert from_uri("dags/a%23b.py") == "dags/a#b.py"


SEGMENT = st.text(st.sampled_from("abAB.-_ ü0"), min_size=1, max_size=4).filter(
    lambda part: part not in (".", "..")
)
RELATIVE = st.lists(SEGMENT, min_size=1, max_size=4).map("/".join)
ROOT = st.lists(SEGMENT, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


@given(ROOT, st.lists(RELATIVE, min_size=1, max_size=8), st.randoms())
def test_one_root_for_all_whatever_the_order(root: str, files: list[str], shuffle: object) -> None:
    paths = [f"{root}/{file}" for file in files]
    choice = choose_root(paths, named="", base="", known=lambda: files)
    shuffled = sorted(paths, key=lambda path: hash((path, str(shuffle))))
    assert choose_root(shuffled, named="", base="", known=lambda: set(files)) == choice
    assert all(path.startswith(choice.root + "/") for path in paths)


@given(ROOT, ROOT, st.lists(RELATIVE, min_size=1, max_size=8, unique=True))
def test_every_runners_root_is_found_once_the_files_are_known(
    first: str, second: str, files: list[str]
) -> None:
    for root in (first, second):
        paths = [f"{root}/{file}" for file in files]
        chosen = choose_root(paths, named="", base="", known=lambda: files).root
        assert [relative_to(chosen, path) for path in paths] == files


@given(st.text(max_size=30), st.text(max_size=30))
def test_nothing_ever_escapes(root: str, path: str) -> None:
    try:
        relative = relative_to(root, path)
    except PathRefused:
        return
    assert ".." not in relative.split("/")
    assert relative_to("", relative) == relative


@given(st.lists(st.text(max_size=20), max_size=6), st.text(max_size=10))
def test_any_text_gives_a_root(paths: list[str], base: str) -> None:
    choice = choose_root(paths, named="", base=base, known=lambda: ["a.py"])
    assert choice.because


def test_a_hundred_thousand_paths_in_time() -> None:
    paths = [f"/ci/repo/dags/team{i % 300}/deep/er/file{i}.py" for i in range(100_000)]
    known = [path.removeprefix("/ci/repo/") for path in paths]
    started = time.process_time()
    assert choose_root(paths, named="", base="", known=lambda: known).root == "/ci/repo"
    assert time.process_time() - started < 3
