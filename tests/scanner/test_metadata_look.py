"""The look at Airflow's metadata database, on the schemas of eight releases, in SQLite and PostgreSQL."""

from __future__ import annotations

import pickle
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from planner.scanner.live import metadata_look
from planner.scanner.live.metadata_look import MetadataRefused, look_at_metadata, url_of

SCHEMAS = Path(__file__).parent.parent / "reports" / "metadata"
LINES = ("2.7", "2.9", "2.10", "2.11", "3.0", "3.1", "3.2", "3.3")
REVISIONS = {
    "2.7": ("405de8318b3a", "2.7.0 or later, before 2.8.0"),
    "2.11": ("5f2621c13b39", "2.10.3 or later, before 3.0.0"),
    "3.3": ("d2f4e1b3c5a7", "3.3.0 or later"),
}
SOURCE = "from airflow import DAG\nwith DAG('{}', schedule=None): pass\n"

Execute = Callable[..., object]


def tables(line: str) -> Iterator[str]:
    """The tables of a schema without what ties them together, in words that both databases know."""
    text = (SCHEMAS / f"schema-{line}.sql").read_text()
    for table in re.findall(r"^CREATE TABLE (?!sqlite_).*?\n\);$", text, re.MULTILINE | re.DOTALL):
        kept = [row for row in table.splitlines() if "FOREIGN KEY" not in row]
        yield re.sub(r",\s*\n\);$", "\n);", "\n".join(kept))


TRANSLATED = (
    ("BLOB", "BYTEA"),
    (" AUTOINCREMENT", ""),
    ("DATETIME", "TIMESTAMP"),
    (' COLLATE "NOCASE"', ""),
    ("BOOLEAN DEFAULT 1", "BOOLEAN DEFAULT '1'"),
)
"""The schemas are SQLite's."""


def in_postgres(table: str) -> str:
    for sqlite, own in TRANSLATED:
        table = table.replace(sqlite, own)
    return table


def insert(execute: Execute, mark: str, table: str, **values: object) -> None:
    names, marks = ", ".join(f'"{name}"' for name in values), ", ".join([mark] * len(values))
    execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))


def fill(execute: Execute, mark: str, line: str) -> None:
    """Three DAGs, two of them in the same two files, and on 2.x four XComs of which three are pickles."""
    revision = REVISIONS.get(line, ("ffffffffffff", ""))[0]
    insert(execute, mark, "alembic_version", version_num=revision)
    for number, (dag_id, name) in enumerate(
        [("sales", "sales.py"), ("sales", "old/sales.py"), ("hr", "hr.py")]
    ):
        code = {"fileloc": f"/opt/airflow/dags/{name}", "source_code": SOURCE.format(dag_id)}
        if line.startswith("2"):
            insert(
                execute, mark, "dag_code", fileloc_hash=number, last_updated="2026-01-01", **code
            )
        else:
            _version(execute, mark, number, dag_id, code)
    if line.startswith("2"):
        for number, value in enumerate(
            [b'{"a": 1}', *(pickle.dumps(each) for each in (1, {"x": [2]}, None)), b""]
        ):
            insert(
                execute, mark, "xcom", dag_run_id=number, task_id="t", key="k", dag_id="sales",
                run_id="r", value=value, timestamp="2026-01-01", map_index=-1,
            )  # fmt: skip


def _version(execute: Execute, mark: str, number: int, dag_id: str, code: dict[str, str]) -> None:
    id = f"{number:032x}"
    common = {"last_updated": "2026-01-01", "created_at": "2026-01-01"}
    insert(
        execute, mark, "dag_code", id=id, dag_id=dag_id, source_code_hash="x", dag_version_id=id,
        **common, **code,
    )  # fmt: skip


