"""When a finding can be fixed, in words that name the package it waits for."""

import pytest

from planner.domain.fix_time import in_full, in_short

SMTP = "apache-airflow-providers-smtp>=1.0.0"


@pytest.mark.parametrize(
    ("when", "needs", "short"),
    [
        ("now", (), "fix now"),
        ("shim", (), "fix now, with a shim"),
        ("provider", (SMTP,), "needs apache-airflow-providers-smtp ≥ 1.0.0 first"),
        ("provider", (SMTP, "x"), "needs apache-airflow-providers-smtp ≥ 1.0.0 and x first"),
        ("provider", (), "fix once a newer provider is there"),
        ("after", (SMTP,), "fix after the flip"),
    ],
)
def test_in_a_few_words(when: str, needs: tuple[str, ...], short: str) -> None:
    assert in_short(when, needs) == short


def test_as_a_sentence() -> None:
    assert in_full("provider", (SMTP,)) == ("It needs apache-airflow-providers-smtp ≥ 1.0.0 first.")
    assert "never due before the cutover" in in_full("after", ())
