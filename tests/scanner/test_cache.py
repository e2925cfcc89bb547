"""A scan with the cache gives what a scan without it gives, whatever happened to the cache."""

from __future__ import annotations

import contextlib
import io
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.scanner import kept, ruff_run, scan
from planner.scanner.cache import FILE_NAME, Cache, key_of, user_folder
from planner.scanner.pool import Pool
from planner.scanner.scan import scan_tree
from planner.scanner.write import write_report
from tests.scanner.corpus import cases

RuffsAnswer = Callable[[], ruff_run.RuffAnswer]
HEAVY = ["planner.scanner.engine", "planner.scanner.checks", "planner.scanner.dag_map", "jinja2"]
OLD = "from airflow.operators.dummy_operator import DummyOperator\nDummyOperator(task_id='a')\n"
SOURCES = [
    "",
    "x = 1\n",
    OLD,
    f"{OLD}# noqa\n",
    "def broken(:\n",
    "import airflow\ndef broken(:\n",
    "import airflow\nprint 'two'\n",
    *(text for case in cases() for text in case.files.values() if "airflow" in text),
]
PATHS = ["dags/a.py", "dags/b.py", "plugins/c.py", "requirements.txt", "airflow.cfg", "d.ipynb"]


def report_of(tree: Path, cache: Cache | None = None, target: str = "3.3") -> bytes:
    stream = io.BytesIO()
    write_report(scan_tree(tree, target=target, cache=cache), stream)
    return stream.getvalue()


def with_cache(tree: Path, folder: Path, target: str = "3.3") -> bytes:
    with Cache(folder) as cache:
        return report_of(tree, cache, target)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "dags").mkdir(parents=True)
    for number, source in enumerate(SOURCES[:7]):
        (folder / f"dags/{number}.py").write_text(source)
    return folder


