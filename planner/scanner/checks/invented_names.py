"""Imports that guides show and that no release of Airflow ever had."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.gone import gone_names, may_name_gone
from planner.scanner.code.python_file import PythonFile
from planner.scanner.material import Hit

_INVENTED = (
    "airflow.assets.",
    "airflow.providers.feast.",
    "airflow.providers.mlflow.",
    "airflow.providers.mosaic.",
    "airflow.providers.tecton.",
    "airflow.providers.vertex_ai.",
)


def _check(file: PythonFile) -> Iterator[Hit]:
    for gone in gone_names(file):
        if f"{gone.symbol}.".startswith(_INVENTED):
            message = f"no release of Airflow has `{gone.symbol}`"
            yield file.hit(gone.node, message, symbol=gone.symbol)


_WORDS = tuple(name.rstrip(".").rpartition(".")[2] for name in _INVENTED)

CHECK = Check("AF3-ASSETS-BOGUS", PythonFile, _check, spelled=_WORDS, worth=may_name_gone)
