"""What one file yields by itself. Depends on its path and bytes alone, so it can be kept under their hash."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from planner.domain.report import DagEntry
from planner.scanner.around.setup_py import may_hold_pins
from planner.scanner.checks import Check, checks
from planner.scanner.code.glimpse import Glimpse
from planner.scanner.code.python_file import PythonFile
from planner.scanner.dag_map import (
    DagCode,
    dag_code_of,
    imports_by_version,
    imports_of,
    may_tell_of_dags,
)
from planner.scanner.detail import source_of
from planner.scanner.material import Hit, Process, PythonPin, Requirement, Setting, Text
from planner.scanner.noqa import SPELLINGS, Noqa, noqa_of
from planner.scanner.readers import Reader, Unreadable
from planner.scanner.readers.python_outside import may_act_outside
from planner.scanner.readers.python_templates import may_hold_templates
from planner.scanner.result import SkipReason
from planner.scanner.stopped import stopped
from planner.scanner.text import declared_encoding, text_of


class FileFacts(msgspec.Struct, omit_defaults=True):
    """What reading one file told."""

    hits: list[Hit] = []
    dag_code: DagCode | None = None
    """What the file by itself tells about DAGs; the whole tree may tell more: ``Project.dag_map``."""
    imports: list[str] = []
    """Full names that a Python file imports, with the dots of relative ones: for the map of helper modules."""
    by_version: list[str] = []
    """Those of ``imports`` that only a condition on a version brings in."""
    names_files: list[str] = []
    """Texts of a DAG file that may name template files."""
    settings: list[Setting] = []
    requirements: list[Requirement] = []
    pythons: list[PythonPin] = []
    processes: list[Process] = []
    noqa: list[Noqa] = []
    flaw: str = ""
    """Why the file could not be read as what it is."""
    flaw_line: int | None = None
    flaw_reason: SkipReason | None = None
    flaw_content: str = ""

    @property
    def dags(self) -> list[DagEntry]:
        """The DAGs as the file alone tells them."""
        return self.dag_code.dags if self.dag_code else []


_OLD_EXCEPT = re.compile(rb"except[ \t]+[\w.]+[ \t]*,[ \t]*[a-z_]\w*[ \t]*:")
"""Python 2, which newer Pythons take for something else."""
_ENDINGS = (
    "sql",
    "hql",
    "sh",
    "bash",
    "j2",
    "jinja",
    "jinja2",
    "json",
    "yaml",
    "yml",
    "html",
    "txt",
    "md",
)
_TEMPLATE_NAME = re.compile(rf"[\w./-]+\.(?:{'|'.join(_ENDINGS)})")
_QUOTED_NAME = re.compile(rf"[\"']([\w./-]+\.(?:{'|'.join(_ENDINGS)}))[\"']".encode())


def facts_of(
    path: str,
    content: bytes,
    reader: Reader,
    *,
    reported: Collection[int] = (),
    look_everywhere: bool = False,
) -> FileFacts:
    """Reads one file, whose bytes are ``content``. Whatever cannot be read in it is a flaw.

    ``reported``: the lines of which ruff says something, so that comments for them are looked for.
    ``look_everywhere`` parses the file and runs every check that is for such a file, even where the bytes say
    that there is nothing to find. It must not matter, which is what it is there to show.
    """
    facts = FileFacts()
    source = text_of(content)
    if source is None and not reader.is_code:
        # Whatever a check looks for there is ASCII, and stays what it is.
        source = content.decode("latin-1")
    if source is None:
        encoding = declared_encoding(content) if reader.is_code else ""
        facts.flaw, facts.flaw_reason = _not_utf8(encoding), SkipReason.NOT_UTF8
        if not encoding:
            return facts
        source = content.decode(encoding)
    glimpse = Glimpse(content, path)
    asked = _asked(glimpse, look_everywhere) if reader.is_code else []
    if reader.is_code and not (look_everywhere or asked or _may_tell_more(path, glimpse)):
        if path.endswith(".py"):
            facts.imports = glimpse.imports
            if glimpse.has(b"irflow", b"IRFLOW"):
                facts.by_version = imports_by_version(glimpse.content)
            facts.names_files = _file_names_in(glimpse)
        facts.noqa = _noqa_in(glimpse, source, reader, reported)
        return facts
    try:
        for material in reader.read(Text(path, reader.kind, source)):
            _take(facts, material, asked)
    except Unreadable as error:
        if reader.is_code:
            facts.flaw, facts.flaw_line, facts.flaw_reason = str(error), error.line, error.reason
    except Exception as error:  # ours: the other files are checked, and this one is named
        _stopped(facts, error)
    if facts.hits or facts.flaw_line:
        lines = source_of(path, source)
        lines.detail_hits(facts.hits)
        facts.flaw_content = lines.line(facts.flaw_line)
    facts.noqa = _noqa_in(glimpse, source, reader, {*reported, *_lines_to_report(facts)})
    return facts


def _noqa_in(glimpse: Glimpse, source: str, reader: Reader, lines: Collection[int]) -> list[Noqa]:
    """The comments that may silence what is found on these lines."""
    if glimpse.path.endswith(".py") and not (lines and glimpse.spells(SPELLINGS)):
        return []
    return noqa_of(glimpse.path, source, is_code=reader.is_code, lines=lines)


def _lines_to_report(facts: FileFacts) -> Iterator[int]:
    """The lines of which a check says something, or one of the whole project may."""
    yield from (hit.line or 0 for hit in facts.hits)
    yield from (dag.line or 0 for dag in facts.dags)
    yield from (setting.place.line for setting in facts.settings)
    yield from (requirement.place.line for requirement in facts.requirements)
    yield from (pin.place.line for pin in facts.pythons)
    yield from (process.place.line for process in facts.processes)


def _not_utf8(encoding: str) -> str:
    if not encoding:
        return "The file is not UTF-8, so it was not checked."
    return f"The file is {encoding}, not UTF-8: only Flightplan's own checks can read it, ruff's cannot."


def _stopped(facts: FileFacts, error: Exception, rule: str = "") -> None:
    """Notes a mistake of Flightplan's own, the first in a file."""
    if facts.flaw:
        return
    facts.flaw_reason = SkipReason.CRASHED
    facts.flaw = stopped(error, "this file", rule)


