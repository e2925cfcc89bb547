"""Build the cutover runbook: timed steps and the rollback, from parameters, facts and the rulebook."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, Any

from planner.domain.facts import DeploymentFacts, line_of, version
from planner.domain.paper import with_empty_boxes
from planner.domain.report import DagEntry
from planner.domain.rules import Rulebook
from planner.domain.runbook_params import RoleHolder, RunbookParams, fields_for
from planner.domain.spot_check import spread
from planner.domain.window import (
    MINUS,
    Window,
    clock_changes,
    day_text,
    duration_text,
    elapsed_between,
    offset_text,
    shifted,
    utc_text,
    zone_offset_text,
)

if TYPE_CHECKING:
    from planner.domain.calendar import Blackout

WAYS = {"side-by-side": "Side by side", "in-place": "In place"}
HASH_LENGTH = 10
FORMAT = 1
"""Of the stored content; grows when a stored revision would need other templates."""

SECOND_ENVIRONMENT_ONLY = ("composer", "mwaa")
"""Hostings whose documents know no upgrade of an environment from 2 to 3."""

_BLANK = re.compile(r"\{\{ *([a-z0-9_]+) *\}\}")
_DEEPEST = 4
"""Blanks may fill blanks this many times; more is a circle."""


class RunbookError(ValueError):
    """The rulebook's steps cannot be printed: an unfilled blank, an unknown word. One sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What is known today about whether the cutover may go ahead."""

    today: datetime
    open_blocks: int
    unchecked: tuple[str, ...] = ()
    """Checks that were never made, as their labels: 'a code scan', 'a 3.x import check'."""
    gates_open: tuple[str, ...] = ()
    """Gates of the deployment's own plan before the cutover that have not passed, as their words."""
    blackouts: tuple[Blackout, ...] = ()
    """Days on which the deployment has said that nothing may be cut over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the runbook."""

    number: str
    key: str
    group: str
    kind: str
    at: datetime | None
    offset: str
    action: str
    command: str
    expect: str
    otherwise: str
    role: str
    owner: str
    backup: str
    minutes: int
    point_of_no_return: bool
    documented_only: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain values; the rollback's steps have no time of day."""
        return {
            "number": self.number,
            "key": self.key,
            "group": self.group,
            "kind": self.kind,
            "at": self.at.isoformat(timespec="minutes") if self.at else None,
            "utc": f"{self.at.astimezone(UTC):%Y-%m-%dT%H:%MZ}" if self.at else None,
            "offset": self.offset,
            "day": day_text(self.at.date()) if self.at else "",
            "clock": f"{self.at:%H:%M}" if self.at else "",
            "utc_clock": utc_text(self.at) if self.at else "",
            "action": self.action,
            "command": self.command,
            "expect": self.expect,
            "otherwise": self.otherwise,
            "role": self.role,
            "owner": self.owner,
            "backup": self.backup,
            "minutes": self.minutes,
            "point_of_no_return": self.point_of_no_return,
            "documented_only": self.documented_only,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """The whole document. ``content`` is everything that is printed and hashed, as plain values."""

    steps: tuple[Step, ...]
    rollback: tuple[Step, ...]
    ready: bool
    not_ready_because: tuple[str, ...]
    content: Mapping[str, Any] = field(repr=False)
    hash: str
    proposed: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The rulebook's own word for every blank, as printed where the team has none."""


@dataclass(frozen=True, slots=True)
class _Filler:
    """Fills the blanks of one runbook and knows which words were never tried."""

    words: Mapping[str, str]
    documented: frozenset[str]

    def fill(self, text: str, where: str) -> str:
        for _ in range(_DEEPEST):
            if not _BLANK.search(text):
                return text
            text = _BLANK.sub(lambda match: self._word(match[1], where), text)
        raise RunbookError(f"{where}: the blanks of “{text[:60]}” fill each other in a circle")

    def rests_on_documents(self, text: str) -> bool:
        """True where a blank of the text, or of what fills it, was never tried."""
        names = set(_BLANK.findall(text))
        for _ in range(_DEEPEST):
            names |= {inner for name in names for inner in _BLANK.findall(self.words.get(name, ""))}
        return bool(names & self.documented)

    def _word(self, name: str, where: str) -> str:
        if not self.words.get(name):
            raise RunbookError(f"{where}: nothing fills the blank “{name}”")
        return self.words[name]


def choose_way(
    facts: DeploymentFacts, rulebook: Rulebook, *, keep_history: bool, keep_url: bool
) -> tuple[str, str]:
    """The way that the facts and the two questions point to, and why in one sentence."""
    situation = {"hosting": facts.hosting, "keep_history": keep_history, "keep_url": keep_url}
    for entry in rulebook.runbook["settings"]["way"]:
        if _holds(entry["if"], situation):
            return entry["way"], entry["because"]
    raise RunbookError("settings.toml: no way holds; the last entry must have an empty condition")


def build_runbook(
    params: RunbookParams,
    facts: DeploymentFacts,
    rulebook: Rulebook,
    *,
    slug: str,
    readiness: Readiness,
    dags: Sequence[DagEntry] = (),
) -> Runbook:
    """The timed steps and the rollback, whether it may be used, and a hash of all that is printed.

    Raises:
        RunbookError: a blank of a step stays unfilled, or the rulebook names something unknown.
    """
    proposed, because = choose_way(
        facts, rulebook, keep_history=params.keep_history, keep_url=params.keep_url
    )
    way = params.way or proposed
    if way != proposed:
        because = f"Chosen by hand. Facts and answers point to {WAYS[proposed].lower()}: {because}"
    situation = _situation(facts, params, way, rulebook)
    filler = _filler(params, facts, rulebook, slug=slug, situation=situation)
    book = _Book(params=params, facts=facts, rulebook=rulebook, situation=situation, filler=filler)
    steps, groups = _timed(book, rulebook.runbook[way])
    rollback, rollback_groups = _sequenced(book, rulebook.runbook[f"rollback-{way}"])
    standing = _not_ready(book, readiness, steps)
    reasons = [*standing, *_too_late(book, readiness, unfinished=bool(standing))]
    content = {
        "format": FORMAT,
        "deployment": {"slug": slug, "name": facts.name},
        "way": way,
        "way_name": WAYS[way],
        "way_because": because,
        "current_version": facts.current_version,
        "target_version": filler.words["target"],
        "dag_count": facts.dag_count,
        "executor": facts.executor,
        "metadata_db": facts.metadata_db,
        "hosting": facts.hosting,
        "window": _window_words(params.window),
        "thresholds": dict(rulebook.runbook["settings"]["thresholds"]),
        "roles": [_role_words(role) for role in params.roles],
        "notes": [*_notes(book, steps), *_empty_boxes(book, dags)],
        "ready": not reasons,
        "not_ready_because": reasons,
        "groups": groups,
        "steps": [step.as_dict() for step in steps],
        "rollback_when": filler.fill(rulebook.runbook[f"rollback-{way}"]["when"], "rollback"),
        "rollback_groups": rollback_groups,
        "rollback": [step.as_dict() for step in rollback],
        "spot_checks": _spot_checks(book, dags),
    }
    return Runbook(
        steps=tuple(steps),
        rollback=tuple(rollback),
        ready=not reasons,
        not_ready_because=tuple(reasons),
        content=content,
        # The passing of time alone makes no other paper: on Saturday the freeze has passed, and
        # the paper of the weekend is still the right one.
        hash=content_hash(content | {"ready": not standing, "not_ready_because": standing}),
        proposed=_readable(_proposed(rulebook, situation)[0]),
    )


def document_of(
    content: Mapping[str, Any], *, hash: str, revision: int | None, recorded: str = ""
) -> dict[str, Any]:
    """What is rendered and what ``--json`` prints: the content with its hash and revision.

    ``recorded`` says when and by whom ("22 Nov 2026 by Alice"); empty for a draft.
    """
    label = f"Revision {revision}" if revision else "Draft"
    return {
        "revision": revision,
        "hash": hash,
        "label": label,
        "recorded": recorded,
        "footer": f"{label} · hash {hash}",
        **content,
    }


def content_hash(content: Mapping[str, Any]) -> str:
    """Short hash of what is printed: the same content gives the same hash, whatever its key order."""
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:HASH_LENGTH]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """What every step of one runbook is made from."""

    params: RunbookParams
    facts: DeploymentFacts
    rulebook: Rulebook
    situation: Mapping[str, Any]
    filler: _Filler

    @property
    def settings(self) -> Mapping[str, Any]:
        settings: Mapping[str, Any] = self.rulebook.runbook["settings"]
        return settings

    @property
    def shared(self) -> Mapping[str, Any]:
        shared: Mapping[str, Any] = self.rulebook.runbook["shared"]
        return shared


