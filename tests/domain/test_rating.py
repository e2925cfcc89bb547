"""Canonical rules over six versions of ruff, and severity by rule, name and target."""

from __future__ import annotations

import gzip
import itertools
import json
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.finding import Axis, Category, Severity
from planner.domain.rating import (
    Rater,
    canonical_rule,
    family_of,
    instead_of,
    measured,
    rate,
    rules_not_run,
    severity_on,
    when_of,
)
from planner.domain.report import Observation
from planner.parsers.symbol import symbol_of
from planner.rulebook.load import rulebook

REPORTS = Path(__file__).parent.parent / "reports"
NEWEST = {
    "AIR301": 75,
    "AIR302": 1,
    "AIR311": 131,
    "AIR312": 76,
    "AIR321": 22,
    "AIR001": 16,
    "AIR002": 4,
    "AIR003": 3,
    "AIR201": 1,
    "AIR304": 3,
}
UP_TO_0_13 = {"AIR301": 75, "AIR302": 1, "AIR311": 28, "AIR312": 76, "AIR001": 16, "AIR002": 4}
SEEN_BY_VERSION = {
    # 0.9 reported names of today's AIR312 as AIR303, many of them under AIR302 as well.
    "0.9.10": {"AIR301": 120, "AIR312": 51, "AIR001": 16, "AIR002": 4},
    "0.11.13": UP_TO_0_13,
    "0.13.0": UP_TO_0_13 | {"AIR311": 30},
    "0.14.14": UP_TO_0_13 | {"AIR311": 131},
    "0.15.8": {rule: count for rule, count in NEWEST.items() if rule != "AIR201"},
    "0.17.6": NEWEST,
}


def findings_of(version: str) -> list[dict]:
    path = REPORTS / f"telemetry-airflow-ruff{version}.json.gz"
    return json.loads(gzip.decompress(path.read_bytes()))


def observe(rule: str, symbol: str = "", **fields: str) -> Observation:
    return Observation(rule=rule, symbol=symbol, **{"severity": "error"} | fields)


def severity(rule: str, symbol: str, target: str) -> Severity:
    return rate(
        observe(rule, symbol), target_line=target, tool_version="0.17.6", rulebook=rulebook()
    ).severity


@pytest.mark.parametrize("version", SEEN_BY_VERSION)
@pytest.mark.parametrize("known_by", ["link", "version"])
def test_six_versions_of_ruff_speak_of_the_same_rules(version: str, known_by: str) -> None:
    by_link = known_by == "link"

    counts = Counter(
        canonical_rule(
            item["code"],
            "",
            item["url"] if by_link else "",
            "" if by_link else version,
            rulebook(),
            symbol=symbol_of(item["message"]),
        )
        for item in findings_of(version)
    )

    assert counts == SEEN_BY_VERSION[version]


def test_one_place_keeps_its_rule_from_version_to_version() -> None:
    """Only where 0.9 gave one place two rules, the second has no counterpart."""

    def places(version: str) -> set[tuple[str, int, int, str]]:
        return {
            (
                item["filename"],
                item["location"]["row"],
                item["location"]["column"],
                canonical_rule(
                    item["code"],
                    "",
                    item["url"],
                    version,
                    rulebook(),
                    symbol=symbol_of(item["message"]),
                ),
            )
            for item in findings_of(version)
        }

    versions = list(SEEN_BY_VERSION)
    lost = {older: places(older) - places(newer) for older, newer in itertools.pairwise(versions)}

    assert {version for version, gone in lost.items() if gone} == {"0.9.10"}
    assert {rule for *_, rule in lost["0.9.10"]} == {"AIR301"}


