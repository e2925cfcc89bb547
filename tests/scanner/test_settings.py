"""What is said of settings: nothing where a file is as Airflow 2 made it."""

from collections import defaultdict
from pathlib import Path

import pytest

from planner.rulebook.load import rulebook
from planner.scanner.around.environment import setting_of_variable
from planner.scanner.around.settings_file import settings_in
from planner.scanner.around.shell import snippet_of
from planner.scanner.material import Place, Setting, Text
from planner.scanner.scan import scan_tree


def untouched() -> str:
    """Every changed option, set to each default that Airflow 2 gave it."""
    sections: defaultdict[str, list[str]] = defaultdict(list)
    for name, change in rulebook().settings.items():
        section, _, option = name.partition(".")
        for default in change.defaults:
            value = default.replace("{AIRFLOW_HOME}", "/opt/airflow").replace("\n", "\n    ")
            sections[section].append(f"{option} = {value}")
    return "\n".join(f"[{name}]\n" + "\n".join(lines) for name, lines in sections.items())


def test_an_untouched_file_has_no_findings(tmp_path: Path) -> None:
    (tmp_path / "airflow.cfg").write_text(untouched())
    assert untouched().count("\n") > 150
    assert not scan_tree(tmp_path, target="3.3").observations


def test_every_other_value_has_one(tmp_path: Path) -> None:
    wanted = {
        name
        for name, change in rulebook().settings.items()
        if change.to or change.on["3.3"] == "ignored"
    }
    lines = [
        "AIRFLOW__{}__{}=something else".format(*name.upper().split(".", 1)) for name in wanted
    ]
    (tmp_path / "prod.env").write_text("\n".join(lines))
    found = scan_tree(tmp_path, target="3.3").observations
    assert {one.symbol for one in found} == wanted


def test_settings_that_keep_the_old_semantics_are_never_advised_against(tmp_path: Path) -> None:
    (tmp_path / "airflow.cfg").write_text(
        "[scheduler]\ncatchup_by_default = True\ncreate_cron_data_intervals = True\n"
        "create_delta_data_intervals = True\n"
    )
    assert not scan_tree(tmp_path, target="3.3").observations


def test_lines_of_options() -> None:
    cfg = (
        "[core]\n# executor = A\nexecutor : B\n\ndags =\n  one\n  two\n; x = 1\n[api]\nx = 100%%\n"
    )
    found = list(settings_in(snippet_of(Text("airflow.cfg", "airflow.cfg", cfg))))
    assert [(one.key, one.value, one.place.line) for one in found] == [
        ("core.executor", "B", 3),
        ("core.dags", "one\ntwo", 5),
        ("api.x", "100%", 10),
    ]


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("AIRFLOW__CORE__EXECUTOR", "core.executor", "x"),
        (
            "AIRFLOW__KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE",
            "kubernetes_executor.pod_template_file",
            "x",
        ),
        ("AIRFLOW__CORE__SQL_ALCHEMY_CONN_CMD", "core.sql_alchemy_conn", None),
        ("AIRFLOW__CELERY__BROKER_URL_SECRET", "celery.broker_url", None),
        ("AIRFLOW__API_AUTH__JWT_SECRET", "api_auth.jwt_secret", "x"),
    ],
)
def test_variables(name: str, key: str, value: str | None) -> None:
    (setting,) = setting_of_variable(name, "x", Place(1))
    assert (setting.key, setting.value) == (key, value)


@pytest.mark.parametrize(
    "name", ["AIRFLOW_HOME", "AIRFLOW__CORE", "XAIRFLOW__A__B", "AIRFLOW__a__b"]
)
def test_other_variables(name: str) -> None:
    found: list[Setting] = list(setting_of_variable(name, "x", Place(1)))
    assert found == []
