"""What readers find in files and checks look at, and what a check answers.

Readers turn the bytes of one file into material: a Python file, settings, commands, requirements, templates.
Checks look at one kind of material each and answer with hits. Everything here is plain data, so that what
one file yields can be kept under the hash of its bytes.
"""

from __future__ import annotations

import bisect
import functools
from collections.abc import Container, Sequence

import msgspec

from planner.parsers.fix import Edit


class Hit(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One problem at one place, as one of Flightplan's own checks saw it. Independent of the target release."""

    line: int | None
    message: str
    rule: str = ""
    """Filled in from the check that answered."""
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    cell: int | None = None
    """The 1-based cell of a notebook; ``line`` then counts within the cell."""
    symbol: str = ""
    """What the problem is about, for ``[[cases]]`` and the measured table: ``airflow.www.security``,
    ``core.store_dag_code``, ``execution_date``."""
    edits: list[Edit] = []
    """What to write instead, where a machine can tell."""
    is_safe: bool = False
    """The edits change nothing else that the code does."""
    unless_set: str = ""
    """``section.option``: the hit holds only where the tree's own settings do not set it; several with blanks
    between them, where any of them answers."""
    if_used: bool = False
    """The hit holds only where a DAG file of the tree names this file: for template files."""
    lines: list[str] = []
    """The target lines on which the hit holds; empty: on any."""
    path: str = ""
    """Only where a check of the whole project answers: the file it speaks of."""
    content: str = ""
    """The text of the line: filled in when the whole file was checked."""

    def holds(self, target: str, settings: Container[str]) -> bool:
        """Whether it holds on a target line where the tree sets these options."""
        if self.lines and target not in self.lines:
            return False
        return not any(key in settings for key in self.unless_set.split())


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """A 1-based line and column in a file, in a cell of it where the file is a notebook."""

    line: int
    column: int = 1
    cell: int | None = None


class Setting(msgspec.Struct, frozen=True, omit_defaults=True):
    """One Airflow option that something sets: a line of airflow.cfg, or an AIRFLOW__SECTION__OPTION variable."""

    section: str
    option: str
    value: str | None
    """None where it is made at run time, or kept elsewhere."""
    place: Place
    origin: str = "cfg"
    """cfg, environment, or helm."""
    path: str = ""

    @property
    def key(self) -> str:
        """``section.option`` in lower case."""
        return f"{self.section}.{self.option}"


class Command(msgspec.Struct, frozen=True):
    """One call of Airflow's command line, as a shell would split it; ``words[0]`` is ``airflow``."""

    words: tuple[str, ...]
    place: Place
    beside: frozenset[str] = frozenset()
    """What the other branches of the same condition call: ``db migrate``."""


class Process(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of Airflow's own processes that a deployment starts: ``scheduler``, ``webserver``, ``dag-processor``."""

    name: str
    place: Place
    path: str = ""


class Probe(msgspec.Struct, frozen=True):
    """One place where something asks a server over HTTP whether it is well."""

    url: str
    """The address, or its path alone."""
    place: Place
    of_webserver: bool = False
    """What is asked is known to be Airflow's webserver."""


class ChartSection(msgspec.Struct, frozen=True):
    """One component's section in values for the official Helm chart: ``webserver``, ``dagProcessor``."""

    name: str
    place: Place
    keys: frozenset[str]
    """What it sets."""
    beside: frozenset[str]
    """The names of all sections and options that stand with it."""
    off: Place | None = None
    """Where it says ``enabled: false``."""


class Requirement(msgspec.Struct, frozen=True, omit_defaults=True):
    """One Python package that something installs. ``name`` is normalised (PEP 503)."""

    name: str
    specifier: str
    """As written, PEP 440: ``==2.9.3``, ``>=2.7,<3``; empty for any version."""
    place: Place
    locked: bool = False
    """From a lock file or a constraints file, which people do not edit by hand."""
    marker: str = ""
    """Where it holds only under a condition, that one (PEP 508): ``python_version < "3.9"``."""
    path: str = ""


class PythonPin(msgspec.Struct, frozen=True, omit_defaults=True):
    """One Python version that something runs on or asks for: ``3.8`` or ``>=3.8,<3.12``."""

    specifier: str
    place: Place
    what: str = ""
    """Where it is said: ``image``, ``requires-python``, ``ci``, ``version-file``, ``constraints``."""
    path: str = ""


class Template(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Jinja text that Airflow renders: a string in a DAG file, or a whole template file."""

    text: str
    place: Place
    """Where the text begins."""
    in_file: bool = False
    """A file of its own: its hits hold only where a DAG uses the file."""
    written: str = ""
    """The string as the source spells it, quotes and escapes included; empty where that is ``text``."""
    provided: frozenset[str] = frozenset()
    """Names that the code itself gives to templates, so that they are not Airflow's."""

    def place_of(self, word: str, offset: int) -> Place:
        """Where a word of the text that begins at a 0-based offset stands in the file."""
        source, at = self.text, offset
        if self.written:
            source, at = self.written, -1
            for _ in range(self.text.count(word, 0, offset) + 1):
                at = max(at, self.written.find(word, at + 1))
            at = max(at, 0)
        row = source.count("\n", 0, at)
        column = at - source.rfind("\n", 0, at)
        first = self.place.column - 1 if row == 0 else 0
        return Place(self.place.line + row, first + column, self.place.cell)

    def spells(self, word: str, place: Place) -> bool:
        """Whether the file has the word just so at a place inside this text."""
        lines = (self.written or self.text).split("\n")
        row = place.line - self.place.line
        column = place.column - (self.place.column if row == 0 else 1)
        return 0 <= row < len(lines) and lines[row][column : column + len(word)] == word


class Text(msgspec.Struct, frozen=True, dict=True):
    """A file that is no Python, or a part of one (a script in a YAML file)."""

    path: str
    kind: str
    """What it is read as: see ``kinds.py``."""
    source: str

    @functools.cached_property
    def _starts(self) -> Sequence[int]:
        starts = [0]
        for line in self.source.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    def place(self, offset: int) -> Place:
        """The place of a character, by its 0-based offset."""
        row = bisect.bisect_right(self._starts, offset)
        row = min(row, max(len(self._starts) - 1, 1))
        return Place(row, offset - self._starts[row - 1] + 1)