@pytest.mark.parametrize(
    ("rule", "name", "url", "version", "expected"),
    [
        ("AIR301", "", "", "", "AIR301"),
        ("AIR301", "", "", "0.17.6", "AIR301"),
        ("AIR301", "", "", "0.9.10", "AIR002"),
        ("AIR302", "", "", "0.9.10", "AIR301"),
        ("AIR302", "", "", "0.11.5", "AIR301"),
        ("AIR302", "", "", "0.11.6", "AIR302"),
        ("AIR303", "", "", "0.9.10", "AIR302"),
        ("AIR303", "", "", "0.16.0", "AIR303"),
        ("AIR302", "airflow3-removal", "", "", "AIR301"),
        ("AIR302", "", "https://docs.astral.sh/ruff/rules/airflow3-removal", "", "AIR301"),
        ("airflow3-removal", "", "", "", "AIR301"),
        ("air301", "", "", "", "AIR301"),
        ("invalid-syntax", "invalid-syntax", "", "", "invalid-syntax"),
        ("E999", "", "", "0.4.0", "invalid-syntax"),
        ("SubDagOperatorRule", "", "", "", "AF3-SUBDAG"),
        ("HouseRule7", "", "", "", "HouseRule7"),
        ("AIR302", "", "", "not a version", "AIR302"),
    ],
)
def test_canonical_rule(rule: str, name: str, url: str, version: str, expected: str) -> None:
    assert canonical_rule(rule, name, url, version, rulebook()) == expected


def test_a_rule_that_ruff_split_is_told_apart_by_name() -> None:
    def canonical(symbol: str, version: str = "0.9.10") -> str:
        return canonical_rule("AIR303", "", "", version, rulebook(), symbol=symbol)

    assert canonical("airflow.operators.bash") == "AIR312"
    assert canonical("airflow.operators.bash.BashOperator") == "AIR312"
    assert canonical("airflow.operators.bash_operator.BashOperator") == "AIR302"
    assert canonical("airflow.operators.bash.BashOperator", version="0.17.6") == "AIR303"


@pytest.mark.parametrize(
    ("rule", "symbol", "on_3_0", "on_3_1", "on_3_2", "on_3_3"),
    [
        ("AIR311", "airflow.datasets.Dataset", "WARNING", "WARNING", "ERROR", "ERROR"),
        ("AIR311", "airflow.datasets", "WARNING", "WARNING", "ERROR", "ERROR"),
        ("AF3-DATASETS-32", "", "WARNING", "WARNING", "ERROR", "ERROR"),
        ("AF3-DATASETS-32", "airflow.Dataset", "WARNING", "WARNING", "WARNING", "WARNING"),
        ("AIR311", "airflow.Dataset", "WARNING", "WARNING", "WARNING", "WARNING"),
        ("AIR311", "airflow.timetables.datasets.DatasetOrTimeSchedule", "WARNING", "WARNING", "ERROR", "ERROR"),
        ("AIR311", "airflow.utils.dag_parsing_context.get_parsing_context", "WARNING", "WARNING", "ERROR", "ERROR"),
        ("AIR302", "airflow.operators.email.EmailOperator", "WARNING", "WARNING", "WARNING", "WARNING"),
        ("AIR301", "airflow.operators.python.get_current_context", "WARNING", "WARNING", "WARNING", "WARNING"),
        ("AIR301", "airflow.operators.subdag.SubDagOperator", "ERROR", "ERROR", "ERROR", "ERROR"),
        ("AIR301", "schedule_interval", "ERROR", "ERROR", "ERROR", "ERROR"),
        ("AIR302", "airflow.hooks.S3_hook.S3Hook", "ERROR", "ERROR", "ERROR", "ERROR"),
        ("AIR301", "airflow.contrib.operators.snowflake_operator.SnowflakeOperator", "ERROR", "ERROR", "ERROR", "ERROR"),
        ("AIR303", "airflow.Dataset", "ERROR", "ERROR", "ERROR", "ERROR"),
        ("AIR312", "airflow.operators.python.PythonOperator", "WARNING", "WARNING", "WARNING", "WARNING"),
        ("AIR321", "airflow.utils.task_group.TaskGroup", "WARNING", "WARNING", "WARNING", "WARNING"),
        ("AIR311", "airflow.DAG", "WARNING", "WARNING", "WARNING", "WARNING"),
        ("AIR311", "sla_miss_callback", "WARNING", "WARNING", "WARNING", "WARNING"),
        ("AIR002", "schedule", "ERROR", "ERROR", "ERROR", "ERROR"),
        ("AIR003", "Variable.get", "INFO", "INFO", "INFO", "INFO"),
        ("AIR304", "datetime.now", "WARNING", "WARNING", "WARNING", "WARNING"),
        ("airflow-config", "core.sql_alchemy_conn", "WARNING", "WARNING", "WARNING", "WARNING"),
        ("airflow-config", "core.enable_xcom_pickling", "WARNING", "WARNING", "WARNING", "WARNING"),
        ("airflow-import-error", "", "ERROR", "ERROR", "ERROR", "ERROR"),
    ],
)  # fmt: skip
def test_severity_by_target(
    rule: str, symbol: str, on_3_0: str, on_3_1: str, on_3_2: str, on_3_3: str
) -> None:
    found = [severity(rule, symbol, line) for line in ("3.0", "3.1", "3.2", "3.3")]

    assert found == [on_3_0, on_3_1, on_3_2, on_3_3]


