"""The only code of the rulebook: reads its data files, checks their shapes, and hashes their bytes.

The shapes are described in ``docs/rulebook.md``. Whatever is wrong is an error that names the file and the
key, at start: a rulebook with a typing mistake must never rate a finding.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import tomli
from packaging.version import InvalidVersion, Version

from planner.domain.facts import FACT_KEYS
from planner.domain.finding import Axis, Category, Severity
from planner.domain.rules import (
    Alias,
    CommandChange,
    Commands,
    Fixes,
    Limit,
    Move,
    Remedy,
    Rule,
    Rulebook,
    SettingChange,
    SymbolCase,
)

T = TypeVar("T")

FOLDER = Path(__file__).parent
MEASUREMENTS = ("commands.json", "moves.json", "providers.json", "settings.json", "symbols.json")
MEASURED = {"o": "ok", "d": "deprecated", "g": "gone", "n": "unknown"}
"""Letters of ``symbols.json``: imports, imports with a warning, does not import, needs a package that was not
installed."""
COMMAND_LETTERS = {"k": "kept", "g": "gone", "p": "provider"}
"""Letters of ``commands.json``."""
SETTING_LETTERS = {"r": "read", "k": "kept", "i": "ignored"}
"""Letters of ``settings.json``: read under its old name, unchanged, not read."""
MOVED = {"o": "ok", "g": "gone", "s": "same", "-": "released"}
"""Letters of ``moves.json``: the new name imports, does not, is what the old one is an alias of, is in the
provider's newest release."""
REMEDIES = ("keep", "drop", "text", "string", "name", "define", "undecorate")
WHENS = ("now", "shim", "provider", "after")
CHECKERS = ("ruff", "upgradecheck", "import-check", "config-lint")
NOTE_KINDS = ("new", "deprecated", "removed")
SIGNAL_TESTS = ("yes", "any", "at-least", "below")


class RulebookError(ValueError):
    """A file of the rulebook says something that cannot be. The message names the file and the key."""

    def __init__(self, file: str, key: str, sentence: str) -> None:
        super().__init__(
            f"rulebook/{file}: {key}: {sentence}" if key else f"rulebook/{file}: {sentence}"
        )


@functools.cache
def rulebook() -> Rulebook:
    """The rulebook as shipped, read once per process."""
    return read(FOLDER)


def read(folder: Path) -> Rulebook:
    """Read and check every file below ``folder``.

    Raises:
        RulebookError: a file is missing, cannot be parsed or has the wrong shape.
    """
    paths = [*folder.rglob("*.toml"), *(folder / name for name in MEASUREMENTS)]
    named = sorted((_name(folder, path), path) for path in paths)
    texts = {name: _bytes(name, path) for name, path in named}
    tables = {name: _toml(name, text) for name, text in texts.items() if name.endswith(".toml")}
    rules = _rules(_below(tables, "rules/"))
    support = _support("support.toml", _one(tables, "support.toml"))
    return Rulebook(
        rules=rules,
        symbols=_symbols("symbols.json", texts["symbols.json"]),
        decision=_decision("decision.toml", _one(tables, "decision.toml")),
        plans=_plans(_below(tables, "plans/")),
        runbook={Path(name).stem: table for name, table in _below(tables, "runbook/").items()},
        releases=_releases(_below(tables, "releases/"), support["target_lines"], rules),
        support=support,
        triage=_triage("triage.toml", _one(tables, "triage.toml")),
        packages=_packages("packages.toml", _one(tables, "packages.toml"))
        | {"providers": _providers("providers.json", texts["providers.json"])},
        metadata=_metadata("metadata.toml", _one(tables, "metadata.toml")),
        hash=_hash(texts),
        ownership=_ownership("ownership.toml", _one(tables, "ownership.toml")),
        operator_arguments=_operator_arguments(
            "operator_arguments.toml", _one(tables, "operator_arguments.toml")
        ),
        commands=_commands("commands.json", texts["commands.json"]),
        settings=_settings("settings.json", texts["settings.json"]),
        forecast=_forecast("forecast.toml", _one(tables, "forecast.toml")),
        fixes=_fixes("fixes.toml", _one(tables, "fixes.toml"), _moves(texts["moves.json"])),
    )


