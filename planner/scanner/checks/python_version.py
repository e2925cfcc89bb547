"""Pythons that the target does not run on, where they are Airflow's own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath

from packaging.version import InvalidVersion, Version

from planner.scanner.admitted import admits_python, release_line
from planner.scanner.checks import Check
from planner.scanner.material import Hit, PythonPin
from planner.scanner.project import Project

_BUILD_FILES = ("dockerfile", "containerfile")
_CI_FOLDERS = (".github/", ".gitlab/", ".circleci/")


def _check(project: Project) -> Iterator[Hit]:
    tested = release_line(project.target)["python"]
    holding = _files_with_airflow(project)
    runs = partial(admits_python, lines=tested)
    fine = {pin.path for pin in project.pythons if pin.what == "ci" and runs(pin.specifier)}
    seen: set[tuple[str, int, str]] = set()
    for pin in project.pythons:
        key = (pin.path, pin.place.line, pin.specifier)
        if key in seen or runs(pin.specifier) or not _is_airflows(pin, holding):
            continue
        seen.add(key)
        symbol = "python.matrix" if pin.what == "ci" and pin.path in fine else "python"
        yield Hit(
            line=pin.place.line,
            column=pin.place.column,
            cell=pin.place.cell,
            message=_message(pin, project, tested),
            symbol=symbol,
            path=pin.path,
        )


def _message(pin: PythonPin, project: Project, tested: list[str]) -> str:
    message = f"Airflow {project.target} runs on Python {_range(tested)}, not on {pin.specifier}"
    line = _line(project.current)
    today = release_line(line).get("python", [])
    both = [python for python in tested if python in today]
    if both and today[0] != tested[0]:
        message += f"; Airflow {line} runs on {both[-1]} too, so move Python first"
    elif both:
        message += f"; {both[-1]} runs both {line} and {project.target}"
    return message


def _range(tested: list[str]) -> str:
    return f"{tested[0]} to {tested[-1]}"


def _line(current: str) -> str:
    try:
        return ".".join(map(str, Version(current).release[:2]))
    except InvalidVersion:
        return ""


def _files_with_airflow(project: Project) -> frozenset[str]:
    """Files that install Airflow or one of its providers."""
    return frozenset(
        one.path for one in project.requirements if one.name.startswith("apache-airflow")
    )


def _is_airflows(pin: PythonPin, holding: frozenset[str]) -> bool:
    """Whether the Python is the one that Airflow runs on: the same file installs it, or its folder does.

    A plain Python image counts in build files only, since compose files hold other services too.
    """
    if pin.what == "airflow-image" or pin.what == "constraints":
        return True
    name = PurePosixPath(pin.path).name.lower()
    if pin.what == "image" and not any(word in name for word in _BUILD_FILES):
        return False
    return pin.path in holding or bool(_folders(pin) & {_folder(path) for path in holding})


def _folders(pin: PythonPin) -> set[str]:
    """The folder that a pin is for: its own, with ``requirements/`` below; for CI files the repository's."""
    folder = _folder(pin.path)
    for ci in _CI_FOLDERS:
        before, found, _ = pin.path.rpartition(ci)
        if found:
            folder = before.rstrip("/") or "."
    return {folder, str(PurePosixPath(folder) / "requirements")}


def _folder(path: str) -> str:
    return str(PurePosixPath(path).parent)


CHECK = Check("AF3-PYTHON", Project, _check)