def test_a_line_that_was_not_measured_falls_back_to_the_newest() -> None:
    assert severity("AIR311", "airflow.datasets.Dataset", "3.4") == Severity.ERROR
    assert measured("airflow.operators.email.EmailOperator", "3.12", rulebook()) == "deprecated"


def test_a_name_that_only_a_missing_provider_hid_is_not_called_gone() -> None:
    """Measured without the provider, such a name fails for its absence, which says nothing about Airflow."""
    hidden = "airflow.utils.log.es_task_handler.ElasticsearchTaskHandler"
    assert rulebook().symbols[hidden]["3.3"] == "unknown"
    assert measured(hidden, "3.3", rulebook()) == ""
    assert measured("airflow.hooks.S3_hook.S3Hook", "2.11", rulebook()) == ""
    assert measured("airflow.hooks.S3_hook.S3Hook", "3.3", rulebook()) == "gone"


def test_what_lies_in_a_module_that_is_gone_is_gone_with_it() -> None:
    assert measured("airflow.datasets.never_listed.Name", "3.1", rulebook()) == ""
    assert measured("airflow.datasets.never_listed.Name", "3.2", rulebook()) == "gone"
    assert measured("airflow.contrib.of.our.own", "3.0", rulebook()) == "gone"
    assert measured("airflow.Dataset.anything", "3.3", rulebook()) == ""


def test_the_tools_own_severity_is_not_believed() -> None:
    info = rate(
        observe("AIR301", "schedule_interval", severity="info"),
        target_line="3.1",
        tool_version="",
        rulebook=rulebook(),
    )
    style = rate(observe("AIR001"), target_line="3.1", tool_version="", rulebook=rulebook())

    assert (info.severity, info.category) == (Severity.ERROR, Category.BLOCK)
    assert (style.severity, style.category) == (Severity.INFO, Category.STYLE)


@pytest.mark.parametrize(
    ("reported", "expected", "category"),
    [
        ("ERROR", Severity.ERROR, Category.BLOCK),
        ("warning", Severity.WARNING, Category.MIGRATE),
        ("note", Severity.INFO, Category.ADOPT),
        ("", Severity.INFO, Category.ADOPT),
    ],
)
def test_an_unknown_rule_keeps_its_reported_severity(
    reported: str, expected: Severity, category: Category
) -> None:
    rating = rate(
        observe("HouseRule7", severity=reported),
        target_line="3.1",
        tool_version="",
        rulebook=rulebook(),
    )

    assert rating.rule_id == "HouseRule7"
    assert rating.known is False
    assert (rating.severity, rating.category) == (expected, category)
    assert (rating.axis, rating.minutes) == (Axis.OTHER, 30)


def test_names_count_for_their_own_activity() -> None:
    book = rulebook()

    assert family_of("AIR301", "airflow.operators.subdag.SubDagOperator", book) == "subdags"
    assert family_of("AF3-SUBDAG", "", book) == "subdags"
    assert family_of("AIR301", "schedule_interval", book) == "schedule"
    assert family_of("AIR301", "airflow.operators.subdagger", book) == "removed-api"
    assert family_of("AIR311", "airflow.datasets.Dataset", book) == "assets"
    assert family_of("HouseRule7", "", book) == "other"
    assert when_of("AIR311", "airflow.datasets.Dataset", book) == "shim"
    assert when_of("AIR311", "airflow.DAG", book) == "after"
    assert "TaskGroup" in instead_of("AIR301", "airflow.operators.subdag.SubDagOperator", book)
    assert instead_of("AIR312", "airflow.operators.bash.BashOperator", book).startswith(
        "Use airflow."
    )