def _dags(execute: Execute, mark: str, columns: dict[str, str]) -> None:
    """Rows of the dag table, whatever else a release wants in one."""
    filler = {"BOOLEAN": False, "INTEGER": 0, "JSON": "{}", "FLOAT": 0.0}
    for dag_id in ("sales", "hr", "finance"):
        values: dict[str, object] = {name: filler.get(kind, "x") for name, kind in columns.items()}
        insert(execute, mark, "dag", **values | {"dag_id": dag_id})


def _needed(line: str) -> dict[str, str]:
    """Columns of the dag table that may not be empty."""
    (table,) = (each for each in tables(line) if "CREATE TABLE dag (" in each)
    found = re.findall(r"^\s+(\w+) (\w+)[^\n]*NOT NULL", table, re.MULTILINE)
    return {name: kind for name, kind in found if name != "CONSTRAINT"}


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Callable[[str], Path]:
    def make(line: str) -> Path:
        place = tmp_path / f"airflow-{line}.db"
        connection = sqlite3.connect(place)
        for table in tables(line):
            connection.execute(table)
        fill(connection.execute, "?", line)
        _dags(connection.execute, "?", _needed(line))
        connection.commit()
        connection.close()
        return place

    return make


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[Callable[[str], str]]:
    made: list[str] = []

    def make(line: str) -> str:
        name = f"look_{line.replace('.', '_')}"
        with psycopg.connect(postgres, autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name}")
        made.append(name)
        url = urlsplit(postgres)._replace(path=f"/{name}").geturl()
        with psycopg.connect(url) as connection:
            for table in tables(line):
                connection.execute(in_postgres(table).encode())
            fill(connection.execute, "%s", line)
            _dags(connection.execute, "%s", _needed(line))
        return url

    yield make
    with psycopg.connect(postgres, autocommit=True) as server:
        for name in made:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def expect(look: metadata_look.MetadataLook, line: str) -> None:
    assert look.dags == 3
    assert look.bytes > 10_000
    assert look.pickled_xcoms == (3 if line.startswith("2") else 0)
    assert [one.dag_id for one in look.duplicates] == ["sales"]
    assert look.duplicates[0].files == (
        "/opt/airflow/dags/old/sales.py",
        "/opt/airflow/dags/sales.py",
    )
    assert look.airflow == REVISIONS.get(line, ("", ""))[1]
    rows = {table.name: table.rows for table in look.tables}
    assert rows["dag_code"] == 3
    assert rows["xcom"] == (5 if line.startswith("2") else 0)
    assert look.unanswered == []


@pytest.mark.parametrize("line", LINES)
def test_sqlite_of_every_release(line: str, sqlite_file: Callable[[str], Path]) -> None:
    place = sqlite_file(line)
    before = place.read_bytes()
    look = look_at_metadata(f"sqlite:///{place}")
    expect(look, line)
    assert place.read_bytes() == before
    assert look_at_metadata(str(place)) == look


@pytest.mark.parametrize("line", LINES)
def test_postgresql_of_every_release(line: str, postgres_url: Callable[[str], str]) -> None:
    url = postgres_url(line)
    expect(look_at_metadata(url.replace("postgresql://", "postgresql+psycopg2://")), line)


def test_estimates_are_taken_where_the_planner_has_them(
    postgres_url: Callable[[str], str],
) -> None:
    url = postgres_url("2.9")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    table = next(one for one in look_at_metadata(url).tables if one.name == "xcom")
    assert (table.rows, table.is_estimate) == (5, True)
    assert table.bytes is not None


def test_nothing_can_be_written_and_no_statement_runs_on(
    postgres_url: Callable[[str], str], sqlite_file: Callable[[str], Path]
) -> None:
    for database in (
        metadata_look._Postgres(postgres_url("2.10")),
        metadata_look._Sqlite(str(sqlite_file("2.10"))),
    ):
        with pytest.raises(MetadataRefused, match=r"read-only|readonly"):
            database.rows("DELETE FROM xcom")
        assert database.rows("SELECT count(*) FROM xcom") == [(5,)]
        database.close()


