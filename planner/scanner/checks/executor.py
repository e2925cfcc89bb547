"""Executors that 3.x does not have."""

from __future__ import annotations

from collections.abc import Iterator

from planner.rulebook.load import rulebook
from planner.scanner.checks import Check
from planner.scanner.gone import lines_without
from planner.scanner.material import Hit, Setting


def _check(setting: Setting) -> Iterator[Hit]:
    if setting.key != "core.executor" or setting.value is None:
        return
    for one in setting.value.split(","):
        name = one.strip().partition(":")[0].strip("\"' ")
        message = _wrong(name)
        if message:
            place = setting.place
            yield Hit(line=place.line, column=place.column, message=message, symbol=name)


def _wrong(name: str) -> str:
    told = {case.prefix for case in rulebook().rules["AF3-EXECUTOR"].cases}
    if name == "SequentialExecutor":
        return "`SequentialExecutor` is gone: Airflow 3 takes LocalExecutor in its place, which runs tasks side by side"
    if name in told:
        return f"`{name}` cannot be loaded since Airflow 3.0: the scheduler does not start"
    module = name.rpartition(".")[0]
    if module.startswith("airflow.") and (lines := lines_without(name) or lines_without(module)):
        return f"`{name}` cannot be loaded since Airflow {lines[0]}: the scheduler does not start"
    return ""


CHECK = Check("AF3-EXECUTOR", Setting, _check)
