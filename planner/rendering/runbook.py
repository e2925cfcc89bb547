"""The runbook as plain text and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from planner.domain.runbook_days import days_of, rollback_of

_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~])")
_KINDS = {"decision": "decision", "rehearse": "rehearsal", "sitrep": "report"}


def runbook_as_text(document: Mapping[str, Any]) -> str:
    """The whole runbook for a terminal; why it is not ready comes first."""
    lines = [*_text_head(document)]
    for day in days_of(document):
        lines += ["", day["title"].upper(), "=" * len(day["title"])]
        for group in day["groups"]:
            lines += ["", group["title"]]
            for step in group["steps"]:
                lines += _text_step(step)
    lines += _text_spot_checks(document)
    lines += ["", "ROLLBACK", "========", document["rollback_when"]]
    for group in rollback_of(document):
        lines += ["", group["title"]]
        for step in group["steps"]:
            lines += _text_step(step)
    return "\n".join([*lines, "", document["footer"]]) + "\n"


def _text_head(document: Mapping[str, Any]) -> Iterator[str]:
    window = document["window"]
    yield f"Cutover runbook: {document['deployment']['name']}"
    yield document["footer"]
    yield ""
    if document["ready"]:
        yield "Ready."
    else:
        yield "NOT READY"
        yield from (f"  - {reason}" for reason in document["not_ready_because"])
    yield ""
    yield (
        f"Airflow {document['current_version']} to {document['target_version']}, "
        f"{document['dag_count']:,} DAGs, {document['executor']}, {document['metadata_db']}"
    )
    yield f"Window   {window['freeze_words']} to {window['end_words']}, flip {window['flip_words']}"
    yield f"Zone     {window['zone_words']}"
    yield f"Way      {document['way_name']}. {document['way_because']}"
    yield from (f"Note     {note}" for note in document["notes"])
    yield ""
    for role in document["roles"]:
        holder = " ".join(filter(None, (role["name"], role["phone"]))) or "nobody named"
        backup = " ".join(filter(None, (role["backup"], role["backup_phone"]))) or "nobody named"
        yield f"{role['label']:<17}{holder}; backup {backup}"


def _text_step(step: Mapping[str, Any]) -> Iterator[str]:
    when = f"{step['clock']}  {step['utc_clock']}  {step['offset']}  " if step["clock"] else ""
    yield ""
    if step["kind"] == "pause-point":
        yield f"[ ] {when}{step['number']}. PAUSE  {step['action']}"
        yield f"      else  {step['otherwise']}"
        return
    yield f"[ ] {when}{step['number']}. {step['action']}"
    yield f"      {_who(step)}{_marks(step)}"
    yield from _text_command(step["command"])
    yield f"      see   {step['expect']}"
    yield f"      else  {step['otherwise']}"


def _text_command(command: str) -> Iterator[str]:
    """Shell lines after a $, a line that goes on without one; requests as they are."""
    goes_on = False
    for line in command.splitlines():
        is_request = line.startswith(("GET ", "POST ", "PATCH ", "https://"))
        yield f"      {'  ' if goes_on or is_request else '$ '}{line.strip()}"
        goes_on = line.endswith("\\")


def _who(step: Mapping[str, Any]) -> str:
    backup = f", or {step['backup']}" if step["backup"] else ""
    minutes = f", {step['minutes']} min" if step["minutes"] else ""
    return f"{step['owner']}{backup}{minutes}"


def _marks(step: Mapping[str, Any]) -> str:
    marks = [
        "POINT OF NO RETURN" if step["point_of_no_return"] else "",
        _KINDS.get(step["kind"], ""),
        "documented, not tested" if step["documented_only"] else "",
    ]
    said = " · ".join(filter(None, marks))
    return f"  ({said})" if said else ""


def _text_spot_checks(document: Mapping[str, Any]) -> Iterator[str]:
    if not document["spot_checks"]:
        return
    yield ""
    yield f"{len(document['spot_checks'])} RUNS TO LOOK AT BY HAND"
    for dag in document["spot_checks"]:
        yield f"[ ] {dag['dag_id']}{', ' + dag['owner'] if dag['owner'] else ''}"


def runbook_as_markdown(document: Mapping[str, Any]) -> str:
    """The whole runbook as Markdown with task boxes; words from outside are escaped."""
    lines = [*_markdown_head(document)]
    for day in days_of(document):
        lines += ["", f"## {day['title']}"]
        for group in day["groups"]:
            lines += ["", f"### {group['title']}", ""]
            for step in group["steps"]:
                lines += _markdown_step(step)
    if document["spot_checks"]:
        lines += ["", f"## {len(document['spot_checks'])} runs to look at by hand", ""]
        lines += [
            f"- [ ] {_code(dag['dag_id'])} {_md(dag['owner'])}" for dag in document["spot_checks"]
        ]
    lines += ["", "## Rollback", "", f"**{_md(document['rollback_when'])}**"]
    for group in rollback_of(document):
        lines += ["", f"### {group['title']}", ""]
        for step in group["steps"]:
            lines += _markdown_step(step)
    return "\n".join([*lines, "", "---", "", _md(document["footer"])]) + "\n"


def _markdown_head(document: Mapping[str, Any]) -> Iterator[str]:
    window = document["window"]
    yield f"# Cutover runbook: {_md(document['deployment']['name'])}"
    yield ""
    yield _md(document["footer"])
    yield ""
    yield "**Ready.**" if document["ready"] else "**Not ready.** Do not start from this paper."
    yield ""
    yield from (f"- {_md(reason)}" for reason in document["not_ready_because"])
    yield ""
    yield (
        f"Airflow {_md(document['current_version'])} to {_md(document['target_version'])}, "
        f"{document['dag_count']:,} DAGs. {window['freeze_words']} to {window['end_words']}, "
        f"flip {window['flip_words']}; {_md(window['zone_words'])}."
    )
    yield ""
    yield f"**{document['way_name']}.** {_md(document['way_because'])}"
    yield ""
    yield from (f"- {_md(note)}" for note in document["notes"])
    yield ""
    yield "| Role | Name | Phone | Backup | Phone |"
    yield "|---|---|---|---|---|"
    for role in document["roles"]:
        cells = (role[key] for key in ("label", "name", "phone", "backup", "backup_phone"))
        yield "| " + " | ".join(_md(cell) for cell in cells) + " |"


def _markdown_step(step: Mapping[str, Any]) -> Iterator[str]:
    when = f"**{step['clock']}** ({step['utc_clock']}, {step['offset']}) " if step["clock"] else ""
    if step["kind"] == "pause-point":
        yield f"- [ ] {when}{step['number']}. **Pause.** {_md(step['action'])} Else: {_md(step['otherwise'])}"
        yield ""
        return
    yield f"- [ ] {when}{step['number']}. **{_md(step['action'])}**"
    yield f"  {_md(_who(step) + _marks(step))}"
    if step["command"]:
        fence = _fence(step["command"])
        yield ""
        yield f"  {fence}sh"
        yield from (f"  {line}" for line in step["command"].splitlines())
        yield f"  {fence}"
    yield ""
    yield f"  See: {_md(step['expect'])}  "
    yield f"  Else: {_md(step['otherwise'])}"
    yield ""


def _md(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)


def _fence(text: str) -> str:
    """A fence longer than any run of backticks in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    return "`" * max(3, longest + 1)


