"""Pythons that the target does not run on, where they are Airflow's own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath

from packaging.version import InvalidVersion, Version

from planner.scanner.around.admitted import admits_python, release_line
from planner.scanner.checks import Check
from planner.scanner.material import Hit, PythonPin
from planner.scanner.project import Project

_BUILD_FILES = ("dockerfile", "containerfile")
_CI_FOLDERS = (".github", ".gitlab", ".circleci")


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
    """Whether the Python is the one that Airflow runs on: the same file installs it, or one in its folder does.

    A CI file has to install it itself, since its other jobs run other things; a plain Python image counts in
    build files only, since compose files hold other services too.
    """
    if pin.what in ("airflow-image", "constraints") or pin.path in holding:
        return pin.what != "image" or _is_build_file(pin.path)
    if pin.what == "ci" or (pin.what == "image" and not _is_build_file(pin.path)):
        return False
    if any(f"/{folder}/" in f"/{pin.path}" for folder in _CI_FOLDERS):
        return False
    folder = PurePosixPath(pin.path).parent
    folders = {str(folder), str(folder / "requirements")}
    return any(str(PurePosixPath(path).parent) in folders for path in holding)


def _is_build_file(path: str) -> bool:
    name = PurePosixPath(path).name.lower()
    return any(word in name for word in _BUILD_FILES)


CHECK = Check("AF3-PYTHON", Project, _check)
