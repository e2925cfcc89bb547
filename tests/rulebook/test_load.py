"""The shipped rulebook holds together, and a mistake in it names the file and the key."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from packaging.version import Version

from planner.domain.finding import Category, Severity
from planner.rulebook.load import FOLDER, RulebookError, read, rulebook

RUFF_RULES = {
    "AIR001": "airflow-variable-name-task-id-mismatch",
    "AIR002": "airflow-dag-no-schedule-argument",
    "AIR003": "airflow-variable-get-outside-task",
    "AIR004": "airflow-task-branch-as-short-circuit",
    "AIR201": "airflow-xcom-pull-in-template-string",
    "AIR202": "airflow-task-implicit-multiple-outputs",
    "AIR301": "airflow3-removal",
    "AIR302": "airflow3-moved-to-provider",
    "AIR303": "airflow3-incompatible-function-signature",
    "AIR304": "airflow3-dag-dynamic-value",
    "AIR311": "airflow3-suggested-update",
    "AIR312": "airflow3-suggested-to-move-to-provider",
    "AIR321": "airflow31-moved",
}
OTHER_RULES = {
    "invalid-syntax",
    "AF3-REST-V1",
    "AF3-AUTH",
    "airflow-import-error",
    "airflow-config",
}
INVENTED = [
    "upgradecheck --",
    "airflow db upgradecheck",
    "from airflow.assets import",
    "NEW_UI",
    "dags versions",
    "providers-edge>=",
    "airflow.providers.mlflow",
    "airflow.providers.feast",
    "2.9.4",
]
"""Things that guides print and real Airflow does not have."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "rulebook"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return folder


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_every_rule_of_ruff_and_of_the_interchange_format_is_there() -> None:
    names = {rule.id: rule.name for rule in rulebook().rules.values()}

    assert RUFF_RULES.items() <= names.items()
    assert set(names) >= OTHER_RULES


@pytest.mark.parametrize("rule_id", sorted({*RUFF_RULES, *OTHER_RULES}))
def test_every_rule_explains_itself(rule_id: str) -> None:
    rule = rulebook().rules[rule_id]

    for text in (rule.what, rule.why, rule.instead):
        assert len(text) > 20
        assert text[-1] in ".…"
    assert rule.before.strip() != rule.after.strip()
    assert rule.before
    assert 1 <= rule.minutes <= 480
    assert rule.source.startswith("https://")
    if rule_id.startswith("AIR"):
        assert rule.source.endswith(f"/{rule.name}/")


@pytest.mark.parametrize("rule_id", sorted(RUFF_RULES))
def test_examples_of_code_parse(rule_id: str) -> None:
    rule = rulebook().rules[rule_id]

    compile(rule.before, "before", "exec")
    compile(rule.after, "after", "exec")


def test_severities_follow_the_domain() -> None:
    rules = rulebook().rules

    errors = {"AIR301", "AIR302", "AIR303", "AIR002", "invalid-syntax", "airflow-import-error"}
    warnings = {"AIR304", "AIR311", "AIR312", "AIR321"}
    style = {"AIR001", "AIR004", "AIR201", "AIR202"}
    assert {rules[rule_id].severity for rule_id in errors} == {Severity.ERROR}
    assert {rules[rule_id].severity for rule_id in warnings} == {Severity.WARNING}
    assert {rules[rule_id].severity for rule_id in style | {"AIR003"}} == {Severity.INFO}
    assert {rule.id for rule in rules.values() if rule.category is Category.STYLE} == style


def test_nothing_names_what_airflow_does_not_have() -> None:
    texts = {
        path: re.sub(r"(?m)^#.*$", "", path.read_text()) for path in sorted(FOLDER.rglob("*.toml"))
    }

    found = [(path.name, word) for path, text in texts.items() for word in INVENTED if word in text]

    assert found == []


def test_targets_are_released_lines_and_the_newest_is_proposed() -> None:
    book = rulebook()

    assert book.target_lines == ("3.0", "3.1", "3.2", "3.3")
    assert book.default_target == "3.3"
    assert "3.4" not in book.support["lines"]
    assert {"3.0.5", "3.1.4"} == {
        yanked for line in book.support["lines"].values() for yanked in line["yanked"]
    }


