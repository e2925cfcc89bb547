"""The shapes of the rulebook's data. The data itself is in ``planner/rulebook/``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from planner.domain.finding import CATEGORY_OF_SEVERITY, Axis, Category, Severity


class Alias(msgspec.Struct, frozen=True):
    """Another name of a rule. ``below`` (a tool version, exclusive) limits where the alias holds."""

    id: str
    tool: str = "ruff"
    below: str = ""
    """The alias holds for tool versions lower than this; empty: for all."""
    symbols: tuple[str, ...] = ()
    """Where given, the alias holds only for these names and what lies below them."""


class SymbolCase(msgspec.Struct, frozen=True):
    """What a rule says otherwise about one Airflow name, and about every name below it."""

    prefix: str
    severity_from: Mapping[str, Severity] = {}
    """Severity from a target line on; wins over the rule's and over the measured status."""
    minutes: int | None = None
    axis: Axis | None = None
    family: str = ""
    when: str = ""
    instead: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One check of the rulebook: one TOML file in ``rulebook/rules/``. It is read once, so it equals only itself."""

    id: str
    name: str
    """The steady name (ruff's kebab-case name, or the id itself)."""
    title: str
    """A sentence a person would say: 'SubDagOperator is gone in Airflow 3'."""
    checker: str
    """The family of checks that reports it: ruff, upgradecheck, import-check, config-lint."""
    severity: Severity
    axis: Axis
    minutes: int
    """Senior-engineer minutes for one finding fixed by hand; see ``fix_minutes`` in decision.toml."""
    what: str
    why: str
    instead: str
    before: str = ""
    after: str = ""
    source: str = ""
    """Link to the document that the rule rests on."""
    category: Category | None = None
    severity_from: Mapping[str, Severity] = field(default_factory=dict)
    """Severity from a target line on: {'3.2': ERROR} means ERROR for 3.2 and later."""
    cases: tuple[SymbolCase, ...] = ()
    """Names that the rule rates, counts or fixes otherwise; the longest prefix holds."""
    by_symbol: bool = False
    """True where the rule is about whether a name can be imported: its measured status then decides."""
    when: str = "now"
    """When it can be fixed: now (on 2.x), shim (a form that works on both sides), provider, after."""
    family: str = ""
    """The plan activity that counts it: subdags, removed-api, assets, xcom-backend, …"""
    preview: bool = False
    """Only reported with ruff's --preview, by every version so far."""
    since: str = ""
    """The first version of its tool that has it, where known."""
    stable_from: str = ""
    """The first version of its tool that reports it without --preview."""
    aliases: tuple[Alias, ...] = ()

    def category_for(self, severity: Severity) -> Category:
        return self.category or CATEGORY_OF_SEVERITY[severity]


class Rating(msgspec.Struct, frozen=True):
    """What the rulebook says of one observation for one target release."""

    rule_id: str
    severity: Severity
    category: Category
    axis: Axis
    minutes: int
    known: bool = True


class CommandChange(msgspec.Struct, frozen=True):
    """What became of one of Airflow's commands, or of one option of a command."""

    on: Mapping[str, str]
    """For each 3.x line: ``kept``, ``gone``, or ``provider`` where a provider brings it back."""
    instead: str = ""
    """What to type instead."""

    @property
    def gone_since(self) -> str:
        """The first line without it; empty where every line has it."""
        return next((line for line, status in self.on.items() if status != "kept"), "")


class Commands(msgspec.Struct, frozen=True):
    """Airflow's command line as its own parsers know it: every command of 2.x and 1.10 on every 3.x line."""

    commands: Mapping[str, CommandChange]
    """By the words after ``airflow``: ``dags backfill``."""
    options: Mapping[str, Mapping[str, CommandChange]]
    """Options that some line does not take any more, by command: ``{'dags list': {'--subdir': …}}``."""
    words: frozenset[str]
    """Every first word after ``airflow`` that some version knows."""


class SettingChange(msgspec.Struct, frozen=True):
    """What became of one option of ``airflow.cfg``."""

    on: Mapping[str, str]
    """For each 3.x line: ``read`` (under its old name), ``kept``, or ``ignored``."""
    to: str = ""
    """``section.option``: where it is set now; empty where nothing takes its place."""
    defaults: tuple[str, ...] = ()
    """The values that 2.x and 1.10 wrote into an untouched file."""

    @property
    def ignored_on(self) -> list[str]:
        """The lines on which it does nothing."""
        return [line for line, status in self.on.items() if status == "ignored"]


class Move(msgspec.Struct, frozen=True):
    """Where a name of Airflow went."""

    new: str
    on: Mapping[str, str]
    """For each line of 2.x and 3.x whether the new name imports: ``ok``, ``gone``, ``same`` (wherever the old
    name does, which is only an alias there), ``released`` (the provider's newest release has it)."""
    needs: str = ""
    """The package that brings it: ``apache-airflow-providers-smtp>=1.0.0``."""
    instead: str = ""
    """What every 2.x calls it, where the old name is only an alias of that; empty: the old name."""


class Limit(msgspec.Struct, frozen=True):
    """How a new name differs from its old one: code that uses more than this keeps the old name."""

    attributes: frozenset[str] | None = None
    """What may follow its dot; None: anything."""
    called: bool = True
    most_positional: int | None = None
    """How many arguments without a keyword a call may have."""
    as_positional: Mapping[str, int] = {}
    """Keywords that only one side knows, with the position that both know."""
    side: str = "now"
    """``after`` where the new name does otherwise on 2.x than the old one."""


class Remedy(msgspec.Struct, frozen=True):
    """What is written instead of a name, an argument or a word."""

    do: str
    """``keep`` the tool's own edit, ``drop`` the argument, write the last part of the name (``text``) or the
    ``string`` as ``to``, ``name`` it ``to``, ``define`` it in the file, ``undecorate``."""
    says: str = ""
    to: str = ""
    since: str = ""
    """The 2.x version from which the result runs."""
    side: str = "now"
    safe: bool = False
    imports: tuple[str, ...] = ()
    code: str = ""


class Fixes(msgspec.Struct, frozen=True):
    """What a machine can write instead, so that code runs on both sides of the upgrade."""

    moves: Mapping[str, Move] = {}
    remedies: Mapping[str, Remedy] = {}
    limits: Mapping[str, Limit] = {}
    """By the new name."""
    bundled: frozenset[str] = frozenset()
    """Packages that every 3.x release installs with itself."""
    both_sides: frozenset[str] = frozenset()
    """Rules whose tool's own edits run on both sides."""


@dataclass(frozen=True, slots=True, eq=False)
class Rulebook:
    """Everything the product rests on that a reviewer might dispute, with the hash of the files it came from.

    It is read once, so it equals only itself.
    """

    rules: Mapping[str, Rule]
    symbols: Mapping[str, Mapping[str, str]]
    """Measured status of Airflow's names: {'airflow.Dataset': {'3.2': 'deprecated', 'use': …}}."""
    decision: Mapping[str, Any]
    plans: Mapping[str, Mapping[str, Any]]
    runbook: Mapping[str, Any]
    releases: Mapping[str, Mapping[str, Any]]
    support: Mapping[str, Any]
    """Support clock: lines, dates, Python and database ranges."""
    hash: str
    forecast: Mapping[str, Any] = field(default_factory=dict)
    """forecast.toml: least data, weights and size of the forecast, and the months of other repositories."""
    triage: Mapping[str, Any] = field(default_factory=dict)
    """How release notes are read: axes with their keywords and meaning, words of each kind, limits."""
    packages: Mapping[str, Any] = field(default_factory=dict)
    """packages.toml: images and retired packages; under ``providers`` what Airflow's releases ask of each
    official provider, by its short name: the lowest version by target line (``needs``), and where read the
    last version for older lines (``last``) and the newest one (``latest``)."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """metadata.toml: what is known of Airflow's own database: revisions, big tables."""
    ownership: Mapping[str, Any] = field(default_factory=dict)
    """ownership.toml: names in DAGs, and authors of commits, that are not people."""
    operator_arguments: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Every argument that an operator of the standard provider takes on some 3.x line, by its class."""
    commands: Commands = field(default_factory=lambda: Commands({}, {}, frozenset()))
    settings: Mapping[str, SettingChange] = field(default_factory=dict)
    """Changed options by ``section.option``."""
    fixes: Fixes = field(default_factory=Fixes)

    @property
    def target_lines(self) -> tuple[str, ...]:
        """The 3.x lines one may aim at, oldest first."""
        return tuple(self.support["target_lines"])

    @property
    def default_target(self) -> str:
        """The newest supported line, proposed where the facts name none."""
        return self.target_lines[-1]
