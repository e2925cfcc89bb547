"""Reads a report into a deployment, while you wait."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from django.core.management.base import CommandParser
from django.utils import timezone

from planner.domain.finding import SEVERITY_ORDER, Category
from planner.domain.numbers import plural
from planner.domain.report import Format, ReportRejected
from planner.management.command import Command as BaseCommand
from planner.management.preview import MOST_LINES, MOST_TOLD, preview_lines
from planner.selectors.scan import preview_receipt, receipt
from planner.selectors.scan_history import is_held, is_preview, is_refused
from planner.services.rescan import scan_run
from planner.services.scan import scan_preview, scan_receive

if TYPE_CHECKING:
    from planner.models import Scan

STDIN = "-"
AUTO = "auto"


class Command(BaseCommand):
    help = "Read a report: interchange JSON, ruff JSON, SARIF, or what Airflow itself prints."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the report, or - for standard input")
        parser.add_argument("--deployment", required=True, metavar="SLUG")
        parser.add_argument(
            "--source", default="", help="the source it is about; uploads by default"
        )
        parser.add_argument(
            "--root", default="", help="the folder that its absolute paths begin with"
        )
        parser.add_argument(
            "--format", default=AUTO, choices=[AUTO, *Format], help="found out by default"
        )
        parser.add_argument(
            "--complete",
            action="store_true",
            help="the report covers the whole tree, so that what is absent may be closed",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would change and change nothing"
        )
        parser.add_argument("--confirm", action="store_true", help="let a held report through")
        parser.add_argument(
            "--take-good", action="store_true", help="leave out the items that cannot be read"
        )
        parser.add_argument("--commit", default="", help="the commit that was scanned")
        parser.add_argument("--tool-version", default="", help="the version of the tool")

    def handle(self, *, file: str, **options: Any) -> None:
        deployment = self.deployment(options["deployment"])
        now = timezone.now()
        name = "standard input" if file == STDIN else file
        arguments = {
            "deployment": deployment,
            "source_name": options["source"],
            "file_name": "" if file == STDIN else Path(file).name,
            "options": _asked(options),
            "now": now,
        }
        self.say(f"Reading {name} …")
        try:
            with self._opened(file) as stream:
                if options["dry_run"]:
                    self._preview(name, stream, arguments, as_json=options["json"])
                    return
                scan = scan_receive(stream=stream, cause="command", user=None, **arguments)
        except ReportRejected as rejection:
            self.fail(f"{name}: {rejection}")
        scan = scan_run(scan_id=scan.pk, now=now) or scan
        if options["json"]:
            self.print_json(receipt(scan))
        elif not is_refused(scan):
            self._tell(scan)
        if is_refused(scan):
            self._refuse(name, scan)

    def _preview(
        self, name: str, stream: IO[bytes], arguments: dict[str, Any], *, as_json: bool
    ) -> None:
        """Say what the report would change."""
        lines = MOST_LINES if as_json else MOST_TOLD
        preview = scan_preview(stream=stream, lines=lines, **arguments)
        if as_json:
            self.print_json(preview_receipt(preview.scan, preview.changes))
        elif not is_refused(preview.scan):
            self._tell(preview.scan)
            for line in preview_lines(preview.scan, preview.changes):
                self.stdout.write(line)
        if is_refused(preview.scan):
            self._refuse(name, preview.scan)

    def _opened(self, file: str) -> AbstractContextManager[IO[bytes]]:
        if file == STDIN:
            return nullcontext(sys.stdin.buffer)
        try:
            return Path(file).open("rb")
        except OSError as error:
            self.fail(f"{file}: {error.strerror or error}.")

    def _refuse(self, name: str, scan: Scan) -> None:
        bad_items = scan.problems if scan.counts.get("left_out") else []
        problems = [_problem_line(problem) for problem in bad_items]
        self.fail("\n".join([f"{name}: {scan.error}", *problems]))

    def _tell(self, scan: Scan) -> None:
        counts, dry_run = scan.counts, is_preview(scan)
        what = "Would be" if dry_run else "Scan"
        self.stdout.write(f"{what} {scan.state}: {scan.source.name}, {scan.format}")
        if scan.root_because:
            self.stdout.write(f"Root {scan.root or 'none'} ({scan.root_because})")
        self.stdout.write(
            ", ".join(
                f"{counts.get(key, 0):,} {words}"
                for key, words in (
                    ("received", "received"),
                    ("new", "new"),
                    ("unchanged", "unchanged"),
                    ("moved", "moved"),
                    ("fixed", "fixed"),
                    ("removed", "removed"),
                    ("regressed", "came back"),
                    ("not_covered", "not covered"),
                )
            )
        )
        for severity in SEVERITY_ORDER:
            if count := counts.get("by_severity", {}).get(severity):
                self.stdout.write(f"  {severity} {count:,}")
        if scan.totals and not dry_run:
            block = scan.totals["by_category"].get(Category.BLOCK, 0)
            words = plural(block, "open block finding")
            self.stdout.write(f"{scan.deployment.name} now has {words}.")
        if scan.error and not dry_run:
            self.stdout.write(scan.error)
        for problem in scan.problems:
            self.stdout.write(f"Left out: {_problem_line(problem)}")
        if is_held(scan) and not dry_run:
            for line in scan.counts.get("closing", [])[:MOST_TOLD]:
                self.stdout.write(f"Would close as {line['as']}: {_place(line)} {line['rule_id']}")
            self.say("Send it again with --confirm to let it through.")


def _asked(options: dict[str, Any]) -> dict[str, Any]:
    asked = {
        key: options[key]
        for key in ("root", "complete", "confirm", "take_good", "commit", "tool_version")
    }
    return {**asked, "format": "" if options["format"] == AUTO else options["format"]}


def _place(line: dict[str, Any]) -> str:
    return line["file"] if line["line"] is None else f"{line['file']}:{line['line']}"


def _problem_line(problem: dict[str, Any]) -> str:
    where = f"item {problem['index']}" if problem["index"] is not None else "the report"
    field = f", {problem['field']}" if problem["field"] else ""
    return f"{where}{field}: {problem['sentence']}"
