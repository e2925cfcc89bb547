"""Which SQL is about Airflow's own database, told token by token."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.scanner.around.metadata_sql import gone_from
from planner.scanner.code.removed_names import names_of

REMOVED = names_of("AF3-METADATA-SQL")


def gone(sql: str) -> list[str]:
    return [found.symbol for found in gone_from(sql, REMOVED)]


@pytest.mark.parametrize(
    ("sql", "symbols"),
    [
        ("SELECT execution_date FROM dag_run", ["dag_run.execution_date"]),
        ('select d."execution_date" from public."dag_run" d', ["dag_run.execution_date"]),
        ("UPDATE dag SET is_active = false", ["dag.is_active"]),
        ("DELETE FROM sla_miss", ["sla_miss"]),
        ("SELECT 1 FROM orders; SELECT * FROM task_fail", ["task_fail"]),
        ("SELECT o.execution_date FROM orders o JOIN dag_run r USING (id)", []),
        ("SELECT execution_date FROM orders o JOIN dag_run r USING (id)", []),
        ("SELECT execution_date FROM mine.dag_run", []),
        ("SELECT 'execution_date' /* execution_date */ FROM dag_run -- execution_date", []),
        ("SELECT {{ execution_date }} FROM dag_run", []),
        ("Take the execution_date from dag_run", []),
        ("SELECT logical_date AS execution_date FROM dag_run ORDER BY execution_date", []),
        ("SELECT uri FROM dataset", []),
        ("SELECT d.uri FROM dataset d JOIN dag ON true", []),
        ("SELECT d.uri FROM dataset d JOIN task_instance ON true", ["dataset"]),
    ],
)
def test_what_is_gone(sql: str, symbols: list[str]) -> None:
    assert gone(sql) == symbols


@given(st.text(alphabet="select from dag_run execution_date'\"`-/*.,();{}%\n", max_size=300))
def test_no_text_raises_and_every_place_holds_its_word(sql: str) -> None:
    for found in gone_from(sql, REMOVED):
        assert sql[found.offset :].lower().startswith(found.word)


@pytest.mark.parametrize(
    "piece", ["/*", "'", '"', "`", "--", "{{", "(", "from dag_run ", "a.b as ("]
)
def test_texts_made_to_do_harm_take_seconds_at_most(piece: str) -> None:
    start = time.monotonic()

    gone("select " + piece * 30_000)

    assert time.monotonic() - start < 20
