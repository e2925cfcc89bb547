"""What Airflow's own commands print, of 2.11 and 3.3."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.domain.report import Format, ReportRejected
from tests.parsers.reading import as_json, read, read_file


def test_the_dags_of_both_majors(reports: Path) -> None:
    old, _ = read_file(reports / "airflow/2.11-dags-list.txt")
    new, _ = read_file(reports / "airflow/3.3-dags-list.txt")
    assert (old.received, new.received) == (5, 4)
    assert [dag.dag_id for dag in new.dags] == [
        "flaky_report",
        "orders_consumer",
        "probe_runtime",
        "sales_etl",
    ]
    sales = new.dags[-1]
    assert (sales.owners, sales.paused, sales.resolved) == (("data-eng",), False, True)
    assert sales.path == "/opt/airflow-lab/home-3.3/dags/sales_etl.py"
    assert old.coverage.checker == "inventory"


def test_the_dags_of_2_7_have_other_keys() -> None:
    answer = as_json([{"dag_id": "a", "filepath": "x/a.py", "owner": "bi, ops", "paused": "True"}])
    (dag,) = read(answer)[0].dags
    assert (dag.path, dag.owners, dag.paused) == ("x/a.py", ("bi", "ops"), True)


def test_a_dag_without_a_file_is_named() -> None:
    good = {"dag_id": "a", "fileloc": "/a.py", "owners": [], "is_paused": "False"}
    report, _ = read(as_json([good, {**good, "fileloc": None}, {**good, "dag_id": ""}]))
    assert [(problem.index, problem.field) for problem in report.problems] == [
        (1, "fileloc"),
        (2, "dag_id"),
    ]
    assert len(report.dags) == 1


def test_import_errors_keep_which_major_said_so(reports: Path) -> None:
    old, (seen_old,) = read_file(reports / "airflow/2.11-import-errors.txt")
    new, (seen_new,) = read_file(reports / "airflow/3.3-import-errors.txt")
    assert old.coverage.flags == ("airflow-2",)
    assert new.coverage.flags == ("airflow-3",)
    assert seen_old.path == "/opt/airflow-lab/home-2.11/dags/broken_contrib.py"
    assert (seen_new.path, seen_new.line) == ("legacy_sub.py", 3)
    assert seen_new.rule == "airflow-import-error"
    assert seen_new.message == "ModuleNotFoundError: No module named 'airflow.operators.subdag'"
    assert seen_new.symbol == "airflow.operators.subdag"
    assert seen_new.content == "from airflow.operators.subdag import SubDagOperator"


def test_every_import_error_of_the_legacy_snippets(reports: Path) -> None:
    report, observations = read_file(reports / "airflow/3.3-legacy-import-errors.json")
    assert report.received == len(observations) == 23
    by_path = {seen.path: seen for seen in observations}
    assert by_path["days_ago.py"].symbol == "airflow.utils.dates.days_ago"
    assert by_path["schedule_interval.py"].symbol == "schedule_interval"
    assert by_path["schedule_interval.py"].line == 3
    # the exception comes from Airflow's own code; its further lines belong to it
    assert by_path["op_args.py"].message.startswith("TypeError: Invalid arguments were passed")
    assert by_path["op_args.py"].message.endswith("{'provide_context': True}")
    assert all(seen.message for seen in observations)


@pytest.mark.parametrize(("major", "count"), [("2.11", 96), ("3.3", 68)])
def test_config_lint_of_both_majors(reports: Path, major: str, count: int) -> None:
    path = reports / f"airflow/{major}-config-lint.txt"
    report, observations = read_file(path)
    assert report.received == len(observations) == count
    assert report.coverage.flags == (f"airflow-{major[0]}",)
    assert {seen.path for seen in observations} == {"airflow.cfg"}
    assert all(seen.symbol.count(".") == 1 for seen in observations)
    said = {seen.symbol: seen.message for seen in observations}
    assert said["core.strict_dataset_uri_validation"].endswith(
        "raising a hard error on validation failure."
    )
    assert said["scheduler.catchup_by_default"].startswith(
        "Changed default value of `catchup_by_default`"
    )
    assert said["scheduler.catchup_by_default"].endswith("the behavior from Airflow 2.x.")
    assert "webserver.web_server_port" in said
    assert not any("Please update" in message for message in said.values())


def test_a_clean_configuration_is_an_answer() -> None:
    report, observations = read(
        b"2026-11-22T07:03:24.654025Z [warning  ] x\nNo issues found in your airflow.cfg.\n"
    )
    assert report.format is Format.AIRFLOW_CONFIG_LINT
    assert (observations, report.problems) == ([], [])
    assert report.coverage.flags == ("airflow-3",)


def test_a_cut_off_configuration_answer_is_a_problem() -> None:
    assert read(b"Found issues in your airflow.cfg:\n")[0].problems


def test_log_lines_alone_are_no_answer() -> None:
    with pytest.raises(ReportRejected):
        read(b"[2026-11-22T07:10:20.701+0000] {plugins.py:37} INFO - setup plugin\n")
