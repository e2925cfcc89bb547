"""Executors that 3.x does not have."""

from __future__ import annotations

from collections.abc import Iterator

from planner.rulebook.load import rulebook
from planner.scanner.checks import Check
from planner.scanner.code.gone import lines_without
from planner.scanner.material import Hit, Setting
from planner.scanner.project import Project

_KEY = "core.executor"
_DEFAULT = "SequentialExecutor"
"""What stands in every airflow.cfg that Airflow 1.10 and 2.x wrote."""


def _check(project: Project) -> Iterator[Hit]:
    every = project.settings.get(_KEY, ())
    overridden = any(one.origin != "cfg" and one.value != _DEFAULT for one in every)
    for setting in every:
        if not (overridden and setting.origin == "cfg" and setting.value == _DEFAULT):
            yield from _hits(setting)


def _hits(setting: Setting) -> Iterator[Hit]:
    for one in (setting.value or "").split(","):
        name = one.strip().partition(":")[0].strip("\"' ")
        message = _wrong(name)
        if message:
            yield Hit(
                line=setting.place.line,
                column=setting.place.column,
                message=message,
                symbol=name,
                path=setting.path,
            )


def _wrong(name: str) -> str:
    told = {case.prefix for case in rulebook().rules["AF3-EXECUTOR"].cases}
    if name == _DEFAULT:
        return "`SequentialExecutor` is gone: Airflow 3 takes LocalExecutor in its place, which runs tasks side by side"
    if name in told:
        return f"`{name}` cannot be loaded since Airflow 3.0: the scheduler does not start"
    module = name.rpartition(".")[0]
    if module.startswith("airflow.") and (lines := lines_without(name) or lines_without(module)):
        return f"`{name}` cannot be loaded since Airflow {lines[0]}: the scheduler does not start"
    return ""


CHECK = Check("AF3-EXECUTOR", Project, _check)
