"""Adds, changes, pauses or resumes a source of a deployment."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from planner.domain.schedule import in_words
from planner.management.command import Command as BaseCommand
from planner.selectors.source import source_document, source_named
from planner.services.source import SourceDraft, SourceError, source_pause, source_store


class Command(BaseCommand):
    help = "Add or change a source: a folder, a git repository, or a URL that returns a report."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the deployment")
        parser.add_argument("name", help="what the source is called")
        parser.add_argument("--kind", help="folder, git or report-url")
        parser.add_argument("--location", help="the folder, repository or address")
        parser.add_argument(
            "--branch", help="the branch to scan; the repository's own default else"
        )
        parser.add_argument("--root", help="the folder inside the source that is scanned")
        parser.add_argument(
            "--schedule",
            help='five cron fields in the deployment\'s time zone; "0 12 * * MON" by default',
        )
        parser.add_argument("--environment", help="not built yet: environments come later")
        parser.add_argument(
            "--username-env", metavar="VAR", help="environment variable with the user name"
        )
        parser.add_argument(
            "--password-env", metavar="VAR", help="environment variable with the password or token"
        )
        pausing = parser.add_mutually_exclusive_group()
        pausing.add_argument("--pause", action="store_true", help="run it no more until resumed")
        pausing.add_argument(
            "--resume", action="store_true", help="run it again from its next slot"
        )

    def handle(self, *, slug: str, name: str, **options: Any) -> None:
        deployment = self.deployment(slug)
        now = timezone.now()
        if options["environment"]:
            self.fail("--environment: sources of an environment are not built yet.")
        source = source_named(deployment, name)
        given = {key: options[key] for key in _FIELDS if options[key] is not None}
        if source is None and not given:
            self.fail(f"{slug} has no source “{name}”; give --kind and --location to add it.")
        if source is None or given:
            known = {key: getattr(source, key) for key in _FIELDS} if source is not None else {}
            self._require({**known, **given})
            try:
                draft = SourceDraft(name=name, **{**known, **given})
                source = source_store(deployment=deployment, draft=draft, now=now)
            except SourceError as error:
                self.fail(f"--{error.field.replace('_', '-')}: {error}.")
        if options["pause"] or options["resume"]:
            source = source_pause(source=source, paused=options["pause"], now=now)
        if options["json"]:
            self.print_json(source_document(source))
            return
        self.stdout.write(f"{source.name}: {source.get_kind_display()}, {source.location}")
        if source.paused:
            self.stdout.write("Paused; it does not run until it is resumed.")
        elif source.next_due_at:
            self.stdout.write(
                f"{in_words(source.schedule)}; next {source.next_due_at:%a %d %b %Y %H:%M} UTC"
            )

    def _require(self, fields: dict[str, str]) -> None:
        for key in ("kind", "location"):
            if not fields.get(key):
                self.fail(f"--{key} is missing; a source needs --kind and --location.")


_FIELDS = ("kind", "location", "branch", "root", "schedule", "username_env", "password_env")
