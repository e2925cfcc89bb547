"""What is known about a deployment, checked field by field."""

from __future__ import annotations

import pytest

from planner.domain.facts import FactErrors, facts_from


def test_an_old_python_is_refused_for_what_is_true_of_it() -> None:
    with pytest.raises(FactErrors, match=r"Airflow does not run on Python 2\.7"):
        facts_from(
            {"name": "P", "current_version": "2.9.3", "dag_count": 1, "python_current": "2.7"}
        )