def _asked(glimpse: Glimpse, look_everywhere: bool) -> list[Check]:
    """The checks of Python that may find something in a file, told from its words."""
    return [
        check
        for check in checks().get(PythonFile, ())
        if (check.is_for(glimpse) if look_everywhere else check.may_find(glimpse))
    ]


def _may_tell_more(path: str, glimpse: Glimpse) -> bool:
    """Whether anything else in a Python file could matter, told from its words."""
    if not glimpse.mentions_airflow and not glimpse.has(b"AIRFLOW__"):
        return False
    return (
        may_tell_of_dags(glimpse)
        or may_hold_templates(glimpse)
        or may_act_outside(glimpse)
        or may_hold_pins(path)
        or b"\0" in glimpse.content  # which ruff reads past
        or _OLD_EXCEPT.search(glimpse.content) is not None
    )


def _take(facts: FileFacts, material: Any, asked: Sequence[Check]) -> None:
    facts.hits += _hits_of(facts, material, asked)
    match material:
        case PythonFile():
            if not material.is_notebook:  # Airflow loads none
                facts.dag_code = dag_code_of(material)
                facts.imports = imports_of(material)
                facts.by_version = imports_by_version(material.source.encode())
            facts.names_files = _names_of_files(material)
        case Setting():
            facts.settings.append(material)
        case Requirement():
            facts.requirements.append(material)
        case PythonPin():
            facts.pythons.append(material)
        case Process():
            facts.processes.append(material)


def _hits_of(facts: FileFacts, material: Any, asked: Sequence[Check]) -> list[Hit]:
    """What the checks see; of Python those that were ``asked``."""
    told: list[Hit] = []
    general: list[Hit] = []
    for check in asked if isinstance(material, PythonFile) else _checks_of(material):
        try:
            (general if check.gives_way else told).extend(check.hits(material))
        except Exception as error:  # a mistake in one check: the others look at the file too
            _stopped(facts, error, check.rule)
    symbols = tuple(f"{hit.symbol}." for hit in told)
    return told + [
        hit for hit in general if not any(one.startswith(f"{hit.symbol}.") for one in symbols)
    ]


def _checks_of(material: Any) -> tuple[Check, ...]:
    return checks().get(type(material), ())


def _file_names_in(glimpse: Glimpse) -> list[str]:
    """The same of a file that is not parsed."""
    return sorted({name.decode() for name in _QUOTED_NAME.findall(glimpse.content)})


def _names_of_files(file: PythonFile) -> list[str]:
    texts = {
        node.value
        for node in file.of(ast.Constant)
        if type(node.value) is str
        and node.value.endswith(_ENDINGS)
        and _TEMPLATE_NAME.fullmatch(node.value)
    }
    return sorted(texts)
