"""Workflow commands of GitHub Actions: annotations beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from planner.domain.finding import SEVERITY_ORDER, Severity
from planner.domain.numbers import plural
from planner.scanner.cli.outcome import Found, Outcome
from planner.scanner.cli.screen import harmless

MOST = 10
"""GitHub shows no more annotations of one kind than this from one step."""
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def github(outcome: Outcome) -> Iterator[str]:
    """At most ten annotations of each severity, then a line that says how many there are beyond them.

    What the baseline lists is not annotated: it is nobody's news.
    """
    shown = 0
    for severity in SEVERITY_ORDER:
        of_kind = [
            found
            for found in outcome.findings
            if found.seen.severity == severity and not found.is_known
        ]
        shown += min(len(of_kind), MOST)
        yield from (_annotation(found, severity) for found in of_kind[:MOST])
    for gap in outcome.gaps[:MOST]:
        if not any(found.seen.path == gap.path for found in outcome.findings):
            yield _command("error", {"file": gap.path, "title": "Not checked"}, str(gap.reason))
    yield harmless(_closing(outcome, shown))


def _annotation(found: Found, severity: Severity) -> str:
    seen = found.seen
    place = {"file": seen.path, "title": f"{found.rule_id} for the Airflow upgrade"}
    if seen.line is not None and seen.cell is None:
        place["line"] = str(seen.line)
        if seen.end_line is not None:
            place["endLine"] = str(seen.end_line)
        if seen.column is not None and seen.end_line in (None, seen.line):
            place["col"] = str(seen.column)
            if seen.end_column is not None:
                place["endColumn"] = str(seen.end_column)
    return _command(_COMMANDS[severity], place, _message(found, severity))


def _message(found: Found, severity: Severity) -> str:
    """What it is; of an error also why, and of each what to write instead and whom to ask."""
    parts = [found.seen.message]
    if severity == Severity.ERROR and found.rule:
        parts.append(f"Why: {found.rule.why}")
    if found.instead:
        parts.append(f"Instead: {found.instead}")
    if found.owner:
        parts.append(f"Ask: {found.owner} ({found.because})")
    if found.dag_ids and severity == Severity.ERROR:
        parts.append(f"DAGs: {', '.join(found.dag_ids[:MOST])}")
    return "\n".join(parts)


def _closing(outcome: Outcome, shown: int) -> str:
    total = sum(not found.is_known for found in outcome.findings)
    known = len(outcome.findings) - total
    words = f"upgradecheck: {plural(total, 'finding')} for Airflow {outcome.target}"
    if total > shown:
        words += f", {total - shown:,} more than GitHub shows; they are in the report"
    if known:
        words += f"; {known:,} more are in the baseline"
    if silenced := len(outcome.result.suppressed):
        words += f"; {silenced:,} silenced"
    return f"{words}; {plural(len(outcome.gaps), 'place')} not checked."


def _command(name: str, properties: dict[str, str], message: str) -> str:
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {listed}::{_data(message)}"


def _data(text: str) -> str:
    """Escaped as the runner unescapes it: line breaks would end the command."""
    lines = "\n".join(harmless(line) for line in text.splitlines())
    return lines.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(harmless(text)).replace(":", "%3A").replace(",", "%2C")