_Trees = st.lists(
    st.dictionaries(st.sampled_from(PATHS), st.sampled_from(SOURCES), max_size=4),
    min_size=2,
    max_size=4,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(states=_Trees)
def test_with_and_without_the_cache_every_state_of_a_tree_reads_the_same(
    states: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("cache")
    tree = base / "tree"
    tree.mkdir()
    for state in states:
        for path in PATHS:
            (tree / path).unlink(missing_ok=True)
        for path, source in state.items():
            (tree / path).parent.mkdir(exist_ok=True)
            (tree / path).write_text(source)
        plain = report_of(tree)
        assert with_cache(tree, base / "kept") == plain
        assert with_cache(tree, base / "kept") == plain
        assert with_cache(tree, base / "kept", "3.1") == report_of(tree, target="3.1")


def test_a_warm_scan_runs_neither_ruff_nor_a_check(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = with_cache(tree, tmp_path / "kept")

    def never(*_arguments: object, **_keywords: object) -> None:
        raise AssertionError("this was to come from the cache")

    monkeypatch.setattr(scan, "ruff_over", never)
    monkeypatch.setattr(Pool, "put", never)
    monkeypatch.setattr(ruff_run.subprocess, "run", never)
    assert with_cache(tree, tmp_path / "kept") == first


def test_a_scan_in_which_nothing_has_changed_loads_no_check(tree: Path, tmp_path: Path) -> None:
    with_cache(tree, tmp_path / "flightplan")
    code = (
        "import sys; from planner.scanner.cli import main; main(sys.argv[1:]);"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tree), "--target", "3.3"],
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("[]\n")


def test_an_answer_that_may_be_better_next_time_is_not_kept(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = scan.ruff_over

    @contextlib.contextmanager
    def crashes(program: str, files: list[str], **options: Any) -> Iterator[RuffsAnswer]:
        with real(program, files, **options) as answer:
            said = answer()
            said.crashed_on.append(files[0])
            yield lambda: said

    with monkeypatch.context() as patched:
        patched.setattr(scan, "ruff_over", crashes)
        assert b"ruff crashed" in with_cache(tree, tmp_path / "kept")
    assert with_cache(tree, tmp_path / "kept") == report_of(tree)


def test_only_the_file_that_changed_is_looked_at(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_cache(tree, tmp_path / "kept")
    (tree / "dags/1.py").write_text(OLD)
    looked_at: list[str] = []
    real = scan.ruff_over

    def ruff_over(
        program: str, files: list[str], **options: Any
    ) -> AbstractContextManager[RuffsAnswer]:
        looked_at.extend(files)
        return real(program, files, **options)

    monkeypatch.setattr(scan, "ruff_over", ruff_over)
    warm = with_cache(tree, tmp_path / "kept")
    assert [Path(file).name for file in looked_at] == ["1.py"]
    assert warm == report_of(tree)


def test_the_same_bytes_elsewhere_are_read_anew(tmp_path: Path) -> None:
    """A DAG may be called after its file."""
    tree = tmp_path / "tree"
    tree.mkdir()
    source = "from pathlib import Path\nfrom airflow import DAG\nDAG(Path(__file__).stem)\n"
    (tree / "a.py").write_text(source)
    with_cache(tree, tmp_path / "kept")
    (tree / "a.py").rename(tree / "b.py")
    with Cache(tmp_path / "kept") as cache:
        assert [dag.dag_id for dag in scan_tree(tree, cache=cache).dags] == ["b"]


def test_another_engine_does_not_believe_what_was_kept(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_cache(tree, tmp_path / "kept")
    ran: list[int] = []
    real = scan.ruff_over
    monkeypatch.setattr(kept, "_fingerprint", lambda: "another rulebook")
    monkeypatch.setattr(
        scan, "ruff_over", lambda *some, **more: ran.append(1) or real(*some, **more)
    )
    with_cache(tree, tmp_path / "kept")
    assert ran


def _not_a_database(file: Path) -> None:
    file.write_bytes(b"this is no database, but it is long enough to look at" * 50)


def _cut(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def _scrambled(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[2000:] = bytes(byte ^ 0x5A for byte in content[2000:])
    file.write_bytes(content)


def _foreign(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE kept (key, used, value)")
        connection.execute("CREATE TABLE photographs (name)")
    connection.close()


def _wrong_values(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE kept SET value = x'93a0ff00'")
    connection.close()


def _texts(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE kept SET value = 'text', used = 'never'")
    connection.close()


def _read_only(file: Path) -> None:
    file.chmod(0o400)
    file.parent.chmod(0o500)


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    "harm",
    [_not_a_database, _cut, _scrambled, _foreign, _wrong_values, _texts, _read_only, _folder],
)
def test_a_spoilt_cache_does_no_harm(tree: Path, tmp_path: Path, harm: object) -> None:
    kept = tmp_path / "kept"
    with_cache(tree, kept)
    harm(kept / FILE_NAME)  # type: ignore[operator]
    plain = report_of(tree)
    try:
        assert with_cache(tree, kept) == plain
        (tree / "dags/1.py").write_text(OLD)
        assert with_cache(tree, kept) == report_of(tree)
    finally:
        kept.chmod(0o700)


def test_what_belongs_to_something_else_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE photographs (name)")
    connection.close()
    before = file.read_bytes()
    with Cache(tmp_path) as cache:
        cache.put(b"key", b"value")
        assert "belongs to something else" in cache.trouble
    assert file.read_bytes() == before


def test_a_place_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Cache(tmp_path / "file/below") as cache:
        assert cache.trouble.endswith(".")
        assert cache.get(b"key") is None


def test_it_stays_within_its_size_and_forgets_the_oldest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(6):
        monkeypatch.setattr("planner.scanner.cache.time.time", lambda day=day: day * 200_000)
        with Cache(tmp_path, largest=500_000) as cache:
            assert day == 0 or cache.get(b"0-0")
            for number in range(20):
                cache.put(f"{day}-{number}".encode(), os.urandom(10_000))
    with Cache(tmp_path) as cache:
        assert cache.get(b"0-0") is not None, "it was used in every scan"
        assert cache.get(b"1-1") is None
        assert cache.get(b"5-0") is not None
    assert (tmp_path / FILE_NAME).stat().st_size < 1_000_000


def test_scans_at_the_same_time_share_it(tree: Path, tmp_path: Path) -> None:
    reports: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: reports.append(with_cache(tree, tmp_path / "kept")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(reports) == {report_of(tree)} and len(reports) == 4


def test_a_scan_that_fails_keeps_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Cache(tmp_path) as cache:
        cache.put(b"key", b"value")
        raise ZeroDivisionError
    with Cache(tmp_path) as cache:
        assert cache.get(b"key") is None


def test_it_lies_where_caches_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_folder() == tmp_path / "flightplan"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_folder() == tmp_path / ".cache/flightplan"


def test_parts_of_a_key_are_not_taken_for_each_other() -> None:
    assert key_of(b"a", b"bc") != key_of(b"ab", b"c") != key_of(b"abc")
