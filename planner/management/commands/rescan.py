"""Scans what is due, or the sources of one deployment now, while you wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser
from django.utils import timezone

from planner.management.command import Command as BaseCommand
from planner.management.preview import MOST_LINES, MOST_TOLD, preview_lines
from planner.selectors.scan import preview_receipt, receipt
from planner.selectors.scan_history import is_refused, is_unfinished
from planner.selectors.source import scanned_sources, source_named
from planner.services.rescan import (
    RescanRefused,
    rescan_preview,
    rescan_request,
    rescans_due,
    scan_run,
)

if TYPE_CHECKING:
    from datetime import datetime

    from planner.models import Scan, Source


class Command(BaseCommand):
    help = "Scan every source that is due; with --deployment, that deployment's sources now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--deployment", metavar="SLUG", help="scan its sources now")
        parser.add_argument("--source", metavar="NAME", help="only this source of the deployment")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what the scans would change and change nothing; needs --deployment",
        )

    def handle(self, **options: Any) -> None:
        now = timezone.now()
        if options["dry_run"]:
            self._preview(options["deployment"], options["source"], as_json=options["json"])
            return
        queued = self._queue(options["deployment"], options["source"], now)
        finished = [self._run(scan) for scan in queued]
        if options["json"]:
            self.print_json([receipt(scan) for scan in finished])
        elif not finished:
            self.stdout.write("Nothing is due.")
        for scan in finished if not options["json"] else []:
            self.stdout.write(_line(scan))
        self._tell_failures(finished)

    def _preview(self, slug: str | None, name: str | None, *, as_json: bool) -> None:
        if slug is None:
            self.fail("--dry-run needs --deployment: what is due is scanned by the worker.")
        lines = MOST_LINES if as_json else MOST_TOLD
        try:
            previews = [
                rescan_preview(source=source, now=timezone.now(), told=_unheard, lines=lines)
                for source in self._sources(slug, name)
            ]
        except RescanRefused as refusal:
            self.fail(f"{refusal}.")
        if as_json:
            self.print_json([preview_receipt(one.scan, one.changes) for one in previews])
        for one in previews if not as_json else []:
            self.stdout.write(f"{one.scan.source.name}: would be {one.scan.state}")
            for line in preview_lines(one.scan, one.changes):
                self.stdout.write(line)
        self._tell_failures([one.scan for one in previews])

    def _tell_failures(self, scans: list[Scan]) -> None:
        failed = [f"{scan.source.name}: {scan.error}" for scan in scans if is_refused(scan)]
        if failed:
            self.fail("\n".join(failed))

    def _queue(self, slug: str | None, name: str | None, now: datetime) -> list[Scan]:
        if slug is None:
            if name is not None:
                self.fail("--source needs --deployment.")
            return rescans_due(now=now)
        try:
            return [
                rescan_request(source=source, user=None, cause="asked", now=now)
                for source in self._sources(slug, name)
            ]
        except RescanRefused as refusal:
            self.fail(f"{refusal}.")

    def _sources(self, slug: str, name: str | None) -> list[Source]:
        deployment = self.deployment(slug)
        if name is None:
            found = scanned_sources(deployment)
            if not found:
                self.fail(f"{slug} has no source to scan; add one with: source {slug} NAME …")
            return found
        source = source_named(deployment, name)
        if source is None:
            self.fail(f"{slug} has no source “{name}”.")
        return [source]

    def _run(self, scan: Scan) -> Scan:
        self.say(f"Scanning {scan.source.name} …")
        return scan_run(scan_id=scan.pk, now=timezone.now()) or scan


def _unheard(_done: int, _total: int) -> None:
    """Nobody watches how far a scan on a terminal is."""


def _line(scan: Scan) -> str:
    if is_unfinished(scan):
        return f"{scan.source.name}: {scan.progress or 'another worker has it'}"
    counts = scan.counts
    told = ", ".join(f"{counts.get(key, 0):,} {words}" for key, words in _COUNTED.items())
    return f"{scan.source.name}: {scan.state}, {told}"


_COUNTED = {
    "new": "new",
    "fixed": "fixed",
    "removed": "removed",
    "moved": "moved",
    "unchanged": "unchanged",
    "regressed": "came back",
}