def _situation(
    facts: DeploymentFacts, params: RunbookParams, way: str, rulebook: Rulebook
) -> dict[str, Any]:
    """What conditions in the step files may ask."""
    return {
        "way": way,
        "hosting": facts.hosting,
        "managed": facts.hosting != "open-source",
        "database": facts.metadata_db,
        "celery": "Celery" in facts.executor,
        "kubernetes": "Kubernetes" in facts.executor,
        "edge": facts.hybrid_workload or "EdgeExecutor" in facts.executor,
        "xcom_backend": facts.custom_xcom_backend,
        "moves_traffic": way == "side-by-side" and params.keep_url,
        "keep_history": params.keep_history,
        "keep_url": params.keep_url,
        "keep_users": params.keep_users,
        "edge_tables_by_hand": version(_target_line(facts, rulebook)) < version("3.2"),
    }


def _target_line(facts: DeploymentFacts, rulebook: Rulebook) -> str:
    return line_of(facts.target_version) if facts.target_version else rulebook.default_target


def _holds(condition: Mapping[str, Sequence[Any]], situation: Mapping[str, Any]) -> bool:
    unknown = sorted(set(condition) - set(situation))
    if unknown:
        raise RunbookError(f"the rulebook's runbook asks for “{unknown[0]}”, which nothing answers")
    return all(situation[key] in allowed for key, allowed in condition.items())


