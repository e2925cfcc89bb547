"""What the rulebook knows of packages and of Airflow's database."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from packaging.version import Version

from planner.rulebook.load import FOLDER, RulebookError, read, rulebook


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "rulebook"))


def test_floors_never_sink_from_line_to_line() -> None:
    for name, provider in rulebook().packages["providers"].items():
        floors = [Version(floor) for floor in provider["needs"].values()]
        assert floors == sorted(floors), name


def test_floors_as_the_releases_own_metadata_names_them() -> None:
    providers = rulebook().packages["providers"]
    assert len(providers) == 102
    assert providers["amazon"]["needs"] == dict.fromkeys(rulebook().target_lines, "9.0.0")
    assert providers["common-sql"]["needs"]["3.0"] == "1.26.0"
    assert providers["common-sql"]["needs"]["3.3"] == "1.28.1"
    assert providers["fab"]["needs"]["3.1"] == "2.2.0"
    assert "3.2" not in providers["apache-beam"]["needs"]
    assert [name for name, one in providers.items() if one["always"]] == [
        "common-compat",
        "common-io",
        "common-sql",
        "smtp",
        "standard",
    ]


def test_every_revision_is_one_releases_own() -> None:
    revisions = rulebook().metadata["revisions"]
    assert len(set(revisions.values())) == len(revisions)
    assert list(revisions) == sorted(revisions, key=Version)


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "providers.json",
            '"9.0.0", "9.0.0"]',
            '"9.0.0"]',
            r"providers\.amazon\.needs: must have one",
        ),
        ("providers.json", '"made"', '"mode"', r"made: is missing"),
        ("packages.toml", "astronomer =", "astronomers =", r"images\.astronomer: is missing"),
        ("packages.toml", '"4" = "2.2"', '"4" = "two"', r"images\.runtime: .*two"),
        ("metadata.toml", "most_sources = 20000", "most_sources = -1", r"most_sources: must be"),
    ],
)
def test_what_is_wrong_is_named(copy: Path, file: str, old: str, new: str, says: str) -> None:
    place = copy / file
    text = place.read_text()
    assert old in text
    place.write_text(text.replace(old, new, 1))
    with pytest.raises(RulebookError, match=says):
        read(copy)
