"""Flightplan's own checks: one rulebook file and one small module here for each, found by themselves.

A module has one ``CHECK``. It says which rule it reports, what it looks at (a class of ``material.py``,
``PythonFile`` or ``Project``) and the function that yields hits.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from planner.scanner.code.glimpse import Glimpse
from planner.scanner.material import Hit


class Check(msgspec.Struct, frozen=True):
    """One rule's eyes.

    Args of ``run``: one ``over``. A check over ``Project`` sees the whole tree once, after every file was
    read, and names the file in ``Hit.path``; every other sees one file, or a piece of one, and must depend
    on nothing else: neither on the target release nor on other files.
    """

    rule: str
    """The id of its file in ``rulebook/rules/``."""
    over: type
    run: Callable[[Any], Iterator[Hit]]
    needs: tuple[bytes, ...] = ()
    """The file holds at least one of these, or there is nothing to find; empty: always looked at."""
    spelled: tuple[str, ...] = ()
    """The same of whole words, which is quicker."""
    worth: Callable[[Glimpse], bool] | None = None
    """Says no where the file's words tell that there is nothing to find; None: they do not tell."""
    needs_airflow: bool = True
    """For Python files: it speaks only of files that hold the word ``airflow``."""
    gives_way: bool = False
    """A hit is dropped where another rule speaks of the same name, or of one below it, in the same material."""

    def hits(self, material: Any) -> Iterator[Hit]:
        """What the check sees, under its rule's name."""
        for hit in self.run(material):
            hit.rule = self.rule
            yield hit

    def is_for(self, glimpse: Glimpse) -> bool:
        """Whether the rule is about such a file at all, told from its bytes alone."""
        return not self.needs_airflow or glimpse.mentions_airflow

    def may_find(self, glimpse: Glimpse) -> bool:
        """Whether looking is worth it: where it is not, looking would find nothing."""
        if not self.is_for(glimpse) or (self.spelled and not glimpse.spells(self.spelled)):
            return False
        if self.needs and not glimpse.has(*self.needs):
            return False
        return self.worth is None or self.worth(glimpse)


@functools.cache
def checks() -> Mapping[type, tuple[Check, ...]]:
    """Every check by what it looks at, in the order of their rules."""
    found: dict[type, list[Check]] = {}
    for module in pkgutil.iter_modules(__path__):
        check: Check = importlib.import_module(f"{__name__}.{module.name}").CHECK
        found.setdefault(check.over, []).append(check)
    return {
        over: tuple(sorted(group, key=lambda check: check.rule)) for over, group in found.items()
    }


def rules_checked() -> frozenset[str]:
    """The rules that these checks report."""
    return frozenset(check.rule for group in checks().values() for check in group)
