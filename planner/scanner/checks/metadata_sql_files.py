"""SQL files about tables and columns of Airflow's database that are gone."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.around.metadata_sql import gone_from
from planner.scanner.around.templates import LARGEST_TEMPLATE
from planner.scanner.checks import Check
from planner.scanner.checks.metadata_sql import RULE, message
from planner.scanner.code.removed_names import names_of
from planner.scanner.material import Hit, Text

_ENDINGS = (".sql", ".hql", ".sql.j2", ".sql.jinja", ".sql.jinja2")


def _check(text: Text) -> Iterator[Hit]:
    if text.path.lower().endswith(_ENDINGS) and len(text.source) <= LARGEST_TEMPLATE:
        for gone in gone_from(text.source, names_of(RULE)):
            place = text.place(gone.offset)
            yield Hit(
                line=place.line,
                column=place.column,
                message=message(gone.symbol),
                symbol=gone.symbol,
            )


CHECK = Check(RULE, Text, _check)
