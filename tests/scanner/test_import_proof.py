"""The import proof: with a recorded answer of Airflow 3.3.2, and with programs that misbehave."""

from __future__ import annotations

import stat
import sys
import time
from pathlib import Path

import pytest

from planner.domain.report import DagEntry
from planner.scanner.live.bounded_run import Limits
from planner.scanner.live.import_proof import ImportProofRefused, dag_folders_of, prove_imports

ANSWER = Path(__file__).parent.parent / "reports" / "import-proof" / "list-import-errors-3.3.2.txt"
QUICK = Limits(seconds=20, file_seconds=5, memory_mb=2048, output_mb=4)

LOG = (
    "import os, pathlib\n"
    "def log(name, text=''):\n"
    "    folder = os.environ['AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY']\n"
    "    place = pathlib.Path(folder, '2026-11-22', 'folder-0', name + '.log')\n"
    "    place.parent.mkdir(parents=True, exist_ok=True)\n"
    "    place.write_text(text)\n"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    (folder / "dags" / "sub").mkdir(parents=True)
    return folder


def python(
    folder: Path,
    *,
    version: str = "3.3.2",
    migrate: str = "",
    parse: str = "",
    answer: str = "print('[]')",
) -> Path:
    """A program in the place of an environment's Python, which answers as Airflow's commands do."""
    program = folder / "python"
    program.write_text(
        f"#!{sys.executable}\nimport os, subprocess, sys, time\n{LOG}"
        "words = ' '.join(sys.argv[1:])\n"
        "if sys.argv[1] == '-c':\n"
        f"    print({version!r})\n"
        "elif words == '-m airflow db migrate':\n"
        f"    {migrate or 'pass'}\n"
        "elif words == '-m airflow dag-processor -n 1':\n"
        f"    {parse or 'pass'}\n"
        "elif words == '-m airflow dags list-import-errors -o json':\n"
        f"    {answer}\n"
        "else:\n"
        "    sys.exit('not a command of Airflow: ' + words)\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


RECORDED = f"sys.stdout.write(open({str(ANSWER)!r}).read()); sys.stdout.flush(); os._exit(1)"


def test_errors_of_the_code_are_findings_with_file_and_line(tmp_path: Path, tree: Path) -> None:
    proof = prove_imports(python(tmp_path, answer=RECORDED), tree, ["dags"], limits=QUICK)
    found = {one.path: (one.line, one.content) for one in proof.observations}
    assert found == {
        "dags/orm.py": (3, "s=Session()"),
        "dags/syntax.py": (2, "def f(:"),
        "dags/sysexit.py": (3, "sys.exit(3)"),
    }
    assert {one.rule for one in proof.observations} == {"airflow-import-error"}
    assert (proof.airflow_version, proof.coverage.checker) == ("3.3.2", "import-check")
    assert proof.coverage.files == frozenset(found)


def test_what_only_the_environment_lacks_proves_nothing(tmp_path: Path, tree: Path) -> None:
    proof = prove_imports(python(tmp_path, answer=RECORDED), tree, ["dags"], limits=QUICK)
    reasons = {one.path: one.reason for one in proof.unproved}
    assert reasons.keys() == {
        f"dags/{name}.py" for name in ("conn", "hang", "nopkg", "noprov", "oom", "var", "var2")
    }
    assert reasons["dags/nopkg.py"] == "this environment has no module boto4"
    assert reasons["dags/noprov.py"] == "this environment has no module airflow.providers.amazon"
    assert reasons["dags/hang.py"] == "its import took longer than 8.0 s"
    assert reasons["dags/oom.py"] == "its import took more memory than allowed"
    assert proof.coverage.files is not None
    assert not proof.coverage.files & reasons.keys()


def test_files_that_airflow_opened_are_covered_and_those_that_ended_it_are_not(
    tmp_path: Path, tree: Path
) -> None:
    died = '{"event":"Process exited abnormally","exit_code":3}'
    killed = (
        "Processor for DagFileInfo(rel_path=PosixPath('slow.py'), bundle_name='folder-0', "
        "bundle_path=None, bundle_version=None) with PID 1 started 20 ago killing it."
    )
    parse = f"log('sub/good.py'); log('dies.py', {died!r}); log('slow.py'); print({killed!r})"
    proof = prove_imports(python(tmp_path, parse=parse), tree, ["dags"], limits=QUICK)
    assert proof.coverage.files == {"dags/sub/good.py"}
    assert [one.path for one in proof.unproved] == ["dags/dies.py", "dags/slow.py"]


@pytest.mark.parametrize(
    ("version", "words"),
    [("2.11.2", "has Airflow 2.11.2"), ("", "has no Airflow"), ("nonsense!", "has no Airflow")],
)
def test_only_airflow_3_is_taken(tmp_path: Path, tree: Path, version: str, words: str) -> None:
    with pytest.raises(ImportProofRefused, match=words):
        prove_imports(python(tmp_path, version=version), tree, ["dags"], limits=QUICK)


@pytest.mark.parametrize("answer", ["print('Traceback: no')", "print('[{\"filepath\": ')", "pass"])
def test_an_answer_that_is_none_is_refused_in_a_sentence(
    tmp_path: Path, tree: Path, answer: str
) -> None:
    with pytest.raises(ImportProofRefused, match="cannot be read"):
        prove_imports(python(tmp_path, answer=answer), tree, ["dags"], limits=QUICK)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ({"migrate": "sys.exit('no such table')"}, "db migrate` ended with 1: no such table"),
        ({"parse": "sys.exit('boom')"}, "dag-processor -n 1` ended with 1: boom"),
        ({"answer": "sys.exit(2)"}, "list-import-errors` ended with 2: it printed nothing"),
    ],
)
def test_an_airflow_that_does_not_start_is_named(
    tmp_path: Path, tree: Path, command: dict[str, str], words: str
) -> None:
    with pytest.raises(ImportProofRefused) as refused:
        prove_imports(python(tmp_path, **command), tree, ["dags"], limits=QUICK)
    assert words in str(refused.value)