def test_a_name_may_change_axis_and_minutes() -> None:
    subdag = rate(
        observe("AIR301", "airflow.operators.subdag.SubDagOperator"),
        target_line="3.1",
        tool_version="",
        rulebook=rulebook(),
    )
    view = rate(
        observe("AIR301", "default_view"), target_line="3.1", tool_version="", rulebook=rulebook()
    )

    assert subdag.minutes == 480
    assert view.axis == Axis.UI


def test_a_repeated_observation_costs_next_to_nothing() -> None:
    rater = Rater(rulebook(), target_line="3.1", tool_version="0.17.6")
    seen = [observe("AIR301", "schedule_interval"), observe("AIR311", "airflow.DAG")]
    [rater(one) for one in seen]

    start = time.process_time()
    for _ in range(50_000):
        rater(seen[0])
        rater(seen[1])
    each = (time.process_time() - start) / 100_000

    assert each < 3e-6


def test_a_hostile_report_cannot_fill_the_memory() -> None:
    rater = Rater(rulebook(), target_line="3.1")

    for number in range(50_010):
        rater(observe("AIR301", f"made.up.name{number}"))

    assert len(rater._known) <= 50_000


_words = st.text(max_size=30)


@given(rule=_words, name=_words, url=_words, version=_words, symbol=_words)
def test_whatever_comes_in_has_a_rating(
    rule: str, name: str, url: str, version: str, symbol: str
) -> None:
    observation = Observation(rule=rule, rule_name=name, url=url, symbol=symbol)

    rating = rate(observation, target_line="3.1", tool_version=version, rulebook=rulebook())

    assert rating.severity in Severity
    assert rating.known is (rating.rule_id in rulebook().rules)


@given(
    rule=st.sampled_from(sorted(rulebook().rules)),
    symbol=st.sampled_from(sorted(rulebook().symbols)),
    line=st.sampled_from(rulebook().target_lines),
)
def test_what_imports_on_the_target_is_no_error_for_rules_about_names(
    rule: str, symbol: str, line: str
) -> None:
    chosen = rulebook().rules[rule]
    status = measured(symbol, line, rulebook())
    said_otherwise = any(symbol.startswith(case.prefix) for case in chosen.cases)

    if chosen.by_symbol and status and not said_otherwise:
        found = severity_on(chosen, symbol, line, rulebook())
        assert (found is Severity.ERROR) == (status == "gone")


def not_run(version: str, *, preview: bool = False, seen: tuple[str, ...] = ()) -> frozenset[str]:
    return rules_not_run(rulebook(), tool_version=version, preview=preview, seen=seen)


def test_an_old_ruff_without_preview_proves_nothing_about_airflow_3() -> None:
    """Before 0.13 a bare run reports no removal at all: a silent zero."""
    assert {"AIR301", "AIR302", "AIR311", "AIR312", "AIR002"} <= not_run("0.12.9")
    assert "AIR301" not in not_run("0.13.0")
    assert "AIR001" not in not_run("0.12.9")


def test_a_report_that_shows_one_preview_rule_ran_them_all() -> None:
    assert not_run("0.12.9", seen=("AIR301",)) == not_run("0.12.9", preview=True)
    assert "AIR302" not in not_run("0.12.9", seen=("AIR301",))
    assert not_run("0.17.6", seen=("AIR003",)) == frozenset()


def test_a_rule_that_the_tool_does_not_have_yet_did_not_run() -> None:
    assert not_run("0.14.14", preview=True) == {
        "AIR003",
        "AIR004",
        "AIR201",
        "AIR202",
        "AIR304",
        "AIR321",
    }
    assert not_run("0.17.6", preview=True) == not_run("", preview=True) == frozenset()
    assert not_run("") == {"AIR003", "AIR004", "AIR201", "AIR202", "AIR304", "AIR321"}
