"""Template variables that Airflow 3 no longer has, in strings and template files."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from planner.scanner.around.jinja import may_read, reading_of
from planner.scanner.around.templates import Instead, hit_in
from planner.scanner.checks import Check
from planner.scanner.code.removed_names import names_of
from planner.scanner.material import Hit, Template

_RULE = "AF3-JINJA-KEY"
_OF_MAILS_AND_LOGS = ("exception_html", "max_tries", ".log")
"""Mails of failed tasks and names of log files are given a ``try_number`` of their own."""


_INSTEAD = {
    "execution_date": Instead("logical_date", is_safe=True),
    "next_ds": Instead("(data_interval_end | ds)", is_safe=False),
    "next_execution_date": Instead("data_interval_end", is_safe=False),
    "prev_execution_date_success": Instead("prev_data_interval_start_success", is_safe=True),
    "tomorrow_ds": Instead("macros.ds_add(ds, 1)", is_safe=True),
    "try_number": Instead("ti.try_number", is_safe=True),
    "yesterday_ds": Instead("macros.ds_add(ds, -1)", is_safe=True),
}
"""What runs on 2.x and 3.x: run on 2.11 and 3.3. The next date is another on 3.x for some schedules."""


@functools.cache
def _variables() -> frozenset[str]:
    return frozenset(name.strip("{} ") for name in names_of(_RULE))


def _check(template: Template) -> Iterator[Hit]:
    wanted = may_read(template.text, _variables()) - template.provided
    if any(word in template.text for word in _OF_MAILS_AND_LOGS):
        wanted.discard("try_number")
    if not wanted:
        return
    for use in reading_of(template.text, in_pieces=not template.in_file).uses:
        name = use.path[0]
        if name in wanted and not use.excused(1):
            message = f"`{name}` is undefined in the templates of Airflow 3"
            symbol = f"{{{{ {name} }}}}"
            yield hit_in(template, name, use.offsets[0], message, symbol, _INSTEAD.get(name))


CHECK = Check(_RULE, Template, _check, worth=lambda glimpse: glimpse.spells(_variables()))