def test_time_is_limited_and_nothing_goes_on_running(tmp_path: Path, tree: Path) -> None:
    pids = tmp_path / "pids"
    parse = (
        "own = subprocess.Popen(['sleep', '300']); "
        "away = subprocess.Popen(['sleep', '300'], start_new_session=True); "
        f"open({str(pids)!r}, 'w').write(f'{{own.pid}} {{away.pid}}'); time.sleep(300)"
    )
    began = time.monotonic()
    proof = prove_imports(
        python(tmp_path, parse=parse), tree, ["dags"], limits=Limits(seconds=3, file_seconds=5)
    )
    assert time.monotonic() - began < 30
    assert proof.coverage.status == "partial"
    assert [(one.path, one.reason[:15]) for one in proof.unproved] == [("dags", "the time was up")]
    deadline = time.monotonic() + 10
    while any(map(_runs, pids.read_text().split())):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid: str) -> bool:
    try:
        state = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no limit on address space")
def test_memory_is_limited(tmp_path: Path, tree: Path) -> None:
    program = python(tmp_path, parse="bytearray(4 * 2**30)")
    with pytest.raises(ImportProofRefused, match="MemoryError"):
        prove_imports(program, tree, ["dags"], limits=QUICK)


def test_output_without_end_fills_no_disk(tmp_path: Path, tree: Path) -> None:
    program = python(tmp_path, parse="[sys.stdout.write('x' * 2**20) for _ in range(64)]")
    with pytest.raises(ImportProofRefused, match="dag-processor"):
        prove_imports(program, tree, ["dags"], limits=QUICK)


def test_the_callers_environment_stays_outside_and_the_home_is_gone(
    tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    seen = tmp_path / "seen"
    program = python(tmp_path, parse=f"open({str(seen)!r}, 'w').write(repr(dict(os.environ)))")
    prove_imports(program, tree, ["dags"], limits=QUICK)
    environment = eval(seen.read_text())
    assert "secret" not in environment.values()
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"
    assert environment["AIRFLOW__CORE__DAGS_FOLDER"] == str(tree / "dags")
    assert not Path(environment["AIRFLOW_HOME"]).exists()


@pytest.mark.parametrize("plugins", ["plugins", "airflow/plugins"])
def test_the_plugins_beside_the_dag_folder_are_loaded(tmp_path: Path, plugins: str) -> None:
    tree = tmp_path / "repo"
    (tree / "airflow" / "dags").mkdir(parents=True)
    (tree / plugins).mkdir()
    seen = tmp_path / "seen"
    asked = "os.environ['AIRFLOW__CORE__PLUGINS_FOLDER']"
    program = python(tmp_path, parse=f"open({str(seen)!r}, 'w').write({asked})")
    prove_imports(program, tree, ["airflow/dags"], limits=QUICK)
    assert seen.read_text() == str(tree / plugins)


def test_places_that_cannot_be_used_are_named(tmp_path: Path, tree: Path) -> None:
    program = python(tmp_path)
    with pytest.raises(ImportProofRefused, match="no folder 'jobs'"):
        prove_imports(program, tree, ["jobs"], limits=QUICK)
    with pytest.raises(ImportProofRefused, match="leads out"):
        prove_imports(program, tree, [".."], limits=QUICK)
    with pytest.raises(ImportProofRefused, match="is a folder"):
        prove_imports(tmp_path, tree, ["dags"], limits=QUICK)
    with pytest.raises(ImportProofRefused, match="no program"):
        prove_imports(tmp_path / "nothing", tree, ["dags"], limits=QUICK)


@pytest.mark.parametrize(
    ("paths", "folders"),
    [
        (["dags/a.py", "dags/b/c.py", "plugins/x.py"], ["dags"]),
        (["airflow/dags/a.py", "airflow/dags/team/dags/b.py"], ["airflow/dags"]),
        (["jobs/a.py", "jobs/b.py"], ["jobs"]),
        (["a.py"], ["."]),
    ],
)
def test_the_dag_folder_is_told_from_the_dags(
    tmp_path: Path, paths: list[str], folders: list[str]
) -> None:
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    assert dag_folders_of(tmp_path, [DagEntry("x", path) for path in paths]) == folders


@pytest.mark.parametrize(
    "paths", [[], ["a/dags/x.py", "b/dags/y.py"], ["a/x.py", "b/y.py"], ["a/dags/x.py", "b/y.py"]]
)
def test_a_dag_folder_that_cannot_be_told_is_asked_for(tmp_path: Path, paths: list[str]) -> None:
    with pytest.raises(ImportProofRefused, match="--dag-folder"):
        dag_folders_of(tmp_path, [DagEntry("x", path) for path in paths])
