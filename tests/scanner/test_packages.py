"""Packages, Pythons and images in words, tables and files."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from planner.scanner.around.admitted import admits_python, exact, is_below
from planner.scanner.around.packages import (
    Pin,
    pins_of_image,
    poetry_specifier,
    python_pin,
    pythons_of_action,
    requirement,
    requirements_in_words,
)
from planner.scanner.material import Place, PythonPin, Requirement, Text
from planner.scanner.readers import Unreadable, reader_of

HERE = Place(1)
CONSTRAINTS = (
    "https://raw.githubusercontent.com/apache/airflow/constraints-2.9.3/constraints-3.8.txt"
)


def shown(pins: object) -> list[str]:
    """``name specifier`` of requirements, ``python specifier`` of Pythons."""
    return [_shown(pin) for pin in pins]  # type: ignore[attr-defined]


def _shown(pin: Pin) -> str:
    name = pin.name if isinstance(pin, Requirement) else "python"
    return f"{name} {pin.specifier}".strip()


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("pip install 'apache-airflow[celery]==2.9.3'", ["apache-airflow ==2.9.3"]),
        ("python3 -m pip install -U Foo_Bar", ["foo-bar"]),
        ("sudo -H pip3.11 install a b", ["a", "b"]),
        ("uv pip install --system a==1", ["a ==1"]),
        ("uv add --group dev a", ["a"]),
        ("poetry add a", ["a"]),
        (f"pip install a -c {CONSTRAINTS}", ["a", "apache-airflow ==2.9.3", "python 3.8"]),
        (
            f"pip install --constraint={CONSTRAINTS} a",
            ["apache-airflow ==2.9.3", "python 3.8", "a"],
        ),
        ("pip install -r requirements.txt -e . --index-url https://x/simple a", ["a"]),
        ("pip install apache-airflow==${AIRFLOW_VERSION}", ["apache-airflow"]),
        ("pip install https://x/apache_airflow-2.9.3-py3-none-any.whl", ["apache-airflow ==2.9.3"]),
        ("pip install git+https://github.com/x/y.git#egg=a-plugin", ["a-plugin"]),
        ("pip install 'a @ https://x/a-1.2.tar.gz'", ["a ==1.2"]),
        ("pip uninstall a", []),
        ("pip list", []),
        ("echo pip install", []),
        ("npm install a", []),
        ("", []),
    ],
)
def test_what_a_command_installs(command: str, named: list[str]) -> None:
    assert shown(requirements_in_words(shlex.split(command), HERE)) == named


@pytest.mark.parametrize(
    ("reference", "known"),
    [
        ("apache/airflow:2.9.3-python3.8", ["apache-airflow ==2.9.3", "python 3.8"]),
        ("docker.io/apache/airflow:slim-2.9.3", ["apache-airflow ==2.9.3"]),
        ("localhost:5000/m/apache/airflow:2.9.3@sha256:00", ["apache-airflow ==2.9.3"]),
        ("${IMAGE:-apache/airflow:2.9.3}", ["apache-airflow ==2.9.3"]),
        ("apache/airflow:latest-python3.8", ["python 3.8"]),
        ("apache/airflow:3.0.0rc1", ["apache-airflow ==3.0.0rc1"]),
        ("apache/airflow:latest", []),
        ("apache/airflow", []),
        ("apache/airflow:${VERSION}", []),
        ("someone/airflow:2.9.3", []),
        ("quay.io/astronomer/astro-runtime:11.6.0-base", ["apache-airflow ==2.9.*"]),
        ("astrocrpublic.azurecr.io/runtime:3.1-4", ["apache-airflow ==3.1.*"]),
        ("quay.io/astronomer/ap-airflow:2.3.0-5-onbuild", ["apache-airflow ==2.3.0"]),
        ("bitnami/airflow:2.9.3-debian-12-r5", ["apache-airflow ==2.9.3"]),
        ("python:3.8-slim", ["python 3.8"]),
        ("mirror.example.com/library/python:3.13-rc", ["python 3.13"]),
        ("python:3", []),
        ("localhost:5000/python", []),
        ("postgres:13", []),
    ],
)
def test_what_an_image_holds(reference: str, known: list[str]) -> None:
    assert shown(pins_of_image(reference, HERE)) == known


@pytest.mark.parametrize(
    ("text", "specifier"),
    [
        ("3.8", "3.8"),
        ("3.8.10", "3.8"),
        ("3.12.x", "3.12"),
        ("python-3.8.1", "3.8"),
        ("cpython-3.11", "3.11"),
        ("3.13-dev", "3.13"),
        ("~=3.8.0", "~=3.8.0"),
        ("pypy-3.9", ""),
        ("3", ""),
        ("3.x", ""),
        ("system", ""),
        ("", ""),
        (">=nonsense", ""),
    ],
)
def test_what_names_a_python(text: str, specifier: str) -> None:
    assert [pin.specifier for pin in python_pin(text, HERE, "ci")] == (
        [specifier] if specifier else []
    )


def test_pythons_of_a_ci_job() -> None:
    assert shown(pythons_of_action(["3.10", 3.9, "3.x"], HERE)) == ["python 3.10", "python 3.9"]
    assert shown(pythons_of_action("3.8\n3.11\n", HERE)) == ["python 3.8", "python 3.11"]


@pytest.mark.parametrize(
    ("written", "specifier"),
    [
        ("^2.9", ">=2.9,<3"),
        ("^0.4.1", ">=0.4.1,<0.5"),
        ("^0", ">=0,<1"),
        ("~2.9", ">=2.9,<2.10"),
        ("~3", ">=3,<4"),
        ("2.9.3", "==2.9.3"),
        ("2.9.*", "==2.9.*"),
        (">=2.7,<3", ">=2.7,<3"),
        ("~=2.9", "~=2.9"),
        ("*", ""),
        ("^2.9 || ^3.0", ""),
        ("", ""),
    ],
)
def test_poetrys_own_way_to_write_versions(written: str, specifier: str) -> None:
    assert poetry_specifier(written) == specifier


@pytest.mark.parametrize(
    "specifier",
    ["==2.9.3", "<3", "<3.3", "<=3.2.2", "~=2.9", "~=2.9.0", "==3.2.*", ">=2.7,<3", "===2.9"],
)
def test_what_ends_below_the_target(specifier: str) -> None:
    assert is_below(specifier, "3.3")


@pytest.mark.parametrize(
    "specifier",
    ["", ">=2", "==3.3.*", "==3.3.2", "<4", "<3.4", "~=3.0", "!=3.3.0", ">=2,!=3.0", "<=3.3"],
)
def test_what_admits_the_target(specifier: str) -> None:
    assert not is_below(specifier, "3.3")


VERSIONS = st.lists(st.integers(0, 12), min_size=2, max_size=3).map(
    lambda parts: ".".join(map(str, parts))
)
CLAUSES = st.one_of(
    st.tuples(st.sampled_from(["==", "<", "<=", ">", ">=", "!=", "~="]), VERSIONS).map("".join),
    VERSIONS.map("=={}.*".format),
)


@given(st.lists(CLAUSES, max_size=3).map(",".join), VERSIONS, VERSIONS)
def test_nothing_that_is_below_admits_a_version_from_there_on(
    specifier: str, floor: str, version: str
) -> None:
    if is_below(specifier, floor) and Version(version) >= Version(floor):
        assert not SpecifierSet(specifier).contains(version)


def test_exact_pins() -> None:
    assert exact("==2.9.3") == Version("2.9.3")
    assert exact("==2.9.*") is None
    assert exact(">=2.9") is None
    assert exact("") is None


def test_pythons_that_a_release_runs_on() -> None:
    lines = ["3.10", "3.11", "3.12"]
    assert admits_python("3.12", lines)
    assert not admits_python("3.9", lines)
    assert admits_python(">=3.8", lines)
    assert admits_python(">=3.12.4", lines)
    assert not admits_python(">=3.8,<3.10", lines)
    assert not admits_python("~=3.9.0", lines)
    assert not admits_python(">=3.13", lines)


ANY = st.text(st.sampled_from("apche-irflow=<>~!,.[]{}()@:/\\\"'#$%;| \n\t0123*^"), max_size=80)


@given(ANY)
def test_no_words_do_harm(text: str) -> None:
    list(requirements_in_words(["pip", "install", *text.split()], HERE))
    list(pins_of_image(text, HERE))
    list(python_pin(text, HERE, "ci"))
    list(requirement(text, HERE))
    poetry_specifier(text)


FILES = (
    "requirements.txt",
    "pyproject.toml",
    "setup.cfg",
    "tox.ini",
    "Pipfile",
    "Pipfile.lock",
    "uv.lock",
    "environment.yml",
    ".python-version",
    ".tool-versions",
)


@pytest.mark.parametrize("name", FILES)
@given(text=ANY)
def test_no_text_of_a_file_does_harm(name: str, text: str) -> None:
    reader = reader_of(name)
    assert reader is not None
    try:
        for pin in reader.read(Text(name, reader.kind, f"{text}\nairflow")):
            assert isinstance(pin, Requirement | PythonPin)
            assert pin.place.line >= 1
    except Unreadable:
        pass


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "project = 3\ntool = []\n"),
        ("pyproject.toml", "[project]\ndependencies = 3\noptional-dependencies = []\n"),
        ("pyproject.toml", "[tool.poetry.dependencies]\na = 3\npython = ['x']\n"),
        ("Pipfile", "packages = 3\nrequires = 'x'\n[dev-packages]\na = []\n"),
        ("Pipfile.lock", '{"default": ["airflow"], "develop": {"a": 3}}'),
        ("Pipfile.lock", "[" * 100_000 + "airflow"),
        ("uv.lock", "package = 3 # airflow"),
        ("uv.lock", "[[package]]\nname = 3\nversion = 'airflow'"),
        ("environment.yml", "dependencies: {a: b}\n"),
        ("environment.yml", "dependencies: [[1], {pip: {}}, {pip: [[]]}, {[a]: b}]\n"),
        ("environment.yml", "[" * 200_000),
        ("requirements.txt", "a; " + "(" * 1_900),
        ("environment.yml", "a: &a [*a]\n"),
        ("requirements.txt", "a" * 100_000),
        ("requirements.txt", "\\\n" * 50_000),
        ("requirements.txt", "-c\n-e\n--constraint\n--constraint=\n"),
        ("tox.ini", "[tox]\nenvlist\n[testenv]\ndeps\n"),
        ("setup.cfg", "[options]\ninstall_requires\n[options.extras_require]\nx\n"),
    ],
)
def test_files_of_another_shape_do_no_harm(name: str, text: str) -> None:
    reader = reader_of(name)
    assert reader is not None
    try:
        assert shown(reader.read(Text(name, reader.kind, text))) in ([], ["a"])
    except Unreadable as error:
        assert str(error).endswith(".")