def _filler(
    params: RunbookParams,
    facts: DeploymentFacts,
    rulebook: Rulebook,
    *,
    slug: str,
    situation: Mapping[str, Any],
) -> _Filler:
    proposed, documented = _proposed(rulebook, situation)
    words = {**proposed, **params.words, **_facts_as_words(params, facts, rulebook, slug)}
    return _Filler(words, documented - set(params.words))


def _readable(words: Mapping[str, str]) -> dict[str, str]:
    """The same words with their blanks filled, but for the backup's file, which has no name yet."""
    known = {**words, "backup_file": "{{ backup_file }}"}
    return {
        key: _BLANK.sub(lambda match: known.get(match[1], match[0]), text)
        for key, text in words.items()
    }


def _proposed(
    rulebook: Rulebook, situation: Mapping[str, Any]
) -> tuple[dict[str, str], frozenset[str]]:
    """The rulebook's words for this situation, and those among them that were never tried."""
    words: dict[str, str] = {}
    documented: set[str] = set()
    for entry in rulebook.runbook["settings"]["blanks"]:
        if not _holds(entry["if"], situation):
            continue
        named = {key: value for key, value in entry.items() if key not in ("if", "documented")}
        words |= named
        documented -= set(named)
        if entry.get("documented"):
            documented |= set(named)
    return words, frozenset(documented)