# --- Files


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _bytes(name: str, path: Path) -> bytes:
    if not path.is_file():
        raise RulebookError(name, "", "the file is missing")
    return path.read_bytes()


def _toml(name: str, text: bytes) -> dict[str, Any]:
    try:
        return tomli.loads(text.decode("utf-8"))
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulebookError(name, "", f"is not TOML: {error}") from error


def _one(tables: Mapping[str, dict[str, Any]], name: str) -> dict[str, Any]:
    if name not in tables:
        raise RulebookError(name, "", "the file is missing")
    return tables[name]


def _below(tables: Mapping[str, dict[str, Any]], prefix: str) -> dict[str, dict[str, Any]]:
    return {name: table for name, table in tables.items() if name.startswith(prefix)}


def _hash(texts: Mapping[str, bytes]) -> str:
    """SHA-256 over names and bytes of all files in sorted order, so that a moved line changes it too."""
    total = hashlib.sha256()
    for name in sorted(texts):
        total.update(f"{name}\0{len(texts[name])}\0".encode())
        total.update(texts[name])
    return total.hexdigest()


# --- Checks of single values


class _Table:
    """One table of one file, read key by key; what nobody asked for is a typing mistake."""

    def __init__(self, file: str, where: str, table: Any) -> None:
        if not isinstance(table, dict):
            raise RulebookError(file, where, "must be a table")
        self.file, self.where, self.table = file, where, table
        self.asked: set[str] = set()

    def key(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def wrong(self, key: str, sentence: str) -> RulebookError:
        return RulebookError(self.file, self.key(key), sentence)

    def get(self, key: str, check: Callable[[Any], T], default: T | None = None) -> T:
        self.asked.add(key)
        if key not in self.table:
            if default is None:
                raise self.wrong(key, "is missing")
            return default
        try:
            return check(self.table[key])
        except ValueError as error:
            raise self.wrong(key, str(error)) from error

    def sub(self, key: str) -> _Table:
        self.asked.add(key)
        if key not in self.table:
            raise self.wrong(key, "is missing")
        return _Table(self.file, self.key(key), self.table[key])

    def subs(self, key: str, *, optional: bool = False) -> list[_Table]:
        self.asked.add(key)
        if key not in self.table and optional:
            return []
        rows = self.table.get(key)
        if not isinstance(rows, list) or not rows:
            raise self.wrong(key, "must be a list of tables, with at least one")
        return [_Table(self.file, f"{self.key(key)}[{at}]", row) for at, row in enumerate(rows)]

    def named(self, key: str) -> dict[str, _Table]:
        inner = self.sub(key)
        return {name: _Table(self.file, inner.key(name), row) for name, row in inner.table.items()}

    def done(self) -> None:
        for key in self.table:
            if key not in self.asked:
                raise self.wrong(
                    key, f"is not known here; known are {', '.join(sorted(self.asked))}"
                )


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be text")
    return value.strip("\n")


def _maybe_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value.strip("\n")


def _link(value: Any) -> str:
    text = _text(value)
    if not text.startswith("https://"):
        raise ValueError("must be an https:// link")
    return text


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("must be a whole number, not negative")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError("must be a number, not negative")
    return float(value)


def _share(value: Any) -> float:
    number = _number(value)
    if number > 1:
        raise ValueError("must lie between 0 and 1")
    return number


def _day(value: Any) -> date:
    if not isinstance(value, date):
        raise ValueError("must be a date, like 2026-04-22")
    return value


def _line(value: Any) -> str:
    text = _text(value)
    try:
        parsed = Version(text)
    except InvalidVersion:
        raise ValueError(f'"{text}" is not a release line; write one like 3.1') from None
    if len(parsed.release) != 2:
        raise ValueError(f'"{text}" is not a release line; write one like 3.1')
    return text


def _release(value: Any) -> str:
    text = _text(value)
    try:
        Version(text)
    except InvalidVersion:
        raise ValueError(f'"{text}" is not a version') from None
    return text


def _one_of(choices: Iterable[str]) -> Callable[[Any], str]:
    allowed = tuple(choices)

    def check(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f'"{value}" is not one of {", ".join(allowed)}')
        return str(value)

    return check


def _list_of(check: Callable[[Any], T]) -> Callable[[Any], list[T]]:
    def checked(value: Any) -> list[T]:
        if not isinstance(value, list):
            raise ValueError("must be a list")
        return [check(entry) for entry in value]

    return checked


def _map_of(
    check_key: Callable[[Any], str], check: Callable[[Any], T]
) -> Callable[[Any], dict[str, T]]:
    def checked(value: Any) -> dict[str, T]:
        if not isinstance(value, dict):
            raise ValueError("must be a table")
        return {check_key(key): check(entry) for key, entry in value.items()}

    return checked


def _severity(value: Any) -> Severity:
    return Severity(_one_of(Severity)(value))


_severities = _map_of(_line, _severity)


# --- Rules


def _rules(files: Mapping[str, dict[str, Any]]) -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    for file, table in files.items():
        rule = _rule(_Table(file, "", table))
        if rule.id in rules:
            raise RulebookError(file, "id", f'"{rule.id}" is already taken by another file')
        if Path(file).stem.lower() != rule.id.lower():
            raise RulebookError(file, "id", f'"{rule.id}" does not match the name of the file')
        rules[rule.id] = rule
    if not rules:
        raise RulebookError("rules", "", "there is no rule")
    return rules


def _rule(table: _Table) -> Rule:
    category = table.get("category", _one_of(["", *Category]), "")
    rule = Rule(
        id=table.get("id", _text),
        name=table.get("name", _text),
        title=table.get("title", _text),
        checker=table.get("checker", _one_of(CHECKERS)),
        severity=table.get("severity", _severity),
        category=Category(category) if category else None,
        axis=Axis(table.get("axis", _one_of(Axis))),
        minutes=table.get("minutes", _whole),
        what=table.get("what", _text),
        why=table.get("why", _text),
        instead=table.get("instead", _text),
        before=table.get("before", _maybe_text, ""),
        after=table.get("after", _maybe_text, ""),
        source=table.get("source", _link),
        severity_from=table.get("severity_from", _severities, {}),
        cases=tuple(_case(case) for case in table.subs("cases", optional=True)),
        by_symbol=table.get("by_symbol", _flag, False),
        when=table.get("when", _one_of(WHENS)),
        family=table.get("family", _text),
        preview=table.get("preview", _flag, False),
        since=_optional(table, "since", _release),
        stable_from=_optional(table, "stable_from", _release),
        aliases=tuple(_alias(alias) for alias in table.subs("aliases", optional=True)),
    )
    table.done()
    return rule


def _case(table: _Table) -> SymbolCase:
    minutes = table.get("minutes", _whole, -1)
    axis = table.get("axis", _one_of(["", *Axis]), "")
    case = SymbolCase(
        prefix=table.get("prefix", _text),
        severity_from=table.get("severity_from", _severities, {}),
        minutes=minutes if minutes >= 0 else None,
        axis=Axis(axis) if axis else None,
        family=table.get("family", _maybe_text, ""),
        when=table.get("when", _one_of(["", *WHENS]), ""),
        instead=table.get("instead", _maybe_text, ""),
    )
    table.done()
    return case


def _alias(table: _Table) -> Alias:
    alias = Alias(
        id=table.get("id", _text),
        tool=table.get("tool", _text, "ruff"),
        below=_optional(table, "below", _release),
        symbols=tuple(table.get("symbols", _list_of(_text), [])),
    )
    table.done()
    return alias


def _optional(table: _Table, key: str, check: Callable[[Any], str]) -> str:
    """The checked text, or nothing where the key is absent."""
    table.asked.add(key)
    return table.get(key, check) if key in table.table else ""


# --- The measured names and arguments


def _symbols(file: str, text: bytes) -> dict[str, dict[str, str]]:
    """``{"lines": […], "symbols": {name: "oddgg" or ["oddgg", use]}}``, a letter for every line."""
    try:
        table = json.loads(text)
        lines, symbols = table["lines"], table["symbols"]
    except (ValueError, KeyError, TypeError) as error:
        raise RulebookError(file, "", f"must be JSON with lines and symbols: {error}") from error
    by_line = _ByLine(file, lines, MEASURED)
    return {name: _measured(by_line, name, entry) for name, entry in symbols.items()}


def _measured(by_line: _ByLine, name: str, entry: Any) -> dict[str, str]:
    letters, use = (entry, "") if isinstance(entry, str) else (entry[0], entry[1])
    status = by_line.of(name, letters)
    return status | {"use": use} if use else status


# --- Packages


def _packages(file: str, raw: dict[str, Any]) -> dict[str, Any]:
    table = _Table(file, "", raw)
    table.get("retired", _map_of(_text, _text))
    _keys(
        table.sub("images"),
        airflow=_list_of(_text),
        astronomer=_list_of(_text),
        source=_link,
        runtime=_map_of(_text, _line),
    )
    table.done()
    return raw


def _metadata(file: str, raw: dict[str, Any]) -> dict[str, Any]:
    _keys(
        _Table(file, "", raw),
        source=_link,
        big_tables=_list_of(_text),
        archive_prefix=_text,
        statement_seconds=_whole,
        most_sources=_whole,
        revisions=_map_of(_release, _text),
    )
    return raw


def _providers(file: str, text: bytes) -> dict[str, dict[str, Any]]:
    """``{"lines": […], "providers": {name: {"needs": [a version or "" for each line], …}}}``."""
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise RulebookError(file, "", f"must be JSON: {error}") from error
    table = _Table(file, "", raw)
    lines = table.get("lines", _list_of(_line))
    table.get("made", _text)
    table.get("releases", _list_of(_release))
    always = table.get("always", _list_of(_text))
    found = {}
    for name, entry in table.named("providers").items():
        needs = entry.get("needs", _list_of(_maybe_text))
        if len(needs) != len(lines):
            raise entry.wrong("needs", f"must have one entry for each of {', '.join(lines)}")
        no_last: dict[str, str] = {}
        no_latest: list[str] = []
        found[name] = {
            "needs": {line: _release(low) for line, low in zip(lines, needs, strict=True) if low},
            "last": entry.get("last", _map_of(_line, _release), no_last),
            "latest": entry.get("latest", _list_of(_text), no_latest),
            "always": name in always,
        }
        entry.done()
    table.done()
    return found


# --- The measured commands and settings


def _commands(file: str, text: bytes) -> Commands:
    """``commands``: a letter for every line, or letters and what to type; ``options`` likewise by command."""
    lines, table = _measurements(file, text)
    by_line = _ByLine(file, lines, COMMAND_LETTERS)
    try:
        commands = {name: _command(by_line, name, one) for name, one in table["commands"].items()}
        options = {
            command: {name: _command(by_line, name, one) for name, one in some.items()}
            for command, some in table["options"].items()
        }
        words = {name.partition(" ")[0] for name in commands} | set(table["later"])
    except (KeyError, TypeError, AttributeError) as error:
        raise RulebookError(file, "", f"must have commands, options and later: {error}") from error
    return Commands(commands, options, frozenset(words))


def _command(by_line: _ByLine, name: str, entry: Any) -> CommandChange:
    letters, instead = (entry, "") if isinstance(entry, str) else entry
    return CommandChange(by_line.of(name, letters), instead)


def _settings(file: str, text: bytes) -> dict[str, SettingChange]:
    """``options``: letters, where it is set now, and the defaults of 2.x and 1.10."""
    lines, table = _measurements(file, text)
    by_line = _ByLine(file, lines, SETTING_LETTERS)
    changes = {}
    for name, entry in table.get("options", {}).items():
        try:
            letters, to, defaults = entry
        except ValueError:
            raise RulebookError(file, name, "must be letters, the new name, defaults") from None
        changes[name] = SettingChange(by_line.of(name, letters), to, tuple(defaults))
    return changes


def _measurements(file: str, text: bytes) -> tuple[list[str], dict[str, Any]]:
    try:
        table = json.loads(text)
        return list(table["lines"]), table
    except (ValueError, KeyError, TypeError) as error:
        raise RulebookError(file, "", f"must be JSON with lines: {error}") from error


class _ByLine:
    """What a letter for every line says. Made once for the same letters: thousands of names share a few."""

    def __init__(self, file: str, lines: list[str], known: Mapping[str, str]) -> None:
        self._file, self._lines, self._known = file, lines, known
        self._made: dict[str, dict[str, str]] = {}

    def of(self, name: str, letters: str) -> dict[str, str]:
        if letters not in self._made:
            if len(letters) != len(self._lines) or set(letters) - self._known.keys():
                known, lines = ", ".join(self._known), ", ".join(self._lines)
                raise RulebookError(
                    self._file, name, f"must have one of {known} for each of {lines}"
                )
            statuses = (self._known[letter] for letter in letters)
            self._made[letters] = dict(zip(self._lines, statuses, strict=True))
        return self._made[letters]


def _operator_arguments(file: str, raw: dict[str, Any]) -> dict[str, frozenset[str]]:
    """The arguments of each operator with those that every operator takes."""
    table = _Table(file, "", raw)
    every = table.get("every", _list_of(_text))
    operators = table.get("operators", _map_of(_text, _list_of(_text)))
    table.done()
    return {name: frozenset([*every, *own]) for name, own in operators.items()}


# --- What is written instead


def _moves(text: bytes) -> dict[str, Move]:
    """``moves``: for each old name the new one, a letter for every line, and, where there is need to say it, the
    package that brings it and the name that 2.x has."""
    file = "moves.json"
    lines, table = _measurements(file, text)
    by_line = _ByLine(file, lines, MOVED)
    moves = {}
    for old, entry in table.get("moves", {}).items():
        try:
            new, letters, needs, instead = [*entry, "", ""][:4]
        except (TypeError, ValueError):
            sentence = "must be the new name, letters, a package, the name to fall back to"
            raise RulebookError(file, old, sentence) from None
        moves[old] = Move(new, by_line.of(old, letters), needs, instead)
    return moves


def _fixes(file: str, raw: dict[str, Any], moves: dict[str, Move]) -> Fixes:
    table = _Table(file, "", raw)
    fixes = Fixes(
        moves=moves,
        remedies={name: _remedy(row) for name, row in table.named("remedies").items()},
        limits={name: _limit(row) for name, row in table.named("limits").items()},
        bundled=frozenset(table.get("bundled", _list_of(_text))),
        both_sides=frozenset(table.get("both_sides", _list_of(_text))),
    )
    table.done()
    return fixes


def _remedy(table: _Table) -> Remedy:
    remedy = Remedy(
        do=table.get("do", _one_of(REMEDIES)),
        says=table.get("says", _text, ""),
        to=table.get("to", _text, ""),
        since=table.get("since", _text, ""),
        side=table.get("side", _one_of(("now", "after")), "now"),
        safe=table.get("safe", _flag, False),
        imports=tuple(table.get("imports", _list_of(_text), [])),
        code=table.get("code", _text, ""),
    )
    table.get("source", _text)
    table.done()
    return remedy


def _limit(table: _Table) -> Limit:
    attributes = table.get("attributes", _list_of(_text)) if "attributes" in table.table else None
    most = table.get("most_positional", _whole) if "most_positional" in table.table else None
    limit = Limit(
        attributes=None if attributes is None else frozenset(attributes),
        called=table.get("called", _flag, True),
        most_positional=most,
        as_positional=table.get("as_positional", _map_of(_text, _whole), {}),
        side=table.get("side", _one_of(("now", "after")), "now"),
    )
    table.get("source", _text)
    table.done()
    return limit


# --- Decision


def _decision(file: str, raw: dict[str, Any]) -> dict[str, Any]:
    """Check the decision's numbers; the shape is the file's own, see docs/rulebook.md."""
    table = _Table(file, "", raw)
    _keys(table.sub("verdicts"), now=_text, later=_text, defer=_text)
    _keys(table.sub("score"), threshold=_whole)
    keys = [_signal(signal) for signal in table.subs("signals")]
    _keys(table.sub("gate"), dags_per_quarter=_number, minimum_quarters=_number)
    _keys(
        table.sub("second_opinion"),
        signals=_list_of(_one_of(keys)),
        needed=_whole,
        now=_text,
        wait=_text,
    )
    _keys(table.sub("evidence_opinion"), now=_text, wait=_text, defer=_text)
    _keys(
        table.sub("providers"),
        need_3=_list_of(_text),
        aliases=_map_of(_text, _text),
        first_needing_2_11=_map_of(_text, _release),
    )
    _keys(table.sub("python"), first_line=_map_of(_line, _line))
    _keys(table.sub("precondition"), scan_days=_whole, sentence=_text)
    _keys(
        table.sub("effort"),
        weeks_per_quarter=_number,
        weeks_per_month=_number,
        months_for_reference=_number,
        delivery_weeks=_number,
        delivery_engineers=_number,
        reference_dags=_number,
        hours_per_week=_number,
        route_hop_weeks=_list_of(_number),
        soak_weeks=_list_of(_number),
        why_they_differ=_text,
        leaves_out=_map_of(_text, _text),
    )
    _keys(table.sub("fix_minutes"), safe=_whole, unsafe=_whole, manual=_whole, unknown=_whole)
    _keys(table.sub("unknown_rule"), axis=_one_of(Axis), minutes=_whole)
    _keys(table.sub("due_days"), **dict.fromkeys(Severity, _whole))
    _keys(table.sub("hold"), percent=_whole, count=_whole, many=_whole)
    _keys(table.sub("waiver"), longest_days=_whole, soon_days=_whole)
    _keys(table.sub("look_again"), **dict.fromkeys(raw["verdicts"].values(), _whole))
    table.done()
    return raw


def _forecast(file: str, raw: dict[str, Any]) -> dict[str, Any]:
    """Check the numbers of the forecast; months are what one month did to what was open."""
    table = _Table(file, "", raw)
    for month in table.subs("months"):
        for name, check in (("share", _share), ("closed", _share), ("arrived", _number)):
            month.get(name, check)
        month.done()
    _keys(table.sub("data"), least_scans=_whole, least_weeks=_whole, most_weeks=_whole)
    _keys(
        table.sub("model"),
        memory=_share,
        outside_weight=_number,
        paths=_whole,
        weeks_ahead=_whole,
        seed=_whole,
    )
    table.done()
    return raw


def _signal(table: _Table) -> str:
    key = table.get("key", _text)
    test = table.get("test", _one_of(SIGNAL_TESTS))
    for name in ("label", "when", "fact", "truth"):
        table.get(name, _text)
    table.get("points", _whole)
    table.get("axis", _one_of(Axis))
    table.get("source", _link)
    if test in ("at-least", "below"):
        table.get("value", _release)
    table.done()
    return key


def _keys(table: _Table, **checks: Callable[[Any], Any]) -> None:
    """Every key of the table is there, has the right shape, and none is left over."""
    for key, check in checks.items():
        table.get(key, check)
    table.done()


# --- Ownership


def _ownership(file: str, raw: dict[str, Any]) -> dict[str, Any]:
    _keys(_Table(file, "", raw), not_people=_list_of(_text), bots=_list_of(_text))
    return raw


# --- Support clock


def _support(file: str, raw: dict[str, Any]) -> dict[str, Any]:
    table = _Table(file, "", raw)
    lines = table.named("lines")
    known = _one_of(lines)
    targets = table.get("target_lines", _list_of(known))
    if not targets or targets != sorted(targets, key=Version):
        raise table.wrong("target_lines", "must name at least one line, oldest first")
    if table.get("default_target", _one_of(targets)) != targets[-1]:
        raise table.wrong("default_target", f"must be the newest target line, {targets[-1]}")
    for key in ("stop_line", "oldest_line"):
        table.get(key, known)
    table.get("checked_on", _day)
    table.get("source", _link)
    table.get("sentence", _text)
    for line, entry in lines.items():
        _support_line(line, entry)
    for entry in table.named("hosting").values():
        _keys(entry, label=_text, note=_text, verified=_flag, source=_link)
    table.done()
    return raw


def _support_line(line: str, table: _Table) -> None:
    latest = table.get("latest", _release)
    if not latest.startswith(f"{line}."):
        raise table.wrong("latest", f"{latest} is not of the line {line}")
    for key in ("released", "last_release"):
        table.get(key, _day)
    table.asked.add("eol")
    if "eol" in table.table:
        table.get("eol", _day)
    table.get("status", _text)
    table.get("python", _list_of(_line))
    table.get("python_note", _text, "-")
    table.get("databases", _map_of(_text, _text))
    table.get("not_verified", _list_of(_text))
    if latest in table.get("yanked", _list_of(_release)):
        raise table.wrong("yanked", f"the latest release {latest} cannot be a yanked one")
    table.done()


# --- Plans and release notes


def _plans(files: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Templates by file stem. Every phase has a key, a name, a length and a risk; more is the plan's own."""
    plans: dict[str, dict[str, Any]] = {}
    for file, raw in files.items():
        table = _Table(file, "", raw)
        table.get("name", _text)
        keys = []
        for phase in table.subs("phases"):
            keys.append(phase.get("key", _text))
            phase.get("name", _text)
            phase.get("risk", _text)
        if len(set(keys)) != len(keys):
            raise table.wrong("phases", f"keys must differ: {', '.join(keys)}")
        plans[Path(file).stem] = raw
    return plans


def _releases(
    files: Mapping[str, dict[str, Any]], targets: list[str], rules: Mapping[str, Rule]
) -> dict[str, dict[str, Any]]:
    releases: dict[str, dict[str, Any]] = {}
    for file, raw in files.items():
        table = _Table(file, "", raw)
        if (line := table.get("line", _line)) != Path(file).stem:
            raise table.wrong("line", f'"{line}" does not match the name of the file')
        table.get("title", _text)
        table.get("link", _link)
        for note in table.subs("notes"):
            _note(note, rules)
        table.done()
        releases[line] = raw
    for line in targets:
        if line not in releases:
            raise RulebookError(f"releases/{line}.toml", "", "the file is missing")
    return releases


def _note(table: _Table, rules: Mapping[str, Rule]) -> None:
    table.get("quote", _text)
    table.get("axis", _one_of(Axis))
    table.get("kind", _one_of(NOTE_KINDS))
    table.get("link", _link)
    table.get("before", _text)
    table.get("answer", _text)
    checks: dict[str, Callable[[Any], Any]] = {
        "rules": _list_of(_one_of(rules)),
        "symbols": _list_of(_text),
        "facts": _map_of(_one_of(FACT_KEYS), _list_of(_text)),
    }
    for key, check in checks.items():
        table.get(key, check, default=())
    table.done()


# --- Triage


def _triage(file: str, raw: dict[str, Any]) -> dict[str, Any]:
    table = _Table(file, "", raw)
    axes = table.named("axes")
    if list(axes) != [axis.value for axis in Axis]:
        raise table.wrong("axes", f"must be {', '.join(Axis)}, in this order")
    for axis in axes.values():
        _keys(
            axis,
            label=_text,
            meaning=_text,
            keywords=_list_of(_text),
            roadmap_fact=_one_of(["", *FACT_KEYS]),
            roadmap_label=_maybe_text,
            cannot=_text,
            answers=_text,
        )
    _keys(table.sub("leads"), none=_text)
    words = _list_of(_text)
    _keys(table.sub("kinds"), fix=words, promised=words, removed=words, deprecated=words)
    _keys(table.sub("limits"), bullets=_whole, text=_whole, quote=_whole, places=_whole)
    table.done()
    return raw
