"""Trees that mean harm or are broken: every file is named, nothing hangs, nothing of them is run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from planner.scanner.facts import FileFacts
from planner.scanner.fixes.remedies import Terms
from planner.scanner.pool import SMALL, Pool
from planner.scanner.result import ScanResult, SkipReason
from planner.scanner.scan import scan_tree
from planner.scanner.seen import Unread, encode, look, looked_decode, seen_decode
from planner.scanner.tree import LARGEST_FILE

OLD = "from airflow.operators.dummy_operator import DummyOperator\nDummyOperator(task_id='a')\n"
MEGABYTES = 1000
SECONDS = 60

_SCAN = """
import resource, sys
from pathlib import Path
limit = int(sys.argv[2]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
from planner.scanner.scan import scan_tree
result = scan_tree(Path(sys.argv[1]))
print(sorted({one.path for one in result.observations if one.rule.startswith("AIR")}))
print(sorted(result.unscanned))
"""


def _long(size: int) -> str:
    """Clean lines that mention Airflow, so that every check looks at them."""
    line = "from airflow.sdk import DAG, Asset, task  # 0123456789\n"
    return line * (size // len(line))


def _hostile(folder: Path) -> None:
    (folder / "good.py").write_text(OLD)
    (folder / "brackets.py").write_text("import airflow\nx = " + "[" * 10_000 + "]" * 10_000)
    (folder / "parentheses.py").write_text("import airflow\nx = " + "(" * 10_000 + ")" * 10_000)
    (folder / "calls.py").write_text("import airflow\nx = f" + "()" * 100_000)
    (folder / "dots.py").write_text("import airflow\nx = airflow" + ".b" * 200_000)
    (folder / "sums.py").write_text("import airflow\nx = " + "+".join(["1"] * 200_000))
    (folder / "nots.py").write_text("import airflow\nx = " + "not " * 50_000 + "1")
    (folder / "lambdas.py").write_text("import airflow\nx = " + "lambda: " * 10_000 + "1")
    (folder / "elifs.py").write_text(
        "import airflow\nif a: pass\n" + "".join(f"elif a == {n}: pass\n" for n in range(20_000))
    )
    (folder / "strings.py").write_text(
        "import airflow\nx = (" + "'{{ execution_date' " * 90_000 + ")"
    )
    (folder / "utf8.py").write_bytes(b"import airflow\nx = '\xff\xfe'\n")
    (folder / "nul.py").write_bytes(b"import airflow\nx = '\x00'\n")
    (folder / "one-line.py").write_text("import airflow; " + "x = airflow.DAG; " * 20_000)
    with (folder / "huge.py").open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    os.mkfifo(folder / "pipe.py")
    (folder / "root").symlink_to("/")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "above").symlink_to(folder)


def test_a_hostile_tree_is_scanned_in_bounded_time_and_memory(tmp_path: Path) -> None:
    _hostile(tmp_path)
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _SCAN, str(tmp_path), str(MEGABYTES)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found, unscanned = done.stdout.splitlines()
    assert "'good.py'" in found and "'good.py'" not in unscanned
    assert all(f"'{name}.py'" in unscanned for name in ("huge", "utf8", "nul", "brackets"))
    assert time.monotonic() - started < SECONDS


def _reasons(result: ScanResult) -> dict[str, SkipReason]:
    return {skipped.path: skipped.reason for skipped in result.skipped}


def test_what_was_passed_over_is_named_with_its_reason(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    tree = tmp_path / "tree"
    for folder in (outside, tree / "dags", tree / ".venv", tree / "__pycache__", tree / "env"):
        folder.mkdir(parents=True)
    (tree / "env/pyvenv.cfg").write_text("")
    (tree / "dags/a.py").write_text(OLD)
    (tree / "dags/large.py").write_bytes(b"#" * (LARGEST_FILE + 1))
    (tree / "dags/latin.py").write_bytes(b"x = '\xe9'\n")
    (tree / "dags/two.py").write_text("import airflow\nprint 'a'\n")
    (tree / "dags/plain-two.py").write_text("try: pass\nexcept E, e: print e\n")
    (tree / "dags/broken.py").write_text("import airflow\ndef f(:\n")
    (tree / "link.py").symlink_to("dags/a.py")
    (tree / "others").symlink_to(outside)
    (tree / "nowhere.py").symlink_to("missing.py")
    (tree / "round").symlink_to(tree)
    (tree / "self.py").symlink_to("self.py")
    (tree / "readme.link").symlink_to("README")
    os.mkfifo(tree / "pipe.py")
    os.mkfifo(tree / "pipe")
    result = scan_tree(tree)
    assert _reasons(result) == {
        ".venv": SkipReason.TOOLS,
        "env": SkipReason.TOOLS,
        "dags/large.py": SkipReason.TOO_LARGE,
        "dags/latin.py": SkipReason.NOT_UTF8,
        "dags/two.py": SkipReason.PYTHON_2,
        "dags/plain-two.py": SkipReason.PYTHON_2,
        "dags/broken.py": SkipReason.SYNTAX,
        "link.py": SkipReason.LINK,
        "others": SkipReason.LINK,
        "nowhere.py": SkipReason.LINK,
        "round": SkipReason.LOOP,
        "self.py": SkipReason.LOOP,
        "pipe.py": SkipReason.SPECIAL,
    }
    details = {skipped.path: skipped.detail for skipped in result.skipped}
    assert details["link.py"] == "leads to dags/a.py"
    assert details["others"] == "leads out of the tree"
    gaps = {skipped.path for skipped in result.skipped if skipped.reason.leaves_a_gap}
    assert gaps == set(result.unscanned)


def test_a_folder_that_is_gone_when_it_is_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "a.py").write_text(OLD)
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    _assert_partial(scan_tree(tmp_path))


def _assert_partial(result: ScanResult) -> None:
    assert _reasons(result) == {"locked": SkipReason.FOLDER}
    assert result.coverage.status == "partial"
    assert {one.rule for one in result.observations} == {"AIR302"}


def test_a_declared_encoding_is_read_by_our_checks_and_said(tmp_path: Path) -> None:
    text = "# -*- coding: latin-1 -*-\nfrom airflow.contrib.hooks.x import Y  # é\n"
    (tmp_path / "old.py").write_bytes(text.encode("latin-1"))
    result = scan_tree(tmp_path)
    found = {one.rule: one for one in result.observations}
    assert found["AF3-IMPORT-GONE"].line == 2
    assert "latin-1" in found["invalid-syntax"].message
    assert result.unscanned == ["old.py"]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python reads it too")
def test_newer_python_than_ours_is_said_truthfully(tmp_path: Path) -> None:
    (tmp_path / "new.py").write_text(f"type A = int\n{OLD}")
    result = scan_tree(tmp_path)
    found = {one.rule: one for one in result.observations}
    assert "AIR302" in found
    assert "newer Python" in found["invalid-syntax"].message
    assert _reasons(result) == {"new.py": SkipReason.NEWER}


def test_nothing_of_the_tree_is_imported_or_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = f"open({str(tmp_path / 'sprung')!r}, 'w')\n"
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("sitecustomize", "msgspec", "json", "airflow", "planner", "conftest", "setup"):
        (tree / f"{name}.py").write_text(trap + OLD)
    (tree / "long.py").write_text(_long(SMALL + 1))
    monkeypatch.chdir(tree)
    scan_tree(tree)
    assert not (tmp_path / "sprung").exists()


def _facts(pool: Pool, contents: dict[str, bytes]) -> dict[str, FileFacts | None]:
    with tempfile.TemporaryDirectory() as folder:
        for path, content in contents.items():
            place = Path(folder) / path
            place.write_bytes(content)
            unread = Unread(path, str(place), Terms("3.3"))
            pool.put(path, look, encode(unread), size=len(content))
        return {path: told and _facts_in(told) for path, told in pool.answers()}


def _facts_in(answer: bytes) -> FileFacts:
    return seen_decode(looked_decode(answer).seen).facts


def _ends_its_process(message: bytes) -> bytes:
    os.kill(os.getpid(), signal.SIGALRM if message.startswith(b"late") else signal.SIGKILL)
    return message


def _echo(message: bytes) -> bytes:
    return message


@pytest.fixture(params=["copies", "programs"])
def several(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """A pool that has processes of its own, made in either way."""
    monkeypatch.setattr(threading, "active_count", lambda: 1 if request.param == "copies" else 2)
    with Pool(processes=2) as pool:
        yield pool


@pytest.mark.parametrize("how", [b"late", b"killed"])
def test_what_stops_its_process_is_named_and_the_rest_is_done(several: Pool, how: bytes) -> None:
    text = b"#" * (SMALL // 4)
    for number in range(12):
        work = _ends_its_process if number in (3, 7) else _echo
        several.put(str(number), work, how + text)
    answers = dict(several.answers())
    assert {key for key, told in answers.items() if told is None} == {"3", "7"}
    assert all(told == how + text for told in answers.values() if told is not None)


def test_any_number_of_processes_gives_the_same(several: Pool) -> None:
    contents = {f"{n}.py": (OLD * (n % 7) + "x = 1\n" * 9000).encode() for n in range(12)}
    with Pool(processes=1) as alone:
        expected = _facts(alone, contents)
    assert _facts(several, contents) == expected
    assert _facts(several, contents) == expected, "it can be used again"
    assert len(several._every) == 2


def test_little_work_starts_no_process() -> None:
    with Pool(processes=2) as pool:
        assert _facts(pool, {"a.py": OLD.encode()}).keys() == {"a.py"}
        assert not pool._every


def test_much_work_that_is_expected_starts_processes_at_once() -> None:
    with Pool(processes=2, expected=SMALL + 1) as pool:
        assert _facts(pool, {"a.py": OLD.encode()}).keys() == {"a.py"}
        assert len(pool._every) == 2


def test_no_process_stays_behind(several: Pool) -> None:
    contents = {f"{n}.py": b"#" * SMALL for n in range(4)}
    _facts(several, contents)
    several.__exit__(None, None, None)
    for process in several._every:
        process.wait()
        assert process.requests.closed


def test_progress_counts_every_file_once(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.py").write_text(OLD if number % 2 else "x = 1\n")
    heard: list[tuple[int, int]] = []
    hear: Callable[[int, int], None] = lambda done, total: heard.append((done, total))  # noqa: E731
    scan_tree(tmp_path, progress=hear)
    assert heard == [(number, 30) for number in range(1, 31)]