def _facts_as_words(
    params: RunbookParams, facts: DeploymentFacts, rulebook: Rulebook, slug: str
) -> dict[str, str]:
    settings = rulebook.runbook["settings"]
    window = params.window
    stopped = elapsed_between(window.at("freeze+30m"), window.flip)
    target = facts.target_version or rulebook.default_target
    return {
        "slug": slug,
        "name": facts.name,
        "current": facts.current_version,
        "target": target,
        "target_line": line_of(target),
        "dag_count": f"{facts.dag_count:,}",
        "database_kind": facts.metadata_db,
        "freeze": _moment_words(window.freeze),
        "flip": _moment_words(window.flip),
        "end": _moment_words(window.end),
        "soak": duration_text(window.soak),
        "soak_words": _soak_words(window, settings["thresholds"]["soak_hours"]),
        "stopped": duration_text(stopped),
        "backup_file": "{{ backup_dir }}/"
        + f"{slug}-{facts.current_version}-"
        + f"{window.flip.astimezone(UTC):%Y%m%d}"
        + ".{{ backup_suffix }}",
        "trial_file": "{{ backup_dir }}/"
        + f"{slug}-{facts.current_version}-trial"
        + ".{{ backup_suffix }}",
        "migrate_minutes": str(_rehearsed(params, facts, settings, "migrate")),
        "flip_utc": f"{window.flip.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        "flip_iso": f"{window.flip.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        **{key: str(value) for key, value in settings["thresholds"].items()},
    }


def _soak_words(window: Window, hours: int) -> str:
    asked = timedelta(hours=hours)
    if window.soak >= asked:
        return f"{duration_text(window.soak)} have passed since the flip; {hours} h are asked for"
    full = shifted(window.flip, asked)
    return (
        f"{duration_text(window.soak)} have passed since the flip, not {hours} h; "
        f"{hours} h are full at {full:%H:%M} on {day_text(full.date())}"
    )


def _day_words(moment: datetime) -> str:
    return day_text(moment.date())


def _moment_words(moment: datetime) -> str:
    return f"{_day_words(moment)}, {moment:%H:%M}"


def _spot_checks(book: _Book, dags: Sequence[DagEntry]) -> list[dict[str, str]]:
    return [
        {
            "dag_id": entry.dag_id,
            "owner": entry.owners[0] if entry.owners else "",
            "path": entry.path,
        }
        for entry in spread(dags, book.settings["window"]["spot_checks"])
    ]


def _window_words(window: Window) -> dict[str, Any]:
    return {
        "zone": window.zone,
        "freeze": window.freeze.isoformat(timespec="minutes"),
        "flip": window.flip.isoformat(timespec="minutes"),
        "end": window.end.isoformat(timespec="minutes"),
        "freeze_words": f"{_day_words(window.freeze)} {window.freeze.year}, {window.freeze:%H:%M}",
        "flip_words": _moment_words(window.flip),
        "end_words": f"{_day_words(window.end)} {window.end.year}, {window.end:%H:%M}",
        "zone_words": _zone_words(window),
        "soak": duration_text(window.soak),
    }


def _zone_words(window: Window) -> str:
    first = zone_offset_text(window.freeze)
    last = zone_offset_text(window.end)
    if first == last:
        return f"{window.zone}, {first}"
    return f"{window.zone}, {first}, and {last} after the clocks change"


def _role_words(role: RoleHolder) -> dict[str, str]:
    return {
        "key": role.key,
        "label": role.label,
        "does": role.does,
        "name": role.name,
        "backup": role.backup,
        "phone": role.phone,
        "backup_phone": role.backup_phone,
    }


def _rehearsed(
    params: RunbookParams, facts: DeploymentFacts, settings: Mapping[str, Any], key: str
) -> int:
    """Minutes of a named duration: as timed by the team, else the rulebook's allowance."""
    allowances = settings["minutes"]
    if key == "pause":
        calls = facts.dag_count / allowances["calls_at_once"]
        return max(3, ceil(calls * allowances["seconds_per_call"] / 60))
    timed = params.rehearsed.get(key)
    return timed if timed is not None else int(allowances[key])


def _minutes(book: _Book, entry: Mapping[str, Any], *, buffered: bool) -> int:
    """Minutes on paper: what was rehearsed, and all before the flip, gets the rulebook's buffer."""
    named = isinstance(entry["minutes"], str)
    minutes = (
        _rehearsed(book.params, book.facts, book.settings, entry["minutes"])
        if named
        else int(entry["minutes"])
    )
    return ceil(minutes * book.settings["window"]["buffer"]) if named or buffered else minutes


def _step(
    book: _Book,
    entry: Mapping[str, Any],
    group: str,
    *,
    number: str,
    at: datetime | None,
    minutes: int,
) -> Step:
    where = f"step {entry['key']}"
    holder = book.params.role(entry["role"])
    texts = {key: entry.get(key, "") for key in ("action", "command", "expect", "otherwise")}
    filled = {key: book.filler.fill(text, where).strip() for key, text in texts.items()}
    return Step(
        number=number,
        key=entry["key"],
        group=group,
        kind=entry.get("kind", "do"),
        at=at,
        offset=offset_text(at, book.params.window.flip) if at else "",
        role=holder.label,
        owner=holder.name or holder.label,
        backup=holder.backup,
        minutes=minutes,
        point_of_no_return=entry.get("point_of_no_return", False),
        documented_only=entry.get("documented_only", False)
        or any(book.filler.rests_on_documents(text) for text in texts.values()),
        **filled,
    )


def _entries(book: _Book, group: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The group's steps that hold here, each with its first fitting variant applied, then the call."""
    shared = {step["key"]: step for step in book.shared["step"]}
    entries = []
    for named in group["step"]:
        entry = shared[named["use"]] if "use" in named else named
        if not _holds(entry.get("if", {}), book.situation):
            continue
        chosen = {key: value for key, value in entry.items() if key not in ("if", "variant")}
        for variant in entry.get("variant", ()):
            if _holds(variant["if"], book.situation):
                chosen |= {key: value for key, value in variant.items() if key != "if"}
                break
        entries.append(chosen)
    if group.get("call"):
        entries.append(_pause_point(group))
    return entries


def _pause_point(group: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "key": f"{group['key']}-call",
        "kind": "pause-point",
        "action": group["call"],
        "expect": "Every line above is ticked and initialled.",
        "otherwise": group.get("otherwise", "Wait. Nobody starts the next line."),
        "role": "lead",
        "minutes": 0,
    }


def _groups(book: _Book, template: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The template's groups that hold here; ``use`` takes one in from the shared file."""
    shared = {group["key"]: group for group in book.shared["group"]}
    groups = [shared[group["use"]] if "use" in group else group for group in template["group"]]
    return [group for group in groups if _holds(group.get("if", {}), book.situation)]


def _timed(book: _Book, template: Mapping[str, Any]) -> tuple[list[Step], list[dict[str, str]]]:
    """Every step with its moment. Groups marked ``before-flip`` end exactly at the flip."""
    groups = _groups(book, template)
    clock = _before_flip_start(book, groups)
    steps: list[Step] = []
    free_from: datetime | None = None
    for group in groups:
        buffered = group["start"] == "before-flip"
        start = clock if buffered else book.params.window.at(group["start"])
        timed, ended = _schedule(book, group, start, None if buffered else free_from, buffered)
        for moment, minutes, entry in timed:
            number = str(len(steps) + 1)
            steps.append(
                _step(book, entry, group["key"], number=number, at=moment, minutes=minutes)
            )
        free_from = ended
        if buffered:
            clock = ended
    return steps, [_group_words(group) for group in groups]


def _schedule(
    book: _Book,
    group: Mapping[str, Any],
    start: datetime,
    free_from: datetime | None,
    buffered: bool,
) -> tuple[list[tuple[datetime, int, dict[str, Any]]], datetime]:
    """When each line of a group begins, in order of time, and when the group has ended.

    One line follows the other; a line with its own ``at`` waits for it, and one that is done
    ``meanwhile`` delays nobody.
    """
    window = book.params.window
    moment = max(start, free_from or start, key=_instant)
    timed = []
    for entry in _entries(book, group):
        minutes = _minutes(book, entry, buffered=buffered)
        if entry.get("meanwhile"):
            timed.append((window.at(entry["at"]), minutes, entry))
            continue
        if "at" in entry:
            moment = max(moment, window.at(entry["at"]), key=_instant)
        if entry.get("kind") == "pause-point":
            moment = max([moment, *(at for at, _, _ in timed)], key=_instant)
        timed.append((moment, minutes, entry))
        moment = shifted(moment, timedelta(minutes=minutes))
    return sorted(timed, key=lambda line: _instant(line[0])), moment


def _instant(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _before_flip_start(book: _Book, groups: Iterable[Mapping[str, Any]]) -> datetime:
    total = sum(
        _minutes(book, entry, buffered=True)
        for group in groups
        if group["start"] == "before-flip"
        for entry in _entries(book, group)
    )
    return shifted(book.params.window.flip, -timedelta(minutes=total))


def _sequenced(book: _Book, template: Mapping[str, Any]) -> tuple[list[Step], list[dict[str, str]]]:
    """The rollback's steps: in order, without a time of day."""
    groups = _groups(book, template)
    steps: list[Step] = []
    for group in groups:
        for entry in _entries(book, group):
            minutes = _minutes(book, entry, buffered=False)
            number = f"R{len(steps) + 1}"
            steps.append(_step(book, entry, group["key"], number=number, at=None, minutes=minutes))
    return steps, [_group_words(group) for group in groups]


def _group_words(group: Mapping[str, Any]) -> dict[str, str]:
    return {"key": group["key"], "title": group["title"]}


def _notes(book: _Book, steps: Sequence[Step]) -> list[str]:
    """What the reader must know before the first line."""
    window = book.params.window
    first = next((step.at for step in steps if step.at), window.freeze)
    notes = [*window.notes]
    for moment, by in clock_changes(first, window.end):
        direction = "forward" if by > timedelta(0) else "back"
        notes.append(
            f"Clocks go {direction} {duration_text(by)} on {day_text(moment.date())}, to "
            f"{moment:%H:%M}. From the flip to the decision {duration_text(window.soak)} pass."
        )
    documented = sum(step.documented_only for step in steps)
    if documented:
        notes.append(
            f"{documented} lines are marked “documented, not tested”: their commands come from "
            "documentation and were never run for this rulebook. Rehearse each one."
        )
    if book.facts.metadata_db == "sqlite":
        notes.append(
            "Migrating SQLite from 2.x to 3.x deletes every task instance; only the runs stay. "
            "What must be kept is in the backup alone."
        )
    if book.situation["managed"] and book.situation["way"] == "side-by-side":
        notes.append(
            f"On {book.filler.words['platform']} 3.x starts with an empty database: run history, "
            "and the paused state of every DAG, stay on 2.x."
        )
    if book.situation["way"] == "in-place":
        notes.append(
            f"2.x stands still from {_moment_words(window.at('freeze+30m'))} until the flip: "
            f"{duration_text(elapsed_between(window.at('freeze+30m'), window.flip))} without a new "
            "run. A DAG without catch-up runs only its newest interval afterwards."
        )
    return notes


def _empty_boxes(book: _Book, dags: Sequence[DagEntry]) -> list[str]:
    """What the PDF's fonts cannot print is said in words, not left to be found at night."""
    texts = [("the deployment's name", book.facts.name)]
    for role in book.params.roles:
        texts.append((role.label, f"{role.name}{role.backup}{role.phone}{role.backup_phone}"))
    labels = {entry["key"]: entry["label"] for entry in book.settings["field"]}
    texts += [(labels[key], text) for key, text in book.params.words.items()]
    texts += [
        ("the runs to look at by hand", check["dag_id"] + check["owner"])
        for check in _spot_checks(book, dags)
    ]
    where = with_empty_boxes(texts)
    if not where:
        return []
    return [
        f"The PDF prints empty boxes for characters that its fonts lack, in: {', '.join(where)}. "
        "Write these in other letters, or print the sheet from the browser, which has them."
    ]


def _not_ready(book: _Book, readiness: Readiness, steps: Sequence[Step]) -> list[str]:
    """Why the team may not use this paper, whatever the day; most serious first."""
    return [
        *_evidence_missing(readiness),
        *_blacked_out(book, readiness),
        *_facts_forbid(book),
        *_people_missing(book.params.roles),
        *_never_timed(book),
        *_examples_left(book),
        *_order_impossible(book, steps),
    ]


def _evidence_missing(readiness: Readiness) -> list[str]:
    reasons = []
    if readiness.open_blocks:
        noun = "finding is" if readiness.open_blocks == 1 else "findings are"
        reasons.append(f"{readiness.open_blocks:,} block {noun} open; 0 may be.")
    reasons += [f"Not checked yet: {label}." for label in readiness.unchecked]
    if readiness.gates_open:
        noun = "gate" if len(readiness.gates_open) == 1 else "gates"
        reasons.append(
            f"{len(readiness.gates_open)} {noun} of the plan before the cutover neither passed nor "
            f"signed: {'; '.join(readiness.gates_open)}."
        )
    return reasons


def _blacked_out(book: _Book, readiness: Readiness) -> list[str]:
    window = book.params.window
    return [
        f"Nothing may be cut over on {blackout.words}: choose another weekend."
        for blackout in readiness.blackouts
        if blackout.touches(window.freeze.date(), window.end.date())
    ]


def _facts_forbid(book: _Book) -> list[str]:
    reasons = []
    if book.facts.metadata_db == "sqlite":
        reasons.append(
            "The metadata database is SQLite: the migration deletes every task instance. "
            "Move 2.x to PostgreSQL or MySQL first."
        )
    if book.situation["way"] == "in-place" and book.situation["hosting"] in SECOND_ENVIRONMENT_ONLY:
        reasons.append(
            f"{book.filler.words['platform']} moves from Airflow 2 to 3 by a second environment; "
            "there is no way in place."
        )
    if version(book.facts.current_version) < version("2.7"):
        reasons.append(
            f"Airflow {book.facts.current_version} cannot be migrated to 3.x directly; "
            "2.7 is the oldest that can, 2.11 the one to go by."
        )
    return reasons


def _people_missing(roles: Sequence[RoleHolder]) -> list[str]:
    reasons = []
    for missing, what in (
        ([role.label for role in roles if not role.name], "a name"),
        ([role.label for role in roles if not role.backup], "a backup"),
        ([role.label for role in roles if role.needs_phone and not role.phone], "a phone number"),
    ):
        if missing:
            reasons.append(f"Without {what}: {', '.join(missing)}.")
    return reasons


def _never_timed(book: _Book) -> list[str]:
    if book.situation["managed"]:
        return []
    missing = [
        entry["label"]
        for entry in book.settings["rehearsal"]
        if entry.get("way", book.situation["way"]) == book.situation["way"]
        and book.params.rehearsed.get(entry["key"]) is None
    ]
    return [f"Never timed: {'; '.join(missing)}."] if missing else []


def _examples_left(book: _Book) -> list[str]:
    left = [
        entry["label"]
        for entry in fields_for(book.rulebook, book.situation["way"], book.situation["managed"])
        if entry.get("example") and entry["key"] not in book.params.words
    ]
    return [f"Still the example: {', '.join(left)}."] if left else []


def _order_impossible(book: _Book, steps: Sequence[Step]) -> list[str]:
    """The last copy must not begin before Friday's work has ended, nor sitreps lie after the end."""
    times = [step.at for step in steps if step.at]
    for earlier, later in pairwise(times):
        if _instant(later) < _instant(earlier):
            return [
                f"The work before the flip must begin at {_moment_words(later)}, while the trial "
                f"still runs at {_moment_words(earlier)}: move the flip, or shorten the migration."
            ]
    return []


def _too_late(book: _Book, readiness: Readiness, *, unfinished: bool) -> list[str]:
    freeze = book.params.window.freeze
    left = elapsed_between(readiness.today, freeze)
    if left < timedelta(0):
        return [f"The freeze, {_moment_words(freeze)}, has passed."]
    days = book.settings["window"]["days_before"]
    if unfinished and left < timedelta(days=days):
        return [
            f"The freeze is less than {days} days away and the above is unfinished (T{MINUS}{days})."
        ]
    return []
