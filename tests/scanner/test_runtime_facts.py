"""What the rules say is gone was gone in tasks of real Airflows, which wrote down what they had."""

import json
from pathlib import Path
from typing import Any

import pytest

from planner.scanner.code.removed_names import names_of

FOLDER = Path(__file__).parent.parent / "reports" / "runtime"
RUNS: list[dict[str, Any]] = [json.loads(path.read_text()) for path in FOLDER.glob("3*.json")]
COLUMNS: dict[str, dict[str, list[str]]] = json.loads((FOLDER / "columns.json").read_text())
"""The columns of every table of the metadata database, as migrations of each line left them."""
BEFORE_2_7 = {"task_instance.execution_date", "xcom.execution_date"}
"""Columns that went before the oldest schema here; queries still name them."""


@pytest.fixture(params=RUNS, ids=lambda run: str(run["version"]))
def run(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.param
    return found


def test_removed_keys_are_not_in_the_context(run: dict[str, Any]) -> None:
    assert {"ti", "ds", "logical_date"} <= set(run["context"])
    assert names_of("AF3-CTX-KEY").isdisjoint(run["context"])


def test_removed_variables_are_undefined_in_templates(run: dict[str, Any]) -> None:
    answers = {name: run["templates"][name] for name in names_of("AF3-JINJA-KEY")}

    assert {name: answer for name, answer in answers.items() if "is undefined" not in answer} == {}


def test_both_rules_know_the_same_names() -> None:
    variables = {name.strip("{} ") for name in names_of("AF3-JINJA-KEY")}

    assert variables == names_of("AF3-CTX-KEY")


def test_removed_attributes_are_not_there(run: dict[str, Any]) -> None:
    symbols = [name.split(".", 1) for name in names_of("AF3-TI-ATTR")]
    there = [
        f"{holder}.{attribute}"
        for holder, attribute in symbols
        if attribute in run["has"].get(holder, ())
    ]

    assert there == []


def test_dates_are_missing_only_without_a_logical_date(run: dict[str, Any]) -> None:
    dates = names_of("AF3-LOGICAL-NULL")

    assert dates <= set(run["context"])
    assert dates.isdisjoint(run["context_without_date"])


@pytest.mark.parametrize(
    "code",
    [
        "with create_session",
        "settings.Session()",
        "provide_session call",
        "DagRun.find",
        "DagModel.get_dagmodel",
        "Pool.get_pool",
        "SerializedDagModel",
        "TaskInstance.get_task_instance",
        "trigger_dag",
        "delete_dag",
    ],
)
def test_the_database_is_refused(run: dict[str, Any], code: str) -> None:
    assert "Direct database access via the ORM is not allowed" in run["code"][code]


def test_values_of_other_tasks_are_found_by_their_task_only(run: dict[str, Any]) -> None:
    code = run["code"]

    assert code["xcom_pull ids"] == "SystemError: 'V'"
    assert {code[f"xcom_pull {form}"] for form in ("noids", "None", "nothing")} == {
        "SystemError: None"
    }


def test_addresses_of_the_database_are_no_addresses(run: dict[str, Any]) -> None:
    for form in ("conf sql_alchemy_conn", "conf core sql_alchemy_conn"):
        assert run["code"][form] == "SystemError: airflow-db-not-allowed:///"


def test_the_default_of_a_variable_has_another_name(run: dict[str, Any]) -> None:
    assert "unexpected keyword argument" in run["code"]["sdk Variable.get default_var"]
    assert run["code"]["sdk Variable.get positional"] == "ok"


def _has(line: str, symbol: str) -> bool:
    table, _, column = symbol.partition(".")
    columns = COLUMNS[line].get(table)
    return columns is not None and (not column or column in columns)


def test_removed_tables_and_columns_were_there_and_are_gone() -> None:
    removed = names_of("AF3-METADATA-SQL")
    old, new = ("2.7", "2.11"), ("3.0", "3.1", "3.2", "3.3")

    assert [name for name in removed if any(_has(line, name) for line in new)] == []
    assert {name for name in removed if not any(_has(line, name) for line in old)} == BEFORE_2_7
