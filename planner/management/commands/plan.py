"""Prints a deployment's plan, or writes it as Markdown, CSV, calendar or JSON."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser
from django.utils import timezone

from planner.domain.plan import Plan, PlanError
from planner.management.command import Command as BaseCommand
from planner.rendering.plan import (
    plan_as_calendar,
    plan_as_csv,
    plan_as_markdown,
    plan_as_text,
)
from planner.selectors.local_time import local_day
from planner.selectors.plan import plan_of

if TYPE_CHECKING:
    from planner.models import Deployment

FORMATS = ("text", "md", "json", "csv", "ics")


class Command(BaseCommand):
    help = (
        "Plan the upgrade: phases with dates, activities with numbers, gates with their evidence."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--deployment", required=True, metavar="SLUG", help="the deployment")
        parser.add_argument(
            "--template", help="nine-weeks or six-months; the stored one, or nine-weeks, else"
        )
        parser.add_argument(
            "--start",
            metavar="DATE",
            help="first day, like 2027-01-11; the stored one, or next Monday, else",
        )
        parser.add_argument("--format", choices=FORMATS, default="text", help="text by default")

    def handle(
        self, *, deployment: str, template: str | None, start: str | None, **options: Any
    ) -> None:
        found = self.deployment(deployment)
        plan = self._plan(found, template, start)
        if options["json"] or options["format"] == "json":
            self.print_json({"deployment": found.slug, **plan.as_dict()})
        else:
            self.stdout.write(self._written(plan, found, options["format"]), ending="")

    def _plan(self, deployment: Deployment, template: str | None, start: str | None) -> Plan:
        try:
            return plan_of(
                deployment,
                template=template,
                start=self._day(start) if start else None,
                today=local_day(deployment, timezone.now()),
            )
        except PlanError as error:
            self.fail(str(error))

    def _day(self, text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.fail(f'--start: "{text}" is not a date; write one like 2027-01-11.')

    def _written(self, plan: Plan, deployment: Deployment, form: str) -> str:
        title = f"{plan.name} for {deployment.name}"
        if form == "md":
            return plan_as_markdown(plan, title=title)
        if form == "csv":
            return plan_as_csv(plan)
        if form == "ics":
            calendar = plan_as_calendar(
                plan, slug=deployment.slug, title=deployment.name, stamp=timezone.now()
            )
            return calendar.decode()
        return f"{plan_as_text(plan)}\n"