def test_a_question_that_takes_too_long_is_named(
    sqlite_file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = sqlite_file("2.9")
    with sqlite3.connect(place) as connection:
        connection.execute(
            "INSERT INTO xcom SELECT value, 't', -1, 'k', 'd', 'r', x'00', '2026-01-01' FROM "
            "(WITH RECURSIVE n(value) AS (SELECT 10 UNION ALL SELECT value + 1 FROM n LIMIT 200000) "
            "SELECT value FROM n)"
        )
    connection.close()
    database = metadata_look._Sqlite(str(place))
    monkeypatch.setattr(metadata_look, "_statement_seconds", lambda: 0)
    unanswered: list[str] = []
    assert metadata_look._pickled(database, unanswered) is None
    assert unanswered == ["how many XComs are pickled"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://airflow:pw@db/airflow", "MySQL is not looked at yet"),
        ("mysql+mysqldb://airflow:pw@db/airflow", "MySQL is not looked at yet"),
        ("oracle://airflow:pw@db/airflow", "kind 'oracle' is not known"),
        ("sqlite:////nowhere/airflow.db", "There is no SQLite file /nowhere/airflow.db"),
        ("postgresql://airflow:s3cret-pw@127.0.0.1:1/airflow", "cannot be reached"),
        ("postgresql://airflow:s3cret-pw@127.0.0.1:nope/airflow", "cannot be reached"),
        ("postgresql://airflow:s3cret-pw@h/airflow?what=ever", "cannot be reached"),
    ],
)
def test_what_cannot_be_looked_at_is_said_without_a_password(url: str, words: str) -> None:
    with pytest.raises(MetadataRefused) as refused:
        look_at_metadata(url)
    assert words in str(refused.value)
    assert "s3cret-pw" not in str(refused.value)


def test_files_that_are_no_database_of_airflow(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database" * 1000)
    with pytest.raises(MetadataRefused, match="cannot be read"):
        look_at_metadata(str(tmp_path / "text.db"))
    sqlite3.connect(tmp_path / "empty.db").execute("CREATE TABLE t (a)")
    with pytest.raises(MetadataRefused, match="no metadata database of Airflow"):
        look_at_metadata(str(tmp_path / "empty.db"))


def test_without_psycopg_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MetadataRefused, match=r"pip install \"psycopg\[binary\]\""):
        look_at_metadata("postgresql://h/d")


def test_the_url_may_stand_in_the_environment() -> None:
    assert url_of("sqlite:///x", {}) == "sqlite:///x"
    assert url_of("env:DB", {"DB": "sqlite:///y"}) == "sqlite:///y"
    with pytest.raises(MetadataRefused, match="variable DB is not set"):
        url_of("env:DB", {})


def test_findings_name_the_files_of_the_tree(sqlite_file: Callable[[str], Path]) -> None:
    look = look_at_metadata(str(sqlite_file("2.9")))
    found = look.observations(["dags/sales.py", "dags/old/sales.py", "dags/hr.py"])
    assert [(one.rule, one.path) for one in found] == [
        ("AF3-METADATA-DUPLICATE-DAG", "dags/sales.py"),
        ("AF3-METADATA-PICKLED-XCOM", "metadata-database"),
    ]
    assert found[0].dag_id == "sales"
    assert "dags/old/sales.py" in found[0].message
    assert "3 rows of pickles" in found[1].message
    assert look.coverage(found).files == {"dags/sales.py", "metadata-database"}
    assert look.observations()[0].path == "/opt/airflow/dags/sales.py"


def test_the_look_in_words(sqlite_file: Callable[[str], Path]) -> None:
    text = look_at_metadata(str(sqlite_file("2.11"))).as_text()
    assert "schema revision 5f2621c13b39, of Airflow 2.10.3 or later, before 3.0.0" in text
    assert "  pickled XComs: 3\n" in text
    assert (
        "DAG sales is in several files: /opt/airflow/dags/old/sales.py, /opt/airflow/dags/sales.py"
        in text
    )
