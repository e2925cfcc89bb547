"""Which format a file is in, told from its content; and what is said of one that is none."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.report import Format, ReportRejected
from planner.parsers.report import open_report
from planner.parsers.text import gunzip, is_gzip
from tests.parsers.reading import as_json, finding, read, read_file, ruff_item

REPORTS = {
    "telemetry-airflow.ruff.json": Format.RUFF,
    "telemetry-airflow.ruff-absolute.json": Format.RUFF,
    "telemetry-airflow.ruff.jsonl": Format.RUFF,
    "telemetry-airflow-ruff0.9.10.json.gz": Format.RUFF,
    "telemetry-airflow.ruff-preview.sarif": Format.SARIF,
    "telemetry-airflow.ruff-stable.sarif": Format.SARIF,
    "sandiego-docker-airflow.ruff-preview.sarif.gz": Format.SARIF,
    "airflow/2.11-dags-list.txt": Format.AIRFLOW_DAGS,
    "airflow/3.3-dags-list.txt": Format.AIRFLOW_DAGS,
    "airflow/2.11-import-errors.txt": Format.AIRFLOW_IMPORT_ERRORS,
    "airflow/3.3-import-errors.txt": Format.AIRFLOW_IMPORT_ERRORS,
    "airflow/3.3-legacy-import-errors.json": Format.AIRFLOW_IMPORT_ERRORS,
    "airflow/2.11-config-lint.txt": Format.AIRFLOW_CONFIG_LINT,
    "airflow/3.3-config-lint.txt": Format.AIRFLOW_CONFIG_LINT,
}

NO_REPORTS = {
    "telemetry-airflow.ruff-preview.gitlab.json": "--output-format json",
    "telemetry-airflow.ruff-preview.concise.txt": "--output-format json",
    "airflow/ruff-github.txt": "--output-format json",
    "airflow/ruff-junit.xml": "--output-format json",
    "airflow/3.3-providers-list.txt": "providers list",
    "airflow/3.3-rest-dags.json": "SARIF",
    "airflow/3.0-config-lint-crash.txt": 'Please check "xcom_backend" key',
}


@pytest.mark.parametrize("name", REPORTS)
def test_real_reports_are_told_apart(reports: Path, name: str) -> None:
    assert read_file(reports / name)[0].format is REPORTS[name]


@pytest.mark.parametrize("name", NO_REPORTS)
def test_other_tools_output_is_refused_with_the_remedy(reports: Path, name: str) -> None:
    with pytest.raises(ReportRejected) as refused:
        read_file(reports / name)
    assert NO_REPORTS[name] in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b" \r\n\t ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"<!DOCTYPE html><html>sign in</html>", "web page"),
        (b"PK\x03\x04\x14\x00", "binary"),
        (b"\x7fELF\x00\x00", "binary"),
        (b"\x00" * 100, "binary"),
        (b"Dear team, it is broken.", "no report format"),
        (b"17", "no report format"),
        (b"null", "no report format"),
        (b'"text"', "no report format"),
        (b"[1, 2, 3]", "no findings"),
        (b'{"hello": 1}', "hello"),
        (b"[]", "--format"),
        (b"No data found\n", "--format"),
        (b"[" * 100_000, "nested"),
        (b'{"findings": ' + b"[" * 100_000, "nested"),
        (b"\x1f\x8b\x08not gzip at all", "damaged"),
    ],
)
def test_what_is_no_report_is_said_in_one_sentence(data: bytes, said: str) -> None:
    with pytest.raises(ReportRejected) as refused:
        open_report(data, format=None)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_broken_json_is_named_by_line_column_and_item() -> None:
    broken = b'[\n  {"rule_id": "a, ] }"},\n  {"rule_id": }\n]'
    with pytest.raises(ReportRejected, match=r"^Line 3, column 15 \(item 1\)"):
        open_report(broken, format=None)


def test_a_cut_off_upload_is_named_by_its_last_item(reports: Path) -> None:
    whole = (reports / "telemetry-airflow.ruff.json").read_bytes()
    with pytest.raises(
        ReportRejected, match=r"Line \d+, column \d+ \(item \d+\): it ends too early"
    ):
        open_report(whole[:-200], format=None)


@pytest.mark.parametrize("format", [Format.RUFF, Format.UPGRADECHECK, Format.AIRFLOW_IMPORT_ERRORS])
def test_an_empty_list_counts_as_what_it_is_called(format: Format) -> None:
    report, observations = read(b"[]", format=format)
    assert (report.format, observations, report.received) == (format, [], 0)


def test_an_empty_list_cannot_be_called_sarif() -> None:
    with pytest.raises(ReportRejected, match="name its format"):
        read(b"[]", format=Format.SARIF)


def test_no_data_found_is_airflows_empty_answer() -> None:
    report, _ = read(b"No data found\n", format=Format.AIRFLOW_IMPORT_ERRORS, tool_version="3.3.2")
    assert report.coverage.checker == "import-check"
    assert report.coverage.flags == ("airflow-3",)
    with pytest.raises(ReportRejected):
        read(b"No data found\n", format=Format.RUFF)


def test_a_wrong_announcement_is_refused_by_both_names(reports: Path) -> None:
    with pytest.raises(ReportRejected, match="announced as sarif, but it is ruff"):
        read_file(reports / "telemetry-airflow.ruff.json", format=Format.SARIF)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_byte_order_marks_do_no_harm(encoding: str) -> None:
    """PowerShell's ``>`` writes UTF-16."""
    mark = {"utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}.get(encoding, "")
    text = mark + as_json([finding(message="grün")]).decode()
    (seen,) = read(text.encode(encoding))[1]
    assert seen.message == "grün"


def test_gzip_is_read_whatever_the_file_is_called() -> None:
    plain = as_json([finding()] * 1000)
    packed = gzip.compress(plain)
    assert is_gzip(packed) and not is_gzip(plain)
    assert len(read(packed)[1]) == 1000
    assert len(read(gzip.compress(plain[:50]) + gzip.compress(plain[50:]))[1]) == 1000


def test_a_gzip_bomb_is_refused() -> None:
    with pytest.raises(ReportRejected, match="unpacks to more than 1 MB"):
        gunzip(gzip.compress(b"[" + b" " * 3_000_000), limit=1024 * 1024)


def test_a_cut_off_gzip_is_refused() -> None:
    with pytest.raises(ReportRejected, match="damaged"):
        gunzip(gzip.compress(as_json([finding()] * 50))[:-9])


def test_one_bad_first_item_does_not_hide_the_format() -> None:
    report, observations = read(as_json([17, ruff_item()]))
    assert report.format is Format.RUFF
    assert len(observations) == 1
    assert [problem.index for problem in report.problems] == [0]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read(data)
    except ReportRejected as refused:
        assert str(refused)


@given(st.sampled_from(sorted(REPORTS)), st.data())
def test_damaged_reports_are_read_or_refused(name: str, data: st.DataObject) -> None:
    whole = (Path(__file__).parent.parent / "reports" / name).read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 20)))
    put = data.draw(st.binary(max_size=8))
    try:
        read(whole[:start] + put + whole[end : start + 4000])
    except ReportRejected as refused:
        assert str(refused)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "rule_id",
                    "severity",
                    "file",
                    "line",
                    "message",
                    "dag_id",
                    "fix",
                    "edits",
                    "location",
                    "code",
                    "filename",
                    "runs",
                    "results",
                    "tool",
                    "driver",
                    "findings",
                    "coverage",
                    "dags",
                    "locations",
                    "level",
                    "filepath",
                    "error",
                    "fileloc",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@given(JSON)
def test_any_json_is_read_or_refused(value: object) -> None:
    try:
        read(as_json(value))
    except ReportRejected as refused:
        assert str(refused)