def _code(text: str) -> str:
    fence = _fence(text)[2:]
    return f"{fence}{text}{fence}"


def sheet_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What ``print/runbook.html`` is rendered with, the words of its page margins escaped for CSS."""
    thresholds = document["thresholds"]
    phones = [
        " ".join(filter(None, (role["name"], role["phone"])))
        for role in document["roles"]
        if role["phone"]
    ]
    rule = (
        f"Roll back above {thresholds['fail_percent']} % for {thresholds['fail_minutes']} min"
        f"{': ' if phones else ''}{', '.join(phones)}"
    )
    return {
        "book": document,
        "days": days_of(document),
        "rollback": rollback_of(document),
        "sheet": {
            "title": _css_words(f"Cutover runbook: {document['deployment']['name']}"),
            "revision": _css_words(document["footer"]),
            "rule": _css_words(rule),
            "back_minutes": sum(step["minutes"] for step in rollback_of(document)[0]["steps"]),
            "callers": ". ".join(_caller(role) for role in document["roles"] if role["phone"]),
        },
    }


def _caller(role: Mapping[str, str]) -> str:
    first = " ".join(filter(None, (role["name"], role["phone"])))
    second = " ".join(filter(None, (role["backup"], role["backup_phone"])))
    return f"{role['label']}: {first}{', or ' + second if second else ''}"


def _css_words(text: str) -> str:
    """Text for a CSS string: everything but plain letters, digits and a few signs becomes an escape."""
    return "".join(
        char if char.isascii() and (char.isalnum() or char in " .,:+-%") else f"\\{ord(char):x} "
        for char in text
    )
