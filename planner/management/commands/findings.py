"""Prints a deployment's findings with their owners and history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser
from django.utils import timezone

from planner.domain.finding import Axis, Severity
from planner.domain.ownership import owner_key
from planner.management.command import Command as BaseCommand
from planner.rendering.csv_text import csv_lines
from planner.rendering.finding_csv import COLUMNS
from planner.rendering.finding_text import finding_lines
from planner.selectors.finding_export import finding_csv_rows, finding_documents
from planner.selectors.finding_filter import CATEGORIES, DUES, NOBODY, SORTS, STATES, FindingFilter
from planner.selectors.local_time import local_day
from planner.selectors.owner import owner_named

if TYPE_CHECKING:
    from planner.models import Deployment

FORMATS = ("text", "json", "csv")


class Command(BaseCommand):
    help = "List findings with their owners, dates and history. Without --state: in every state."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--deployment", required=True, metavar="SLUG", help="the deployment")
        parser.add_argument("--owner", default="", help="an owner's key or alias, or: nobody")
        parser.add_argument("--state", choices=[name for name in STATES if name], default="all")
        parser.add_argument(
            "--severity",
            type=str.upper,
            choices=[severity.value for severity in Severity],
            action="append",
        )
        parser.add_argument("--rule", default="", help="a canonical rule id, like AIR301")
        parser.add_argument(
            "--category", choices=[name for name in CATEGORIES if name], default="all"
        )
        parser.add_argument("--axis", choices=[axis.value for axis in Axis], default="")
        parser.add_argument("--dag", default="", metavar="DAG_ID", help="findings of this DAG")
        parser.add_argument("--path", default="", help="the start of a path, like dags/finance/")
        parser.add_argument("--text", default="", help="words in path, message, rule or name")
        parser.add_argument("--due", choices=[name for name in DUES if name], default="")
        parser.add_argument("--source", default="", metavar="NAME", help="findings of this source")
        parser.add_argument("--sort", choices=list(SORTS), default="severity")
        parser.add_argument("--format", choices=FORMATS, default="text", help="text by default")

    def handle(self, *, deployment: str, **options: Any) -> None:
        found = self.deployment(deployment)
        filters = self._filters(found, options)
        today = local_day(found, timezone.now())
        if options["json"] or options["format"] == "json":
            self._write_json(finding_documents(found, filters, today=today))
        elif options["format"] == "csv":
            for line in csv_lines(COLUMNS, finding_csv_rows(found, filters, today=today)):
                self.stdout.write(line, ending="")
        else:
            documents = finding_documents(found, filters, today=today, history=False)
            for line in finding_lines(documents):
                self.stdout.write(line)

    def _filters(self, deployment: Deployment, options: Mapping[str, Any]) -> FindingFilter:
        owner = options["owner"].strip()
        if owner and owner.lower() != NOBODY:
            known = owner_named(deployment, owner_key(owner))
            if known is None:
                self.fail(
                    f"--owner: {deployment.slug} has no owner “{owner}”; see them under Owners."
                )
            owner = known.key
        return FindingFilter(
            severities=tuple(options["severity"] or ()),
            owner=owner.lower(),
            **{
                name: options[name]
                for name in (
                    "state",
                    "rule",
                    "category",
                    "axis",
                    "dag",
                    "path",
                    "text",
                    "due",
                    "source",
                    "sort",
                )
            },
        )

    def _write_json(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """One JSON array, written as it is read: a large one never lies in memory whole."""
        self.stdout.write("[", ending="")
        for at, document in enumerate(documents):
            text = json.dumps(document, ensure_ascii=False)
            self.stdout.write(f"{',' if at else ''}\n  {text}", ending="")
        self.stdout.write("\n]")
