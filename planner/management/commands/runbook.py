"""Prints the cutover runbook of a deployment, or records it as a numbered revision."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser
from django.template.loader import render_to_string
from django.utils import timezone

from planner.domain.runbook import RunbookError
from planner.domain.runbook_params import RunbookParamsError
from planner.management.command import Command as BaseCommand
from planner.rendering.pdf import PAPERS, typeset
from planner.rendering.runbook import runbook_as_markdown, runbook_as_text, sheet_of
from planner.selectors.runbook import document_of_revision, draft_of
from planner.services.runbook import runbook_record

if TYPE_CHECKING:
    from planner.models import Deployment

FORMATS = ("text", "md", "html", "pdf", "json")


class Command(BaseCommand):
    help = "Print the cutover runbook: timed steps with commands, and the rollback."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--deployment", required=True, metavar="SLUG", help="the deployment")
        parser.add_argument(
            "--freeze", metavar="TIME", help="local freeze time, like 2027-03-05T18:00"
        )
        parser.add_argument("--zone", help="time zone, like Europe/Berlin; the deployment's, else")
        parser.add_argument(
            "--way", choices=("side-by-side", "in-place"), help="the facts choose, else"
        )
        parser.add_argument(
            "--record", action="store_true", help="freeze it as a numbered revision"
        )
        parser.add_argument("--format", choices=FORMATS, default="text", help="text by default")
        parser.add_argument("--paper", choices=PAPERS, default="a4", help="for pdf; a4 by default")
        parser.add_argument("--output", metavar="FILE", help="write there instead of printing")

    def handle(self, *, deployment: str, **options: Any) -> None:
        form = "json" if options["json"] else options["format"]
        if form == "pdf" and not options["output"] and sys.stdout.isatty():
            self.fail("A PDF is no use in a terminal; name a file with --output FILE.")
        document = self._document(self.deployment(deployment), options)
        if not document["ready"]:
            self.say("Not ready:")
            for reason in document["not_ready_because"]:
                self.say(f"- {reason}")
        content = (
            typeset("runbook.typ", document, paper=options["paper"])
            if form == "pdf"
            else _written(document, form).encode()
        )
        self._write(content, options["output"])

    def _document(self, deployment: Deployment, options: dict[str, Any]) -> dict[str, Any]:
        named = {key: options[key] for key in ("freeze", "zone", "way") if options[key]}
        now = timezone.now()
        try:
            if options["record"]:
                revision = runbook_record(deployment=deployment, author=None, now=now, values=named)
                return document_of_revision(revision)
            return draft_of(deployment, now=now, values=named).document
        except RunbookParamsError as error:
            name, sentence = error.errors[0]
            flag = f"--{name}" if name in ("freeze", "zone", "way") else name
            self.fail(f"{flag}: {sentence}.")
        except RunbookError as error:
            self.fail(f"{error}.")

    def _write(self, content: bytes, output: str | None) -> None:
        if output:
            try:
                Path(output).write_bytes(content)
            except OSError as error:
                self.fail(f"{output}: cannot be written, {error.strerror}.")
            self.say(f"Written to {output}.")
            return
        stream = getattr(self.stdout, "buffer", None)
        if stream is None:
            self.stdout.write(content.decode(), ending="")
            return
        stream.write(content)


def _written(document: dict[str, Any], form: str) -> str:
    if form == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if form == "md":
        return runbook_as_markdown(document)
    if form == "html":
        return render_to_string("print/runbook.html", sheet_of(document))
    return runbook_as_text(document)