def test_every_line_has_curated_notes_and_every_axis_three_to_eight() -> None:
    notes = [note for line in rulebook().releases.values() for note in line["notes"]]
    by_axis = {
        axis: sum(1 for note in notes if note["axis"] == axis) for axis in rulebook().triage["axes"]
    }

    assert set(rulebook().releases) == set(rulebook().target_lines)
    assert all(3 <= count <= 8 for count in by_axis.values()), by_axis
    assert len({note["quote"] for note in notes}) == len(notes)


def test_both_plan_templates_are_there() -> None:
    assert set(rulebook().plans) == {"nine-weeks", "six-months"}


def test_every_measured_name_has_every_line() -> None:
    symbols = rulebook().symbols

    assert len(symbols) >= 3000
    assert {line for entry in symbols.values() for line in entry} == {
        "2.11", "3.0", "3.1", "3.2", "3.3", "use",
    }  # fmt: skip
    assert symbols["airflow.Dataset"] == {
        "2.11": "ok",
        "3.0": "deprecated",
        "3.1": "deprecated",
        "3.2": "deprecated",
        "3.3": "deprecated",
        "use": "airflow.sdk.Asset",
    }


def test_the_hash_covers_every_byte(copy: Path) -> None:
    before = read(copy).hash
    assert before == rulebook().hash

    with (copy / "rules" / "AIR003.toml").open("a") as file:
        file.write("\n# a remark\n")

    assert read(copy).hash != before


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("rules/AIR301.toml", 'severity = "ERROR"', 'severity = "FATAL"', r"rules/AIR301\.toml: severity: .*FATAL"),
        ("rules/AIR301.toml", "minutes = 15", "minuts = 15", r"rules/AIR301\.toml: minutes: is missing"),
        ("rules/AIR003.toml", "preview = true", "preview = true\ncolour = 1", r"rules/AIR003\.toml: colour: is not known"),
        ("rules/AIR003.toml", 'id = "AIR003"', 'id = "AIR009"', r"rules/AIR003\.toml: id: .*name of the file"),
        ("rules/AIR311.toml", '"3.2" = "ERROR"', '"three" = "ERROR"', r"rules/AIR311\.toml: cases\[\d\]\.severity_from: .*release line"),
        ("decision.toml", "dags_per_quarter = 500", 'dags_per_quarter = "500"', r"decision\.toml: gate\.dags_per_quarter: must be a number"),
        ("decision.toml", 'key = "far_behind"', 'key = "behind"\nodd = 1', r"decision\.toml: signals\[4\]\.odd: is not known"),
        ("support.toml", 'latest = "3.1.8"', 'latest = "3.0.6"', r"support\.toml: lines\.3\.1\.latest: 3\.0\.6 is not of the line"),
        ("support.toml", 'default_target = "3.3"', 'default_target = "3.2"', r"support\.toml: default_target: must be the newest"),
        ("releases/3.1.toml", 'rules = ["AIR321"]', 'rules = ["AIR999"]', r"releases/3\.1\.toml: notes\[3\]\.rules: .*AIR999"),
        ("triage.toml", "[axes.ui]", "[axes.interface]", r"triage\.toml: axes: must be workers"),
        ("rules/AIR002.toml", "[[aliases]]", "[[aliases", r"rules/AIR002\.toml: is not TOML"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_and_key(copy: Path, file: str, old: str, new: str, says: str) -> None:
    change(copy / file, old, new)

    with pytest.raises(RulebookError, match=says):
        read(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "support.toml").unlink()

    with pytest.raises(RulebookError, match=r"support\.toml: the file is missing"):
        read(copy)


def test_no_alias_is_claimed_twice_for_the_same_versions() -> None:
    claims = [
        (alias.id.lower(), alias.below, symbol)
        for rule in rulebook().rules.values()
        for alias in rule.aliases
        for symbol in (alias.symbols or ("",))
    ]

    assert len(claims) == len(set(claims))
    assert all(Version(below) for _, below, _ in claims if below)
