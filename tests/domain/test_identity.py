"""The text that tells two findings of one rule in one file apart."""

from __future__ import annotations

import pytest

from planner.domain.identity import identity_text


@pytest.mark.parametrize(
    ("symbol", "message", "text"),
    [
        ("airflow.DAG", "`airflow.DAG` is removed in Airflow 3.0", "airflow.DAG"),
        ("", "Line 42 has 3 problems", "Line # has # problems"),
        ("task_id", 'Task variable name should match the `task_id`: "load"', "task_id load"),
        ("x", 'Set "y" here', "x"),
    ],
)
def test_a_finding_is_about_its_symbol_and_the_very_thing_its_message_ends_on(
    symbol: str, message: str, text: str
) -> None:
    assert identity_text(symbol, message) == text
